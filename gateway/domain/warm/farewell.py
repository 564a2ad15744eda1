"""What a room is told of a call's end that its platform tells nobody."""

import json

from gateway.domain.calls.call import Call


def farewell(before: Call, after: Call) -> str | None:
    """The end as a `CallEvent` in proto JSON, without numbers; None if there is nothing to tell.

    Whoever is in the room learns of other ends from the platform, but not of a hidden leg's.
    """
    if before.ended or not after.ended or before.hold is None:
        return None
    if not (before.hold.seen.hidden or before.mask.hidden):
        return None
    call = {
        "call_id": after.call_id,
        "room": after.room,
        "participant_identity": after.participant_identity,
        "participant_id": after.participant_id,
        "state": "CALL_STATE_ENDED",
        "end_reason": f"END_REASON_{after.end_reason}" if after.end_reason else "",
        "hangup_source": f"HANGUP_SOURCE_{after.hangup_source}" if after.hangup_source else "",
    }
    told = {name: value for name, value in call.items() if value}
    return json.dumps({"type": "CALL_EVENT_TYPE_CALL_ENDED", "call": told})
