"""When a follower relies on LiveKit's notices, and looks seldom."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from gateway.domain.calls.call import Call
from gateway.domain.calls.inbound import Change
from gateway.domain.calls.leg import Leg
from gateway.domain.calls.observation import LegIds, LegJoined, LegStatus
from gateway.ports import Transaction
from gateway.service.arrivals.sweep import Swept
from gateway.service.following.looking import pauses
from gateway.service.following.looking.hearing import DOUBT_SECONDS, Hearing
from gateway.store.store import SqlStore
from tests.stands.clocks import HandClock
from tests.stands.services.exchange import Desk, Exchange, a_leg, serving
from tests.stands.values import a_call
from tests.stands.waiting import eventually, everyone_has_run, until

PARTICIPANT = "PA_1"


class Paces:
    """Lets followers look all the time, and keeps whether they rely on notices."""

    def __init__(self) -> None:
        self.told: bool | None = None

    def pause(self, *_: object, told: bool, **__: object) -> float:
        self.told = told
        return 0.01


@pytest.fixture
def paces(monkeypatch: pytest.MonkeyPatch) -> Paces:
    paces = Paces()
    monkeypatch.setattr(pauses, "pause_before_looking", paces.pause)
    return paces


@pytest_asyncio.fixture
async def desk(store: SqlStore) -> AsyncIterator[Desk]:
    """A gateway that handles notices and has heard one, of nothing."""
    async with serving(store, Exchange()) as desk:
        desk.followers.hearing.heard = True
        working = asyncio.create_task(desk.webhooks.keep())
        yield desk
        working.cancel()
        await asyncio.wait([working])


async def followed(desk: Desk) -> tuple[Call, Leg]:
    """A call that is answered, followed here, and its leg."""
    call = a_call("call_1")
    ids = LegIds(PARTICIPANT, "SCL_1")
    leg = a_leg(
        call.room, identity="call_1", ids=ids, call_id="call_1", status=LegStatus.ACTIVE, rule_id=""
    )
    desk.exchange.put(leg)

    def put(tx: Transaction) -> None:
        tx.put_call(call)
        tx.hold("call_1", desk.lease.gateway_id)

    await desk.store.transact(put)
    desk.followers.resume_call(call)
    return call, leg


async def ended(desk: Desk) -> bool:
    return (await desk.call()).ended


async def test_a_leg_whose_joining_was_told_here(desk: Desk, paces: Paces) -> None:
    """That notice is the proof that the one about its end will come."""
    _, leg = await followed(desk)
    await until(lambda: paces.told is False)
    desk.webhooks.take(desk.notice(Change.JOINED, leg))
    await until(lambda: paces.told is True)


async def test_a_leg_whose_joining_was_told_elsewhere(desk: Desk, paces: Paces) -> None:
    """The gateway that was told has written it into the call."""
    call, _ = await followed(desk)
    await until(lambda: paces.told is False)
    await desk.record.call(call.call_id, LegJoined(desk.clock.now(), PARTICIPANT))
    desk.followers.nudge(call.call_id)
    await until(lambda: paces.told is True)


async def test_another_participant_proves_nothing(desk: Desk, paces: Paces) -> None:
    """A leg that joins again, as after a restart of LiveKit, has to be told again."""
    call, leg = await followed(desk)
    desk.followers.joined(call.call_id, replace(leg, ids=LegIds("PA_0")))
    looked = desk.exchange.looked
    await until(lambda: desk.exchange.looked > looked + 2)
    assert paces.told is False


async def test_livekit_was_away(desk: Desk, paces: Paces) -> None:
    """What LiveKit had to tell may be lost with it."""
    _, leg = await followed(desk)
    desk.webhooks.take(desk.notice(Change.JOINED, leg))
    await until(lambda: paces.told is True)
    desk.exchange.away = True
    await until(lambda: paces.told is False)
    desk.exchange.away = False
    looked = desk.exchange.looked
    await until(lambda: desk.exchange.looked > looked + 2)
    assert paces.told is False


@pytest.mark.parametrize("told", [True, False])
async def test_a_notice_that_was_missed(desk: Desk, paces: Paces, *, told: bool) -> None:
    """If a leg leaves and nobody tells, others are not relied upon either, for a while."""
    _, leg = await followed(desk)
    desk.webhooks.take(desk.notice(Change.JOINED, leg))
    await until(lambda: paces.told is True)
    if told:
        desk.webhooks.take(desk.notice(Change.LEFT, leg))
        await desk.webhooks.handled()
    desk.exchange.there.clear()
    await eventually(lambda: ended(desk))
    assert desk.followers.hearing.reliable == told


@pytest.mark.parametrize("alone", [True, False])
async def test_the_sweep_sees_an_end_that_was_not_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, *, alone: bool
) -> None:
    """Its room is gone or has changed: the leg is looked at, as if there were no notices."""

    def pause(*_: object, told: bool, **__: object) -> float:
        return 3600.0 if told else 0.01

    monkeypatch.setattr(pauses, "pause_before_looking", pause)
    call, leg = await followed(desk)
    if not alone:
        desk.exchange.put(a_leg(call.room, call_id="call_elsewhere"))
    desk.webhooks.take(desk.notice(Change.JOINED, leg))
    await desk.webhooks.handled()
    await desk.sweep.sweep()
    looked = desk.exchange.looked
    del desk.exchange.there[call.room, "call_1"]
    await everyone_has_run()
    assert desk.exchange.looked <= looked + 1
    await desk.sweep.sweep()
    await eventually(lambda: ended(desk))
    assert not desk.followers.hearing.reliable


@pytest.mark.usefixtures("paces")
async def test_what_the_sweep_has_seen_is_not_looked_at(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep tells the follower of its leg, and asks the database for nothing."""
    told: list[str] = []
    monkeypatch.setattr(pauses.Pauses, "listed", lambda _: told.append("listed"))
    _, leg = await followed(desk)
    await until(lambda: desk.exchange.looked > 1)
    await desk.sweep.sweep()
    desk.exchange.put(replace(leg, status=LegStatus.HANGUP))
    await desk.sweep.sweep()
    assert told == ["listed"]
    assert desk.swept == {Swept.KNOWN: 2}


def test_doubt_passes() -> None:
    """After five minutes; without any notice there is nothing to rely upon."""
    clock = HandClock()
    hearing = Hearing(clock)
    reliable = [hearing.reliable]
    hearing.heard = True
    reliable.append(hearing.reliable)
    hearing.doubt()
    for seconds in (DOUBT_SECONDS, 1):
        clock.go_on(seconds)
        reliable.append(hearing.reliable)
    assert reliable == [False, True, False, True]
