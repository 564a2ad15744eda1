"""A watch and what is forgotten meanwhile."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.build import SystemClock
from gateway.domain.calls.call import CallState
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.requests import ListCallEvents, WatchCalls
from gateway.domain.rpc import Caller, Rpc
from gateway.errors import GatewayError, Reason
from gateway.ports import Transaction
from gateway.service.access.traffic import Traffic, TrafficLimits
from gateway.service.api.events import (
    HEARTBEAT_SECONDS,
    PAGE,
    WARNING_SECONDS,
    EventService,
    Heartbeat,
)
from gateway.service.drain import Drain
from gateway.service.ledger.feed import Feed
from gateway.store import history
from gateway.store.store import SqlStore
from tests.stands.clocks import NOON, HandClock
from tests.stands.patience import LATE, PATIENCE
from tests.stands.values import a_call, an_event

DAY = timedelta(days=1)
CALL = a_call("call_1", create_time=NOON - 9 * DAY, end_time=NOON, state=CallState.ENDED)
RPC = Rpc(method="", wire="", peer="", rpc_id="", caller=Caller("key", "acme", frozenset()))


def a_service(store: SqlStore, feed: Feed | None = None, **changes: Any) -> EventService:
    """A service whose callers are good for ever, unless told otherwise."""
    given: dict[str, Any] = {
        "clock": SystemClock(),
        "drain": Drain(),
        "traffic": Traffic(TrafficLimits(), HandClock().elapsed),
        "holds": lambda _caller: True,
    }
    return EventService(store=store, feed=feed or Feed(), **given | changes)


def told(tx: Transaction, count: int) -> None:
    """A call with so many events of long ago."""
    tx.put_call(CALL)
    for _ in range(count):
        tx.append_event(replace(an_event(CALL), event_time=NOON - 9 * DAY))


async def until(watch: AsyncGenerator[CallEvent | Heartbeat, None], count: int) -> list[CallEvent]:
    """The next so many events."""
    seen: list[CallEvent] = []
    while len(seen) < count:
        said = await anext(watch)
        if isinstance(said, CallEvent):
            seen.append(said)
    return seen


async def test_a_key_that_is_lost_while_the_client_reads_ends_the_stream(store: SqlStore) -> None:
    """At once, though nobody could be roused then: not at the next event or heartbeat."""
    feed, valid = Feed(), [True]
    service = a_service(store, feed, holds=lambda _caller: valid[0])
    store.on_events(feed.publish)
    await store.transact(lambda tx: told(tx, 1))
    watch = service.watch_calls(RPC, WatchCalls(call_id="", after_sequence=1))
    assert isinstance(await anext(watch), Heartbeat)
    await store.transact(lambda tx: tx.append_event(an_event(CALL)))
    await until(watch, 1)
    valid[0] = False
    feed.rouse()
    with pytest.raises(GatewayError) as refused:
        await asyncio.wait_for(anext(watch), HEARTBEAT_SECONDS / 2)
    assert refused.value.reason is Reason.UNAUTHENTICATED


async def test_a_slow_watch_is_told_what_it_has_missed(store: SqlStore) -> None:
    """What is forgotten before it was read is EVENTS_EXPIRED, not left out in silence."""
    await store.transact(lambda tx: told(tx, 2 * PAGE))
    service = a_service(store)
    watch = service.watch_calls(RPC, WatchCalls(call_id="", after_sequence=0))
    seen = await until(watch, PAGE)
    assert [event.sequence for event in seen] == list(range(1, PAGE + 1))
    await store.transact(lambda tx: tx.append_event(an_event(CALL)))
    while await store.transact(lambda tx: tx.prune_history(NOON - DAY)):
        pass
    with pytest.raises(GatewayError) as refused:
        await anext(watch)
    assert refused.value.reason is Reason.EVENTS_EXPIRED
    assert refused.value.metadata["oldest_sequence"] == str(2 * PAGE + 1)


async def test_a_watch_of_a_call_whose_end_is_forgotten_ends(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its events go before the call itself."""
    monkeypatch.setattr(history, "PART", 3)
    await store.transact(lambda tx: told(tx, 3))
    assert await store.transact(lambda tx: tx.prune_history(NOON - DAY))
    assert await store.read(lambda r: r.call(CALL.call_id)) is not None
    service = a_service(store)
    asked = WatchCalls(call_id=CALL.call_id, after_sequence=0)
    said = [said async for said in service.watch_calls(RPC, asked)]
    assert [type(one) for one in said] == [Heartbeat]


POLL = ListCallEvents(watch=WatchCalls(after_sequence=0), wait=timedelta(seconds=30))


async def test_a_revoked_key_ends_what_waits(store: SqlStore) -> None:
    """A stream and a poll end as soon as they are roused, and not before."""
    good, feed = True, Feed()
    service = a_service(store, feed, holds=lambda _caller: good)
    watch = service.watch_calls(RPC, WatchCalls())
    assert isinstance(await anext(watch), Heartbeat)
    waiting = [
        asyncio.ensure_future(anext(watch)),
        asyncio.create_task(service.list_call_events(RPC, POLL)),
    ]
    for _ in range(2):
        feed.rouse()
        done, _ = await asyncio.wait(waiting, timeout=0.1)
        assert not done
    good = False
    feed.rouse()
    async with asyncio.timeout(PATIENCE):
        ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert [getattr(end, "reason", end) for end in ends] == [Reason.UNAUTHENTICATED] * 2


async def test_a_stream_ends_with_its_token(store: SqlStore) -> None:
    """It is told once when the token expires, in time; then it ends although nothing happens."""
    until_time = datetime.now(UTC) + timedelta(seconds=1)
    rpc = replace(RPC, caller=replace(RPC.caller, expire_time=until_time))
    service = a_service(store, holds=lambda _caller: datetime.now(UTC) < until_time)
    watch = service.watch_calls(rpc, WatchCalls())
    assert await anext(watch) == Heartbeat(0, until_time)
    with pytest.raises(GatewayError) as ended:
        async with asyncio.timeout(5 + LATE):
            await anext(watch)
    assert ended.value.reason is Reason.UNAUTHENTICATED


async def test_a_stream_is_warned_while_events_flow(store: SqlStore) -> None:
    """Events do not keep the warning back."""
    feed, clock = Feed(), HandClock()
    end_time = NOON + timedelta(seconds=2 * WARNING_SECONDS)
    rpc = replace(RPC, caller=replace(RPC.caller, expire_time=end_time))
    store.on_events(feed.publish)
    watch = a_service(store, feed, clock=clock).watch_calls(rpc, WatchCalls())
    assert await anext(watch) == Heartbeat(0)
    said: list[CallEvent | Heartbeat] = []
    while clock.elapsed() <= WARNING_SECONDS + HEARTBEAT_SECONDS:
        await store.transact(lambda tx: told(tx, 1))
        clock.go_on(HEARTBEAT_SECONDS / 3)
        said.append(await anext(watch))
    (warning,) = (one for one in said if isinstance(one, Heartbeat))
    assert warning.end_time == end_time
    assert warning.sequence > 1


async def test_who_polls_on_asks_no_database(store: SqlStore) -> None:
    """Polls that are up to date wait at the feed alone."""
    feed = Feed()
    store.on_events(feed.publish)
    await store.transact(lambda tx: told(tx, 1))
    service = a_service(store, feed)
    watching = service.watch_calls(RPC, WatchCalls())
    await anext(watching)

    class Nothing:
        async def read(self, _ask: object) -> None:
            raise AssertionError("the database was asked")

    polls = a_service(Nothing(), feed)  # type: ignore[arg-type]
    asked = replace(POLL, watch=WatchCalls(after_sequence=1))
    waiting = asyncio.create_task(polls.list_call_events(RPC, asked))
    await asyncio.sleep(0)
    await store.transact(lambda tx: told(tx, 1))
    events, sequence = await waiting
    assert ([event.sequence for event in events], sequence) == ([2], 2)
    await watching.aclose()
