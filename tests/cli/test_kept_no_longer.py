"""Exports of a log whose old records are kept no longer, and their proof."""

import asyncio
import base64
import hashlib
import json
from pathlib import Path

import pytest

from gateway.store.store import open_store
from tests.cli.conftest import CommandLine
from tests.stands.clocks import RealClock
from tests.stands.tree.aged import DAY, NUMBER, grow_old, sign, write_aged
from tests.stands.tree.signed import SIGNER

OLD, NEW = 300, 20


async def fill(url: str, *, again: bool = True) -> str:
    """Old and new records, signed, of which the new ones are kept; the checkpoint.

    `again`: what says that is signed, too.
    """
    store = open_store(url, RealClock())
    try:
        await write_aged(store, OLD, 20 * DAY)
        await write_aged(store, NEW, DAY)
        note = await sign(store)
        await grow_old(store)
        return await sign(store) if again else note
    finally:
        await store.close()


@pytest.fixture
def aged(local: CommandLine, tmp_path: Path) -> CommandLine:
    """The commands that work on it; `checkpoint` is its newest."""
    note = asyncio.run(fill(local.environment["GATEWAY_DATABASE_URL"]))
    (tmp_path / "checkpoint").write_text(note)
    keys = {"GATEWAY_AUDIT_VERIFIER_KEYS": str(SIGNER.verifier)}
    return CommandLine({**local.environment, **keys})


def test_exports_are_proved_without_the_old_texts(aged: CommandLine, tmp_path: Path) -> None:
    """Lines have the hashes, tiles leave bundles out; both give the root that was signed."""
    exported = aged("audit", "export")
    lines = exported.json_lines
    assert [("record" in each) for each in lines[:OLD]] == [False] * OLD
    assert all("record" in each for each in lines[OLD:])
    assert sum(NUMBER in line for line in exported.out.splitlines()) == NEW
    path, kept = tmp_path / "audit.jsonl", str(tmp_path / "checkpoint")
    path.write_text(exported.out)
    proved = aged("audit", "verify", "--export", str(path), "--checkpoint", kept, "--json")
    assert (proved.code, proved.json["problems"]) == (0, [])
    assert proved.json["proved"] == OLD + NEW + 1
    assert proved.json["root"] == (tmp_path / "checkpoint").read_text().splitlines()[2]
    tiles = tmp_path / "tiles"
    written = aged("audit", "export", "--tiles", str(tiles))
    assert "records 0 to 299 are kept no longer" in written.err
    proved = aged("audit", "verify", "--export", str(tiles), "--json")
    assert (proved.code, proved.json["problems"]) == (0, [])
    assert aged("audit", "verify").code == 0


def test_tiles_wait_for_what_says_that_records_were_removed(
    local: CommandLine, tmp_path: Path
) -> None:
    """Without it nobody could tell a removal by age from another: nothing is written until then."""
    asyncio.run(fill(local.environment["GATEWAY_DATABASE_URL"], again=False))
    keys = {"GATEWAY_AUDIT_VERIFIER_KEYS": str(SIGNER.verifier)}
    command = CommandLine({**local.environment, **keys})
    refused = command("audit", "export", "--tiles", str(tmp_path / "tiles"))
    assert refused.code == 1
    assert "removed just now" in refused.err
    assert not (tmp_path / "tiles").exists()


def test_an_export_with_less_than_is_kept_is_refused(aged: CommandLine, tmp_path: Path) -> None:
    """A line whose record was cut out, too, is named."""
    lines = aged("audit", "export").out.splitlines()
    record = aged("audit", "export").json_lines[OLD]
    text = f'{{"log_id": "{record["log_id"]}", "sequence": "{record["sequence"]}", '
    lines[OLD] = text + f'"leaf_index": "{OLD}", "hash": "{record["hash"]}"}}'
    path = tmp_path / "audit.jsonl"
    path.write_text("\n".join(lines))
    refused = aged("audit", "verify", "--export", str(path), "--json")
    assert refused.code == 1
    assert refused.json["problems"][0]["place"] == f"record {OLD}"
    assert len(base64.b64decode(refused.json["root"])) == hashlib.sha256().digest_size


def test_who_has_an_export_cannot_say_that_records_were_too_old(
    aged: CommandLine, tmp_path: Path
) -> None:
    """A line that nobody signed, in the tree or not, excuses no record that was cut out."""
    lines = aged("audit", "export").out.splitlines()
    cut = []
    for at, line in enumerate(lines):
        told = json.loads(line)
        if OLD <= at < OLD + 3:
            del told["record"]
        cut.append(json.dumps(told))
    record = {
        "kind": "DONE",
        "log_id": "log_forged",
        "method": "audit retention",
        "request": {"kept_from": OLD + 3},
        "sequence": 1,
    }
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    hashed = hashlib.sha256(b"\0" + text.encode()).hexdigest()
    forged = {"log_id": "log_forged", "sequence": "1", "hash": hashed, "record": record}
    path, kept = tmp_path / "audit.jsonl", str(tmp_path / "checkpoint")
    for place in ({}, {"leaf_index": str(OLD + NEW + 1)}):
        in_tree = [line for line in cut if "leaf_index" in line]
        path.write_text("\n".join([*in_tree, json.dumps({**forged, **place})]))
        refused = aged("audit", "verify", "--export", str(path), "--checkpoint", kept, "--json")
        assert refused.code == 1
        assert refused.json["proved"] == OLD + NEW + 1
        assert refused.json["problems"] == [
            {
                "place": f"records {OLD} to {OLD + 2}",
                "message": "removed: there is no such record, "
                "and none that is signed says that it was too old",
            }
        ]


def test_without_a_checkpoint_it_says_that_nothing_is_proved(
    aged: CommandLine, tmp_path: Path
) -> None:
    """An export that was written anew as a whole has nothing wrong in itself."""
    (tmp_path / "audit.jsonl").write_text(aged("audit", "export").out)
    told = aged("audit", "verify", "--export", str(tmp_path / "audit.jsonl"))
    assert (told.code, "nothing is proved" in told.err) == (0, True)
