"""`gateway apply`: what changes, what is wrong, and what would have gone elsewhere."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.build import SystemClock
from gateway.domain.calls.call import Attempt, Call, CallState
from gateway.ports import Transaction
from gateway.store.store import open_store
from tests.cli.conftest import CommandLine

CONFIG = """
tenants:
  - tenant_id: acme
    timeouts: {ringing_timeout: 20s}
trunks:
  - trunk_id: munich
    livekit_trunk_id: ST_munich
    numbers: [{number: "+4989123456"}]
  - trunk_id: berlin
    livekit_trunk_id: ST_berlin
    numbers: [{number: "+4930123456"}]
"""
CREATED = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration."""
    path = tmp_path / "gateway.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def acme(local: CommandLine, file: Path) -> CommandLine:
    """The command line on a database with a tenant."""
    assert local("apply", str(file)).code == 0
    return local


def store_calls(database_url: str, *numbers: str) -> None:
    """Stores a call by munich to each of these numbers, one second after the other."""
    store_these(database_url, *(made(number, place) for place, number in enumerate(numbers)))


def store_these(database_url: str, *calls: Call) -> None:
    """Stores these calls."""

    async def run() -> None:
        store = open_store(database_url, SystemClock())

        def put(tx: Transaction) -> None:
            for call in calls:
                tx.put_call(call)

        await store.transact(put)
        await store.close()

    asyncio.run(run())


def made(number: str, place: int, trunk_id: str = "munich", **labels: str) -> Call:
    """A call that has ended, with the labels that it has at last."""
    begun = CREATED + timedelta(seconds=place)
    return Call(
        call_id=f"call_{place}",
        tenant_id="acme",
        state=CallState.ENDED,
        to=number,
        caller_id="+4989123456",
        room="acme-1",
        participant_identity=f"callee-{place}",
        attempts=(Attempt(trunk_id=trunk_id, livekit_trunk_id=f"ST_{trunk_id}", start_time=begun),),
        ringing_timeout=timedelta(seconds=30),
        setup_timeout=timedelta(seconds=15),
        max_duration=timedelta(hours=4),
        create_time=begun,
        end_time=begun,
        labels=labels,
    )


def test_apply_shows_what_changes(acme: CommandLine, file: Path) -> None:
    """Each difference is a line with its path, and a dry run leaves it at that."""
    file.write_text(CONFIG.replace("20s", "25s").replace("trunk_id: munich", "trunk_id: vienna"))
    dry = acme("apply", str(file), "--dry-run")
    assert '~ tenants[acme].timeouts.ringing_timeout: "20s" → "25s"' in dry.out
    assert "- trunks[munich]: {" in dry.out
    assert "+ trunks[vienna]: {" in dry.out
    assert "checked, not applied" in dry.out
    real = acme("apply", str(file))
    assert real.out.splitlines()[:-1] == dry.out.splitlines()[:-1]
    assert "version 2 is in force" in real.out


def test_apply_tells_programs_the_same(acme: CommandLine, file: Path) -> None:
    """With --json: version, changes and reroutes as the API answers them."""
    file.write_text(CONFIG.replace("20s", "25s"))
    told = acme("apply", str(file), "--json").json
    assert told["version"] == "2"
    assert told["changes"] == [
        {"path": "tenants[acme].timeouts.ringing_timeout", "before": '"20s"', "after": '"25s"'}
    ]


NATIONAL = """
    number_format: {strip: 2, prefix: "0", plus: false}
"""


def test_apply_warns_of_what_cannot_be_called(acme: CommandLine, file: Path) -> None:
    """A format that makes other numbers of a country's is no mistake, and yet told each time."""
    allowed = CONFIG.replace("acme", "acme\n    allowed_countries: [DE, AT]")
    file.write_text(f"{allowed.rstrip()}{NATIONAL}")
    expected = "it carries no calls to 1 of 2 countries: AT; for example, "
    for words in (("--dry-run",), ()):
        told = acme("apply", str(file), *words).out
        assert f"! trunks[1].number_format: {expected}" in told
    (warning,) = acme("apply", str(file), "--json").json["warnings"]
    assert warning["field"] == "trunks[1].number_format"
    assert "would be read as +49" in warning["description"]


def test_explain_tells_how_a_number_would_be_read(acme: CommandLine, file: Path) -> None:
    """The verdict and its cause stand in the table; where no trunk is left, in the error."""
    file.write_text(f"{CONFIG.rstrip()}{NATIONAL}")
    assert acme("apply", str(file)).code == 0
    cause = "tel:05123456789 would be read as +495123456789 in DE"
    shown = acme("route", "explain", "acme", "+435123456789", "--json").json
    assert shown["candidates"][1]["verdict"] == "TRUNK_VERDICT_READ_DIFFERENTLY"
    assert cause in shown["candidates"][1]["cause"]
    assert "READ_DIFFERENTLY" in acme("route", "explain", "acme", "+435123456789").out
    off = CONFIG.replace("ST_munich", "ST_munich\n    enabled: false")
    file.write_text(f"{off.rstrip()}{NATIONAL}")
    assert acme("apply", str(file)).code == 0
    refused = acme("route", "explain", "acme", "+435123456789")
    assert (refused.code, cause in refused.err) == (1, True)


def test_a_file_with_mistakes_changes_nothing(acme: CommandLine, file: Path) -> None:
    """Every mistake is told on its own line with its place, and what was in force stays."""
    file.write_text(CONFIG.replace("acme", "A B").replace("trunk_id: berlin", "trunk_id: ''"))
    result = acme("apply", str(file))
    assert result.code == 1
    assert result.err.startswith("error: CONFIG_INVALID: 2 fields are wrong\n")
    assert "  tenants[0].tenant_id (line 3, column 16): " in result.err
    assert "  trunks[1].trunk_id (line 9, column 15): " in result.err
    assert acme("route", "explain", "acme", "+4930987654").code == 0


def test_a_replay_shows_calls_that_would_go_elsewhere(acme: CommandLine, file: Path) -> None:
    """Another trunk, or why the call would be refused; calls that stay are only counted."""
    store_calls(
        acme.environment["GATEWAY_DATABASE_URL"], "+4989111111", "+4930111111", "+431111111"
    )
    routes = """
    routes:
      - {route_id: austria, match: {prefixes: [+43]}, block: true}
      - {route_id: berlin, match: {prefixes: [+4930]}, targets: [{trunk_id: berlin}]}
      - {route_id: rest, targets: [{trunk_id: munich}]}
"""
    file.write_text(CONFIG.replace("\ntrunks:", f"{routes}trunks:"))
    out = acme("apply", str(file), "--dry-run", "--replay", "100").out
    shown = [each.split() for each in out.splitlines() if each.startswith("call_")]
    assert [each[:5] for each in shown] == [
        ["call_2", "acme", "+431111111", "munich", "refused:"],
        ["call_1", "acme", "+4930111111", "munich", "berlin"],
    ]
    assert "DESTINATION_NOT_ALLOWED" in out
    assert "2 of 3 calls would be routed differently" in out
    told = acme("apply", str(file), "--dry-run", "--replay", "1", "--json").json
    assert [one["call_id"] for one in told["reroutes"]] == ["call_2"]


def test_a_replay_of_the_same_file_shows_no_call(acme: CommandLine, file: Path) -> None:
    """Neither one that a full trunk diverted, nor one that was labelled after it was placed."""
    routes = """
    routes:
      - {route_id: sales, match: {labels: {team: sales}}, targets: [{trunk_id: berlin}]}
      - {route_id: rest, targets: [{trunk_id: munich}]}
"""
    file.write_text(CONFIG.replace("\ntrunks:", f"{routes}trunks:"))
    assert acme("apply", str(file)).code == 0
    diverted = made("+4989111111", 0, "berlin")
    labelled = made("+4989111111", 1, team="sales")
    store_these(acme.environment["GATEWAY_DATABASE_URL"], diverted, labelled)
    out = acme("apply", str(file), "--dry-run", "--replay", "100").out
    assert "0 of 2 calls would be routed differently" in out
    assert "call_" not in out


def test_a_replay_shows_calls_that_would_no_longer_be_refused(
    acme: CommandLine, file: Path
) -> None:
    """Where the configuration in force refuses a call, that stands in place of its trunk."""
    blocked = """
    routes:
      - {route_id: none, block: true}
"""
    file.write_text(CONFIG.replace("\ntrunks:", f"{blocked}trunks:"))
    assert acme("apply", str(file)).code == 0
    store_calls(acme.environment["GATEWAY_DATABASE_URL"], "+4989111111")
    again = acme("apply", str(file), "--dry-run", "--replay", "100").out
    assert "0 of 1 calls would be routed differently" in again
    file.write_text(CONFIG)
    out = acme("apply", str(file), "--replay", "100").out
    (shown,) = (each.split() for each in out.splitlines() if each.startswith("call_"))
    assert shown == ["call_0", "acme", "+4989111111", "refused", "munich"]


def test_the_same_file_again_changes_nothing(acme: CommandLine, file: Path) -> None:
    """Where nothing differs, nothing is listed."""
    assert acme("apply", str(file)).out == "version 2 is in force\n"
