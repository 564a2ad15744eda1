"""The database restarted, away or full: what callers see, and what becomes of open calls."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from gateway.ports import AuditQuery, Store
from gateway.store import writer
from gateway.store.databases.connection import DriverConnection
from gateway.telephony.v1 import calls_pb2
from tests.postgres.cuttable_wire import Cut, CuttableWire
from tests.postgres.postgres_server import PostgresServer
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.cluster.verdict import verdict_of
from tests.stands.database_moments import before_every
from tests.stands.phones import ANSWERS, ANSWERS_LATE, BUSY, REFUSES_TRANSFERS, RINGS_FOR_EVER
from tests.stands.stand import LONGEST_RINGING, Stand, reason_name, refusal, span
from tests.stands.waiting import eventually
from tests.stands.wires import RefusedError

pytestmark = pytest.mark.livekit
ON_POSTGRESQL = pytest.mark.postgres

ACTIVE, RINGING = calls_pb2.CALL_STATE_ACTIVE, calls_pb2.CALL_STATE_RINGING
ROOMY = 1_000_000
DEAF = "+15005550202"
"""Rings until somebody ends its leg: LiveKit keeps no time for it."""


@asynccontextmanager
async def served(stack: LiveKitStack, url: str, folder: Path) -> AsyncIterator[Stand]:
    """One gateway on a real LiveKit and this database."""
    stack.reset()
    stand = Stand("grpc", url, stack, folder)
    await stand.start()
    yield stand
    await stand.stop()


@pytest.fixture
def database_url(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty database on a server that may be stopped."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
async def stand(
    livekit_stack: LiveKitStack, database_url: str, tmp_path: Path
) -> AsyncIterator[Stand]:
    """One gateway on PostgreSQL."""
    async with served(livekit_stack, database_url, tmp_path) as stand:
        yield stand


@pytest.fixture
def wire(database_url: str) -> Iterator[CuttableWire]:
    """A wire to the server."""
    with CuttableWire(database_url) as wire:
        yield wire


@pytest.fixture
async def wired(
    livekit_stack: LiveKitStack, wire: CuttableWire, tmp_path: Path
) -> AsyncIterator[Stand]:
    """One gateway whose database is at the other end of the wire."""
    async with served(livekit_stack, wire.url, tmp_path) as stand:
        yield stand


class Disk:
    """Room for a SQLite database, that may end."""

    pages = ROOMY

    def measure(self, connection: DriverConnection) -> None:
        """Runs as each transaction begins: SQLite keeps this limit a connection."""
        connection.execute(f"PRAGMA max_page_count = {self.pages}")


@pytest.fixture
def disk() -> Iterator[Disk]:
    """A disk with room."""
    disk = Disk()
    with before_every("begin", disk.measure):
        yield disk


@pytest.fixture
async def small(livekit_stack: LiveKitStack, disk: Disk, tmp_path: Path) -> AsyncIterator[Stand]:
    """One gateway on a SQLite file on that disk."""
    assert disk.pages == ROOMY
    url = f"sqlite:///{tmp_path}/gateway.db"
    async with served(livekit_stack, url, tmp_path) as stand:
        yield stand


@asynccontextmanager
async def no_database(server: PostgresServer) -> AsyncIterator[None]:
    """The server is gone without a goodbye."""
    await asyncio.to_thread(server.halt)
    try:
        yield
    finally:
        await asyncio.to_thread(server.resume)


@asynccontextmanager
async def no_room(stand: Stand, disk: Disk) -> AsyncIterator[None]:
    """The disk is full: whatever needs one more page is refused."""
    disk.pages = 1
    await eventually(lambda: nothing_fits(stand))
    yield
    disk.pages = ROOMY


async def nothing_fits(stand: Stand) -> bool:
    """Whether PlaceCall is refused; until then it uses up what is left of the last pages.

    It waits for no outcome: where a call still fits, its end may not.
    """
    try:
        await stand.acme.place(BUSY)
    except RefusedError as refused:
        return refused.reason == "AUDIT_UNAVAILABLE"
    return False


def store_of(stand: Stand) -> Store:
    """The gateway's database."""
    return stand.gateway.administration.store


async def check(stand: Stand, accepted: list[str] | None = None) -> None:
    """Fails unless nothing was lost, doubled, left or unrecorded; all calls have ended."""
    assert stand.stack
    verdict = await verdict_of(store_of(stand), stand.stack, "acme", accepted or ())
    assert verdict.broken == {}


async def three_calls(stand: Stand) -> list[calls_pb2.Call]:
    """An active call, one that will be picked up, and one that rings on."""
    active = await stand.acme.place(ANSWERS, wait_until_answered=True)
    soon = await stand.acme.place(ANSWERS_LATE)
    long = await stand.acme.place(RINGS_FOR_EVER, ringing_timeout=LONGEST_RINGING)
    return [active, *[await stand.acme.until(c.call_id, RINGING) for c in (soon, long)]]


async def at_the_phone(stand: Stand, call: calls_pb2.Call, what: str) -> str:
    """What the phone has seen of this (`answer_time`, `end_cause` …), once it has."""

    async def seen() -> str:
        (found,) = await asyncio.to_thread(stand.dialed, call)
        return str(found[what] or "")

    return await eventually(seen)


@ON_POSTGRESQL
async def test_open_calls_outlive_a_restart(stand: Stand, postgres_server: PostgresServer) -> None:
    """Calls go on while the database is away, and what became of them meanwhile is stored."""
    calls = await three_calls(stand)
    async with no_database(postgres_server):
        await at_the_phone(stand, calls[1], "answer_time")
    await stand.acme.until(calls[1].call_id, ACTIVE)
    ended = [await stand.acme.hang_up(call.call_id) for call in calls]
    assert [reason_name(call) for call in ended] == ["COMPLETED", "COMPLETED", "CANCELED"]
    await check(stand)
    assert stand.stack
    assert len(stand.stack.calls()) == 3


@ON_POSTGRESQL
async def test_calls_placed_during_a_restart(stand: Stand, postgres_server: PostgresServer) -> None:
    """Each PlaceCall is accepted and kept, or refused and never dialled."""
    accepted: list[str] = []
    reasons: list[str] = []
    over = asyncio.Event()

    async def place() -> None:
        while not over.is_set():
            try:
                accepted.append((await stand.acme.place(BUSY)).call_id)
            except RefusedError as refused:
                reasons.append(refused.reason)
            await asyncio.sleep(0.1)

    async def refused_some() -> bool:
        return len(reasons) > 3

    placing = [asyncio.create_task(place()) for _ in range(3)]
    async with no_database(postgres_server):
        await eventually(refused_some)
    before = len(accepted)

    async def accepted_again() -> bool:
        return len(accepted) > before + 3

    await eventually(accepted_again)
    over.set()
    await asyncio.gather(*placing)
    for call_id in accepted:
        assert reason_name(await stand.acme.ended(call_id)) == "BUSY"
    assert set(reasons) == {"AUDIT_UNAVAILABLE"}
    assert stand.stack
    dialed = [seen["attributes"]["gateway.callId"] for seen in stand.stack.calls()]
    assert sorted(dialed) == sorted(accepted)
    await check(stand, accepted)


@ON_POSTGRESQL
async def test_phones_stop_without_a_database(
    stand: Stand, postgres_server: PostgresServer
) -> None:
    """The gateway's own clock ends ringing and talking in time; the record follows."""
    unheard = await stand.acme.place(DEAF, ringing_timeout=span(5))
    unheard = await stand.acme.until(unheard.call_id, RINGING)
    talking = await stand.acme.place(
        REFUSES_TRANSFERS, max_duration=span(5), wait_until_answered=True
    )

    async def stored() -> bool:
        return bool((await stand.acme.get(talking.call_id)).sip_call_id_full)

    await eventually(stored)
    async with no_database(postgres_server):
        causes = [await at_the_phone(stand, call, "end_cause") for call in (unheard, talking)]
    assert causes == ["participant_removed"] * 2
    ended = [await stand.acme.ended(call.call_id) for call in (unheard, talking)]
    assert [reason_name(call) for call in ended] == ["NO_ANSWER", "MAX_DURATION"]
    await check(stand)


@ON_POSTGRESQL
async def test_what_callers_see_without_a_database(
    stand: Stand, postgres_server: PostgresServer
) -> None:
    """All is refused as AUDIT_UNAVAILABLE and nothing is done; /readyz says why."""
    call = await stand.acme.place(ANSWERS, wait_until_answered=True)
    async with no_database(postgres_server):
        for asked in (
            stand.acme.place(ANSWERS),
            stand.acme.transfer(call.call_id, ANSWERS),
            stand.acme.get(call.call_id),
            stand.acme.hang_up(call.call_id),
        ):
            refused = await refusal(asked)
            assert (refused.code, refused.reason) == ("unavailable", "AUDIT_UNAVAILABLE")
        async with aiohttp.ClientSession() as client:
            url = f"http://127.0.0.1:{stand.gateway.http_port}/readyz"
            async with client.get(url) as answer:
                assert (answer.status, "database" in await answer.text()) == (503, True)
    (seen,) = stand.dialed(call)
    assert (seen["end"], seen["refers"]) == ("", [])
    assert reason_name(await stand.acme.hang_up(call.call_id)) == "COMPLETED"
    await check(stand)
    assert stand.stack
    assert len(stand.stack.calls()) == 1


@ON_POSTGRESQL
async def test_a_watch_outlives_a_restart(stand: Stand, postgres_server: PostgresServer) -> None:
    """Events before and after come in one stream, without gap or repeat."""
    seen: list[calls_pb2.CallEvent] = []

    async def watch() -> None:
        request = calls_pb2.WatchCallsRequest(after_sequence=0)
        async for response in stand.grpc().watch(request, token=stand.acme.token):
            if response.WhichOneof("message") == "event":
                seen.append(response.event)  # noqa: PERF401  looked at while it grows

    async def ends(count: int) -> bool:
        ended = calls_pb2.CALL_EVENT_TYPE_CALL_ENDED
        return sum(event.type == ended for event in seen) == count

    watching = asyncio.create_task(watch())
    await stand.acme.place(BUSY, wait_until_answered=True)
    await eventually(lambda: ends(1))
    async with no_database(postgres_server):
        await refusal(stand.acme.place(BUSY))
    await stand.acme.place(BUSY, wait_until_answered=True)
    await eventually(lambda: ends(2))
    watching.cancel()
    assert [event.sequence for event in seen] == list(range(1, len(seen) + 1))
    assert seen == await stand.acme.events()


@ON_POSTGRESQL
async def test_a_lost_commit_dials_once(wired: Stand, wire: CuttableWire) -> None:
    """Whether a commit or its answer was lost: the call is accepted and its phone rings once."""
    calls = []
    for cut in [Cut.BEFORE_COMMIT_ARRIVES, Cut.BEFORE_COMMIT_IS_ANSWERED] * 2:
        wire.was_cut.clear()
        wire.next_cut = cut
        calls.append(await wired.acme.place(BUSY, wait_until_answered=True))
        assert wire.was_cut.is_set()
    assert {reason_name(call) for call in calls} == {"BUSY"}
    await check(wired, [call.call_id for call in calls])
    assert wired.stack
    assert len(wired.stack.calls()) == len(calls)


@ON_POSTGRESQL
async def test_a_commit_in_doubt_dials_nothing(
    wired: Stand, wire: CuttableWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused with AUDIT_UNAVAILABLE; a call that turns out to be stored ends NOT_DIALED."""
    monkeypatch.setattr(writer, "RESOLVE_SECONDS", 0.5)
    wire.dead_after_cut = True

    async def stored() -> bool:
        """Whether the commit that was cut was the call's: the gateway has others as well."""
        wire.next_cut = Cut.BEFORE_COMMIT_IS_ANSWERED
        refused = await refusal(wired.acme.place(BUSY))
        assert refused.reason == "AUDIT_UNAVAILABLE"
        wire.mend()
        return bool(await wired.acme.events())

    await eventually(stored)

    async def settled() -> list[str]:
        events = await wired.acme.events()
        return [reason_name(event.call) for event in events if event.call.HasField("end_time")]

    assert set(await eventually(settled)) == {"NOT_DIALED"}
    assert wired.stack
    assert wired.stack.calls() == []
    await check(wired)


async def test_a_full_disk_dials_nothing_and_ends_calls(small: Stand, disk: Disk) -> None:
    """No new call is accepted; open ones can be ended; both are recorded when there is room."""
    calls = [
        await small.acme.place(REFUSES_TRANSFERS, wait_until_answered=True),
        await small.acme.place(RINGS_FOR_EVER, ringing_timeout=LONGEST_RINGING),
    ]
    await small.acme.until(calls[1].call_id, RINGING)
    async with no_room(small, disk):
        refused = await refusal(small.acme.place(ANSWERS))
        assert (refused.code, refused.reason) == ("unavailable", "AUDIT_UNAVAILABLE")
        ended = [await small.acme.hang_up(call.call_id) for call in calls]
        assert [reason_name(call) for call in ended] == ["COMPLETED", "CANCELED"]
        assert [await at_the_phone(small, call, "end") for call in calls] == ["bye", "cancel"]
    stored = [await small.acme.ended(call.call_id) for call in calls]
    assert [reason_name(call) for call in stored] == ["COMPLETED", "CANCELED"]
    assert small.stack
    assert ANSWERS not in {seen["to"] for seen in small.stack.calls()}
    await check(small)


async def test_who_hung_up_on_a_full_disk_is_recorded(small: Stand, disk: Disk) -> None:
    """The audit record of a hang-up that nothing could store follows when there is room."""
    call = await small.acme.place(REFUSES_TRANSFERS, wait_until_answered=True)
    async with no_room(small, disk):
        await small.acme.hang_up(call.call_id)

    async def recorded() -> bool:
        query = AuditQuery(call_id=call.call_id)
        found = await store_of(small).read(lambda tx: tx.audit(query))
        return any(one.record["method"] == "CallService/HangUpCall" for one in found)

    await eventually(recorded)


@ON_POSTGRESQL
async def test_a_phone_picked_up_without_a_database_stops_in_time(
    stand: Stand, postgres_server: PostgresServer
) -> None:
    """An answer that cannot be stored yet does not keep the gateway from ending the call."""
    call = await stand.acme.place(ANSWERS_LATE, max_duration=span(3), ringing_timeout=span(60))
    call = await stand.acme.until(call.call_id, RINGING)
    async with no_database(postgres_server):
        assert await at_the_phone(stand, call, "end_cause") == "participant_removed"
    ended = await stand.acme.ended(call.call_id)
    assert reason_name(ended) in {"MAX_DURATION", "COMPLETED"}
    await check(stand)
