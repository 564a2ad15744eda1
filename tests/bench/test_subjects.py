"""Every subject can be measured; how long things take is no matter here."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from gateway.build import administration
from gateway.telephony.v1 import calls_pb2
from tests.bench import open_calls, soak, tree
from tests.bench.audited import MODULES, audited
from tests.bench.big_config import Size, route_of, text
from tests.bench.calls import SMALL, Scope, calls
from tests.bench.gateways import on_sandbox, served
from tests.bench.measure import Told
from tests.bench.ringing import Plan, ringing
from tests.bench.routing import NUMBERS, change_to, routing
from tests.bench.watchers import Crowd, watchers
from tests.stands.phones import BUSY
from tests.stands.stand import configuration

SHORT = Told(seconds=0.2, rounds=1)


@pytest.fixture
def console() -> Console:
    """One that keeps what is printed."""
    return Console(file=io.StringIO(), width=120, record=True)


async def test_calls_are_measured(console: Console) -> None:
    """The gateway, a naive service and the libraries take turns with the echo."""
    scope = Scope(sets=["small"], databases=["SQLite"], whats=["busy"], callers=[2])
    told = await calls(console, SHORT, scope)
    assert [row["name"] for row in told["small"]] == [
        "gRPC echo",
        "livekit-api",
        "the libraries alone",
        "naive service, SQLite",
        "busy, SQLite",
    ]
    assert all(row["share"]["median"] > 0 for row in told["small"])
    assert "the small set (noise" in console.export_text()


async def test_audit_is_measured(console: Console) -> None:
    """A gateway that makes no records beside one that does, and what those add is told."""
    scope = Scope(databases=["SQLite"], callers=[2])
    told = (await audited(console, SHORT, scope))["SQLite"]
    assert [row["name"] for row in told["rows"]] == ["gRPC echo", "without", "with"]
    assert list(told["cpu_added"]) == [2]
    assert "CPU a call, with records" in console.export_text()


@pytest.mark.parametrize(
    ("name", "kinds"), [("with", ["INTENT", "ATTEMPT", "OUTCOME"]), ("without", [])]
)
async def test_what_is_without_records_has_none(
    name: str, kinds: list[str], tmp_path: Path
) -> None:
    """The call is the same, and nothing of it is in the audit log."""
    settings = on_sandbox(f"sqlite:///{tmp_path}/b.db")
    async with served(settings, configuration("ST_x"), tmp_path, MODULES[name]) as gateway:
        call = await gateway.clients[0].place(BUSY, wait_until_answered=True)
    async with administration(settings) as opened:
        found = await opened.store.read(lambda tx: tx.audit_of_call(call.call_id, None, 10))
    assert [one.record["kind"] for one in found] == kinds


@pytest.mark.postgres
async def test_the_tree_is_measured(console: Console) -> None:
    """How far it is behind while four gateways write, and that another one takes it over."""
    told = await tree.tree(console, SHORT, tree.Plan(seconds=4, rate=40))
    assert (told["problems"], told["keepers"] >= 2) == ([], True)
    assert told["records"] >= 40
    assert 0 < told["behind"]["p50"] <= told["behind"]["most"]
    assert "the first was killed" in console.export_text()


async def test_open_calls_are_measured(console: Console) -> None:
    """With notices and without, so many legs stay, and what they cost is told."""
    plan = open_calls.Plan(calls=8, hold_seconds=0.4, settle_seconds=0, set=SMALL)
    told = await open_calls.open_calls(console, SHORT, plan)
    assert [(one["notices"], one["calls"]) for one in told["held"]] == [(True, 8), (False, 8)]
    assert "8 answered calls, held for 0.4 s" in console.export_text()


async def test_a_soak_is_measured(console: Console) -> None:
    """Memory at equal distances, while calls are placed at an even rate."""
    told = await soak.soak(console, SHORT, soak.Plan(seconds=1.2, rate=20, set=SMALL))
    placed = [look["calls"] for look in told["looks"]]
    assert placed == sorted(placed)
    assert 0 < placed[-1] <= 30
    assert "after 1 s" in console.export_text()


async def test_routing_is_measured(console: Console) -> None:
    """Both changes come into force in the gateway that is measured, and memory is told."""
    await routing(console, SHORT, Size(trunks=3, prefixes=50))
    told = console.export_text()
    for line in ("rank and then take", "change 2: GetCall", "after change 2"):
        assert line in told
    assert "3 trunks, 50 prefixes, 16 callers" in told


async def test_a_change_is_in_force_when_it_is_said_to_be(tmp_path: Path) -> None:
    """The clock stops when the gateway decides by the new configuration, and not before."""
    file = tmp_path / "new.yaml"
    file.write_text(text(Size(trunks=2, prefixes=2), 5))
    settings = on_sandbox(f"sqlite:///{tmp_path}/b.db")
    request = calls_pb2.PlaceCallRequest(to=NUMBERS[0], validate_only=True)
    async with served(settings, configuration("ST_x"), tmp_path) as gateway:
        begun = datetime.now(UTC)
        _, in_force = await change_to(gateway, file, route_of(5))
        response = await gateway.clients[0].call("PlaceCall", request)
    assert response.route.route_id == route_of(5)
    async with administration(settings) as opened:
        stored = await opened.admin.current_config()
    assert stored is not None
    assert begun + timedelta(seconds=in_force) > stored.create_time


async def test_watchers_are_measured(console: Console) -> None:
    """Calls and streams are weighed, and events reach every watcher."""
    await watchers(console, SHORT, Crowd(calls=5, watchers=7, events=2))
    told = console.export_text()
    assert "5 open calls, then 7 streams" in told
    assert "bytes to 7 watchers, 2 times" in told


@pytest.mark.livekit
async def test_ringing_is_measured(console: Console) -> None:
    """Each timeout is told from all sides; calls that ended otherwise would fail."""
    await ringing(console, SHORT, Plan(timeouts=(1.0, 1.5), calls=2, pause=0.05))
    told = console.export_text()
    for line in ("of 4 calls were ended", "1 s", "1.5 s", "INVITE → CANCEL"):
        assert line in told
