"""What a look at a leg tells, and when none is needed."""

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest

from gateway.domain.calls.call import Call, CallState
from gateway.domain.calls.inbound import Change
from gateway.domain.calls.leg import Dial, DialReply, Leg, Refused
from gateway.domain.calls.observation import LegIds, LegStatus
from gateway.domain.outcome import EndReason, Failure
from gateway.domain.tenant import Trunk
from gateway.ports import Transaction
from gateway.service.following.dial import Dialing
from gateway.service.following.looking import pauses
from gateway.service.ledger.timeline import Timeline
from gateway.store.store import SqlStore
from tests.stands.clocks import NOON
from tests.stands.services.exchange import Desk, Exchange, a_leg, serving
from tests.stands.values import on_trunk
from tests.stands.waiting import eventually, everyone_has_run, until

TRUNK = Trunk(trunk_id="berlin", livekit_trunk_id="ST_1")
BUSY = Failure(sip_status_code=486, sip_status="Busy Here")
BROKEN = Failure(detail="something broke")


class Dialled(Exchange):
    """Every dial waits for `reply`."""

    def __init__(self) -> None:
        super().__init__()
        self.dialled = 0
        self.reply: asyncio.Future[DialReply] = asyncio.get_running_loop().create_future()

    async def dial(self, dial: Dial) -> DialReply:
        """See the class."""
        del dial
        self.dialled += 1
        return await self.reply


@pytest.fixture(autouse=True)
def _nobody_looks_for_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pauses, "pause_before_looking", lambda *_, **__: 3600.0)


async def dialled(desk: Desk, exchange: Dialled) -> tuple[Call, Leg]:
    """A call that is being dialled, and its leg."""
    call = replace(on_trunk("call_1"), create_time=max(NOON, desk.clock.now()))

    def put(tx: Transaction) -> None:
        tx.put_call(call)
        tx.hold("call_1", desk.lease.gateway_id)

    await desk.store.transact(put)
    desk.followers.dial(call, TRUNK, Timeline(desk.clock, call.create_time))
    await until(lambda: exchange.dialled == 1)
    ids = LegIds("PA_1", "SCL_1", "abc")
    leg = a_leg(
        call.room,
        identity="call_1",
        ids=ids,
        call_id="call_1",
        rule_id="",
        status=LegStatus.DIALING,
    )
    return call, leg


async def ended(desk: Desk) -> Call:
    async def over() -> bool:
        return (await desk.call()).ended

    await eventually(over)
    return await desk.call()


async def test_a_phone_that_is_busy_is_not_looked_for(store: SqlStore) -> None:
    """Its carrier has answered, and no other trunk depends on the leg."""
    exchange = Dialled()
    async with serving(store, exchange) as desk:
        await dialled(desk, exchange)
        exchange.reply.set_result(Refused(BUSY))
        call = await ended(desk)
        assert (call.end_reason, call.sip_status_code) == (EndReason.BUSY, 486)
        assert exchange.looked == 0


async def test_a_phone_of_which_nothing_is_known_is_looked_for(store: SqlStore) -> None:
    """The dial failed and nobody says how: only a look tells whether it rings."""
    exchange = Dialled()
    async with serving(store, exchange) as desk:
        _, leg = await dialled(desk, exchange)
        exchange.put(replace(leg, status=LegStatus.RINGING))
        exchange.reply.set_result(Refused(BROKEN))
        desk.followers.nudge("call_1")
        await until(lambda: exchange.looked > 0)


async def test_a_look_at_a_leg_that_has_left_proves_no_silence(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have rung since the last look that found it: no other trunk may rely on this one."""
    relied: list[datetime] = []
    monkeypatch.setattr(Dialing, "looked", lambda _, time: relied.append(time))
    exchange = Dialled()
    async with serving(store, exchange) as desk:
        _, leg = await dialled(desk, exchange)
        desk.followers.nudge("call_1")
        await until(lambda: exchange.looked == 1)  # it has not joined yet
        exchange.put(leg)
        desk.followers.nudge("call_1")
        await until(lambda: len(relied) == 2)
        exchange.there.clear()
        desk.followers.nudge("call_1")
        await until(lambda: exchange.looked == 3)
        exchange.put(leg)
        desk.followers.nudge("call_1")
        await until(lambda: exchange.looked == 4)
        await until(lambda: len(relied) == 3)


async def test_the_reply_of_an_earlier_attempt_ends_nothing(store: SqlStore) -> None:
    """Another gateway has taken the call over and dials on the next trunk: this one woke late."""
    exchange = Dialled()
    async with serving(store, exchange) as desk:
        call, _ = await dialled(desk, exchange)
        further = replace(call, attempts=(*call.attempts, *call.attempts))
        await desk.store.transact(lambda tx: tx.put_call(further))
        desk.followers.nudge("call_1")
        await until(lambda: exchange.looked == 1)
        exchange.reply.set_result(Refused(BUSY))
        await until(exchange.reply.done)
        desk.followers.nudge("call_1")
        await until(lambda: exchange.looked == 2)
        assert await desk.call() == further


async def test_a_leg_that_was_told_is_not_looked_at(store: SqlStore) -> None:
    """The notice of its joining has its ids and its state: the call has them at once."""
    exchange = Dialled()
    async with serving(store, exchange) as desk:
        _, leg = await dialled(desk, exchange)
        desk.webhooks.take(desk.notice(Change.JOINED, replace(leg, status=LegStatus.RINGING)))
        working = asyncio.create_task(desk.webhooks.keep())

        async def named() -> bool:
            call = await desk.call()
            return (call.participant_id, call.sip_call_id) == ("PA_1", "SCL_1")

        await eventually(named)
        assert (await desk.call()).state is CallState.RINGING
        assert exchange.looked == 0
        working.cancel()
        await everyone_has_run()
