"""A watch and what is forgotten meanwhile."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.call import CallState
from gateway.domain.commands import WatchCalls
from gateway.domain.event import CallEvent
from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Caller
from gateway.errors import GatewayError, Reason
from gateway.ports import Transaction
from gateway.service.drain import Drain
from gateway.service.events import PAGE, EventService, Heartbeat
from gateway.service.feed import Feed
from gateway.service.traffic import Traffic, TrafficLimits
from gateway.store import history
from gateway.store.store import SqlStore
from tests.store.values import NOON, a_call, an_event

DAY = timedelta(days=1)
CALL = a_call("call_1", create_time=NOON - 9 * DAY, end_time=NOON, state=CallState.ENDED)
RPC = Rpc(method="", wire="", peer="", rpc_id="", caller=Caller("key", "acme", frozenset()))


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


async def test_a_slow_watch_is_told_what_it_has_missed(store: SqlStore) -> None:
    """What is forgotten before it was read is EVENTS_EXPIRED, not left out in silence."""
    await store.transact(lambda tx: told(tx, 2 * PAGE))
    service = EventService(
        store=store, feed=Feed(), drain=Drain(), traffic=Traffic(TrafficLimits())
    )
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
    service = EventService(
        store=store, feed=Feed(), drain=Drain(), traffic=Traffic(TrafficLimits())
    )
    asked = WatchCalls(call_id=CALL.call_id, after_sequence=0)
    said = [said async for said in service.watch_calls(RPC, asked)]
    assert [type(one) for one in said] == [Heartbeat]
