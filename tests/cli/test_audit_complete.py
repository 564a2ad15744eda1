"""Every command that changes something on the database leaves a record of what it did."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from gateway.__main__ import app
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

RECORDED = {
    "apply": ("apply", "{file}"),
    "dnc add": ("dnc", "add", BUSY, DECLINES, "--tenant", "acme"),
    "dnc import": ("dnc", "import", "{numbers}", "--operator"),
    "dnc remove": ("dnc", "remove", BUSY, "--tenant", "acme"),
    "keys create": ("keys", "create", "acme"),
    "keys reseal": ("keys", "reseal"),
    "keys revoke": ("keys", "revoke", "{key}"),
    "token": ("token", "acme", "--room", "acme-1", "--expires", "1h"),
    "audit export": ("audit", "export"),
    "audit forget": ("audit", "forget", "--tenant", "acme", "--until", "2026-10", "--yes"),
    "audit list": ("audit", "list"),
}
"""Commands that leave a record, with words that make them do something."""

METHODS = {"dnc import": "dnc add"}
"""How a record calls a command, where that is not its name."""

NO_CHANGE = {
    *("audit prove-consistency", "audit receipt", "audit tail", "audit verify"),
    *("dnc list", "keys list", "route explain"),
}
"""What only tells what there is on the database; `tail` never ends, and has a test of its own."""

ELSEWHERE = {"calls", "healthcheck", "migrate", "serve"}
"""What asks a gateway, which records it, or is one; `migrate` changes tables, and no content."""


def commands(group: TyperGroup, before: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command, by the words that name it."""
    for name, command in group.commands.items():
        words = (*before, name)
        if isinstance(command, TyperGroup):
            yield from commands(command, words)
        else:
            yield " ".join(words)


def test_every_command_is_known() -> None:
    """A new command is put where it belongs: recorded, without a change, or elsewhere."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    found = {name for name in commands(group) if name.split(maxsplit=1)[0] not in ELSEWHERE}
    assert found == set(RECORDED) | NO_CHANGE


@pytest.fixture
def words(local: CommandLine, tmp_path: Path) -> dict[str, str]:
    """What stands for the places in the words above, on a database with a tenant and a key."""
    file, numbers = tmp_path / "gateway.yaml", tmp_path / "numbers.txt"
    file.write_text(CONFIG)
    numbers.write_text(f"{ANSWERS}\n")
    assert local("apply", str(file)).code == 0
    key = local("keys", "create", "acme", "--json").json["key"]
    file.write_text(CONFIG.replace("acme", "acme\n    default_country: DE"))
    return {"file": str(file), "numbers": str(numbers), "key": key}


@pytest.mark.parametrize("name", RECORDED)
def test_a_command_is_recorded(name: str, local: CommandLine, words: dict[str, str]) -> None:
    """Once, as the command line's, under its name."""
    method = METHODS.get(name, name)
    before = len(recorded(local, method))
    assert local(*(word.format(**words) for word in RECORDED[name])).code == 0
    found = recorded(local, method)
    assert len(found) == before + 1
    assert (found[-1]["actor"], found[-1]["kind"]) == ("command line", "DONE")


def recorded(local: CommandLine, method: str) -> list[dict[str, Any]]:
    """The records of a command, oldest first."""
    path = local.environment["GATEWAY_DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as database:  # a command would leave a record itself
        rows = database.execute("SELECT record FROM audit_events ORDER BY time").fetchall()
    records = [json.loads(text) for (text,) in rows]
    return [record for record in records if record["method"] == method]


def test_a_token_is_recorded_without_itself(local: CommandLine, words: dict[str, str]) -> None:
    """Which key signed it, for which room and how long; never the token."""
    token = local("token", "acme", "--room", "acme-1", "--expires", "1h").out.strip()
    (record,) = recorded(local, "token")
    assert record["tenant_id"] == "acme"
    assert record["request"] == {"key": words["key"], "room": "acme-1", "expires": "3600s"}
    assert not any(part in str(record) for part in token.split("."))


def test_an_applied_difference_is_recorded(local: CommandLine, words: dict[str, str]) -> None:
    """What was there and what is there now, by its path."""
    assert local("apply", words["file"]).code == 0
    assert recorded(local, "apply")[-1]["request"]["changes"] == [
        {"path": "tenants[acme].default_country", "after": '"DE"'}
    ]
