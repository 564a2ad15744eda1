"""Signs checkpoints of the tree, and never one that contradicts an earlier one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from gateway.audit.tree.checkpoints import Checkpoint, sign_checkpoint, trusted_checkpoint
from gateway.audit.tree.notes import NoteError, Signer, Verifier
from gateway.audit.tree.tiles import TileMissingError, root
from gateway.ports import Clock, Reading, Store
from gateway.ports.audit_tree import StoredCheckpoint, TreeHead
from gateway.ports.checkpoints import CheckpointMemory, OutletError
from gateway.service.chores import every
from gateway.service.sequencing.cosigning import Cosigning

LOOK_SECONDS = 1.0
GAP_SECONDS = 1.0
"""A tree that grows is signed no more often."""
RENEW_SECONDS = 45.0
"""A tree that does not grow is signed again after this; by anybody after 10 s more."""
OTHERS_SECONDS = 10.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CheckpointGauges:
    """Where it is told what was signed, and whether signing is refused."""

    records: Callable[[float], None]
    time: Callable[[float], None]
    """Seconds since 1970."""
    refused: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Keys:
    """Who signs, if anybody; and every key by which the log may have been signed."""

    signer: Signer | None
    verifiers: Sequence[Verifier]


class _WrongTreeError(Exception):
    """The stored tree contradicts what was published; the text says how."""


@dataclass(frozen=True, slots=True)
class _Look:
    """The stored tree at one moment."""

    head: TreeHead
    stored: StoredCheckpoint | None
    root: bytes
    """Of the whole tree."""
    known_root: bytes
    """Of the tree of the size that is known."""
    stored_root: bytes
    """Of the tree of the size of the stored checkpoint."""


class Checkpoints:
    """The newest checkpoint, signed here or by another gateway; renewed at least once a minute.

    What is known is kept in memory, and by `memory` for the next process. A stored tree that
    does not continue it is never signed, and what is known is told instead.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        gateway_id: str,
        keys: Keys,
        memory: CheckpointMemory,
        cosigning: Cosigning,
        gauges: CheckpointGauges,
    ) -> None:
        self._store = store
        self._clock = clock
        self._gateway_id = gateway_id
        self._keys = keys
        self._memory = memory
        self._cosigning = cosigning
        self._gauges = gauges
        self._known: Checkpoint | None = None
        self._recalled = False
        self._unkept = ""
        self._signed: list[Callable[[str], None]] = []
        self._seen: StoredCheckpoint | None = None
        self._seen_at = float("-inf")
        self.newest = ""
        """The newest signed checkpoint that continues all before it; empty: there is none."""
        self.trouble = ""
        """Why this gateway signs nothing; empty: it does, or nobody is to."""

    @property
    def verifiers(self) -> Sequence[Verifier]:
        """Every key by which the log may have been signed; the one that signs first."""
        return self._keys.verifiers

    def on_signed(self, listener: Callable[[str], None]) -> None:
        """Calls `listener` with each checkpoint that is signed here, once it is stored."""
        self._signed.append(listener)

    async def keep(self) -> None:
        """Runs forever; errors are logged and it is tried again."""
        await every(LOOK_SECONDS, self.look, name="audit_checkpoints", at_once=True)

    async def look(self, *, last: bool = False) -> None:
        """Learns what was signed, and signs if that is due and allowed.

        `last`: at once, where this gateway let the tree grow: it will not be asked again.
        """
        if not self._keys.verifiers:
            return
        try:
            await self._recall()
            await self._keep()
            look = await self._store.read(self._look)
            await self._learn(look)
            if self._is_due(look, GAP_SECONDS if not last else 0):
                await self._sign(look)
        except (_WrongTreeError, TileMissingError, NoteError, OutletError) as wrong:
            self._refuse(str(wrong))
        else:
            self._refuse("")

    async def _recall(self) -> None:
        """What a process before this one knew."""
        if self._recalled:
            return
        if told := await self._memory.recall():
            self._known = trusted_checkpoint(told, self._keys.verifiers)
            self.newest = told
        self._recalled = True

    def _look(self, reading: Reading) -> _Look:
        head, known = reading.tree_head(), self._known
        known_root = b""
        if known is not None:
            if known.size > head.size:
                raise _WrongTreeError(
                    f"the database was rolled back: its tree has {head.size} records, and one of "
                    f"{known.size} was published"
                )
            known_root = root(reading.audit_tile, known.size)
        stored, whole = reading.checkpoint(), root(reading.audit_tile, head.size)
        size = min(stored.size, head.size) if stored else 0
        return _Look(head, stored, whole, known_root, root(reading.audit_tile, size))

    async def _learn(self, look: _Look) -> None:
        known = self._known
        if known is not None and look.known_root != known.root:
            raise _WrongTreeError(
                f"the database was exchanged: its first {known.size} records are not those of "
                "which a checkpoint was published"
            )
        stored = look.stored
        if stored is None or stored == self._seen:
            return
        found = trusted_checkpoint(stored.note, self._keys.verifiers)
        if (found.size, found.root) != (stored.size, look.stored_root):
            raise _WrongTreeError(
                f"the stored checkpoint of {stored.size} records is not that of the stored tree"
            )
        self._seen, self._seen_at = stored, self._clock.elapsed()
        if known is None or found.size >= known.size:
            await self._know(found, stored.note, stored.time.timestamp())

    def _is_due(self, look: _Look, gap: float) -> bool:
        if self._keys.signer is None:
            return False
        since = self._clock.elapsed() - self._seen_at
        signed = look.stored.size if look.stored else -1
        mine = look.head.gateway_id == self._gateway_id
        if mine and look.head.size > signed:
            return since >= gap
        return since >= RENEW_SECONDS + (0 if mine else OTHERS_SECONDS)

    async def _sign(self, look: _Look) -> None:
        signer = self._keys.signer
        if signer is None:
            return
        note = await sign_checkpoint(look.head.size, look.root, signer)
        note = await self._cosigning.cosigned(note, look.head.size)
        stored = StoredCheckpoint(look.head.size, self._clock.now(), str(note))
        signed = Checkpoint(signer.verifier.name, look.head.size, look.root)
        await self._know(signed, stored.note, stored.time.timestamp())
        if not await self._store.transact(lambda tx: tx.put_checkpoint(stored)):
            return
        self._seen, self._seen_at = stored, self._clock.elapsed()
        for listener in self._signed:
            listener(stored.note)

    async def _know(self, checkpoint: Checkpoint, note: str, signed: float) -> None:
        """Remembers it, for the next process too, before anybody is told of it."""
        self._known, self._unkept = checkpoint, note
        await self._keep()
        self._gauges.records(checkpoint.size)
        self._gauges.time(signed)

    async def _keep(self) -> None:
        if self._unkept:
            await self._memory.keep(self._unkept)
            self.newest, self._unkept = self._unkept, ""

    def _refuse(self, cause: str) -> None:
        if cause and cause != self.trouble:
            log.error("audit_not_signed", cause=cause)
        self.trouble = cause
        self._gauges.refused(1 if cause else 0)
