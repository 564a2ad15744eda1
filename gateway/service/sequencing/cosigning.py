"""Has checkpoints signed by witnesses, who see that none contradicts an earlier one."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from gateway.audit.tree.notes import Note, NoteError, Signature, Verifier, signatures_of
from gateway.audit.tree.proofs import consistency
from gateway.audit.tree.tiles import TileMissingError
from gateway.ports import Store
from gateway.ports.checkpoints import OutletError, Witness, WitnessBehindError

PATIENCE_SECONDS = 1.0
"""How long a checkpoint waits for its witnesses."""
PAUSE_SECONDS = 60.0
"""How long a witness that failed is not asked again."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class KnownWitness:
    """A witness, and the key by which it signs."""

    witness: Witness
    verifier: Verifier


class Cosigning:
    """Asks all witnesses at once; one that does not answer only leaves its signature out."""

    def __init__(
        self,
        store: Store,
        witnesses: Sequence[KnownWitness] = (),
        counted: Callable[[str, str], None] = lambda _name, _result: None,
    ) -> None:
        self._store = store
        self._witnesses = witnesses
        self._counted = counted
        self._sizes: dict[str, int] = {}
        """The tree that each witness has signed last, as far as is known."""
        self._paused: dict[str, float] = {}
        """Until when, on the loop's clock, a witness that failed is not asked."""

    async def cosigned(self, note: Note, size: int) -> Note:
        """The checkpoint of `size` records with the signatures of those witnesses that gave one."""
        lines = await asyncio.gather(*(self._asked(each, note, size) for each in self._witnesses))
        return Note(note.text, [*note.signatures, *(one for found in lines for one in found)])

    async def _asked(self, known: KnownWitness, note: Note, size: int) -> Sequence[Signature]:
        name, now = known.witness.name, asyncio.get_running_loop().time
        if now() < self._paused.get(name, 0):
            return ()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                found = await self._signatures(known, note, size)
        except (OutletError, NoteError, TileMissingError, TimeoutError) as failure:
            self._counted(name, "failed")
            cause = str(failure) or f"no answer in {PATIENCE_SECONDS:g} s"
            log.warning("audit_not_cosigned", witness=name, cause=cause)
            self._paused[name] = now() + PAUSE_SECONDS
            return ()
        self._counted(name, "signed")
        return found

    async def _signatures(self, known: KnownWitness, note: Note, size: int) -> Sequence[Signature]:
        try:
            lines = await self._cosign(known, note, size)
        except WitnessBehindError as behind:
            self._sizes[known.witness.name] = behind.size
            lines = await self._cosign(known, note, size)
        self._sizes[known.witness.name] = size
        told = Note(note.text, signatures_of(lines))
        if not told.signed_by([known.verifier]):
            raise NoteError("its answer has no signature of its key")
        wanted = (known.verifier.name, known.verifier.key_id)
        return [one for one in told.signatures if (one.name, one.key_id) == wanted]

    async def _cosign(self, known: KnownWitness, note: Note, size: int) -> str:
        old = self._sizes.get(known.witness.name, 0)
        if old > size:
            raise OutletError(f"it has signed a tree of {old}, larger than that of {size}")
        proof = await self._store.read(lambda reading: consistency(reading.audit_tile, old, size))
        return await known.witness.cosign(old, proof, str(note))
