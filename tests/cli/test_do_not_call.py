"""`gateway dnc`: on the database that the environment names."""

from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine
from tests.stands.phones import ANSWERS, BUSY, DECLINES

CONFIG = f"""
tenants:
  - tenant_id: acme
trunks:
  - trunk_id: main
    livekit_trunk_id: ST_1
    numbers: [{{number: "{ANSWERS}"}}]
"""


@pytest.fixture
def acme(local: CommandLine, tmp_path: Path) -> CommandLine:
    """The command line on a database with a tenant."""
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG)
    assert local("apply", str(path)).code == 0
    return local


def test_a_number_is_added_listed_and_removed(acme: CommandLine) -> None:
    """On the list of a tenant, or of every tenant; `route explain` says that it is listed."""
    assert "added 2 numbers" in acme("dnc", "add", BUSY, DECLINES, "--tenant", "acme").out
    assert acme("dnc", "add", ANSWERS, "--operator", "--json").json == {"added": 1}
    entries = acme("dnc", "list", "--tenant", "acme", "--json").json_lines
    assert [entry["number"] for entry in entries] == [BUSY, DECLINES]
    assert ANSWERS in acme("dnc", "list", "--operator").out
    for number in (BUSY, ANSWERS):
        refused = acme("route", "explain", "acme", number)
        assert (refused.code, "DO_NOT_CALL" in refused.err) == (1, True)
    assert acme("dnc", "remove", BUSY, "--tenant", "acme").code == 0
    assert "on no list" in acme("route", "explain", "acme", BUSY).out
    assert acme("dnc", "list", "--tenant", "acme", "--number", BUSY, "--json").out == ""


def test_a_file_of_numbers_is_imported(acme: CommandLine, tmp_path: Path) -> None:
    """All of it, however long; empty lines, comments and spaces around do not matter."""
    numbers = [f"+1500555{last:04}" for last in range(1500)]
    file = tmp_path / "numbers.txt"
    file.write_text("\ufeff# opted out\n\n  " + "\r\n".join(numbers) + "  \n")
    assert "added 1500 numbers" in acme("dnc", "import", str(file), "--tenant", "acme").out
    entries = acme("dnc", "list", "--tenant", "acme", "--json").json_lines
    assert [entry["number"] for entry in entries] == numbers


def test_a_file_with_wrong_lines_adds_nothing(acme: CommandLine, tmp_path: Path) -> None:
    """Each wrong line is named, with what is wrong, and the right number where it is known."""
    file = tmp_path / "numbers.txt"
    file.write_text(f"{BUSY}\n0301234567\n\n+49030123456\n")
    result = acme("dnc", "import", str(file), "--operator")
    assert (result.code, result.out) == (1, "")
    assert "2 lines" in result.err
    assert "line 2: must be E.164" in result.err
    assert "line 4: is not in canonical form; the number is +4930123456" in result.err
    assert acme("dnc", "list", "--operator", "--json").out == ""


@pytest.mark.parametrize("words", [(), ("--operator", "--tenant", "acme")])
def test_the_list_must_be_named(acme: CommandLine, words: tuple[str, ...]) -> None:
    """A number is not put on every tenant's list by forgetting an option."""
    result = acme("dnc", "add", BUSY, *words)
    assert result.code == 1
    assert "--operator" in result.err
