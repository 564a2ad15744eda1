"""The simulated LiveKit alone: what a gateway's platform sees, and what the phones know."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.calls.inbound import Change
from gateway.domain.calls.leg import (
    Completed,
    DialReply,
    NoReply,
    PickedUp,
    ReferReply,
    Refused,
)
from gateway.domain.calls.observation import LeaveReason, LegStatus
from gateway.domain.outcome import Cause, Failure
from tests.simulation.livekit_stand import PHONE, LiveKitStand
from tests.simulation.plan.doings import Reception, ReferReception, RingIn
from tests.stands.legs import every_leg

TIMED_OUT = Refused(Failure(cause=Cause.TIMED_OUT, detail="sip request timed out"))
RINGS_FOR_EVER = Reception(final=None)


async def hung_up_while_ringing(stand: LiveKitStand, *, after: float) -> DialReply:
    """Hangs up so many seconds after the dial."""
    dialing = asyncio.create_task(stand.platform.dial(stand.dial(PHONE)))
    await asyncio.sleep(after)
    await stand.platform.hang_up("room", "callee")
    return await dialing


def test_an_answered_call(stand: LiveKitStand) -> None:
    """The dial returns when the phone has answered; the callee's hang-up takes the leg away."""
    stand.hear()
    reply = stand.dialled(Reception(rings_after=0.2, after=2.0, talks=5.0), to="030 123",
                    number=PHONE)  # fmt: skip
    invite, seen = stand.invite, stand.leg()
    assert isinstance(reply, PickedUp)
    assert seen is not None
    assert (seen.status, seen.ids.sip_call_id) == (LegStatus.ACTIVE, reply.ids.sip_call_id)
    assert (invite.number, invite.sip_call_id, invite.gateway) == (
        PHONE,
        reply.ids.sip_call_id,
        "gateway-1",
    )
    assert stand.truth.present == {("room", "callee"): invite.sip_call_id}
    stand.wait(10)
    assert stand.leg() is None
    assert invite.rang is not None
    assert invite.answered is not None
    assert invite.rang - invite.arrived == pytest.approx(0.2)
    assert invite.answered - invite.rang == pytest.approx(2.0)
    assert (invite.status, invite.ended_by) == (200, "callee")
    assert stand.truth.present == {}
    told = [(notice.change, notice.reason) for notice in stand.noticed]
    assert told == [
        (Change.JOINED, LeaveReason.UNKNOWN_REASON),
        (Change.LEFT, LeaveReason.CLIENT_INITIATED),
    ]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (486, LeaveReason.USER_REJECTED),
        (603, LeaveReason.USER_REJECTED),
        (404, LeaveReason.USER_UNAVAILABLE),
        (480, LeaveReason.USER_UNAVAILABLE),
        (503, LeaveReason.CLIENT_INITIATED),
    ],
)
def test_a_refused_call(stand: LiveKitStand, status: int, reason: LeaveReason) -> None:
    """The SIP status comes through LiveKit's error, and the leg is gone."""
    stand.hear()
    reply = stand.dialled(Reception(final=status))
    assert isinstance(reply, Refused)
    assert reply.failure.sip_status_code == status
    assert stand.leg() is None
    assert (stand.invite.status, stand.invite.ended_by) == (status, "callee")
    assert stand.noticed[-1].reason is reason


def test_a_number_that_nobody_has(stand: LiveKitStand) -> None:
    """It is answered 404."""
    reply = stand.do(stand.platform.dial(stand.dial("+4930777")))
    assert isinstance(reply, Refused)
    assert reply.failure.sip_status_code == 404


@pytest.mark.parametrize("reception", [RINGS_FOR_EVER, Reception(rings_after=None, final=None)])
def test_nobody_answers_in_time(stand: LiveKitStand, reception: Reception) -> None:
    """LiveKit itself cancels at the ringing timeout."""
    assert stand.dialled(reception, ringing_timeout=timedelta(seconds=4)) == TIMED_OUT
    assert 4.0 < stand.now < 4.2
    stand.wait(1)
    assert (stand.invite.status, stand.invite.ended_by) == (487, "platform")
    assert stand.leg() is None


def test_a_silent_trunk(stand: LiveKitStand) -> None:
    """After 32 s without any answer LiveKit says so."""
    silent = Reception(rings_after=None, final=None)
    reply = stand.dialled(silent, ringing_timeout=timedelta(seconds=60))
    assert isinstance(reply, Refused)
    assert reply.failure.cause is Cause.SILENCE


def test_the_longest_life_of_a_leg(stand: LiveKitStand) -> None:
    """LiveKit ends an answered leg by its own clock: the call's and a minute more."""
    stand.dialled(Reception(talks=None), max_duration=timedelta(seconds=10))
    stand.wait(200)
    assert stand.invite.ended == pytest.approx(10 + 30 + 60, abs=0.2)
    assert stand.invite.ended_by == "platform"


def test_hanging_up_while_it_rings(stand: LiveKitStand) -> None:
    """The phone gets a CANCEL, and the dial ends like one that nobody answered."""
    stand.livekit.receive(PHONE, (RINGS_FOR_EVER,))
    assert stand.do(hung_up_while_ringing(stand, after=1.0)) == TIMED_OUT
    stand.wait(1)
    assert (stand.invite.status, stand.invite.ended_by) == (487, "platform")
    assert stand.leg() is None


def test_hanging_up_an_answered_leg(stand: LiveKitStand) -> None:
    """The phone gets a BYE; a second hang-up is no error."""
    stand.dialled(Reception(talks=None))
    stand.do(stand.platform.hang_up("room", "callee"))
    stand.do(stand.platform.hang_up("room", "callee"))
    stand.wait(1)
    assert (stand.invite.status, stand.invite.ended_by) == (200, "platform")


def test_an_answer_that_crosses_the_cancel() -> None:
    """The answer wins at the phone, LiveKit hangs up again, and the gateway hears a timeout."""
    crossed = 0
    for step in range(40):
        again = LiveKitStand(f"crossing {step}")
        again.livekit.receive(PHONE, (Reception(rings_after=0.0, after=1.0, talks=None),))
        reply = again.do(hung_up_while_ringing(again, after=0.98 + step * 0.004))
        again.wait(5)
        invite = again.invite
        assert invite.ended is not None
        assert invite.ended_by == "platform"
        assert again.truth.present == {}
        if invite.answered is not None and reply == TIMED_OUT:
            crossed += 1
            assert 0 < invite.ended - invite.answered < 0.2
        again.end()
    assert crossed


def test_a_callee_that_hangs_up_at_once(stand: LiveKitStand) -> None:
    """The answer and the end follow each other; the dial has been answered."""
    reply = stand.dialled(Reception(talks=0.0))
    assert isinstance(reply, PickedUp)
    stand.wait(1)
    assert stand.leg() is None
    assert stand.invite.answered == stand.invite.ended


def test_each_invite_its_reception(stand: LiveKitStand) -> None:
    """The first is busy, the second answered, and so are all later ones."""
    busy, answers = Reception(final=486), Reception(talks=1.0)
    assert isinstance(stand.dialled(busy, answers), Refused)
    for _ in range(2):
        stand.wait(5)
        assert isinstance(stand.do(stand.platform.dial(stand.dial(PHONE))), PickedUp)


def test_an_identity_belongs_to_the_newest_leg(stand: LiveKitStand) -> None:
    """The first leg is cut, with its phone."""
    stand.hear()
    stand.dialled(Reception(talks=None))
    second = stand.do(stand.platform.dial(stand.dial(PHONE)))
    assert isinstance(second, PickedUp)
    first = stand.truth.invites[0]
    assert (first.ended_by, stand.noticed[1].reason) == (
        "platform",
        LeaveReason.DUPLICATE_IDENTITY,
    )
    assert stand.truth.present == {("room", "callee"): second.ids.sip_call_id}


def test_ending_the_room(stand: LiveKitStand) -> None:
    """Every leg of it ends; a room that is gone is no error."""
    stand.hear()
    stand.dialled(Reception(talks=None))
    stand.do(stand.platform.end_room("room"))
    stand.do(stand.platform.end_room("room"))
    stand.wait(1)
    assert stand.invite.ended_by == "platform"
    assert stand.noticed[-1].reason is LeaveReason.ROOM_DELETED
    assert stand.do(every_leg(stand.platform)) == []


def transferred(stand: LiveKitStand, refer: ReferReception) -> None:
    """A leg whose phone takes a REFER so."""
    stand.livekit.receive(PHONE, (Reception(talks=None),), refer)
    assert isinstance(stand.do(stand.platform.dial(stand.dial(PHONE))), PickedUp)


def test_a_transfer(stand: LiveKitStand) -> None:
    """Its success takes the leg away."""
    transferred(stand, ReferReception(final=200, after=2.0))
    assert stand.do(stand.platform.refer(stand.transfer(60))) == Completed()
    stand.wait(2)
    assert stand.leg() is None
    assert stand.truth.refers[0].final == 200
    assert stand.invite.ended_by == "transfer"


def test_a_refused_transfer(stand: LiveKitStand) -> None:
    """Its SIP status is told, and the leg stays."""
    transferred(stand, ReferReception(final=486))
    reply = stand.do(stand.platform.refer(stand.transfer(60)))
    assert isinstance(reply, Refused)
    assert reply.failure.sip_status_code == 486
    stand.wait(30)
    assert stand.leg() is not None


def test_a_late_outcome_of_a_transfer(stand: LiveKitStand) -> None:
    """LiveKit does not tell it; the callee is handed over all the same, and leaves."""
    transferred(stand, ReferReception(final=200, after=8.0))
    assert isinstance(stand.do(stand.platform.refer(stand.transfer(3))), NoReply)
    stand.wait(10)
    assert stand.leg() is not None
    assert stand.truth.refers[0].final == 200
    stand.wait(30)
    assert stand.leg() is None
    assert stand.invite.ended_by == "transfer"


def test_the_same_transfer_twice(stand: LiveKitStand) -> None:
    """Both requests get the outcome of one REFER; another target is refused."""
    transferred(stand, ReferReception(final=486))

    async def three() -> list[ReferReply]:
        refer = stand.transfer(60)
        first = asyncio.create_task(stand.platform.refer(refer))
        await asyncio.sleep(0.5)
        elsewhere = replace(refer, target="tel:+4930777")
        return await asyncio.gather(first, *map(stand.platform.refer, (refer, elsewhere)))

    replies = stand.do(three())
    statuses = [reply.failure.sip_status_code for reply in replies if isinstance(reply, Refused)]
    assert statuses == [486, 486, 0]
    assert sorted(refer.final for refer in stand.truth.refers) == [0, 486, 486]
    assert stand.history.text().count("REFER decided") == 1


def test_a_caller_who_is_answered(stand: LiveKitStand) -> None:
    """The leg is there at once, becomes active, and goes when the caller hangs up."""
    stand.hear()
    ring = RingIn(time=0, number=1, tenant="anna", caller=PHONE, called="+4930555", talks=5.0)
    stand.livekit.ring_in(ring, room="in")
    stand.wait(0.5)
    (before,) = stand.do(every_leg(stand.platform))
    stand.wait(2)
    (after,) = stand.do(every_leg(stand.platform))
    assert (before.status, after.status) == (LegStatus.RINGING, LegStatus.ACTIVE)
    assert after.rang_in
    assert (after.far_number, after.own_number) == (PHONE, "+4930555")
    stand.wait(10)
    assert stand.do(every_leg(stand.platform)) == []
    assert (stand.invite.ended_by, stand.invite.gateway) == ("caller", "")
    assert [notice.change for notice in stand.noticed] == [Change.JOINED, Change.LEFT]


def test_a_caller_who_gives_up(stand: LiveKitStand) -> None:
    """Nobody answers, and the leg goes with the caller."""
    ring = RingIn(time=0, number=1, tenant="anna", caller=PHONE, called="+4930555",
                  answered_after=None, gives_up=8.0)  # fmt: skip
    stand.livekit.ring_in(ring, room="in")
    stand.wait(20)
    assert (stand.invite.ended, stand.invite.answered) == (8.0, None)
    assert stand.do(every_leg(stand.platform)) == []


def test_the_same_seed_gives_the_same_history() -> None:
    """Byte for byte."""
    one, again, another = (history_of(LiveKitStand(seed)) for seed in ("one", "one", "another"))
    assert one == again
    assert one != another


def history_of(stand: LiveKitStand) -> str:
    stand.hear()
    stand.livekit.notices.late = 5.0
    stand.dialled(Reception(final=486), Reception(talks=3.0))
    stand.do(stand.platform.dial(stand.dial(PHONE)))
    stand.wait(30)
    stand.end()
    return stand.history.text()
