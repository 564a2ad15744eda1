"""Checkpoints are signed by a witness that nobody here wrote: `litewitness`, of torchwood."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from gateway.__main__ import app
from gateway.audit.tree.checkpoints import checkpoint_in
from gateway.audit.tree.notes import Verifier, note_of, verifier_of
from gateway.build.publishing import AuditTree, audit_tree_of
from gateway.service.sequencing import cosigning
from gateway.service.sequencing.checkpoints import GAP_SECONDS
from gateway.service.sequencing.sequencer import PATIENCE_SECONDS
from gateway.settings import Settings
from gateway.store.store import SqlStore, open_store
from tests.clients.auditor import told
from tests.clients.witness import LiteWitness, litewitness
from tests.stands.clocks import HandClock, RealClock
from tests.stands.tree.signed import KEYS, SIGNER, write

# The first time, the programs are built.
pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]


@pytest_asyncio.fixture
async def witness() -> AsyncIterator[LiteWitness]:
    """One that serves and knows the log."""
    async with litewitness() as made:
        await made.start()
        made.know(str(SIGNER.verifier))
        yield made


class Log:
    """An installation's log, whose gateway may begin anew."""

    def __init__(self, folder: Path, witness: LiteWitness) -> None:
        folder.mkdir()
        self.checkpoint = folder / "checkpoint"
        self.environment = {
            "GATEWAY_DATABASE_URL": f"sqlite:///{folder}/gateway.db",
            "GATEWAY_MASTER_KEY": "a master key of a test 0123456789abcdef",
            "GATEWAY_AUDIT_SIGNING_KEY": SIGNER.text,
            "GATEWAY_AUDIT_CHECKPOINT_FILE": str(self.checkpoint),
            "GATEWAY_AUDIT_WITNESSES": f"{witness.key} {witness.url}",
        }
        self.store: SqlStore = open_store(self.environment["GATEWAY_DATABASE_URL"], RealClock())
        self._key = verifier_of(witness.key)
        self._clock, self._size = HandClock(), 0
        self._tree = self._gateway()

    async def restart(self) -> None:
        """Another gateway goes on, which does not know what the witness has signed."""
        await self._tree.stop()
        self._tree = self._gateway()

    async def grow(self, count: int) -> Sequence[Verifier]:
        """So many more records are signed: by which of the two, log and witness."""
        await write(self.store, count)
        for _ in range(2):
            await self._tree.sequencer.take_up()
            self._clock.go_on(PATIENCE_SECONDS + 1)
        await self._tree.sequencer.take_up()
        for _ in range(2):
            await self._tree.checkpoints.look()
            self._clock.go_on(GAP_SECONDS)
        assert self._tree.checkpoints.trouble == ""
        note = note_of(self._tree.checkpoints.newest)
        self._size += count
        assert checkpoint_in(note).size == self._size
        return note.signed_by([SIGNER.verifier, self._key])

    def _gateway(self) -> AuditTree:
        settings = Settings.model_validate(self.environment)
        return audit_tree_of(settings, self.store, self._clock, "one", KEYS)

    async def close(self) -> None:
        await self._tree.stop()
        await self.store.close()


async def test_a_witness_signs_also_after_it_was_away(
    witness: LiteWitness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both the gateway that ran on and one that begins lead it on from where it was.

    Torchwood and the gateway's own command accept what it has signed; while it is away, the
    log's own signature is enough.
    """
    monkeypatch.setattr(cosigning, "PAUSE_SECONDS", 0)
    log = Log(tmp_path / "log", witness)
    both = [SIGNER.verifier, verifier_of(witness.key)]
    assert await log.grow(3) == both
    await witness.stop()
    assert await log.grow(300) == [SIGNER.verifier]
    await witness.start()
    assert await log.grow(10) == both
    await log.restart()
    assert await log.grow(250) == both
    found = told("cosigned", str(SIGNER.verifier), str(log.checkpoint), witness.key)
    assert found == {"size": 563}
    words = ["audit", "verify", "--checkpoint", str(log.checkpoint)]
    runner = CliRunner(env=log.environment)
    verified = await asyncio.to_thread(runner.invoke, app, words)
    assert verified.exit_code == 0, verified.output
    await log.close()


async def test_a_witness_signs_no_other_log_of_the_key(
    witness: LiteWitness, tmp_path: Path
) -> None:
    """A log with other records, even a longer one, is not led to from what it has signed."""
    first, other = Log(tmp_path / "first", witness), Log(tmp_path / "other", witness)
    assert len(await first.grow(4)) == 2
    assert await other.grow(9) == [SIGNER.verifier]
    found = told("cosigned", str(SIGNER.verifier), str(other.checkpoint), witness.key)
    assert "error" in found
    await first.close()
    await other.close()
