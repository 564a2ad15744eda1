"""`gateway audit forget`: told before, for ever, and as often as one likes."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine
from tests.stands.phones import BUSY, DECLINES

NOW = f"{datetime.now(UTC):%Y-%m}"
CONFIG = "tenants: [{tenant_id: acme}, {tenant_id: globex}]\n"


@pytest.fixture
def sealed(local: CommandLine, tmp_path: Path) -> CommandLine:
    """Records of two tenants, with a number in each."""
    command = CommandLine({**local.environment, "GATEWAY_AUDIT_REDACTION": "sealed"})
    (tmp_path / "config.yaml").write_text(CONFIG)
    command("apply", str(tmp_path / "config.yaml"))
    for tenant, number in (("acme", BUSY), ("globex", DECLINES)):
        assert command("dnc", "add", number, "--tenant", tenant).code == 0
    return command


def numbers(command: CommandLine, tenant: str) -> list[object]:
    """Those in the records of a tenant, as who may read them sees them."""
    records = command("audit", "list", "--tenant", tenant, "--json").json_lines
    return [each["opened"]["request"]["numbers"] for each in records if "opened" in each]


def test_what_was_sealed_is_forgotten_and_nothing_else(sealed: CommandLine) -> None:
    """One tenant's keys are destroyed; its records stay, say so, and verify; again does no harm."""
    assert numbers(sealed, "acme") == [[BUSY]]
    told = sealed("audit", "forget", "--tenant", "acme", "--until", NOW, "--yes", "--json")
    assert told.json == {"forgotten": [NOW], "clean": True}
    assert f"to be destroyed: {NOW}" in told.err
    assert "that month is not over" in told.err
    assert numbers(sealed, "acme") == []
    records = sealed("audit", "list", "--tenant", "acme", "--json").json_lines
    added = next(each for each in records if each["record"]["method"] == "dnc add")
    assert added["forgotten"]
    assert added["record"]["request"] == {"numbers": ["[sealed]"]}
    assert numbers(sealed, "globex") == [[DECLINES]]
    assert sealed("audit", "verify").code == 0
    assert BUSY not in sealed("audit", "export").out
    again = sealed("audit", "forget", "--tenant", "acme", "--month", NOW, "--yes")
    assert (again.code, "nothing: no key was left" in again.out) == (0, True)
    assert f"destroyed before: {NOW}" in again.err
    written = [one["record"] for one in records if one["record"]["method"] == "audit forget"]
    assert written[0]["request"] == {"until": NOW, "months": [NOW]}


def test_nothing_is_done_without_a_yes(sealed: CommandLine) -> None:
    """Where nobody can be asked, it says what it would do and does nothing."""
    refused = sealed("audit", "forget", "--tenant", "acme", "--until", NOW)
    assert refused.code != 0
    assert "--yes" in refused.err
    assert numbers(sealed, "acme") == [[BUSY]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--tenant", "acme"), "either --until MONTH or --month"),
        (("--until", NOW), "--operator for those of none"),
        (("--tenant", "acme", "--operator", "--until", NOW), "--operator for those of none"),
        (("--operator", "--until", NOW, "--calls"), "--calls needs --tenant"),
        (("--tenant", "acme", "--until", "2026-13"), "such as 2026-11"),
        (("--tenant", "acme", "--month", NOW, "--calls"), "calls"),
    ],
)
def test_what_is_wrong_is_named(local: CommandLine, words: tuple[str, ...], said: str) -> None:
    """A missing tenant, a missing or wrong month, and what does not go together."""
    refused = local("audit", "forget", "--yes", *words)
    assert refused.code != 0
    assert said in refused.err


def test_only_a_month_is_forgotten_where_only_that_is_named(sealed: CommandLine) -> None:
    """An earlier month destroys nothing of this one."""
    done = sealed("audit", "forget", "--tenant", "acme", "--until", "2026-10", "--yes", "--json")
    assert done.json["forgotten"] == []
    assert numbers(sealed, "acme") == [[BUSY]]


def test_a_tenant_without_sealed_values_may_be_a_mistake(sealed: CommandLine) -> None:
    """A name that is written wrong looks like one whose values were forgotten, so it is said."""
    done = sealed("audit", "forget", "--tenant", "acne", "--until", NOW, "--yes")
    assert (done.code, "is the name right?" in done.err) == (0, True)
    done = sealed("audit", "forget", "--tenant", "acme", "--until", NOW, "--yes")
    assert "is the name right?" not in done.err


def test_a_search_by_number_is_refused(sealed: CommandLine) -> None:
    """The command line says, too, that there is nothing to search."""
    refused = sealed("audit", "list", "--number", BUSY)
    assert refused.code != 0
    assert "sealed" in refused.err
