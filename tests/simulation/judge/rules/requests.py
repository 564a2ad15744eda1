"""Requests: each is carried out once or not at all, and its client is told which."""

from collections import defaultdict
from collections.abc import Iterator

from gateway.domain.calls.call import CallState
from gateway.domain.outcome import EndReason, HangupSource
from tests.simulation.clients.messages import (
    CANCEL,
    COMPLETE,
    CONSULT,
    HANG_UP,
    HOLD,
    PLACE,
    RESUME,
    TRANSFER,
)
from tests.simulation.clients.told import LEFT, LOST, NOT_SENT, Told
from tests.simulation.judge.bounds import (
    ANSWERS,
    CLOCKS_APART,
    CROSSING,
    FOUND,
    HANG_UP_PATIENCE,
    LATE,
)
from tests.simulation.judge.case import Case, Story
from tests.simulation.judge.evidence import GONE, UNAVAILABLE, Breach, accepted
from tests.simulation.judge.weather import TROUBLE
from tests.simulation.plan.doings import Fault

_LOST = {EndReason.OUTCOME_UNKNOWN, EndReason.PLATFORM_LOST}
_PLACED = "CallService/PlaceCall"
_LONG = {TRANSFER, CONSULT, COMPLETE, CANCEL, HOLD, RESUME}
"""Methods that wait for LiveKit, or for somebody's answer."""
_CONFIRMED = {HOLD, RESUME}
_FAULTS = {*UNAVAILABLE, "INTERNAL", "UNAUTHENTICATED", LOST, NOT_SENT}
"""What no client is told unless something is wrong."""


def a_request_id_is_one_call(case: Case) -> Iterator[Breach]:
    """The same `request_id` is the same call, however often and wherever it is sent."""
    calls: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for told in case.evidence.told:
        if told.method == PLACE and told.request_id and told.ok:
            calls[told.tenant, told.request_id].setdefault(told.call_id, told.told or 0.0)
    for (tenant, request_id), found in calls.items():
        if len(found) > 1:
            text = f"{request_id} is {', '.join(found)}"
            yield Breach(tenant, text, max(found.values()))
        stored = case.stored.claims.get((tenant, _PLACED, request_id))
        if stored not in found:
            yield Breach(tenant, f"{request_id} is kept as {stored}, told as {[*found]}")


def a_request_is_one_call(case: Case) -> Iterator[Breach]:
    """A request that was sent once becomes one call at most; one with `request_id` always."""
    calls: dict[int, list[Story]] = defaultdict(list)
    for story in case.stories.values():
        if story.place:
            calls[story.place.number].append(story)
    for number, stories in calls.items():
        sent = [one for one in case.told_of[number] if one.method == PLACE and _may_exist(one)]
        most = 1 if case.places[number].request_id else len(sent)
        if len(stories) > most:
            ids = [one.call.call_id for one in stories]
            yield Breach(ids[-1], f"request {number} became {ids}", stories[-1].begin)


def an_accepted_call_is_stored(case: Case) -> Iterator[Breach]:
    """A call that a client was told of exists, and is its own."""
    for told in case.evidence.told:
        if not told.ok or not told.call_id:
            continue
        story = case.stories.get(told.call_id)
        if story is None or story.call.tenant_id != told.tenant:
            yield Breach(told.call_id, f"{told.tenant} was told of it", told.told or 0.0)
        elif story.told is not case.told_of[told.number]:
            yield Breach(told.call_id, f"it was told to request {told.number}", told.told or 0.0)


def a_refused_request_dials_nothing(case: Case) -> Iterator[Breach]:
    """A request that was refused each time it was sent rings no phone.

    If the database did not say in time whether it was stored (AUDIT_UNAVAILABLE), there may be a
    call: it ends as NOT_DIALED.
    """
    for story in case.stories.values():
        place = story.place
        if place is None:
            continue
        sent = [one for one in case.told_of[place.number] if one.method == PLACE]
        if any(accepted(one) for one in sent):
            continue
        reasons = {one.error for one in sent}
        for invite in story.invites:
            text = f"{invite.number} was dialled after {reasons}"
            yield Breach(story.call.call_id, text, invite.arrived)
        if "AUDIT_UNAVAILABLE" not in reasons:
            yield Breach(story.call.call_id, f"it was stored after {reasons}", story.begin)


def nothing_fails_inside(case: Case) -> Iterator[Breach]:
    """No request is answered INTERNAL, whatever is wrong around the gateway."""
    for told in case.evidence.told:
        if told.error == "INTERNAL":
            text = f"{told.method} of {told.number}: {told.message}"
            yield Breach(told.tenant, text, told.told)


def nothing_is_unavailable_without_a_fault(case: Case) -> Iterator[Breach]:
    """Without a fault no request is refused as UNAVAILABLE or UNAUTHENTICATED, and none is lost."""
    kinds = TROUBLE | {Fault.KEY_REVOKED}
    for told in case.evidence.told:
        end = min(told.told, case.evidence.end)
        if told.error in _FAULTS and not case.weather.struck(told.asked, end, kinds):
            text = f"{told.method} of {told.number} at {told.gateway}: {told.error}"
            yield Breach(told.tenant, text, end)


def waiting_requests_wait(case: Case) -> Iterator[Breach]:
    """PlaceCall that waits is answered when the call is ACTIVE or ENDED, or its gateway stops."""
    states = {CallState.ACTIVE, CallState.ENDED}
    for told in case.evidence.told:
        place = case.places.get(told.number)
        if told.method != PLACE or not told.ok or not (place and place.wait):
            continue
        stops = case.weather.struck(told.asked, told.told, {Fault.DRAIN})
        if told.state not in states and not stops:
            text = f"the client that waits was told {told.state}"
            yield Breach(told.call_id, text, told.told)


def no_call_is_given_up_while_a_client_waits(case: Case) -> Iterator[Breach]:
    """A call is given up only when the last client that waits for it has left, at any gateway.

    Without a fault, and where all clocks are right. A client counts once its request may have
    taken 1 s.
    """
    if not case.weather.clocks_are_right:
        return
    for story in case.stories.values():
        ending = story.call.ending
        if ending is None or story.place is None or case.troubled(story):
            continue
        if (ending.reason, ending.source) != (EndReason.CANCELED, HangupSource.GATEWAY):
            continue
        given_up = case.at(ending.time)
        for told in story.requests(PLACE):
            if told.asked + ANSWERS < given_up - CLOCKS_APART and _waited_on(told, given_up):
                text = f"it was given up, and a client waited at {told.gateway}"
                yield Breach(story.call.call_id, text, given_up)


def hung_up_means_gone(case: Case) -> Iterator[Breach]:
    """HangUpCall is answered when the call is ENDED and its phone has no leg any more.

    A call whose end can no longer be known is ENDED all the same.
    """
    for story in case.stories.values():
        for told in story.requests(HANG_UP):
            if not told.ok:
                continue
            if told.state is not CallState.ENDED:
                yield Breach(told.call_id, f"it was told {told.state}", told.told)
            if story.call.end_reason in _LOST or case.troubled(story):
                continue
            for invite in story.invites:
                if invite.ended is None or invite.ended > told.told + 2 * CROSSING:
                    yield Breach(told.call_id, "its leg was still there", told.told)


def answers_come_in_time(case: Case) -> Iterator[Breach]:
    """Without a fault a request that waits for nothing is answered within 1 s.

    HangUpCall within 10 s, and PlaceCall that waits within its call's ringing timeout, which
    begins when its agent has come.
    """
    for told in case.evidence.told:
        end = min(told.told, case.evidence.end)
        if told.error in GONE or case.weather.struck(told.asked, end):
            continue
        bound = _patience(case, told)
        if bound is not None and end - told.asked > bound:
            text = f"{told.method} of {told.number} took {end - told.asked:.3f} s"
            yield Breach(told.tenant, text, end)


def callers_become_calls(case: Case) -> Iterator[Breach]:
    """A caller in a tenant's room becomes one call: by the notice, or within 65 s by the sweep."""
    known: dict[str, int] = defaultdict(int)
    for story in case.stories.values():
        if story.inbound:
            known[story.call.sip_call_id] += 1
    for invite in case.truth.invites:
        if invite.call_id:
            continue
        count = known[invite.sip_call_id]
        over = case.evidence.end if invite.ended is None else invite.ended
        due = invite.arrived + FOUND
        stayed = over > due + case.weather.allowance(invite.arrived, due)
        if count > 1 or (not count and stayed):
            yield Breach(invite.sip_call_id, f"the caller is {count} calls", over)


def _may_exist(told: Told) -> bool:
    return accepted(told) or told.error == "AUDIT_UNAVAILABLE"


def _patience(case: Case, told: Told) -> float | None:
    """How long the request may take; None: as long as it wants."""
    if told.method == HANG_UP:
        return HANG_UP_PATIENCE
    if told.method in _LONG:
        return HANG_UP_PATIENCE if told.method in _CONFIRMED else None
    place = case.places.get(told.number)
    if told.method == PLACE and place and place.wait:
        story = case.stories.get(told.call_id)
        if story is None:
            return None
        return LATE + story.waited + story.call.ringing_timeout.total_seconds()
    return ANSWERS


def _waited_on(told: Told, time: float) -> bool:
    """Whether its client waited at this time: it left later, or was told the end that came."""
    if told.ok:
        return told.state is CallState.ENDED
    return told.error == LEFT and told.told > time + CLOCKS_APART


RULES = (
    a_request_id_is_one_call,
    a_request_is_one_call,
    an_accepted_call_is_stored,
    a_refused_request_dials_nothing,
    nothing_fails_inside,
    nothing_is_unavailable_without_a_fault,
    waiting_requests_wait,
    no_call_is_given_up_while_a_client_waits,
    hung_up_means_gone,
    answers_come_in_time,
    callers_become_calls,
)
