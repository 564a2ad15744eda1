"""Durations, measured at the phones: neither longer nor shorter than was agreed."""

from collections.abc import Iterator

from gateway.domain.calls.call import EventType
from gateway.domain.outcome import EndReason
from tests.simulation.clients.messages import UPDATE
from tests.simulation.judge.bounds import (
    CROSSING,
    DESERTED,
    EARLY,
    JUST,
    RINGS_ON,
    SHORT,
    SILENT_FOR,
    SILENT_ON,
    TALKS_ON,
)
from tests.simulation.judge.case import Case, Story
from tests.simulation.judge.evidence import Breach
from tests.simulation.judge.rules.outcomes import silent
from tests.simulation.plan.doings import Fault
from tests.simulation.world.truth import Invite


def livekit_gets_what_is_left(case: Case) -> Iterator[Breach]:
    """LiveKit is given what is left of the ringing timeout when a dial is sent: no more, no less.

    Counted from the acceptance of the call, or from when its agent had come, over all attempts,
    gateways and any waiting.
    """
    for story in case.stories.values():
        whole = story.call.ringing_timeout.total_seconds()
        for dial in story.dials:
            waited = dial.time - story.waited
            most = whole - (waited - story.begin) + case.weather.slower(story.begin, dial.time)
            least = whole - (waited - story.asked)
            if dial.ringing_timeout > most + JUST:
                text = f"LiveKit may ring {dial.ringing_timeout - most:.3f} s too long"
                yield Breach(story.call.call_id, text, dial.time)
            if dial.ringing_timeout < least - JUST:
                text = f"LiveKit may ring {least - dial.ringing_timeout:.3f} s less"
                yield Breach(story.call.call_id, text, dial.time)


def ringing_stops_in_time(case: Case) -> Iterator[Breach]:
    """A phone rings 1 s longer than the ringing timeout at most, whatever else is wrong.

    LiveKit keeps the time itself. Only a SIP node that dies leaves a phone ringing.
    """
    for story in _outbound(case):
        for invite in story.invites:
            if invite.answered is not None:
                continue
            over = case.evidence.end if invite.ended is None else invite.ended
            late = over - story.deadline - RINGS_ON - case.weather.slower(story.begin, over)
            if case.weather.struck(story.begin, over, {Fault.LIVEKIT_RESTART}):
                late -= DESERTED
            if late > 0:
                yield Breach(story.call.call_id, f"it rang {late + RINGS_ON:.3f} s too long", over)


def ringing_is_not_cut_short(case: Case) -> Iterator[Breach]:
    """No phone stops ringing before its ringing timeout unless somebody asked for the end.

    Or it was silent, and another trunk is tried, or LiveKit gave it up by itself. Neither the death
    of a gateway nor a database that is away ends a phone.
    """
    for story in _outbound(case):
        for invite in story.invites:
            if invite.answered is not None or invite.ended is None:
                continue
            early = story.deadline - invite.ended - EARLY
            if invite.ended_by != "platform" or early <= 0 or invite.status != 487:
                continue
            if not _excused(case, story, invite, invite.ended):
                text = f"it was cancelled {early + EARLY:.3f} s too early"
                yield Breach(story.call.call_id, text, invite.ended)


def silence_is_given_its_time(case: Case) -> Iterator[Breach]:
    """A silent trunk is given up for another after `setup_timeout`, and 4 s at most.

    Never sooner, and never once it rings.
    """
    for story in _outbound(case):
        if len(story.invites) != len(story.call.attempts):
            continue
        setup = story.call.setup_timeout.total_seconds()
        for attempt, invite in zip(story.call.attempts, story.invites, strict=True):
            if not attempt.next_attempt.startswith("tried: silent") or invite.ended is None:
                continue
            lasted = invite.ended - invite.arrived
            if lasted < setup - CROSSING:
                text = f"it was given up {setup - lasted:.3f} s too early"
                yield Breach(story.call.call_id, text, invite.ended)
            elif lasted > setup + SILENT_ON and not case.troubled(story):
                text = f"it was given up {lasted - setup:.3f} s too late"
                yield Breach(story.call.call_id, text, invite.ended)


def calls_do_not_outlast_their_longest(case: Case) -> Iterator[Breach]:
    """An answered phone is connected for `max_duration` at most, and 2 s.

    Counted from when the gateway saw the answer. A fault adds its length and what follows from it.
    """
    for story in case.stories.values():
        event, leg = story.event(EventType.CALL_ANSWERED), story.answered
        if event is None or leg is None:
            continue
        over = case.evidence.end if leg.ended is None else leg.ended
        due = case.when(event) + story.call.max_duration.total_seconds()
        changed = [min(one.told, over) for one in story.requests(UPDATE)]
        late = over - max([due, *changed]) - TALKS_ON
        if late > 0 and late > case.weather.allowance(story.begin, due + TALKS_ON):
            yield Breach(story.call.call_id, f"it lasted {late + TALKS_ON:.3f} s too long", over)


def answered_calls_are_not_cut_short(case: Case) -> Iterator[Breach]:
    """Nobody hangs up an answered phone before `max_duration` unless somebody asked for it."""
    for story in case.stories.values():
        leg = story.answered
        if leg is None or leg.answered is None or leg.ended is None or leg.ended_by != "platform":
            continue
        if story.event(EventType.CALL_ANSWERED) is None:
            continue  # its answer crossed its end
        short = story.call.max_duration.total_seconds() - (leg.ended - leg.answered)
        if short <= SHORT or story.requests(UPDATE):
            continue
        if not _excused(case, story, leg, leg.ended):
            yield Breach(story.call.call_id, f"it was cut short by {short:.3f} s", leg.ended)


def _excused(case: Case, story: Story, invite: Invite, ended: float) -> bool:
    """Whether the platform may have ended the leg before its time."""
    given_up = story.end is not None and story.end <= ended + JUST and case.troubled(story)
    unheard = invite.rang is None and ended - invite.arrived >= SILENT_FOR
    broken = case.weather.struck(story.begin, ended, {Fault.LIVEKIT_RESTART})
    return (
        case.wanted(story)
        or story.call.end_reason in (EndReason.REJECTED, EndReason.AGENT_MISSING)
        or silent(story, invite)
        or given_up
        or unheard
        or broken
        or _same_identity(case, story, invite)
    )


def _same_identity(case: Case, story: Story, invite: Invite) -> bool:
    """LiveKit disconnects a participant whose identity another takes."""
    place = (invite.room, invite.identity)
    return any(
        (one.room, one.identity) == place and one.sip_call_id != invite.sip_call_id
        for one in case.truth.invites
        if one.call_id != story.call.call_id
    )


def _outbound(case: Case) -> Iterator[Story]:
    return (one for one in case.stories.values() if not one.inbound)


RULES = (
    livekit_gets_what_is_left,
    ringing_stops_in_time,
    ringing_is_not_cut_short,
    silence_is_given_its_time,
    calls_do_not_outlast_their_longest,
    answered_calls_are_not_cut_short,
)
