"""How often and how long to poll a call: often while something may change, seldom after."""

from datetime import datetime, timedelta

from gateway.domain.calls.call import Call, CallState, Direction

FRESHLY_DIALED = timedelta(milliseconds=300)
WHILE_UNNAMED = timedelta(milliseconds=20)
"""A leg has its ids about 10 ms after the dial, and a client may wait for them."""
WHILE_DIALING = timedelta(milliseconds=100)
LONGEST_WHILE_DIALING = timedelta(milliseconds=500)
LONGEST_BEFORE_RINGING = timedelta(milliseconds=100)
"""While another trunk could be tried, any ringing must be seen."""
FRESHLY_ANSWERED = timedelta(milliseconds=500)
LONGEST = timedelta(seconds=5)
UNASKED = timedelta(seconds=30)
"""How long beyond its time a call is kept whose leg cannot be polled."""
LONGEST_LEG = timedelta(hours=24)
"""No platform lets a leg live longer."""
LEG_SLACK = timedelta(seconds=60)
"""Added to the maximum duration that a platform is given with a dial."""


def pause_before_looking(call: Call, now: datetime) -> float:
    """Seconds until the leg should be polled again, never beyond the next deadline.

    The pause grows with the age of the state: a twentieth of it, within bounds.
    """
    if call.answer_time is None:
        age = now - call.create_time
        pause = min(max(age / 20, WHILE_DIALING), LONGEST_WHILE_DIALING)
        if call.backups and call.ring_time is None:
            pause = min(pause, LONGEST_BEFORE_RINGING)
        if not call.sip_call_id and age < FRESHLY_DIALED:
            pause = WHILE_UNNAMED
        deadline = call.ringing_deadline
    else:
        pause = min(max((now - call.answer_time) / 20, FRESHLY_ANSWERED), LONGEST)
        deadline = call.answer_time + call.max_duration
    if call.ending:
        pause = min(pause, WHILE_DIALING)
    left = deadline - now
    if timedelta(0) < left < pause:
        pause = left
    return max(pause.total_seconds(), 0.01)


def given_up_at(call: Call, since: datetime) -> datetime:
    """When to give up a call whose leg could not be polled since `since`.

    By then the platform, which enforces the times it was given, has ended the leg: one that was
    never seen at the end of its ringing, any other when its longest duration is over. A leg that
    was never seen may have been answered nevertheless; no more can be known of it.
    """
    return max(_over_by_itself(call), since) + UNASKED


def _over_by_itself(call: Call) -> datetime:
    if call.direction is Direction.INBOUND or not call.attempts:
        return call.create_time + LONGEST_LEG
    if call.state is CallState.DIALING and not (call.sip_call_id or call.participant_id):
        return call.ringing_deadline
    told = call.longest_duration + call.ringing_timeout + LEG_SLACK
    return call.ringing_deadline + min(told, LONGEST_LEG)
