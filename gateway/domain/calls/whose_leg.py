"""Which call a leg belongs to, and to which of its attempts; what its participant says of both."""

from datetime import datetime

from gateway.domain.calls.call import Call, Direction
from gateway.domain.calls.leg import Leg
from gateway.domain.calls.observation import LegIds
from gateway.domain.replacing import replace


def is_of(leg: Leg, call: Call) -> bool:
    """Whether the leg is this call's.

    It has the call's identity, in its room. If we dialled it, it names the call; an inbound leg, or
    one dialled by others, has only the id that LiveKit gave it. What a participant says about
    itself does not count for any other identity or room.
    """
    if (leg.room, leg.identity) != (call.room, call.participant_identity):
        return False
    if leg.call_id:
        return leg.call_id == call.call_id
    return call.sip_call_id in ("", leg.ids.sip_call_id)


def is_newest_of(leg: Leg, call: Call) -> bool:
    """Not the leg of an earlier attempt, nor a participant that has rejoined since."""
    if call.sip_call_id:
        return call.participant_id in ("", leg.ids.participant_id)
    earlier = call.attempts[:-1]
    if leg.ids.sip_call_id in {attempt.sip_call_id for attempt in earlier}:
        return False
    # For an attempt whose leg was never seen only the trunk is known.
    unseen = {attempt.livekit_trunk_id for attempt in earlier if not attempt.sip_call_id}
    return not unseen or leg.livekit_trunk_id not in {*unseen, ""}


def earlier_legs(call: Call) -> set[str]:
    """LiveKit's ids of the legs of earlier attempts, as far as they are known."""
    return {attempt.sip_call_id for attempt in call.attempts[:-1]} - {""}


def of_another_leg(call: Call, sip_call_id: str) -> bool:
    """What is seen of a leg that was given up says nothing about the next one."""
    if not sip_call_id:
        return False
    return sip_call_id in earlier_legs(call) or call.sip_call_id not in ("", sip_call_id)


def joined_again(call: Call, ids: LegIds) -> Call:
    """Why a previous participant left does not apply to the present one."""
    if not call.participant_id or ids.participant_id in ("", call.participant_id):
        return call
    return replace(call, participant_id=ids.participant_id, leave_reason=None, room_over=None)


def answered_when_told(call: Call, told: datetime | None) -> Call:
    """The call with the moment of its answer as the platform tells it, if it can have been then.

    The gateway sees an answer some time after it, never before; and the two clocks may differ: what
    they say of the same dial and the same answer must fit.
    """
    seen = call.answer_time
    if told is None or seen is None or call.direction is not Direction.OUTBOUND:
        return call
    if not call.begin_time <= told < seen:
        return call
    return replace(call, answer_time=max(told, call.ring_time or told))
