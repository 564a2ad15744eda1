"""What LiveKit tells by itself: taken at once, believed for what it is worth."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from gateway.domain.agents.call_agent import CallAgent, OnLeft, OnMissing
from gateway.domain.calls.call import Call, CallState
from gateway.domain.calls.inbound import Change
from gateway.domain.calls.leg import Leg
from gateway.domain.calls.observation import LeaveReason, LegIds, LegStatus
from gateway.domain.outcome import EndReason
from gateway.ports import Reading, Transaction
from gateway.service.arrivals import notices as notices_in
from gateway.service.arrivals.adoption import Finder
from gateway.service.arrivals.notices import REPLAY_WINDOW, Receipt
from gateway.service.following.looking import pauses
from gateway.store.store import SqlStore
from tests.stands.patience import PATIENCE
from tests.stands.services.exchange import Desk, Exchange, a_leg, serving
from tests.stands.values import a_call
from tests.stands.waiting import eventually, until

JOINED, LEFT = Change.JOINED, Change.LEFT
SECOND = timedelta(seconds=1)


@pytest_asyncio.fixture
async def desk(store: SqlStore) -> AsyncIterator[Desk]:
    """One gateway with the tenants acme and globex; nothing is worked off by itself."""
    async with serving(store, Exchange()) as desk:
        yield desk


async def handled(desk: Desk) -> None:
    """Works off what was taken."""
    working = asyncio.create_task(desk.webhooks.keep())
    async with asyncio.timeout(PATIENCE):
        await desk.webhooks.handled()
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working


async def placed(desk: Desk, **changes: object) -> tuple[Call, Leg]:
    """A call that another gateway has dialled and follows, and its leg."""
    call = a_call("call_1", sip_call_id="SCL_1", **changes)
    leg = a_leg(
        call.room, identity="call_1", ids=LegIds("PA_1", "SCL_1"), call_id="call_1", rule_id=""
    )

    def put(tx: Transaction) -> None:
        tx.put_call(call)
        tx.hold("call_1", "gateway_other")

    await desk.store.transact(put)
    return call, leg


def put(call: Call, tx: Transaction) -> None:
    tx.put_call(call)


async def nudged(desk: Desk) -> bool:
    return bool(await desk.store.read(lambda tx: tx.nudged("gateway_other")))


async def leave_reason(desk: Desk) -> LeaveReason | None:
    return (await desk.call()).leave_reason


async def test_a_caller_is_taken_in(desk: Desk) -> None:
    """Who rings in is a call as soon as LiveKit tells, once, however often it tells."""
    leg = desk.exchange.put(a_leg())
    notices = [desk.notice(JOINED, leg) for _ in range(3)]
    assert [desk.webhooks.take(notice) for notice in notices] == [Receipt.QUEUED] * 3
    await handled(desk)
    assert (await desk.call()).sip_call_id == leg.ids.sip_call_id
    assert await desk.history() == ["CALL_CREATED", "CALL_RINGING"]


async def test_two_gateways_hear_the_same(store: SqlStore) -> None:
    """One webhook at two gateways is one call with one set of events."""
    exchange = Exchange()
    leg = exchange.put(a_leg(status=LegStatus.ACTIVE))
    async with serving(store, exchange) as one, serving(store, exchange) as two:
        notice = one.notice(JOINED, leg)
        assert [desk.webhooks.take(notice) for desk in (one, two)] == [Receipt.QUEUED] * 2
        await asyncio.gather(handled(one), handled(two))
        assert await one.history() == ["CALL_CREATED", "CALL_ANSWERED"]


async def test_a_caller_that_left_before_it_was_seen(desk: Desk) -> None:
    """Where only its end is told there is a call all the same, and it has ended."""
    desk.webhooks.take(desk.notice(LEFT, a_leg(status=LegStatus.HANGUP)))
    await handled(desk)
    assert (await desk.call()).ended
    assert await desk.history() == ["CALL_CREATED", "CALL_ENDED"]


@pytest.mark.parametrize(
    ("seen", "reason"), [(True, EndReason.CANCELED), (False, EndReason.OUTCOME_UNKNOWN)]
)
async def test_a_caller_that_was_told_of_late(desk: Desk, reason: EndReason, *, seen: bool) -> None:
    """LiveKit tells `hangup` of answered ones too: only who was seen ringing has given up."""
    leg = a_leg()
    if seen:
        desk.exchange.put(leg)
    desk.webhooks.take(desk.notice(JOINED, leg))
    await handled(desk)
    await until(lambda: desk.exchange.looked > 1)
    desk.exchange.there.clear()
    desk.webhooks.take(desk.notice(LEFT, replace(leg, status=LegStatus.HANGUP)))
    await handled(desk)

    async def ended() -> bool:
        return (await desk.call()).ended

    await eventually(ended)
    assert (await desk.call()).end_reason is reason


async def test_a_room_that_has_ended_is_told_to_its_calls(desk: Desk) -> None:
    """Whichever gateway follows them; not to calls that came later, nor to the sandbox's."""
    call, leg = await placed(desk)
    later = replace(call, call_id="call_2", participant_identity="later")
    later = replace(later, create_time=desk.clock.now() + SECOND)
    played = replace(call, call_id="call_3", participant_identity="played", sandbox=True)
    for one in (later, played):
        await desk.store.transact(partial(put, one))
    notice = replace(
        desk.notice(Change.ROOM_OVER, leg),
        leg=None,
        reason=LeaveReason.ROOM_DELETED,
        ended_room=call.room,
    )
    assert desk.webhooks.take(notice) is Receipt.QUEUED
    await handled(desk)
    assert await nudged(desk)
    found = await desk.store.read(lambda tx: tx.open_calls_in(call.room))
    assert {one.call_id: one.room_over for one in found} == {
        "call_1": LeaveReason.ROOM_DELETED,
        "call_2": None,
        "call_3": None,
    }


async def test_out_of_order(desk: Desk) -> None:
    """The beginning that is told after the end begins nothing."""
    leg = a_leg()
    desk.webhooks.take(desk.notice(LEFT, leg))
    await handled(desk)
    desk.webhooks.take(desk.notice(JOINED, leg))
    await handled(desk)
    assert (await desk.call()).ended


async def test_why_a_leg_left(desk: Desk) -> None:
    """The reason is kept with the call, which goes on until its follower looks: it is nudged."""
    _, leg = await placed(desk)
    desk.webhooks.take(desk.notice(LEFT, leg, "PARTICIPANT_REMOVED"))
    await handled(desk)
    assert await leave_reason(desk) is LeaveReason.PARTICIPANT_REMOVED
    assert not (await desk.call()).ended
    assert await nudged(desk)


async def test_a_leg_of_ours_has_joined(desk: Desk) -> None:
    """Whoever follows the call is made to look, and learns that notices about this leg come."""
    call, leg = await placed(desk)
    desk.webhooks.take(desk.notice(JOINED, leg))
    await handled(desk)
    assert await nudged(desk)
    assert await desk.call() == replace(call, noticed="PA_1")


async def test_an_adopted_leg_has_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a call that rang in has LiveKit's reason, and is seen as soon as it is told."""
    monkeypatch.setattr(pauses, "pause_before_looking", lambda *_, **__: 3600.0)
    leg = desk.exchange.put(a_leg(status=LegStatus.ACTIVE))
    await desk.adoption.take_in(leg, Finder.NOTICE)
    await until(lambda: desk.exchange.looked > 0)
    desk.exchange.there.clear()
    desk.webhooks.take(desk.notice(LEFT, leg, "ROOM_DELETED"))
    await handled(desk)

    async def ended() -> bool:
        return (await desk.call()).ended

    await eventually(ended)
    assert (await desk.call()).end_reason is EndReason.ROOM_DELETED


ELSEWHERE = [
    pytest.param({"room": "globex-1"}, id="another room"),
    pytest.param({"identity": "somebody"}, id="another identity"),
    pytest.param({"ids": LegIds("PA_2", "SCL_2")}, id="another leg in its place"),
]


@pytest.mark.parametrize("changes", ELSEWHERE)
async def test_what_a_leg_says_of_itself_is_not_believed(
    desk: Desk, changes: dict[str, object]
) -> None:
    """A leg that claims a call whose room, identity or leg it is not changes nothing."""
    call, leg = await placed(desk)
    desk.webhooks.take(desk.notice(LEFT, replace(leg, **changes), "ROOM_DELETED"))  # type: ignore[arg-type]  # fields of Leg
    await handled(desk)
    assert await desk.call() == call


async def test_a_leg_without_our_attribute(desk: Desk) -> None:
    """The leg in the place of an open call is that call's, unless LiveKit's id is another."""
    _, leg = await placed(desk)
    other = replace(leg, call_id="", ids=LegIds("PA_2", "SCL_2"))
    desk.webhooks.take(desk.notice(LEFT, other))
    await handled(desk)
    assert await leave_reason(desk) is None
    desk.webhooks.take(desk.notice(LEFT, replace(leg, call_id="")))
    await handled(desk)
    assert await leave_reason(desk) is LeaveReason.CLIENT_INITIATED


@pytest.mark.parametrize(
    "leg",
    [
        pytest.param(a_leg(call_id="call_elsewhere"), id="another installation's"),
        pytest.param(a_leg(rule_id=""), id="dialled beside us"),
    ],
)
async def test_what_is_not_ours_is_left_alone(desk: Desk, leg: Leg) -> None:
    """Legs of others become no calls until somebody asks for them."""
    desk.webhooks.take(desk.notice(JOINED, leg))
    desk.webhooks.take(desk.notice(LEFT, leg))
    await handled(desk)
    assert await desk.calls() == []
    assert await desk.audit() == []


async def test_an_id_is_taken_once(desk: Desk) -> None:
    """LiveKit's repeat of a webhook is known by its id."""
    notice = desk.notice(JOINED, a_leg())
    assert [desk.webhooks.take(notice) for _ in range(2)] == [Receipt.QUEUED, Receipt.REPEATED]


async def test_ids_are_not_remembered_for_ever(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest id is forgotten when there are too many."""
    monkeypatch.setattr(notices_in, "MOST_REMEMBERED", 2)
    notices = [desk.notice(JOINED, a_leg()) for _ in range(3)]
    for notice in notices:
        desk.webhooks.take(notice)
    again = [desk.webhooks.take(notice) for notice in reversed(notices)]
    assert again == [Receipt.REPEATED, Receipt.REPEATED, Receipt.QUEUED]


@pytest.mark.parametrize("ago", [REPLAY_WINDOW + SECOND, -REPLAY_WINDOW - SECOND])
async def test_a_replay_is_late(desk: Desk, ago: timedelta) -> None:
    """What happened too long ago, or by its time has not happened yet, is not looked at.

    But it shows that LiveKit tells how far legs get: what it did not tell is not known then.
    """
    notice = desk.notice(JOINED, a_leg())
    hearing = desk.followers.hearing
    assert not hearing.heard
    assert desk.webhooks.take(replace(notice, time=notice.time - ago)) is Receipt.LATE
    assert (hearing.heard, hearing.reliable) == (True, False)
    nearly = replace(notice, time=notice.time - ago * 0.9)
    assert desk.webhooks.take(nearly) is Receipt.QUEUED


@pytest.mark.parametrize("changes", [{"change": Change.OTHER}, {"leg": None}])
async def test_what_nobody_follows_is_ignored(desk: Desk, changes: dict[str, object]) -> None:
    """Other events, and participants that are no phones, take no room in the queue."""
    notice = replace(desk.notice(JOINED, a_leg()), **changes)  # type: ignore[arg-type]  # fields
    assert desk.webhooks.take(notice) is Receipt.IGNORED


async def test_a_full_queue(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit is not taken, and can be sent again when there is room."""
    monkeypatch.setattr(notices_in, "MOST_QUEUED", 1)
    async with serving(store, Exchange()) as desk:
        first, second = (desk.notice(JOINED, a_leg(identity=name)) for name in "ab")
        assert desk.webhooks.take(first) is Receipt.QUEUED
        assert desk.webhooks.take(second) is Receipt.FULL
        await handled(desk)
        assert desk.webhooks.take(second) is Receipt.QUEUED
        await handled(desk)
        assert len(await desk.calls()) == 2


async def test_a_gateway_that_goes_away_takes_nothing(desk: Desk) -> None:
    """LiveKit sends it again, to a gateway that stays."""
    desk.drain.begin()
    assert desk.webhooks.take(desk.notice(JOINED, a_leg())) is Receipt.FULL


async def test_one_that_cannot_be_handled_keeps_nobody_waiting(desk: Desk) -> None:
    """Whatever is wrong with one webhook, the next is handled."""
    desk.webhooks.take(desk.notice(JOINED, a_leg(far_number=7)))
    desk.webhooks.take(desk.notice(JOINED, a_leg(identity="other")))
    await handled(desk)
    assert (await desk.call()).participant_identity == "other"


async def test_an_agent_that_leaves_with_its_call_has_nobody_look(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call ends between the look at who waits and the word to them: nothing is left of it."""
    agent = CallAgent(
        agent_name="front-desk",
        join_timeout=SECOND,
        on_missing=OnMissing.KEEP,
        on_left=OnLeft.KEEP,
        awaited=False,
    )
    call, leg = await placed(desk, agent=agent)
    read = desk.store.read

    async def and_then_it_ends(ask: Callable[[Reading], Any], *, brief: bool = False) -> Any:
        found = await read(ask, brief=brief)
        ended = replace(call, state=CallState.ENDED)
        await desk.store.transact(lambda tx: tx.put_call(ended))
        return found

    monkeypatch.setattr(desk.store, "read", and_then_it_ends)
    desk.webhooks.take(replace(desk.notice(LEFT, leg), leg=None, agent_room=call.room))
    await handled(desk)
    monkeypatch.undo()
    assert not await nudged(desk)
