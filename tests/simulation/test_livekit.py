"""The simulated LiveKit alone: what a gateway's platform sees, and what the phones know."""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from gateway.domain.calls.inbound import Change
from gateway.domain.calls.leg import (
    Completed,
    DialReply,
    Leg,
    NeverSent,
    NoReply,
    PickedUp,
    Refused,
)
from gateway.domain.calls.observation import LeaveReason, LegStatus
from gateway.domain.outcome import Cause, Certainty, Failure
from gateway.ports import PlatformError
from tests.simulation.livekit_stand import LiveKitStand
from tests.simulation.plan.doings import Reception, ReferReception, RingIn

PHONE = "+4930123"
TIMED_OUT = Refused(Failure(cause=Cause.TIMED_OUT, detail="sip request timed out"))
RINGS_FOR_EVER = Reception(final=None)


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], LiveKitStand]:
    """Makes one from a seed; the newest one's time is everybody's."""

    def made(seed: str) -> LiveKitStand:
        stand = LiveKitStand(seed)
        monkeypatch.setattr(time, "monotonic", lambda: stand.now)
        return stand

    return made


@pytest.fixture
def stand(make: Callable[[str], LiveKitStand]) -> Iterator[LiveKitStand]:
    """The usual one."""
    stand = make("stand")
    yield stand
    stand.end()


def dialled(stand: LiveKitStand, *receptions: Reception, **changes: object) -> DialReply:
    """The reply to a dial of a phone that receives so."""
    stand.livekit.receive(PHONE, receptions)
    return stand.do(stand.platform.dial(stand.dial(PHONE, **changes)))


def leg(stand: LiveKitStand) -> Leg | None:
    return stand.do(stand.platform.leg("room", "callee"))


async def hung_up_while_ringing(stand: LiveKitStand, *, after: float) -> DialReply:
    """Hangs up so many seconds after the dial."""
    dialing = asyncio.create_task(stand.platform.dial(stand.dial(PHONE)))
    await asyncio.sleep(after)
    await stand.platform.hang_up("room", "callee")
    return await dialing


def test_an_answered_call(stand: LiveKitStand) -> None:
    """The dial returns when the phone has answered; the callee's hang-up takes the leg away."""
    stand.hear()
    reply = dialled(stand, Reception(rings_after=0.2, after=2.0, talks=5.0), to="030 123",
                    number=PHONE)  # fmt: skip
    invite, seen = stand.invite, leg(stand)
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
    assert leg(stand) is None
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
    reply = dialled(stand, Reception(final=status))
    assert isinstance(reply, Refused)
    assert reply.failure.sip_status_code == status
    assert leg(stand) is None
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
    assert dialled(stand, reception, ringing_timeout=timedelta(seconds=4)) == TIMED_OUT
    assert 4.0 < stand.now < 4.2
    stand.wait(1)
    assert (stand.invite.status, stand.invite.ended_by) == (487, "platform")
    assert leg(stand) is None


def test_a_silent_trunk(stand: LiveKitStand) -> None:
    """After 32 s without any answer LiveKit says so."""
    reply = dialled(
        stand, Reception(rings_after=None, final=None), ringing_timeout=timedelta(seconds=60)
    )
    assert isinstance(reply, Refused)
    assert reply.failure.cause is Cause.SILENCE


def test_the_longest_life_of_a_leg(stand: LiveKitStand) -> None:
    """LiveKit ends an answered leg by its own clock: the call's and a minute more."""
    dialled(stand, Reception(talks=None), max_duration=timedelta(seconds=10))
    stand.wait(200)
    assert stand.invite.ended == pytest.approx(10 + 30 + 60, abs=0.2)
    assert stand.invite.ended_by == "platform"


def test_hanging_up_while_it_rings(stand: LiveKitStand) -> None:
    """The phone gets a CANCEL, and the dial ends like one that nobody answered."""
    stand.livekit.receive(PHONE, (RINGS_FOR_EVER,))
    assert stand.do(hung_up_while_ringing(stand, after=1.0)) == TIMED_OUT
    stand.wait(1)
    assert (stand.invite.status, stand.invite.ended_by) == (487, "platform")
    assert leg(stand) is None


def test_hanging_up_an_answered_leg(stand: LiveKitStand) -> None:
    """The phone gets a BYE; a second hang-up is no error."""
    dialled(stand, Reception(talks=None))
    stand.do(stand.platform.hang_up("room", "callee"))
    stand.do(stand.platform.hang_up("room", "callee"))
    stand.wait(1)
    assert (stand.invite.status, stand.invite.ended_by) == (200, "platform")


def test_an_answer_that_crosses_the_cancel(make: Callable[[str], LiveKitStand]) -> None:
    """The answer wins at the phone, LiveKit hangs up again, and the gateway hears a timeout."""
    crossed = 0
    for step in range(40):
        again = make(f"crossing {step}")
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
    reply = dialled(stand, Reception(talks=0.0))
    assert isinstance(reply, PickedUp)
    stand.wait(1)
    assert leg(stand) is None
    assert stand.invite.answered == stand.invite.ended


def test_each_invite_its_reception(stand: LiveKitStand) -> None:
    """The first is busy, the second answered, and so are all later ones."""
    busy, answers = Reception(final=486), Reception(talks=1.0)
    assert isinstance(dialled(stand, busy, answers), Refused)
    for _ in range(2):
        stand.wait(5)
        assert isinstance(stand.do(stand.platform.dial(stand.dial(PHONE))), PickedUp)


def test_an_identity_belongs_to_the_newest_leg(stand: LiveKitStand) -> None:
    """The first leg is cut, with its phone."""
    stand.hear()
    dialled(stand, Reception(talks=None))
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
    dialled(stand, Reception(talks=None))
    stand.do(stand.platform.end_room("room"))
    stand.do(stand.platform.end_room("room"))
    stand.wait(1)
    assert stand.invite.ended_by == "platform"
    assert stand.noticed[-1].reason is LeaveReason.ROOM_DELETED
    assert stand.do(stand.platform.legs()) == []


def transferred(stand: LiveKitStand, refer: ReferReception) -> None:
    """A leg whose phone takes a REFER so."""
    stand.livekit.receive(PHONE, (Reception(talks=None),), refer)
    assert isinstance(stand.do(stand.platform.dial(stand.dial(PHONE))), PickedUp)


def test_a_transfer(stand: LiveKitStand) -> None:
    """Its success takes the leg away."""
    transferred(stand, ReferReception(final=200, after=2.0))
    assert stand.do(stand.platform.refer(stand.transfer(60))) == Completed()
    stand.wait(2)
    assert leg(stand) is None
    assert stand.truth.refers[0].final == 200
    assert stand.invite.ended_by == "transfer"


def test_a_refused_transfer(stand: LiveKitStand) -> None:
    """Its SIP status is told, and the leg stays."""
    transferred(stand, ReferReception(final=486))
    reply = stand.do(stand.platform.refer(stand.transfer(60)))
    assert isinstance(reply, Refused)
    assert reply.failure.sip_status_code == 486
    stand.wait(30)
    assert leg(stand) is not None


def test_a_late_outcome_of_a_transfer(stand: LiveKitStand) -> None:
    """LiveKit does not tell it; the callee is handed over all the same, and leaves."""
    transferred(stand, ReferReception(final=200, after=8.0))
    assert isinstance(stand.do(stand.platform.refer(stand.transfer(3))), NoReply)
    stand.wait(10)
    assert leg(stand) is not None
    assert stand.truth.refers[0].final == 200
    stand.wait(30)
    assert leg(stand) is None
    assert stand.invite.ended_by == "transfer"


def test_a_caller_who_is_answered(stand: LiveKitStand) -> None:
    """The leg is there at once, becomes active, and goes when the caller hangs up."""
    stand.hear()
    ring = RingIn(time=0, number=1, tenant="anna", caller=PHONE, called="+4930555", talks=5.0)
    stand.livekit.ring_in(ring, room="in")
    stand.wait(0.5)
    (before,) = stand.do(stand.platform.legs())
    stand.wait(2)
    (after,) = stand.do(stand.platform.legs())
    assert (before.status, after.status) == (LegStatus.RINGING, LegStatus.ACTIVE)
    assert after.rang_in
    assert (after.far_number, after.own_number) == (PHONE, "+4930555")
    stand.wait(10)
    assert stand.do(stand.platform.legs()) == []
    assert (stand.invite.ended_by, stand.invite.gateway) == ("caller", "")
    assert [notice.change for notice in stand.noticed] == [Change.JOINED, Change.LEFT]


def test_a_caller_who_gives_up(stand: LiveKitStand) -> None:
    """Nobody answers, and the leg goes with the caller."""
    ring = RingIn(time=0, number=1, tenant="anna", caller=PHONE, called="+4930555",
                  answered_after=None, gives_up=8.0)  # fmt: skip
    stand.livekit.ring_in(ring, room="in")
    stand.wait(20)
    assert (stand.invite.ended, stand.invite.answered) == (8.0, None)
    assert stand.do(stand.platform.legs()) == []


def test_a_restart_that_keeps_the_rooms(stand: LiveKitStand) -> None:
    """The request is lost, the call goes on, and joins again as another participant."""
    stand.hear()
    stand.livekit.receive(PHONE, (Reception(after=10.0, talks=60.0),))
    stand.scheduler.loops[0].call_later(5, lambda: stand.livekit.restart(2.0, lose_rooms=False))
    assert isinstance(stand.do(stand.platform.dial(stand.dial(PHONE))), NoReply)
    assert stand.now == pytest.approx(5.0, abs=0.1)
    with pytest.raises(PlatformError):
        leg(stand)
    stand.wait(10)
    found = leg(stand)
    assert found is not None
    assert found.status is LegStatus.ACTIVE
    first, second = stand.noticed
    assert first.leg is not None
    assert second.leg is not None
    assert first.leg.ids.participant_id != second.leg.ids.participant_id == found.ids.participant_id
    stand.wait(70)
    assert leg(stand) is None
    assert stand.invite.ended_by == "callee"


def test_a_restart_that_loses_the_rooms(stand: LiveKitStand) -> None:
    """Nobody is told; the phone hangs up when it has heard nothing for a while."""
    stand.hear()
    dialled(stand, Reception(talks=None))
    began = stand.now
    stand.livekit.restart(1.0, lose_rooms=True)
    stand.wait(2)
    assert leg(stand) is None
    stand.wait(30)
    assert stand.invite.ended == pytest.approx(began + 15.0)
    assert stand.invite.ended_by == "platform"
    assert len(stand.noticed) == 1
    assert isinstance(stand.do(stand.platform.dial(stand.dial(PHONE))), PickedUp)


def test_a_ghost_goes_with_its_room(stand: LiveKitStand) -> None:
    """What a dead server has left can be seen, but only the end of its room removes it."""
    stand.livekit.rooms.keeps_ghosts = True
    dialled(stand, Reception(talks=2.0))
    stand.wait(1.0)
    stand.livekit.restart(2.0, lose_rooms=False)
    stand.wait(10)
    assert stand.invite.ended_by == "callee"
    assert leg(stand) is not None
    with pytest.raises(PlatformError):
        stand.do(stand.platform.hang_up("room", "callee"))
    stand.do(stand.platform.clear("room", "callee"))
    assert leg(stand) is None
    assert stand.truth.present == {}


def test_full(stand: LiveKitStand) -> None:
    """Nothing is dialled, and the answer proves it."""
    stand.livekit.trouble.full = True
    for _ in range(10):
        reply = dialled(stand, Reception())
        assert isinstance(reply, Refused)
        assert reply.failure.cause is Cause.PLATFORM_FULL
    assert stand.truth.invites == []
    assert len(stand.truth.dials) == 10


def test_away(stand: LiveKitStand) -> None:
    """Nothing is sent; what was dialled before goes on."""
    dialled(stand, Reception(talks=None))
    stand.livekit.trouble.away = True
    assert isinstance(stand.do(stand.platform.dial(stand.dial(PHONE))), NeverSent)
    with pytest.raises(PlatformError):
        stand.do(stand.platform.check())
    stand.livekit.trouble.away = False
    stand.do(stand.platform.check())
    assert leg(stand) is not None


def test_a_refused_key(stand: LiveKitStand) -> None:
    """Every request says so, and none does anything."""
    stand.livekit.trouble.key_refused = True
    reply = dialled(stand, Reception())
    assert isinstance(reply, Refused)
    assert reply.failure.cause is Cause.KEY_REFUSED
    assert stand.truth.invites == []
    with pytest.raises(PlatformError, match="REFUSED_KEY"):
        stand.do(stand.platform.check())


def test_garbage(stand: LiveKitStand) -> None:
    """No answer can be read, and each proves nothing; some phones ring all the same."""
    stand.livekit.trouble.garbage = 1.0
    stand.livekit.receive(PHONE, (Reception(final=486),))
    for _ in range(20):
        reply = stand.do(stand.platform.dial(stand.dial(PHONE)))
        proves = reply.failure.proves if isinstance(reply, Refused) else Certainty.UNKNOWN
        assert proves is Certainty.UNKNOWN
        assert not isinstance(reply, NeverSent | PickedUp)
        with pytest.raises(PlatformError):
            leg(stand)
        stand.wait(10)
    assert 0 < len(stand.truth.invites) < 20


def test_slow(stand: LiveKitStand) -> None:
    """Answers come later, and those that come too late count as none; the call goes on."""
    stand.livekit.trouble.slow = 2.0
    assert isinstance(dialled(stand, Reception(after=1.0, talks=None)), PickedUp)
    assert 3.0 < stand.now < 4.5
    stand.livekit.trouble.slow = 60.0
    with pytest.raises(PlatformError):
        leg(stand)
    reply = dialled(stand, Reception(after=1.0, talks=None), ringing_timeout=timedelta(seconds=5))
    assert isinstance(reply, NoReply)
    assert stand.truth.invites[-1].answered is not None


def test_notices_are_sent_again(stand: LiveKitStand) -> None:
    """Five times in all, where nobody takes them."""
    stand.hear(taken=lambda: False)
    dialled(stand, Reception(talks=None))
    stand.wait(60)
    assert len(stand.noticed) == 5
    assert len({notice.notice_id for notice in stand.noticed}) == 1


def test_notices_in_trouble(stand: LiveKitStand) -> None:
    """They are lost, come twice, or come late."""
    stand.hear()
    stand.livekit.notices.lost = 1.0
    dialled(stand, Reception(talks=1.0))
    stand.wait(10)
    assert stand.noticed == []
    stand.livekit.notices.lost, stand.livekit.notices.twice = 0.0, 1.0
    dialled(stand, Reception(talks=1.0))
    stand.wait(30)
    assert sorted(notice.change for notice in stand.noticed) == ["JOINED"] * 2 + ["LEFT"] * 2


def test_the_same_seed_gives_the_same_history(make: Callable[[str], LiveKitStand]) -> None:
    """Byte for byte."""
    one, again, another = (history_of(make(seed)) for seed in ("one", "one", "another"))
    assert one == again
    assert one != another


def history_of(stand: LiveKitStand) -> str:
    stand.hear()
    stand.livekit.notices.late = 5.0
    dialled(stand, Reception(final=486), Reception(talks=3.0))
    stand.do(stand.platform.dial(stand.dial(PHONE)))
    stand.wait(30)
    stand.end()
    return stand.history.text()
