"""One attempt's dial: its turn, what is sent, and its reply."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from gateway.domain.calls.leg import Dial, DialReply, NeverSent, PickedUp, Refused
from gateway.domain.calls.observation import LegIds
from gateway.domain.outcome import Cause, Failure
from gateway.platform.sandbox.platform import SandboxPlatform
from gateway.ports import Clock
from gateway.service.following.dial import ASK_AGAIN, UNSEEN_RINGING, Dialing, TakenOverError
from gateway.service.following.dial_gate import START, DialGate
from tests.stands.clocks import HandClock, RealClock
from tests.stands.phones import ANSWERS, OWN
from tests.stands.values import on_trunk
from tests.stands.waiting import until

FULL = Refused(Failure(cause=Cause.PLATFORM_FULL, detail="cpu exhausted"))
PICKED_UP = PickedUp(LegIds("PA_1", "SCL_1"))
DIAL = Dial(
    call_id="call_1",
    livekit_trunk_id="ST_1",
    to=ANSWERS,
    caller_id=OWN,
    room="acme-1",
    identity="phone",
    ringing_timeout=timedelta(seconds=30),
    max_duration=timedelta(hours=1),
)


class ScriptedPlatform(SandboxPlatform):
    """Answers the dials it gets one after the other, each as soon as it is let."""

    def __init__(self, *replies: DialReply) -> None:
        super().__init__(RealClock())
        self.replies = list(replies)
        self.dialed: list[Dial] = []
        self.may_reply = asyncio.Event()
        self.may_reply.set()

    async def dial(self, dial: Dial) -> DialReply:
        self.dialed.append(dial)
        await self.may_reply.wait()
        return self.replies.pop(0)


def dialing(
    platform: ScriptedPlatform,
    *,
    gate: DialGate | None = None,
    rest: Callable[[], timedelta | None] = lambda: timedelta(seconds=9),
    mine: bool = True,
    clock: Clock | None = None,
    holds: Callable[[], Awaitable[bool]] | None = None,
) -> Dialing:
    async def told() -> bool:
        return mine

    return Dialing(
        DIAL,
        on_trunk("call_1"),
        platform=platform,
        gate=gate or DialGate(),
        clock=clock or RealClock(),
        rest=rest,
        holds=holds or told,
    )


async def test_the_platform_hears_what_is_left_of_the_budget() -> None:
    """Not the whole ringing timeout, but the rest of it at the moment of sending."""
    platform = ScriptedPlatform(PICKED_UP)
    assert await dialing(platform).reply == PICKED_UP
    assert [dial.ringing_timeout for dial in platform.dialed] == [timedelta(seconds=9)]


async def test_a_full_platform_is_asked_again() -> None:
    """Certainly nothing was dialled, so it is tried again while there is time."""
    platform, gate = ScriptedPlatform(FULL, PICKED_UP), DialGate()
    assert await dialing(platform, gate=gate).reply == PICKED_UP
    assert len(platform.dialed) == 2
    assert gate.limit < START
    assert gate.under_way == 0


async def test_no_time_no_dial() -> None:
    """When nothing is left of the budget, or the call is to end, nothing is sent."""
    platform, gate = ScriptedPlatform(), DialGate()
    assert isinstance(await dialing(platform, gate=gate, rest=lambda: None).reply, NeverSent)
    assert not platform.dialed
    assert (gate.under_way, gate.limit) == (0, START)


async def test_the_last_refusal_is_told_when_time_is_over() -> None:
    """A platform that stays full is tried until the budget is used up, no longer."""
    rests = iter([timedelta(seconds=1)])
    platform = ScriptedPlatform(FULL)
    assert await dialing(platform, rest=lambda: next(rests, None)).reply == FULL


async def test_a_withdrawn_dial_tells_what_it_waited_for() -> None:
    """Its last refusal; or the turn, or the database's word, that did not come."""
    refused = ScriptedPlatform(FULL)
    pausing = dialing(refused)
    await until(lambda: refused.replies == [] and not pausing.reply.done())
    pausing.withdraw()
    assert await pausing.reply == FULL
    gate = DialGate()
    for _ in range(int(START)):
        await gate.enter("acme")
    queued = dialing(ScriptedPlatform(), gate=gate)
    await asyncio.sleep(0)
    queued.withdraw()
    assert await queued.reply == NeverSent(
        "its turn to dial did not come in time: others were being dialled"
    )
    unheard = dialing(ScriptedPlatform(), holds=asyncio.Event().wait)
    await asyncio.sleep(0)
    unheard.withdraw()
    assert await unheard.reply == NeverSent("the database did not confirm whose call it is")


async def test_no_time_after_a_refusal_is_told_by_the_refusal() -> None:
    """The call did not end because of the clock alone."""
    rests = iter([timedelta(seconds=1), timedelta(seconds=1)])
    assert await dialing(ScriptedPlatform(FULL), rest=lambda: next(rests, None)).reply == FULL


async def test_a_refused_key_is_not_tried_again_and_teaches_nothing() -> None:
    """Nothing was dialled, and asking once more changes nothing: LiveKit is not full."""
    refused = Refused(Failure(cause=Cause.KEY_REFUSED, detail="invalid API key"))
    platform, gate = ScriptedPlatform(refused), DialGate()
    assert await dialing(platform, gate=gate).reply == refused
    assert (gate.limit, gate.under_way) == (START, 0)


async def test_another_gateways_call_is_not_dialed() -> None:
    """A gateway that no longer holds the call sends nothing."""
    platform = ScriptedPlatform()
    with pytest.raises(TakenOverError):
        await dialing(platform, mine=False).reply
    assert not platform.dialed


async def test_a_dial_that_waits_can_be_withdrawn() -> None:
    """One that still waits for its turn is not sent, and gives its place back."""
    platform, gate = ScriptedPlatform(), DialGate()
    for _ in range(int(START)):
        await gate.enter("acme")
    waiting = dialing(platform, gate=gate)
    await asyncio.sleep(0)
    waiting.withdraw()
    assert isinstance(await waiting.reply, NeverSent)
    for _ in range(int(START)):
        gate.left()
    assert gate.under_way == 0


async def test_a_dial_that_was_sent_cannot_be_withdrawn() -> None:
    """Its phone may ring: the reply is waited for."""
    platform = ScriptedPlatform(PICKED_UP)
    platform.may_reply.clear()
    sent = dialing(platform)
    await until(lambda: bool(platform.dialed))
    sent.withdraw()
    platform.may_reply.set()
    assert await sent.reply == PICKED_UP


async def test_silence_begins_with_the_leg() -> None:
    """Before it is in the room LiveKit takes its time, not the trunk; true once a second."""
    platform, clock, limit = ScriptedPlatform(PICKED_UP), HandClock(), timedelta(seconds=3)
    platform.may_reply.clear()
    sent = dialing(platform, clock=clock)
    clock.go_on(9)
    assert not sent.is_silent(limit)
    await until(lambda: bool(platform.dialed))
    clock.go_on(9)
    assert not sent.is_silent(limit)
    sent.seen()
    clock.go_on(2.9)
    sent.seen()
    assert not sent.is_silent(limit)
    clock.go_on(0.1)
    assert [sent.is_silent(limit), sent.is_silent(limit)] == [True, False]
    clock.go_on(ASK_AGAIN.total_seconds())
    assert sent.is_silent(limit)
    sent.given_up = True
    clock.go_on(ASK_AGAIN.total_seconds())
    assert not sent.is_silent(limit)
    platform.may_reply.set()
    await sent.reply


async def test_how_long_silence_may_go_on() -> None:
    """Counted as above, for whoever waits for it; endless where no end is to come."""
    platform, clock, limit = ScriptedPlatform(PICKED_UP), HandClock(), timedelta(seconds=3)
    platform.may_reply.clear()
    sent = dialing(platform, clock=clock)
    patience = [sent.patience(limit)]
    sent.seen()
    for _ in range(2):
        clock.go_on(2)
        patience.append(sent.patience(limit))
    assert patience == [math.inf, 1, math.inf]
    platform.may_reply.set()
    await sent.reply


async def test_a_look_covers_half_a_second() -> None:
    """Counted from the last look, or from the sending while there was none."""
    platform, clock = ScriptedPlatform(PICKED_UP), HandClock()
    platform.may_reply.clear()
    sent = dialing(platform, clock=clock)
    clock.go_on(9)
    await until(lambda: bool(platform.dialed))
    assert sent.looked_lately()
    clock.go_on(UNSEEN_RINGING.total_seconds())
    assert sent.looked_lately()
    clock.go_on(0.001)
    assert not sent.looked_lately()
    sent.looked(clock.now())
    assert sent.looked_lately()
    platform.may_reply.set()
    await sent.reply


async def test_a_ringing_phone_takes_no_place() -> None:
    """Once its leg is seen a dial is under way no longer, however long it rings."""
    platform, gate = ScriptedPlatform(PICKED_UP), DialGate()
    platform.may_reply.clear()
    rings = dialing(platform, gate=gate)
    await until(lambda: bool(platform.dialed))
    assert gate.under_way == 1
    rings.seen()
    assert gate.under_way == 0
    platform.may_reply.set()
    await rings.reply
    assert gate.under_way == 0
