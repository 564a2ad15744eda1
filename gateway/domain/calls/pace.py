"""How often and how long to poll a call: often while something may change, seldom after."""

import math
from datetime import datetime, timedelta

from gateway.domain.calls.call import Call, CallState, Direction

FRESHLY_DIALED = timedelta(milliseconds=300)
WHILE_UNNAMED = timedelta(milliseconds=20)
"""A leg has its ids about 10 ms after the dial, and a client may wait for them."""
WHILE_DIALING = timedelta(milliseconds=100)
LONGEST_WHILE_DIALING = timedelta(milliseconds=500)
LONGEST_BEFORE_RINGING = timedelta(milliseconds=100)
"""While another trunk could be tried and nobody tells of ringing, any must be seen."""
LONGEST_WHILE_RINGING = timedelta(seconds=2)
"""The reply to the dial, which is due, says what becomes of a phone that rings."""
FRESHLY_ANSWERED = timedelta(milliseconds=500)
LONGEST = timedelta(seconds=5)
FRESHLY_ANSWERED_AND_TOLD = timedelta(seconds=1)
LONGEST_AND_TOLD = timedelta(seconds=15)
"""A notice says when the leg leaves; a look is for the one that is lost."""
LEAST_SECONDS = 0.01
BELIEVED_GONE_AFTER = timedelta(seconds=10)
"""A leg never seen, or not since LiveKit was unavailable, is taken to be absent after this long."""
BELIEVED_GONE_IF_ENDING_AFTER = timedelta(seconds=8)
"""The same where the call's end was asked for: whoever asked waits for 10 s, not longer.

A leg that comes back to LiveKit later than that is ended by the sweep.
"""
SEEN_BY_THEN = timedelta(seconds=1)
"""A caller who has not been seen by then may have been answered, and left, before.

So may one who was never seen, and of whom LiveKit tells `hangup`: it says that of both, and what it
told before may have come as late.
"""
UNASKED = timedelta(seconds=30)
"""How long beyond its time a call is kept whose leg cannot be polled."""
LONGEST_LEG = timedelta(hours=24)
"""No platform lets a leg live longer."""
LEG_SLACK = timedelta(seconds=60)
"""Added to the maximum duration that a platform is given with a dial."""


def pause_before_looking(
    call: Call, now: datetime, *, dialing: bool = False, told: bool = False
) -> float:
    """Seconds until the leg should be polled again, never beyond the next deadline.

    The pause grows with the age of the state: a twentieth of it, within bounds; half of it where
    something else says what the look is for. `dialing`: the reply to the dial is due. `told`: the
    platform tells by itself when this leg leaves.
    """
    if call.answer_time is None:
        pause = _until_answered(call, now, dialing=dialing, told=told)
    elif told and call.state is CallState.ACTIVE and not call.leave_reason:
        pause = _within(FRESHLY_ANSWERED_AND_TOLD, (now - call.answer_time) / 2, LONGEST_AND_TOLD)
    else:
        pause = _within(FRESHLY_ANSWERED, (now - call.answer_time) / 20, LONGEST)
    if call.ending:
        pause = min(pause, WHILE_DIALING)
    left = time_left(call, now)
    most = left if left < math.inf else LONGEST_WHILE_DIALING.total_seconds()
    return max(min(pause.total_seconds(), most), LEAST_SECONDS)


def is_believed_gone(call: Call, unseen: timedelta) -> bool:
    """Whether a leg that is looked for in vain for so long is taken to be absent."""
    return unseen > (BELIEVED_GONE_IF_ENDING_AFTER if call.ending else BELIEVED_GONE_AFTER)


def time_left(call: Call, now: datetime) -> float:
    """Seconds until the call's next deadline; endless once that has passed."""
    left = (call.duration_deadline or call.ringing_deadline) - now
    return left.total_seconds() if left > timedelta(0) else math.inf


def _until_answered(call: Call, now: datetime, *, dialing: bool, told: bool) -> timedelta:
    age = now - call.dial_time
    if not call.sip_call_id and age < FRESHLY_DIALED:
        return WHILE_UNNAMED
    # The reply comes only after the digits: until then the answer is seen by looking.
    if call.ring_time and dialing and not call.leg.digits:
        return _within(LONGEST_WHILE_DIALING, (now - call.ring_time) / 2, LONGEST_WHILE_RINGING)
    unseen = call.backups and call.ring_time is None and not told
    longest = LONGEST_BEFORE_RINGING if unseen else LONGEST_WHILE_DIALING
    return _within(WHILE_DIALING, age / 20, longest)


def _within(least: timedelta, pause: timedelta, most: timedelta) -> timedelta:
    return min(max(pause, least), most)


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
