"""Every event to every receiver, each call in order, however often something fails."""

import asyncio
import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path

from aiohttp import web

from gateway.domain.calls.delivery import DeliveryState, RetryPolicy, WebhookRef
from gateway.domain.calls.event import CallEvent
from gateway.service.deliveries.lane import SIDE_BY_SIDE
from gateway.wire.telephony_v1 import webhooks as webhooks_v1
from tests.stands.clocks import NOON, SteppingClock
from tests.stands.patience import PATIENCE
from tests.stands.receiving import Inbox, Posted, status
from tests.stands.values import drop_events
from tests.stands.waiting import everyone_has_run, until
from tests.webhooks.conftest import OpenCourier
from tests.webhooks.delivering import QUICK, STAGES, Courier, LateStore, config

CRM = WebhookRef("acme", "crm")


def of_call(inbox: Inbox, call_id: str) -> list[int]:
    """The sequences of a call as they were accepted."""
    return [posted.sequence for posted in inbox.accepted if posted.call_id == call_id]


async def test_events_arrive_as_they_are_stored(courier: OpenCourier, inbox: Inbox) -> None:
    """Each event is posted once, as proto JSON, under its own id; then nothing is left of it."""
    one = await courier(config(("crm", inbox.url))).start()
    await one.attends("crm")
    events = await one.call("call_1")
    await until(lambda: len(inbox.accepted) == len(events))
    assert [posted.content for posted in inbox.seen] == [webhooks_v1.body(e) for e in events]
    assert [posted.message_id for posted in inbox.seen] == [e.event_id for e in events]
    assert {posted.headers["content-type"] for posted in inbox.seen} == {"application/json"}
    await one.until_listed(0)
    assert one.results == ["delivered"] * len(events)


async def test_a_call_stays_in_order_through_failures(courier: OpenCourier, inbox: Inbox) -> None:
    """An event that fails is tried again before the next of its call is sent."""
    failures: Counter[str] = Counter()

    async def answer(posted: Posted) -> web.StreamResponse:
        failures[posted.message_id] += 1
        return web.Response(status=200 if failures[posted.message_id] > 2 else 500)

    inbox.answer = answer
    one = await courier(config(("crm", inbox.url))).start()
    await one.attends("crm")
    stored = {f"call_{n}": await one.call(f"call_{n}") for n in range(3)}
    await until(lambda: len(inbox.accepted) == 12)
    for call_id, events in stored.items():
        seen = [posted.sequence for posted in inbox.seen if posted.call_id == call_id]
        assert seen == [event.sequence for event in events for _ in range(3)]


async def test_calls_do_not_wait_for_each_other(courier: OpenCourier, inbox: Inbox) -> None:
    """While one call's event is refused, other calls' events arrive."""

    async def answer(posted: Posted) -> web.StreamResponse:
        return web.Response(status=422 if posted.call_id == "call_bad" else 200)

    inbox.answer = answer
    one = await courier(config(("crm", inbox.url))).start()
    await one.attends("crm")
    await one.call("call_bad")
    await one.call("call_good")
    await until(lambda: len(of_call(inbox, "call_good")) == len(STAGES))
    assert {p.event["type"] for p in inbox.seen if p.call_id == "call_bad"} == {
        "CALL_EVENT_TYPE_CALL_CREATED"
    }


async def test_a_slow_receiver_holds_up_no_other(
    courier: OpenCourier, inbox: Inbox, other_inbox: Inbox
) -> None:
    """One that does not answer is asked by so many at a time, and another has everything."""
    enough = asyncio.Event()

    async def answer(_posted: Posted) -> web.StreamResponse:
        if len(inbox.seen) > 2 * SIDE_BY_SIDE:
            await enough.wait()
        return web.Response()

    inbox.answer = answer
    two = config(("slow", inbox.url), ("crm", other_inbox.url))
    # What answers is not taken for slow, however busy the machine.
    one = await courier(two).start(slow=timedelta(seconds=PATIENCE))
    await one.attends("crm", "slow")
    calls = [f"call_{n}" for n in range(2 * SIDE_BY_SIDE + 5)]
    for call_id in calls:
        await one.call(call_id)
    await until(lambda: len(other_inbox.accepted) == len(calls) * len(STAGES))
    await until(lambda: inbox.under_way == SIDE_BY_SIDE)
    enough.set()
    await until(lambda: len(inbox.accepted) == len(calls) * len(STAGES))
    assert inbox.most_under_way == SIDE_BY_SIDE


async def test_a_receiver_is_asked_by_one_until_it_has_answered(
    courier: OpenCourier, inbox: Inbox
) -> None:
    """Nobody knows yet whether it answers at all; each quick answer lets one more come."""
    enough = asyncio.Event()

    async def answer(_posted: Posted) -> web.StreamResponse:
        await enough.wait()
        return web.Response()

    inbox.answer = answer
    one = await courier(config(("crm", inbox.url))).start()
    await one.attends("crm")
    for number in range(SIDE_BY_SIDE):
        await one.call(f"call_{number}", STAGES[:1])
    await until(lambda: bool(inbox.seen))
    looks = len(one.ages)
    await until(lambda: len(one.ages) > looks + 3)
    assert len(inbox.seen) == 1
    enough.set()
    await until(lambda: len(inbox.accepted) == SIDE_BY_SIDE)


async def test_a_failing_receiver_is_asked_by_one_at_a_time(
    courier: OpenCourier, inbox: Inbox
) -> None:
    """After a failure there is one request at a time until one is accepted."""

    async def answer(_posted: Posted) -> web.StreamResponse:
        await asyncio.sleep(0.01)  # long enough for others to come meanwhile
        return web.Response(status=503)

    inbox.answer = answer
    one = await courier(config(("crm", inbox.url))).start()
    await one.attends("crm")
    await one.call("call_0", STAGES[:1])
    await until(lambda: one.results.count("failed") > 1)
    inbox.most_under_way = 0
    for number in range(1, 10):
        await one.call(f"call_{number}", STAGES[:1])
    await until(lambda: len({posted.call_id for posted in inbox.seen}) == 10)
    assert inbox.most_under_way == 1
    inbox.answer = status(200)
    await until(lambda: len(inbox.accepted) == 10)


async def test_a_receiver_that_is_slow_is_asked_by_one_at_a_time(
    courier: OpenCourier, inbox: Inbox
) -> None:
    """Whatever it answers: one that takes its time holds one place and not eight."""

    async def answer(_posted: Posted) -> web.StreamResponse:
        await asyncio.sleep(0.03)  # long enough for others to come meanwhile
        return web.Response()

    inbox.answer = answer
    one = await courier(config(("crm", inbox.url))).start(slow=timedelta(milliseconds=20))
    await one.attends("crm")
    await asyncio.gather(*(one.call(f"call_{n}", STAGES[:1]) for n in range(10)))
    await until(lambda: len(inbox.accepted) == 10)
    assert inbox.most_under_way == 1


async def test_what_was_given_up_is_kept_and_replayed(courier: OpenCourier, inbox: Inbox) -> None:
    """After the last try an event is dead, its call goes on; a replay sends it again."""
    inbox.answer = status(500)
    one = await courier(config(("crm", inbox.url))).start(replace(QUICK, tries=3))
    await one.attends("crm")
    events = await one.call("call_1")
    await one.until_listed(len(events), DeliveryState.DEAD)
    assert Counter(one.results) == {"failed": 2 * len(events), "dead": len(events)}
    (first, *_) = await one.listed()
    assert (first.tries, first.last_status, first.last_error) == (3, 500, "answered 500")
    inbox.answer = status(200)
    await one.store.transact(lambda tx: tx.replay_deliveries(CRM, ()))
    await one.until_listed(0)
    assert inbox.sequences() == [event.sequence for event in events]
    assert {posted.message_id for posted in inbox.seen} == {event.event_id for event in events}


async def test_gone_is_the_last_word(courier: OpenCourier, inbox: Inbox) -> None:
    """410 makes an event dead without another try."""
    inbox.answer = status(410)
    one = await courier(config(("crm", inbox.url))).start()
    await one.attends("crm")
    await one.call("call_1")
    await one.until_listed(len(STAGES), DeliveryState.DEAD)
    assert len(inbox.seen) == len(STAGES)


async def test_another_gateway_takes_over(courier: OpenCourier, inbox: Inbox) -> None:
    """What a crashed gateway had under way is sent again by another, with the same id."""
    first = await courier(config(("crm", inbox.url))).start()
    await first.attends("crm")
    stuck = asyncio.Event()

    async def answer(_posted: Posted) -> web.StreamResponse:
        await stuck.wait()
        return web.Response()

    inbox.answer = answer
    second = await courier(config(("crm", inbox.url)), "gateway_2").start()
    events = await second.call("call_1")
    await until(lambda: len(inbox.seen) == 1)
    await first.crash()
    inbox.answer = status(200)
    await until(lambda: inbox.sequences() == [event.sequence for event in events])
    assert [posted.message_id for posted in inbox.seen[:2]] == [events[0].event_id] * 2
    await second.attends("crm")
    stuck.set()


async def test_one_gateway_delivers(courier: OpenCourier, inbox: Inbox) -> None:
    """Two gateways that live do not both send an event, whoever stored it."""
    one = await courier(config(("crm", inbox.url))).start()
    await one.attends("crm")
    two = await courier(config(("crm", inbox.url)), "gateway_2").start()
    for number in range(10):
        await (one, two)[number % 2].call(f"call_{number}")
    await until(lambda: len(inbox.accepted) >= 10 * len(STAGES))
    await one.until_listed(0)
    assert two.results == []
    assert len(inbox.seen) == 10 * len(STAGES)


async def test_a_gateway_that_stops_finishes_first(courier: OpenCourier, inbox: Inbox) -> None:
    """What is under way is finished and stored; what is not is left to the next gateway."""
    answers = asyncio.Event()

    async def answer(_posted: Posted) -> web.StreamResponse:
        await answers.wait()
        return web.Response()

    inbox.answer = answer
    one = await courier(config(("crm", inbox.url))).start()
    await one.attends("crm")
    await one.call("call_1")
    await until(lambda: inbox.under_way == 1)
    stopping = asyncio.create_task(one.stop())
    await everyone_has_run()
    answers.set()
    await stopping
    assert len(inbox.seen) == 1
    two = await courier(config(("crm", inbox.url)), "gateway_2").start()
    await until(lambda: len(inbox.accepted) == len(STAGES))
    await two.until_listed(0)
    assert len({posted.message_id for posted in inbox.seen}) == len(inbox.seen) == len(STAGES)


async def test_what_is_read_late_is_not_sent_again(courier: OpenCourier, inbox: Inbox) -> None:
    """A read that began before an event was stored as delivered does not bring it back."""
    one = courier(config(("crm", inbox.url)))
    one.store = LateStore(one.store)
    await one.start()
    await one.attends("crm")
    await asyncio.gather(*(one.call(f"call_{n}") for n in range(5)))
    await until(lambda: len({posted.message_id for posted in inbox.seen}) == 5 * len(STAGES))
    await one.until_listed(0)
    assert len(inbox.seen) == 5 * len(STAGES)


async def test_new_events_do_not_hold_up_old_ones(courier: OpenCourier, inbox: Inbox) -> None:
    """However fast events come, what was taken before is sent."""
    one = courier(config(("crm", inbox.url)))
    calls = count()

    async def more() -> None:
        if not inbox.seen:
            await one.call(f"call_{next(calls)}", STAGES[:1])

    one.store = LateStore(one.store, more)
    await one.start()
    await until(lambda: bool(inbox.seen))
    await one.until_listed(0)


async def test_an_event_that_is_not_kept_is_dead(
    courier: OpenCourier, inbox: Inbox, database_url: str
) -> None:
    """What is older than the events that are kept cannot be sent, and says so."""
    inbox.answer = status(500)
    slow = replace(QUICK, first=timedelta(hours=1), longest=timedelta(hours=1))
    one = await courier(config(("crm", inbox.url))).start(slow)
    await one.attends("crm")
    await one.call("call_1", STAGES[:1])
    await until(lambda: one.results == ["failed"])
    drop_events(database_url, below=2)
    await one.until_listed(1)
    await one.store.transact(lambda tx: tx.replay_deliveries(CRM, [1]))
    await one.until_listed(1, DeliveryState.DEAD)
    (dead,) = await one.listed()
    assert dead.last_error == "the event is not kept any more"
    assert len(inbox.seen) == 1


async def test_an_old_configuration_removes_nothing(courier: OpenCourier, inbox: Inbox) -> None:
    """A gateway that has not read the newest configuration leaves its webhooks alone."""
    one = courier(replace(config(("crm", inbox.url)), version=1))
    await one.store.transact(lambda tx: tx.put_config("{}", "", NOON))
    await one.start()
    await one.attends("crm")
    behind = await courier(config(), "gateway_2").start()
    await until(lambda: len(behind.ages) > 1)
    await one.attends("crm")


async def test_a_removed_webhook_gets_nothing_more(courier: OpenCourier, inbox: Inbox) -> None:
    """With its place in the configuration its deliveries go."""
    inbox.answer = status(500)
    one = await courier(config(("crm", inbox.url))).start()
    await one.attends("crm")
    await one.call("call_1")
    await until(lambda: len(inbox.seen) > 1)
    one.config = config()
    await one.attends()
    await one.until_listed(0)


async def test_a_webhook_keeps_its_place_when_its_url_changes(
    courier: OpenCourier, inbox: Inbox, other_inbox: Inbox
) -> None:
    """What the old address refused goes to the new one."""
    inbox.answer = status(500)
    one = await courier(config(("crm", inbox.url))).start()
    await one.attends("crm")
    events = await one.call("call_1")
    await until(lambda: len(inbox.seen) > 1)
    one.config = config(("crm", other_inbox.url))
    await until(lambda: other_inbox.sequences() == [event.sequence for event in events])


async def test_the_age_of_the_oldest_is_told(courier: OpenCourier, inbox: Inbox) -> None:
    """It is above 0 while an event waits, and 0 again when all was delivered."""
    inbox.answer = status(500)
    one = await courier(config(("crm", inbox.url))).start()
    await one.attends("crm")
    await one.call("call_1", STAGES[:1])
    await until(lambda: max(one.ages, default=0.0) > 0)
    inbox.answer = status(200)
    await until(lambda: one.ages[-1] == 0)


async def test_nothing_is_lost(courier: OpenCourier, inbox: Inbox) -> None:
    """With a receiver that often fails and a gateway that dies, every call is complete."""
    chance = random.Random(7)

    async def answer(_posted: Posted) -> web.StreamResponse:
        return web.Response(status=chance.choice((200, 200, 500, 429, 302)))

    inbox.answer = answer
    setup = config(("crm", inbox.url))
    policy = RetryPolicy(
        first=timedelta(milliseconds=1), longest=timedelta(milliseconds=5), tries=10_000
    )
    first = await courier(setup).start(policy)
    await first.attends("crm")
    second = await courier(setup, "gateway_2").start(policy)
    calls = [f"call_{n}" for n in range(12)]
    stored = await asyncio.gather(*(second.call(call_id) for call_id in calls))
    await until(lambda: len(inbox.accepted) > 10)
    await first.crash()
    every = {event.event_id for events in stored for event in events}
    await until(lambda: {posted.message_id for posted in inbox.accepted} == every)
    for call_id, events in zip(calls, stored, strict=True):
        assert without_repeats(of_call(inbox, call_id)) == sequences(events)


def sequences(events: list[CallEvent]) -> list[int]:
    return [event.sequence for event in events]


def without_repeats(seen: list[int]) -> list[int]:
    """An event that came again right behind itself came once."""
    return [n for i, n in enumerate(seen) if i == 0 or seen[i - 1] != n]


async def test_no_event_waits_for_a_clock(tmp_path: Path, inbox: Inbox) -> None:
    """What was put off while the store's clock was an hour ahead comes when it is right again."""
    clock = SteppingClock()
    clock.step(3600)
    inbox.answer = status(503)
    one = Courier(f"sqlite:///{tmp_path / 'gateway.db'}", config(("crm", inbox.url)), clock=clock)
    await one.start(RetryPolicy(first=timedelta(seconds=1)))
    await one.attends("crm")
    await one.call("call_1")
    await until(lambda: len(one.results) > 0)
    clock.step(-3600)
    inbox.answer = status(200)
    await one.until_listed(0)
    await one.stop()
