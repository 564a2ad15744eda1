"""Webhooks and their deliveries in the database: nothing lost, one gateway each, calls in order."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from gateway.domain.calls.call import EventType
from gateway.domain.calls.delivery import Delivery, DeliveryState, DueDelivery, WebhookRef
from gateway.ports import Transaction
from gateway.ports.outbox import DeliveryQuery
from gateway.store.store import SqlStore
from tests.stands.values import a_call, an_event, drop_events, place
from tests.store.conftest import Databank
from tests.store.test_transact import placing

HOOK = WebhookRef("acme", "crm")
OTHER = WebhookRef("acme", "billing")
ALIVE = timedelta(minutes=5)


def live(tx: Transaction, gateway_id: str = "gateway_1") -> None:
    """A living gateway that delivers to whatever nobody delivers to."""
    tx.beat(gateway_id, ALIVE)
    tx.attend_webhooks(gateway_id)


def ringing(call_id: str) -> Callable[[Transaction], None]:
    """A later event of a call."""

    def change(tx: Transaction) -> None:
        call = tx.call(call_id)
        assert call is not None
        tx.append_event(an_event(call, EventType.CALL_RINGING))

    return change


async def begun(store: SqlStore, *webhooks: WebhookRef) -> None:
    """Webhooks from now on, one living gateway delivering to them."""
    await store.transact(lambda tx: tx.keep_webhooks(webhooks or (HOOK,)))
    await store.transact(live)


async def taken(store: SqlStore) -> None:
    """All that was stored so far is a delivery."""
    await store.transact(lambda tx: tx.take_events(HOOK, "gateway_1", 1000))


async def due(store: SqlStore, webhook: WebhookRef = HOOK) -> list[DueDelivery]:
    return list(await store.read(lambda r: r.due_deliveries(webhook, 100)))


async def due_sequences(store: SqlStore) -> list[int]:
    return [each.delivery.sequence for each in await due(store)]


async def listed(store: SqlStore, *states: DeliveryState) -> list[Delivery]:
    query = DeliveryQuery(webhook=HOOK, states=frozenset(states))
    return list(await store.read(lambda r: r.deliveries(query)))


async def settle(store: SqlStore, *, tried: list[Delivery], delivered: list[Delivery]) -> None:
    await store.transact(lambda tx: tx.settle_deliveries(tried, delivered))


def failed(delivery: Delivery, later: timedelta = timedelta(hours=1)) -> Delivery:
    return replace(
        delivery,
        tries=delivery.tries + 1,
        next_time=delivery.event_time + timedelta(days=9999) + later,
        last_status=500,
        last_error="answered 500",
    )


def dead(delivery: Delivery) -> Delivery:
    return replace(failed(delivery), state=DeliveryState.DEAD, next_time=None)


async def test_a_new_webhook_begins_now(store: SqlStore) -> None:
    """It is given no event from before it was there, and every one from then on."""
    await store.transact(placing("call_1"))
    await begun(store)
    event = await store.transact(placing("call_2"))
    await taken(store)
    (only,) = await due(store)
    assert (only.delivery.sequence, only.event) == (2, event)


async def test_events_are_taken_once(store: SqlStore) -> None:
    """Taking goes on where it left off, in steps of any size, also in one transaction."""
    await begun(store)

    def change(tx: Transaction) -> list[int]:
        for number in range(5):
            place(tx, a_call(f"call_{number}"))
        return [tx.take_events(HOOK, "gateway_1", 2) for _ in range(4)]

    assert await store.transact(change) == [2, 2, 1, 0]
    assert await due_sequences(store) == [1, 2, 3, 4, 5]


async def test_another_tenants_events_are_not_taken(store: SqlStore) -> None:
    """A webhook is given its own tenant's events alone."""
    await begun(store)
    await store.transact(lambda tx: place(tx, a_call("call_1", tenant_id="globex")))
    await taken(store)
    assert await due(store) == []


async def test_events_of_a_call_come_one_by_one(store: SqlStore) -> None:
    """The next event of a call is due when the one before was delivered, those of others now."""
    await begun(store)
    for call_id in ("call_1", "call_2"):
        await store.transact(placing(call_id))
        await store.transact(ringing(call_id))
    await taken(store)
    assert await due_sequences(store) == [1, 3]
    first, _ = await due(store)
    await settle(store, tried=[], delivered=[first.delivery])
    assert sorted(await due_sequences(store)) == [2, 3]


async def test_a_failed_event_holds_up_its_call(store: SqlStore) -> None:
    """While one waits for its next try nothing of its call is due, also what is taken later."""
    await begun(store)
    await store.transact(placing("call_1"))
    await taken(store)
    (first,) = await due(store)
    later = failed(first.delivery)
    await settle(store, tried=[later], delivered=[])
    await store.transact(ringing("call_1"))
    await taken(store)
    assert await due(store) == []
    waiting, behind = await listed(store)
    assert (waiting, behind.next_time) == (later, None)


async def test_a_dead_event_lets_the_next_come(store: SqlStore) -> None:
    """An event that was given up is kept as dead, and its call goes on."""
    await begun(store)
    await store.transact(placing("call_1"))
    await store.transact(ringing("call_1"))
    await taken(store)
    (first,) = await due(store)
    await settle(store, tried=[dead(first.delivery)], delivered=[])
    assert await due_sequences(store) == [2]
    assert await listed(store, DeliveryState.DEAD) == [dead(first.delivery)]
    assert [each.sequence for each in await listed(store, DeliveryState.PENDING)] == [2]


async def test_dead_events_are_replayed(store: SqlStore) -> None:
    """Every dead event, or those named, is due anew, before what is pending of its call."""
    await begun(store)
    for number in range(3):
        await store.transact(placing(f"call_{number}"))
        await store.transact(ringing(f"call_{number}"))
    await taken(store)
    await settle(store, tried=[dead(each.delivery) for each in await due(store)], delivered=[])
    assert await due_sequences(store) == [2, 4, 6]
    assert await store.transact(lambda tx: tx.replay_deliveries(HOOK, [1, 99])) == 1
    assert sorted(await due_sequences(store)) == [1, 4, 6]
    assert await store.transact(lambda tx: tx.replay_deliveries(HOOK, [])) == 2
    assert sorted(await due_sequences(store)) == [1, 3, 5]
    assert {each.tries for each in await listed(store)} == {0}


async def test_a_replay_outlives_a_try_under_way(store: SqlStore) -> None:
    """What was replayed while it was tried is due at once, whatever that try says."""
    await begun(store)
    await store.transact(placing("call_1"))
    await taken(store)
    (first,) = await due(store)
    once = failed(first.delivery)
    await settle(store, tried=[once], delivered=[])
    await store.transact(lambda tx: tx.replay_deliveries(HOOK, [1]))
    await settle(store, tried=[failed(once)], delivered=[])
    assert await due_sequences(store) == [1]


async def test_an_earlier_event_that_comes_back_comes_first(store: SqlStore) -> None:
    """A try that fails after an earlier event of the call was replayed waits behind that."""
    await begun(store)
    await store.transact(placing("call_1"))
    await store.transact(ringing("call_1"))
    await taken(store)
    (first,) = await due(store)
    await settle(store, tried=[dead(first.delivery)], delivered=[])
    (second,) = await due(store)
    await store.transact(lambda tx: tx.replay_deliveries(HOOK, []))
    await settle(store, tried=[failed(second.delivery)], delivered=[])
    again, behind = await listed(store)
    assert await due_sequences(store) == [again.sequence] == [1]
    assert (behind.tries, behind.next_time) == (1, None)


async def test_dead_events_are_kept_as_long_as_events(databank: Databank) -> None:
    """An event that is not kept is due without its content; a dead one goes with it."""
    store = databank.open()
    await begun(store)
    await store.transact(placing("call_1"))
    await store.transact(placing("call_2"))
    await taken(store)
    first, _ = await due(store)
    await settle(store, tried=[dead(first.delivery)], delivered=[])
    await store.transact(placing("call_3"))
    drop_events(databank.url, below=3)
    await taken(store)
    assert await listed(store, DeliveryState.DEAD) == []
    assert [each.event is None for each in await due(store)] == [True, False]


async def test_a_webhook_is_one_gateways(databank: Databank) -> None:
    """Nobody else takes it or its events while its gateway lives; when that leaves, another."""
    one, two = databank.open(), databank.open()
    await begun(one)
    await two.transact(lambda tx: live(tx, "gateway_2"))
    await one.transact(placing("call_1"))
    assert await two.read(lambda r: r.unattended_webhooks()) == []
    assert await two.transact(lambda tx: tx.take_events(HOOK, "gateway_2", 10)) == 0
    assert await one.read(lambda r: r.attended_webhooks("gateway_1")) == {HOOK: True}
    await one.transact(lambda tx: tx.leave("gateway_1"))
    assert await two.read(lambda r: r.unattended_webhooks()) == [HOOK]
    assert await two.transact(lambda tx: tx.attend_webhooks("gateway_2")) == [HOOK]
    assert await two.transact(lambda tx: tx.take_events(HOOK, "gateway_2", 10)) == 1


async def test_what_has_nothing_to_do_is_not_busy(store: SqlStore) -> None:
    """A webhook is busy while events are to be taken or due, not while all wait."""
    await begun(store)

    async def busy() -> bool:
        return (await store.read(lambda r: r.attended_webhooks("gateway_1")))[HOOK]

    seen = [await busy()]
    await store.transact(placing("call_1"))
    seen.append(await busy())
    await taken(store)
    seen.append(await busy())
    (first,) = await due(store)
    await settle(store, tried=[failed(first.delivery)], delivered=[])
    assert [*seen, await busy()] == [False, True, True, False]


async def test_a_removed_webhook_is_forgotten(store: SqlStore) -> None:
    """Its deliveries go with it, others' stay; of the same name again, it begins anew."""
    await begun(store, HOOK, OTHER)
    await store.transact(placing("call_1"))
    await taken(store)
    await store.transact(lambda tx: tx.take_events(OTHER, "gateway_1", 10))
    await store.transact(lambda tx: tx.keep_webhooks([OTHER]))
    assert await store.read(lambda r: r.webhook_cursor(HOOK)) is None
    await store.transact(lambda tx: tx.keep_webhooks([HOOK, OTHER]))
    assert await listed(store) == []
    (cursor,) = [c for c in await store.read(lambda r: r.webhook_cursors()) if c.webhook == HOOK]
    assert (cursor.sequence, cursor.gateway_id) == (1, "")
    assert len(await due(store, OTHER)) == 1


async def test_keeping_webhooks_keeps_their_place(store: SqlStore) -> None:
    """A webhook that stays goes on where it was."""
    await begun(store)
    await store.transact(placing("call_1"))
    await store.transact(lambda tx: tx.keep_webhooks([HOOK, OTHER]))
    await taken(store)
    assert await due_sequences(store) == [1]


async def test_the_oldest_pending_event_is_known(store: SqlStore) -> None:
    """It is the event's own time; dead ones do not count."""
    await begun(store)
    assert await store.read(lambda r: r.oldest_pending_event()) is None
    event = await store.transact(placing("call_1"))
    await taken(store)
    assert await store.read(lambda r: r.oldest_pending_event()) == event.event_time
    (first,) = await due(store)
    await settle(store, tried=[dead(first.delivery)], delivered=[])
    assert await store.read(lambda r: r.oldest_pending_event()) is None


async def test_deliveries_are_listed_by_sequence(store: SqlStore) -> None:
    """A page goes on after a sequence and ends at its limit."""
    await begun(store)
    for number in range(4):
        await store.transact(placing(f"call_{number}"))
    await taken(store)
    query = DeliveryQuery(webhook=HOOK, after=1, limit=2)
    found = await store.read(lambda r: r.deliveries(query))
    assert [each.sequence for each in found] == [2, 3]


async def test_a_transaction_reads_its_own_changes(store: SqlStore) -> None:
    """Within one transaction everything is seen as it was changed there."""

    def change(tx: Transaction) -> tuple[int, int, int]:
        tx.keep_webhooks([HOOK])
        live(tx)
        place(tx, a_call("call_1"))
        count = tx.take_events(HOOK, "gateway_1", 10)
        (first,) = tx.due_deliveries(HOOK, 10)
        tx.settle_deliveries([], [first.delivery])
        return count, first.delivery.sequence, len(tx.deliveries(DeliveryQuery(webhook=HOOK)))

    assert await store.transact(change) == (1, 1, 0)


async def test_what_waits_for_a_clock_comes_sooner(store: SqlStore) -> None:
    """After a store's clock was set back, its gateway's deliveries are not an hour late."""
    await begun(store)
    await store.transact(placing("call_1"))
    await taken(store)
    (first,) = await due(store)
    hour = timedelta(hours=1)
    now = await store.read(lambda r: r.now())
    late = replace(failed(first.delivery), next_time=now + hour)
    await settle(store, tried=[late], delivered=[])
    await store.transact(lambda tx: tx.hasten_deliveries("gateway_2", hour))
    assert await due(store) == []
    await store.transact(lambda tx: tx.hasten_deliveries("gateway_1", hour))
    assert await due_sequences(store) == [1]
