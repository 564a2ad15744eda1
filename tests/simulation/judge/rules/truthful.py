"""What is said of a call is true, or less than is known: never wrong."""

from collections.abc import Iterator

from gateway.domain.calls.call import Attempt, EventType
from gateway.domain.outcome import EndReason, HangupSource
from tests.simulation.judge.bounds import (
    CROSSING,
    JUST,
    REASON_WAITED,
    SEEN_ANSWERED,
    SEEN_RINGING,
)
from tests.simulation.judge.case import Case, Story
from tests.simulation.judge.evidence import Breach
from tests.simulation.judge.rules.outcomes import SOURCES, silent, untrue
from tests.simulation.judge.weather import NOTICES
from tests.simulation.world.truth import Invite

_UNKNOWN = {EndReason.OUTCOME_UNKNOWN, EndReason.PLATFORM_LOST}
_BY_PHONE = {"callee", "caller"}
_UNANSWERED = {
    EndReason.BUSY,
    EndReason.DECLINED,
    EndReason.NO_ANSWER,
    EndReason.UNREACHABLE,
    EndReason.INVALID_NUMBER,
    EndReason.CARRIER_REFUSED,
    EndReason.TRUNK_LIMIT,
    EndReason.CANCELED,
    EndReason.NOT_DIALED,
    EndReason.OUTCOME_UNKNOWN,
}


def end_reason_is_true(case: Case) -> Iterator[Breach]:
    """A call ended for the reason that it says; what that means for each is in `outcomes.py`.

    BUSY only if the phone said so, COMPLETED only if it was answered, NOT_DIALED only if no INVITE
    was ever sent, CANCELED only if somebody asked for it, MAX_DURATION only if it lasted so long.
    """
    for story in _ended(case):
        if complaint := untrue(case, story):
            text = f"{_reason(story)}, but {complaint}"
            yield Breach(story.call.call_id, text, story.end or 0.0)


def an_unanswered_end_has_no_answer(case: Case) -> Iterator[Breach]:
    """A call whose end reason says that it was not answered was never told as answered.

    An answer that crosses a cancel, or the end of the ringing, does not revive the call.
    """
    for story in _ended(case):
        if story.call.end_reason in _UNANSWERED and story.call.answered:
            yield Breach(story.call.call_id, f"{_reason(story)} after an answer", story.end or 0.0)


def hangup_source_is_true(case: Case) -> Iterator[Breach]:
    """A call was ended by whom it says: API if a client asked, REMOTE if the phone did."""
    for story in _ended(case):
        if complaint := _wrong_source(case, story):
            text = f"{_reason(story)} by {story.call.hangup_source}, but {complaint}"
            yield Breach(story.call.call_id, text, story.end or 0.0)


def everything_is_known_when_nothing_is_wrong(case: Case) -> Iterator[Breach]:
    """Without a fault no call ends as OUTCOME_UNKNOWN or PLATFORM_LOST.

    Where LiveKit's notices are heard, it is also known who hung up.
    """
    for story in _ended(case):
        if case.unheard(story) or case.troubled(story):
            continue
        if story.call.end_reason in _UNKNOWN:
            yield Breach(story.call.call_id, f"{_reason(story)} without a fault", story.end or 0.0)
        elif story.call.hangup_source is HangupSource.UNKNOWN and _told_by_livekit(case, story):
            yield Breach(story.call.call_id, "it is unknown who ended it", story.end or 0.0)


def ringing_is_true(case: Case) -> Iterator[Breach]:
    """A call rings only if its phone rang, and not before it did.

    Without a fault that is told 1 s later at most.
    """
    yield from _in_time(case, EventType.CALL_RINGING, "rang", SEEN_RINGING)


def answers_are_true(case: Case) -> Iterator[Breach]:
    """A call is answered only if its phone was, and not before it was.

    Without a fault that is told 0.5 s later at most.
    """
    yield from _in_time(case, EventType.CALL_ANSWERED, "answered", SEEN_ANSWERED)


def times_fit_together(case: Case) -> Iterator[Breach]:
    """The times of a call are in order, and span as long as it lasted.

    It never seems to have lasted longer. A leg may have been seen gone some seconds before its
    reason was known, and longer before that was stored if there was a fault.
    """
    for story in case.stories.values():
        call = story.call
        times = [call.create_time, call.ring_time, call.answer_time, call.end_time]
        known = [one for one in times if one is not None]
        if known != sorted(known):
            yield Breach(call.call_id, f"its times are {known}", story.begin)
        if call.end_time is None or story.end is None:
            continue
        lasted = (call.end_time - call.create_time).total_seconds()
        since = min([story.asked, *(one.arrived for one in story.invites)])
        longer = lasted - (story.end - since)
        shorter = story.end - story.begin - lasted
        if longer > JUST or (shorter > JUST + REASON_WAITED and not case.troubled(story)):
            text = f"it lasted {lasted:.3f} s, and was open for {story.end - story.begin:.3f} s"
            yield Breach(call.call_id, text, story.end)


def sip_call_ids_are_true(case: Case) -> Iterator[Breach]:
    """Each attempt has LiveKit's id of its own leg, or none; the call has that of its newest."""
    for story in case.stories.values():
        call, last = story.call, story.last
        for attempt, invite in _attempted(story):
            if attempt.sip_call_id not in ("", invite.sip_call_id):
                text = f"an attempt has {attempt.sip_call_id}, not {invite.sip_call_id}"
                yield Breach(call.call_id, text, invite.arrived)
        same = not call.attempts or len(call.attempts) == len(story.invites)
        if last and same and call.sip_call_id not in ("", last.sip_call_id):
            text = f"it has {call.sip_call_id}, not {last.sip_call_id}"
            yield Breach(call.call_id, text, last.arrived)


def sip_status_is_true(case: Case) -> Iterator[Breach]:
    """`sip_status_code` is what the phone or its carrier said, of each attempt and of the call.

    Without a fault it is known of every call that the phone ended unanswered.
    """
    for story in _ended(case):
        call, last = story.call, story.last
        statuses = {one.status for one in story.invites}
        if call.sip_status_code and call.sip_status_code not in statuses:
            yield Breach(
                call.call_id, f"SIP {call.sip_status_code}, but {statuses}", story.end or 0
            )
        for attempt, invite in _attempted(story):
            if attempt.sip_status_code not in (0, invite.status):
                text = f"attempt: SIP {attempt.sip_status_code}, but {invite.status}"
                yield Breach(call.call_id, text, invite.arrived)
            if attempt.ring_time and invite.rang is None:
                yield Breach(call.call_id, "an attempt rang that did not", invite.arrived)
        if last and _must_be_told(case, story, last) and call.sip_status_code != last.status:
            text = f"SIP {last.status} is told as {call.sip_status_code}"
            yield Breach(call.call_id, text, story.end or 0.0)


def _in_time(case: Case, kind: EventType, what: str, bound: float) -> Iterator[Breach]:
    """Events of this type against what the phones did."""
    for story in case.stories.values():
        event = story.event(kind)
        if event is None:
            continue
        told = case.when(event)
        times = [time for one in story.invites if (time := getattr(one, what)) is not None]
        if not times:
            yield Breach(story.call.call_id, f"no phone {what}", told)
            continue
        unheard = case.weather.struck(story.begin, case.over(story), NOTICES)
        late = told - max((time for time in times if time <= told + JUST), default=min(times))
        if late < -(CROSSING if story.inbound else JUST):  # the caller hears of the answer later
            yield Breach(story.call.call_id, f"{kind} came {-late:.3f} s too early", told)
        elif late > bound and not (story.inbound or case.troubled(story) or unheard):
            yield Breach(story.call.call_id, f"{kind} came {late:.3f} s late", told)


def _must_be_told(case: Case, story: Story, last: Invite) -> bool:
    by_phone = last.ended_by == "callee" and last.status >= 300
    by_phone = by_phone and (last.ended or 0.0) < story.deadline - CROSSING
    asked = case.wanted(story) or story.call.ending is not None or silent(story, last)
    whole = len(story.invites) == len(story.call.attempts)
    return by_phone and whole and not asked and not story.inbound and not case.troubled(story)


def _attempted(story: Story) -> Iterator[tuple[Attempt, Invite]]:
    """Attempts and their INVITEs, as far as that is certain."""
    attempts = story.call.attempts
    if len(attempts) == len(story.invites):
        yield from zip(attempts, story.invites, strict=True)


def _wrong_source(case: Case, story: Story) -> str:
    call, source = story.call, story.call.hangup_source
    if source is None or call.end_reason is None:
        return "one of them is missing"
    if source not in SOURCES[call.end_reason]:
        return "nobody else could"
    if call.end_reason is not EndReason.COMPLETED:
        return ""  # the reason says it
    if source in (HangupSource.API, HangupSource.GATEWAY) and case.consulted(story):
        return ""
    if source is HangupSource.API and not case.hung_up(story):
        return "no client asked for it"
    if source is HangupSource.GATEWAY:
        given_up = any(silent(story, one) for one in story.invites)
        return "" if case.timed_out(story) or given_up else "it had no cause"
    if source is HangupSource.REMOTE and not case.troubled(story):
        by = story.answered.ended_by if story.answered else ""
        return "" if by in _BY_PHONE else f"it was the {by or 'gateway'}"
    return ""


def _told_by_livekit(case: Case, story: Story) -> bool:
    """LiveKit's notice about the end must have arrived, and was waited for."""
    last = story.last
    if last is None or last.ended is None or story.inbound or not case.plan.hears_notices:
        return False
    if last.ended_by not in _BY_PHONE or case.weather.struck(story.begin, last.ended, NOTICES):
        return False
    return case.heard_notices(last.gateway, last.ended)


def _ended(case: Case) -> Iterator[Story]:
    return (one for one in case.stories.values() if one.call.ended)


def _reason(story: Story) -> str:
    return story.call.end_reason.value if story.call.end_reason else "no reason"


RULES = (
    end_reason_is_true,
    an_unanswered_end_has_no_answer,
    hangup_source_is_true,
    everything_is_known_when_nothing_is_wrong,
    ringing_is_true,
    answers_are_true,
    times_fit_together,
    sip_call_ids_are_true,
    sip_status_is_true,
)
