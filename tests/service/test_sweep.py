"""Every leg on the platform compared with the calls in the store."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio

from gateway.domain.calls.call import CallState
from gateway.domain.calls.leg import Leg
from gateway.domain.calls.observation import LeaveReason, LegIds
from gateway.ports import PlatformError, RequestClaim
from gateway.service.arrivals import sweep
from gateway.service.arrivals.adoption import Finder
from gateway.service.arrivals.sweep import Swept
from gateway.store.store import SqlStore
from tests.stands.services.exchange import Desk, Exchange, a_leg, serving
from tests.stands.values import a_call
from tests.stands.waiting import eventually, everyone_has_run

AGO = timedelta(minutes=1)


@pytest_asyncio.fixture
async def desk(store: SqlStore) -> AsyncIterator[Desk]:
    """One gateway with the tenants acme and globex."""
    async with serving(store, Exchange()) as desk:
        yield desk


async def placed(desk: Desk, ended_ago: timedelta | None) -> Leg:
    """A call of ours, ended or not, whose leg is in its room."""
    end_time = None if ended_ago is None else desk.clock.now() - ended_ago
    state = CallState.ACTIVE if end_time is None else CallState.ENDED
    call = a_call("call_1", state=state, end_time=end_time, sip_call_id="SCL_1")
    await desk.store.transact(lambda tx: tx.put_call(call))
    ids = LegIds("PA_1", "SCL_1")
    return desk.exchange.put(
        a_leg(call.room, identity="call_1", ids=ids, call_id="call_1", rule_id="")
    )


async def test_a_leg_of_an_ended_call_is_hung_up(desk: Desk) -> None:
    """What a gateway that died left in a room goes."""
    await placed(desk, AGO)
    await desk.sweep.sweep()
    assert desk.exchange.there == {}
    assert desk.swept == {Swept.LEFT_OVER: 1}


async def test_a_leg_that_cannot_be_hung_up_is_cleared(desk: Desk) -> None:
    """What is still listed after a hang-up is held by nothing, and goes with the next sweep."""

    class Forgotten(Exchange):
        """Its SIP node is gone: nobody hangs up."""

        async def hang_up(self, room: str, identity: str) -> None:
            """Says yes."""

    leg, forgotten = await placed(desk, AGO), Forgotten()
    forgotten.put(leg)
    async with serving(desk.store, forgotten) as other:
        await other.sweep.sweep()
        assert list(forgotten.there.values()) == [leg]
        await other.sweep.sweep()
    assert forgotten.there == {}


@pytest.mark.parametrize("ended_ago", [None, timedelta(seconds=1)])
async def test_a_leg_of_a_call_is_left_alone(desk: Desk, ended_ago: timedelta | None) -> None:
    """A leg whose call is open, or has ended just now, is nobody's to touch."""
    leg = await placed(desk, ended_ago)
    await desk.sweep.sweep()
    assert list(desk.exchange.there.values()) == [leg]
    assert desk.swept == {Swept.KNOWN: 1}


FOREIGN = [
    pytest.param(a_leg(call_id="call_elsewhere", rule_id=""), Swept.FOREIGN, id="installation"),
    pytest.param(a_leg(rule_id=""), Swept.BESIDE, id="dialled beside us"),
    pytest.param(a_leg("elsewhere"), Swept.ARRIVED, id="a caller that is nobody's"),
]


@pytest.mark.parametrize(("leg", "found"), FOREIGN)
async def test_what_is_others_is_left_alone(desk: Desk, leg: Leg, found: Swept) -> None:
    """Legs that are in no call of this store are counted, and go on."""
    desk.exchange.put(leg)
    await desk.sweep.sweep()
    assert list(desk.exchange.there.values()) == [leg]
    assert desk.swept == {found: 1}
    assert await desk.calls() == []


async def test_a_leg_that_names_an_ended_call_of_another_place(desk: Desk) -> None:
    """A leg is not hung up for what it says of itself."""
    leg = await placed(desk, AGO)
    desk.exchange.there.clear()
    desk.exchange.put(replace(leg, room="globex-1"))
    await desk.sweep.sweep()
    assert len(desk.exchange.there) == 1
    assert desk.swept == {Swept.FOREIGN: 1}


async def test_a_lost_webhook_is_made_good(desk: Desk) -> None:
    """A caller nobody told of becomes a call with the next sweep, and one only."""
    desk.exchange.put(a_leg())
    await desk.sweep.sweep()
    await desk.sweep.sweep()
    assert await desk.history() == ["CALL_CREATED", "CALL_RINGING"]
    assert desk.swept == {Swept.ARRIVED: 1, Swept.KNOWN: 1}


async def test_a_caller_whose_call_has_ended_is_hung_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that rang in carries no id of ours, and is known all the same."""
    monkeypatch.setattr(sweep, "LEAVES_WITHIN", timedelta(0))
    leg = desk.exchange.put(a_leg())
    await desk.adoption.take_in(leg, Finder.NOTICE, LeaveReason.CLIENT_INITIATED)
    await desk.sweep.sweep()
    assert desk.exchange.there == {}


async def test_a_leg_that_took_the_place_is_spared(desk: Desk) -> None:
    """Where another leg has the identity by now, nothing is hung up."""
    leg = await placed(desk, AGO)
    new = replace(leg, call_id="", ids=LegIds("PA_2", "SCL_2"))

    class Late(Exchange):
        """Lists what was there before."""

        async def legs(self, room: str) -> list[Leg]:
            assert room == leg.room
            return [leg]

    late = Late()
    late.put(new)
    async with serving(desk.store, late) as other:
        await other.sweep.sweep()
    assert list(late.there.values()) == [new]


@pytest.mark.parametrize(("turn", "second"), [(sweep.TURN, False), (timedelta(0), True)])
async def test_one_gateway_at_a_time(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, turn: timedelta, *, second: bool
) -> None:
    """While one gateway's turn lasts no other sweeps; then any may."""
    monkeypatch.setattr(sweep, "TURN", turn)
    exchange = Exchange()
    async with serving(store, exchange) as one, serving(store, exchange) as two:
        assert await one.sweep.sweep_in_turn()
        assert await two.sweep.sweep_in_turn() is second


async def test_a_platform_that_is_away_is_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known then, and the next sweep finds what this one could not."""
    monkeypatch.setattr(sweep, "EVERY", timedelta(0))
    monkeypatch.setattr(sweep, "TURN", timedelta(0))
    desk.exchange.put(a_leg())
    desk.exchange.away = True
    with pytest.raises(PlatformError):
        await desk.sweep.sweep()
    keeping = asyncio.create_task(desk.sweep.keep())
    await everyone_has_run()
    desk.exchange.away = False
    await eventually(desk.calls)
    assert not keeping.done()
    keeping.cancel()


async def test_an_end_of_a_wrong_clock_is_an_end(desk: Desk) -> None:
    """A leg of a call that ended an hour from now is hung up: the clock was set back since."""
    await placed(desk, -timedelta(hours=1))
    await desk.sweep.sweep()
    assert desk.exchange.there == {}


async def test_a_turn_of_a_wrong_clock_is_over(desk: Desk) -> None:
    """A sweep that began an hour from now holds up no other."""
    ahead = desk.clock.now() + timedelta(hours=1)
    turn = RequestClaim("", "sweep", "sweep", "", "gateway_2", ahead)
    await desk.store.transact(lambda tx: tx.put_claim(turn))
    assert await desk.sweep.sweep_in_turn()
    assert not await desk.sweep.sweep_in_turn()
