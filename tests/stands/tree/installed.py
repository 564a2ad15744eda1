"""A database whose audit log was written and signed in two steps, as gateways leave it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.service.sequencing.sequencer import PATIENCE_SECONDS
from gateway.store.store import open_store
from tests.stands.clocks import HandClock, RealClock
from tests.stands.tree.signed import SIGNER, Memory, checkpoints_of, sequencer_of, write
from tests.stands.values import a_record

CALL = "call_wanted"
RECORDS_OF_CALL = 3


@dataclass(frozen=True)
class Installed:
    """The database, and the checkpoints that somebody kept after each step."""

    folder: Path
    database: Path
    old: Path
    new: Path
    size: int

    @property
    def key(self) -> str:
        """The log's public key."""
        return str(SIGNER.verifier)

    @property
    def environment(self) -> Mapping[str, str]:
        """Of commands on the database."""
        return {
            "GATEWAY_DATABASE_URL": f"sqlite:///{self.database}",
            "GATEWAY_MASTER_KEY": "a master key of a test 0123456789abcdef",
            "GATEWAY_AUDIT_SIGNING_KEY": SIGNER.text,
            "GATEWAY_AUDIT_CHECKPOINT_FILE": str(self.folder / "nothing"),
        }


def installed(folder: Path, first: int = 300, more: int = 400) -> Installed:
    """So many records of one process, then as many more of another, and a call among them."""
    made = Installed(
        folder,
        folder / "gateway.db",
        folder / "old.checkpoint",
        folder / "new.checkpoint",
        first + more + RECORDS_OF_CALL,
    )
    asyncio.run(_write(made, first, more))
    return made


async def _write(made: Installed, first: int, more: int) -> None:
    clock = HandClock()
    for path, count in ((made.old, first), (made.new, more)):
        store = open_store(f"sqlite:///{made.database}", RealClock())
        await write(store, count)
        if path is made.new:
            of_call = [a_record(call_id=CALL, rpc_id=f"{n}") for n in range(RECORDS_OF_CALL)]
            await write(store, 0, of_call)
        sequencer, memory = sequencer_of(store, clock), Memory()
        for _ in range(2):
            await sequencer.take_up()
            clock.go_on(PATIENCE_SECONDS + 1)
        await sequencer.take_up()
        checkpoints = checkpoints_of(store, clock, memory=memory)
        for _ in range(2):
            await checkpoints.look()
            clock.go_on(60)
        path.write_text(memory.held)
        await store.close()
