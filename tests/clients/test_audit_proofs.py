"""The audit log, verified by programs that nobody here wrote: Go's note and tlog, and torchwood."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.__main__ import app
from tests.clients.auditor import told
from tests.stands.tree.installed import CALL, RECORDS_OF_CALL, Installed, installed
from tests.stands.tree.signed import OTHER

# The first time, the program is built.
pytestmark = [pytest.mark.timeout(900), pytest.mark.slow]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An installation's log of some hundred records, signed twice."""
    return installed(tmp_path_factory.mktemp("audit"))


def gateway(log: Installed, *words: str) -> str:
    """What `gateway audit …` prints."""
    result = CliRunner(env=log.environment).invoke(app, ["audit", *words])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_go_opens_a_checkpoint(log: Installed) -> None:
    """With the log's key, and with no other."""
    assert told("checkpoint", log.key, str(log.new))["size"] == log.size
    other = told("checkpoint", str(OTHER.verifier), str(log.new))
    assert "note has no verifiable signatures" in other["error"]


def test_torchwood_verifies_receipts(log: Installed, tmp_path: Path) -> None:
    """Each of the call's records is proved by its own file; a changed one is not."""
    gateway(log, "receipt", CALL, "--output", str(tmp_path))
    files = sorted(tmp_path.glob("*.tlog-proof"))
    records = told("receipts", log.key, *map(str, files))["records"]
    assert [record["call_id"] for record in records] == [CALL] * RECORDS_OF_CALL
    lines = files[0].read_text().splitlines(keepends=True)
    other = files[1].read_text().splitlines(keepends=True)
    files[0].write_text("".join([lines[0], other[1], *lines[2:]]))
    assert "error" in told("receipts", log.key, str(files[0]))


def test_torchwood_reads_the_whole_log(log: Installed, tmp_path: Path) -> None:
    """Every record in the exported tiles is below the signed root; a changed one is found."""
    gateway(log, "export", "--tiles", str(tmp_path))
    found = told("tiles", log.key, str(tmp_path))
    assert found["records"] == found["size"] == log.size
    bundle = tmp_path / "tile" / "entries" / "001"
    bundle.write_bytes(bundle.read_bytes().replace(b'"DONE"', b'"GONE"', 1))
    assert "error" in told("tiles", log.key, str(tmp_path))


def test_go_checks_consistency(log: Installed, tmp_path: Path) -> None:
    """The printed hashes prove that the later log begins with the earlier."""
    proof = tmp_path / "proof"
    proof.write_text(gateway(log, "prove-consistency", str(log.old), str(log.new)))
    found = told("consistency", log.key, str(log.old), str(log.new), str(proof))
    assert found == {"first": 300, "last": log.size}
    proof.write_text("\n".join(proof.read_text().split()[1:]))
    assert "error" in told("consistency", log.key, str(log.old), str(log.new), str(proof))
