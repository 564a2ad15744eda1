"""Witnesses sign, too, and none of them keeps a checkpoint waiting."""

import asyncio
from collections.abc import Sequence

from gateway.audit.tree.checkpoints import sign_checkpoint
from gateway.audit.tree.hashing import EMPTY_ROOT
from gateway.service.sequencing.cosigning import PATIENCE_SECONDS, Cosigning, KnownWitness
from gateway.store.store import SqlStore
from tests.stands.patience import LATE
from tests.stands.tree.signed import OTHER, SIGNER


class Dead:
    """A witness that takes everything and answers nothing."""

    name = "dead.example.com"

    def __init__(self) -> None:
        self.asked = 0

    async def cosign(self, _old: int, _proof: Sequence[bytes], _note: str) -> str:
        self.asked += 1
        await asyncio.Event().wait()
        return ""


async def test_a_dead_witness_is_waited_for_once(store: SqlStore) -> None:
    """For a second; then it is not asked for a minute, and checkpoints are signed without it."""
    dead, counted = Dead(), list[tuple[str, str]]()
    known = [KnownWitness(dead, OTHER.verifier)]
    cosigning = Cosigning(store, known, lambda *told: counted.append(told))
    note = await sign_checkpoint(0, EMPTY_ROOT, SIGNER)
    async with asyncio.timeout(PATIENCE_SECONDS + LATE):
        for _ in range(10):
            assert str(await cosigning.cosigned(note, 0)) == str(note)
    assert dead.asked == 1
    assert counted == [(dead.name, "failed")]
