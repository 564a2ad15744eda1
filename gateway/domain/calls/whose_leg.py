"""Which call a leg belongs to, and to which of its attempts."""

from gateway.domain.calls.call import Call
from gateway.domain.calls.leg import Leg


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
