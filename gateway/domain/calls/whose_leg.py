"""Which call a leg belongs to, and to which of its attempts."""

from gateway.domain.calls.call import Call
from gateway.domain.calls.leg import Leg


def is_of(leg: Leg, call: Call) -> bool:
    """Whether the leg is this call's.

    It has the call's place: its identity, in its room. It names the call where we have dialled
    it; what rang in, or was dialled by somebody else, has only the id that LiveKit gave it. What
    a participant says of itself counts for nothing outside the call's place.
    """
    if (leg.room, leg.identity) != (call.room, call.participant_identity):
        return False
    if leg.call_id:
        return leg.call_id == call.call_id
    return call.sip_call_id in ("", leg.ids.sip_call_id)


def is_newest_of(leg: Leg, call: Call) -> bool:
    """Not the leg of an attempt before, nor a participant that has joined again since."""
    if call.sip_call_id:
        return call.participant_id in ("", leg.ids.participant_id)
    earlier = call.attempts[:-1]
    if leg.ids.sip_call_id in {attempt.sip_call_id for attempt in earlier}:
        return False
    # Of an attempt whose leg nobody saw only the trunk is known.
    unseen = {attempt.livekit_trunk_id for attempt in earlier if not attempt.sip_call_id}
    return not unseen or leg.livekit_trunk_id not in {*unseen, ""}


def earlier_legs(call: Call) -> set[str]:
    """LiveKit's ids of the legs of the attempts before the newest, as far as they are known."""
    return {attempt.sip_call_id for attempt in call.attempts[:-1]} - {""}
