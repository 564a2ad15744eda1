"""The simulated LiveKit when something is wrong with it: restarts, bad answers, lost notices."""

from datetime import timedelta

import pytest

from gateway.domain.calls.leg import NeverSent, NoReply, PickedUp, Refused
from gateway.domain.calls.observation import LegStatus
from gateway.domain.outcome import Cause, Certainty
from gateway.ports import PlatformError
from tests.simulation.livekit_stand import PHONE, LiveKitStand
from tests.simulation.plan.doings import Reception


def test_a_restart_that_keeps_the_rooms(stand: LiveKitStand) -> None:
    """The request is lost, the call goes on, and joins again as another participant."""
    stand.hear()
    stand.livekit.receive(PHONE, (Reception(after=10.0, talks=60.0),))
    stand.scheduler.loops[0].call_later(5, lambda: stand.livekit.restart(2.0, lose_rooms=False))
    assert isinstance(stand.do(stand.platform.dial(stand.dial(PHONE))), NoReply)
    assert stand.now == pytest.approx(5.0, abs=0.1)
    with pytest.raises(PlatformError):
        stand.leg()
    stand.wait(10)
    found = stand.leg()
    assert found is not None
    assert found.status is LegStatus.ACTIVE
    first, second = stand.noticed
    assert first.leg is not None
    assert second.leg is not None
    assert first.leg.ids.participant_id != second.leg.ids.participant_id == found.ids.participant_id
    stand.wait(70)
    assert stand.leg() is None
    assert stand.invite.ended_by == "callee"


def test_a_restart_before_the_leg_has_joined(stand: LiveKitStand) -> None:
    """Nothing is dialled, and nobody can know."""
    stand.livekit.receive(PHONE, (Reception(),))
    task = stand.gateway.begin(stand.platform.dial(stand.dial(PHONE)))
    stand.scheduler.run(1, lambda: bool(stand.truth.dials))
    stand.livekit.restart(1.0, lose_rooms=False)
    stand.wait(20)
    assert isinstance(task.result(), NoReply)
    assert stand.truth.invites == []
    assert stand.leg() is None


def test_a_restart_that_loses_the_rooms(stand: LiveKitStand) -> None:
    """Nobody is told; the phone hangs up when it has heard nothing for a while."""
    stand.hear()
    stand.dialled(Reception(talks=None))
    began = stand.now
    stand.livekit.restart(1.0, lose_rooms=True)
    stand.wait(2)
    assert stand.leg() is None
    stand.wait(30)
    assert stand.invite.ended == pytest.approx(began + 15.0)
    assert stand.invite.ended_by == "platform"
    assert len(stand.noticed) == 1
    assert isinstance(stand.do(stand.platform.dial(stand.dial(PHONE))), PickedUp)


def test_a_ghost_goes_with_its_room(stand: LiveKitStand) -> None:
    """What a dead server has left can be seen, but only the end of its room removes it."""
    stand.livekit.rooms.keeps_ghosts = True
    stand.dialled(Reception(talks=2.0))
    stand.wait(1.0)
    stand.livekit.restart(2.0, lose_rooms=False)
    stand.wait(10)
    assert stand.invite.ended_by == "callee"
    assert stand.leg() is not None
    with pytest.raises(PlatformError):
        stand.do(stand.platform.hang_up("room", "callee"))
    stand.do(stand.platform.clear("room", "callee"))
    assert stand.leg() is None
    assert stand.truth.present == {}


def test_full(stand: LiveKitStand) -> None:
    """Nothing is dialled, and the answer proves it."""
    stand.livekit.trouble.full = True
    for _ in range(10):
        reply = stand.dialled(Reception())
        assert isinstance(reply, Refused)
        assert reply.failure.cause is Cause.PLATFORM_FULL
    assert stand.truth.invites == []
    assert len(stand.truth.dials) == 10


def test_away(stand: LiveKitStand) -> None:
    """Nothing is sent; what was dialled before goes on."""
    stand.dialled(Reception(talks=None))
    stand.livekit.trouble.away = True
    assert isinstance(stand.do(stand.platform.dial(stand.dial(PHONE))), NeverSent)
    with pytest.raises(PlatformError):
        stand.do(stand.platform.check())
    stand.livekit.trouble.away = False
    stand.do(stand.platform.check())
    assert stand.leg() is not None


def test_a_refused_key(stand: LiveKitStand) -> None:
    """Every request says so, and none does anything."""
    stand.livekit.trouble.key_refused = True
    reply = stand.dialled(Reception())
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
            stand.leg()
        stand.wait(10)
    assert 0 < len(stand.truth.invites) < 20


def test_slow(stand: LiveKitStand) -> None:
    """Answers come later, and those that come too late count as none; the call goes on."""
    stand.livekit.trouble.slow = 2.0
    assert isinstance(stand.dialled(Reception(after=1.0, talks=None)), PickedUp)
    assert 3.0 < stand.now < 4.5
    stand.livekit.trouble.slow = 60.0
    with pytest.raises(PlatformError):
        stand.leg()
    reply = stand.dialled(Reception(after=1.0, talks=None), ringing_timeout=timedelta(seconds=5))
    assert isinstance(reply, NoReply)
    assert stand.truth.invites[-1].answered is not None


def test_notices_are_sent_again(stand: LiveKitStand) -> None:
    """Five times in all, where nobody takes them."""
    stand.hear(taken=lambda: False)
    stand.dialled(Reception(talks=None))
    stand.wait(60)
    assert len(stand.noticed) == 5
    assert len({notice.notice_id for notice in stand.noticed}) == 1


def test_notices_in_trouble(stand: LiveKitStand) -> None:
    """They are lost, come twice, or come late."""
    stand.hear()
    stand.livekit.notices.lost = 1.0
    stand.dialled(Reception(talks=1.0))
    stand.wait(10)
    assert stand.noticed == []
    stand.livekit.notices.lost, stand.livekit.notices.twice = 0.0, 1.0
    stand.dialled(Reception(talks=1.0))
    stand.wait(30)
    assert sorted(notice.change for notice in stand.noticed) == ["JOINED"] * 2 + ["LEFT"] * 2
