"""`gateway audit verify|receipt|prove-consistency`: what is proved, and what else is told."""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from gateway.audit.tree.checkpoints import sign_checkpoint
from tests.cli.conftest import CommandLine, Result
from tests.stands.tree.installed import CALL, RECORDS_OF_CALL, Installed, installed
from tests.stands.tree.signed import OTHER, SIGNER

FIRST, MORE = 6, 4
SIZE = FIRST + MORE + RECORDS_OF_CALL
KEY = str(SIGNER.verifier)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An installation's log, signed after its first records and at its end."""
    return installed(tmp_path_factory.mktemp("audit"), FIRST, MORE)


@pytest.fixture
def audit(local: CommandLine, log: Installed) -> Callable[..., Result]:
    """`gateway audit …` on the installation's database."""
    at_home = CommandLine({**local.environment, **log.environment})
    return lambda *words: at_home("audit", *words)


@pytest.fixture
def elsewhere(local: CommandLine) -> Callable[..., Result]:
    """`gateway audit verify …` where there is neither a database nor a key of the log."""
    del local
    return lambda *words: CommandLine({})("audit", "verify", *words)


def first_problem(result: Result) -> str:
    """What is told first of a log that is not what was signed."""
    assert result.code == 1, result.out
    summary, first, *_ = result.out.splitlines()
    assert "proved by a signature" in summary
    return first


def error(result: Result) -> str:
    """Why a command could not do its work."""
    assert (result.code, result.out) == (1, "")
    return result.err


def signed(size: int, root: bytes, signer: object = SIGNER) -> str:
    """A checkpoint by this key."""
    return str(asyncio.run(sign_checkpoint(size, root, signer)))  # type: ignore[arg-type]


# Exports


@pytest.fixture
def lines(audit: Callable[..., Result]) -> list[str]:
    """The lines of an export, those of the tree."""
    return [each for each in audit("export").out.splitlines() if "leaf_index" in each]


def test_an_export_is_proved(
    elsewhere: Callable[..., Result], log: Installed, lines: Sequence[str], tmp_path: Path
) -> None:
    """By the log's public key and a checkpoint that was kept; no database is there."""
    assert len(lines) == SIZE
    kept = ("--checkpoint", str(log.new), "--verifier-key", KEY)
    proved = elsewhere("--export", written(tmp_path, lines), *kept, "--json")
    assert (proved.code, proved.json["problems"]) == (0, [])
    assert (proved.json["records"], proved.json["proved"]) == (SIZE, SIZE)


def changed(lines: list[str]) -> None:
    lines[3] = lines[3].replace('"DONE"', '"GONE"')


def removed(lines: list[str]) -> None:
    del lines[3:5]


def reordered(lines: list[str]) -> None:
    lines[3], lines[2] = lines[2], lines[3]


def renumbered(lines: list[str]) -> None:
    reordered(lines)
    for leaf in (2, 3):
        lines[leaf] = json.dumps({**json.loads(lines[leaf]), "leaf_index": str(leaf)})


def cut_off(lines: list[str]) -> None:
    del lines[9:]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (changed, r"record 3 (log_… #4): changed: its content does not give its hash"),
        (removed, r"records 3 to 4: removed: not in the export"),
        (reordered, r"record 2: removed: not in the export"),
        (renumbered, r"record 2 (log_… #4): removed: #3 is missing before it"),
        (cut_off, r"record 9: removed: the log ends before it, and {new} is of 13 records"),
    ],
)
def test_a_spoilt_export_is_named(
    elsewhere: Callable[..., Result],
    log: Installed,
    lines: list[str],
    tmp_path: Path,
    spoil: Callable[[list[str]], None],
    told: str,
) -> None:
    """The first problem is the first record that is wrong, and how."""
    log_id = json.loads(lines[0])["log_id"]
    spoil(lines)
    kept = ("--checkpoint", str(log.new), "--verifier-key", KEY)
    found = first_problem(elsewhere("--export", written(tmp_path, lines), *kept))
    assert found == told.replace("log_…", log_id).replace("{new}", str(log.new))


def test_what_is_no_export_is_told(
    elsewhere: Callable[..., Result], lines: list[str], tmp_path: Path
) -> None:
    """With file and line; a key must be given where the environment has none."""
    path = written(tmp_path, [*lines[:2], "{}", *lines[2:]])
    key = ("--verifier-key", KEY)
    assert f"{path}, line 3: no record of an export" in error(elsewhere("--export", path, *key))
    away = str(tmp_path / "nothing")
    assert f"{away} cannot be read" in error(elsewhere("--export", away, *key))
    assert "--verifier-key is needed" in error(elsewhere("--export", path))
    refused = error(elsewhere("--export", path, "--verifier-key", "nonsense"))
    assert "--verifier-key: a verifier key must be NAME+ID+KEY" in refused


def test_tiles_are_proved_or_named(
    elsewhere: Callable[..., Result], audit: Callable[..., Result], tmp_path: Path
) -> None:
    """A changed record in a bundle is named; tiles without a checkpoint prove nothing."""
    assert audit("export", "--tiles", str(tmp_path)).code == 0
    words = ("--export", str(tmp_path), "--verifier-key", KEY)
    assert elsewhere(*words, "--json").json["proved"] == SIZE
    (bundle,) = (tmp_path / "tile" / "entries").rglob("*.p/*")
    bundle.write_bytes(bundle.read_bytes().replace(b'"DONE"', b'"GONE"', 1))
    assert first_problem(elsewhere(*words)).startswith("record 0 (log_")
    (tmp_path / "checkpoint").unlink()
    assert "checkpoint cannot be read: No such file" in error(elsewhere(*words))


def written(folder: Path, lines: Sequence[str]) -> str:
    """The path of an export with these lines."""
    path = folder / "audit.jsonl"
    path.write_text("".join(f"{each}\n" for each in lines))
    return str(path)


# Receipts


def test_receipts_are_proved_or_named(
    elsewhere: Callable[..., Result], audit: Callable[..., Result], tmp_path: Path
) -> None:
    """By the public key alone; one with another's record is named by its place."""
    path = tmp_path / "call.receipts"
    path.write_text(audit("receipt", CALL).out)
    words = ("--receipt", str(path), "--verifier-key")
    proved = elsewhere(*words, KEY, "--json")
    assert (proved.code, proved.json["proved"]) == (0, RECORDS_OF_CALL)
    texts = path.read_text().splitlines(keepends=True)
    extras = [at for at, line in enumerate(texts) if line.startswith("extra ")]
    texts[extras[1]] = texts[extras[0]]
    path.write_text("".join(texts))
    spoilt = elsewhere(*words, KEY)
    assert first_problem(spoilt).startswith(f"record {SIZE - 2}: not proved: leaf {SIZE - 2} does")
    assert spoilt.out.startswith(f"{RECORDS_OF_CALL} records, {RECORDS_OF_CALL - 1} proved")
    other = first_problem(elsewhere(*words, str(OTHER.verifier)))
    assert f"record {SIZE - 3}: not proved: signed by {SIGNER.name}+" in other


def test_what_is_no_receipt_is_told(
    elsewhere: Callable[..., Result], audit: Callable[..., Result], tmp_path: Path
) -> None:
    """A file of something else, of no text, and a call that nobody knows."""
    path = tmp_path / "call.receipts"
    path.write_text("nothing\n")
    words = ("--receipt", str(path), "--verifier-key", KEY)
    assert first_problem(elsewhere(*words)).startswith(f"{path}: ")
    path.write_bytes(b"\xff")
    assert f"{path} is not UTF-8 text" in error(elsewhere(*words))
    assert "no record names this call" in error(audit("receipt", "call_nobody"))


# Checkpoints


def test_the_database_is_proved_by_a_kept_checkpoint(
    audit: Callable[..., Result], log: Installed, tmp_path: Path
) -> None:
    """One of another key, of another tree or of a longer one is named; so is what is none."""
    assert audit("verify", "--checkpoint", str(log.old), "--checkpoint", str(log.new)).code == 0
    path = tmp_path / "kept"

    def told(text: str) -> str:
        path.write_text(text)
        return first_problem(audit("verify", "--checkpoint", str(path)))

    strange = told(signed(FIRST, bytes(32), OTHER))
    assert strange.startswith(f"{path}: not the log's: signed by {SIGNER.name}+")
    assert told(signed(FIRST, bytes(32))) == (
        f"records 0 to {FIRST - 1}: changed: they are not those of {path}, of {FIRST} records"
    )
    assert told(signed(SIZE + 50, bytes(32))).startswith(f"record {SIZE}")
    assert told("nothing").startswith(f"{path}: not the log's: not a signed note")
    away = error(audit("verify", "--checkpoint", str(tmp_path / "away")))
    assert "away cannot be read: No such file or directory" in away


def test_consistency_is_proved_or_refused(
    audit: Callable[..., Result], log: Installed, tmp_path: Path
) -> None:
    """The hashes are printed; the wrong order, another key and another tree are told apart."""
    proof = audit("prove-consistency", str(log.old), str(log.new))
    assert (proof.code, len(proof.out.splitlines())) == (0, 4)
    turned = error(audit("prove-consistency", str(log.new), str(log.old)))
    assert f"{log.new} is of {SIZE} records, more than {log.old}: {FIRST}" in turned
    path = tmp_path / "other"
    path.write_text(signed(FIRST, bytes(32)))
    other = error(audit("prove-consistency", str(path), str(log.new)))
    assert f"not consistent: the tree of {FIRST} is not the beginning of that of {SIZE}" in other
    path.write_text(signed(SIZE + 1, bytes(32)))
    longer = error(audit("prove-consistency", str(log.old), str(path)))
    assert "not consistent: " in longer
    path.write_text(signed(FIRST, bytes(32), OTHER))
    assert f"{path}: signed by" in error(audit("prove-consistency", str(path), str(log.new)))
