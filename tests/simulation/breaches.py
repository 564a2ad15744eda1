"""For each rule of the judge a run that breaks it: the clean run with one thing changed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from gateway.domain.calls.call import Call, CallState, EventType
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.transfer import TransferState
from gateway.domain.outcome import EndReason, HangupSource
from tests.simulation.hand_made import CONFIG, time
from tests.simulation.judge.evidence import Evidence
from tests.simulation.world.truth import Invite

Break = Callable[[Evidence], None]


def change(evidence: Evidence, number: int, **changes: Any) -> Call:
    """Call `number` as if it were stored otherwise."""
    calls = evidence.stored.calls
    call = calls[f"call_{number}"] = replace(calls[f"call_{number}"], **changes)
    return call


def leg(evidence: Evidence, number: int, at: int = 0) -> Invite:
    """One of the call's legs at its phone."""
    call = evidence.stored.calls[f"call_{number}"]
    legs = [
        one
        for one in evidence.truth.invites
        if (one.room, one.identity) == (call.room, call.participant_identity)
    ]
    return legs[at]


def again(evidence: Evidence, number: int, second: float, **became: Any) -> None:
    """One more INVITE for the call."""
    first = leg(evidence, number)
    more = replace(first, arrived=second, rang=None, answered=None, ended=second + 1, status=480)
    evidence.truth.invites.append(replace(more, **became))


def change_event(evidence: Evidence, at: int, **changes: Any) -> CallEvent:
    """One event as if it were stored otherwise."""
    events = evidence.stored.events
    events[at] = replace(events[at], **changes)
    return events[at]


def store_later(evidence: Evidence, number: int, kind: EventType, second: float) -> None:
    """The call's event of this type is stored at this time."""
    for event in evidence.stored.events:
        if (event.call.call_id, event.type) == (f"call_{number}", kind):
            key = (event.tenant_id, event.sequence)
            evidence.committed = {**evidence.committed, key: second}


def _rings_again(evidence: Evidence) -> None:
    leg(evidence, 4).rang = 7.1
    leg(evidence, 4).ended = 9.0
    leg(evidence, 4, 1).arrived = 9.1


def _overlap(evidence: Evidence) -> None:
    leg(evidence, 4).ended = 8.5


def _no_intent(evidence: Evidence) -> None:
    evidence.stored.audit = [one for one in evidence.stored.audit if one.get("kind") != "INTENT"]


def _other_number(evidence: Evidence) -> None:
    leg(evidence, 2).number = "+12025551111"


def _other_trunk(evidence: Evidence) -> None:
    leg(evidence, 10).trunk = "ST_two"


def _no_attempt(evidence: Evidence) -> None:
    again(evidence, 3, 15.2)


def _after_the_end(evidence: Evidence) -> None:
    again(evidence, 2, 3.8)


PHONES: Mapping[str, Break] = {
    "phones.rings_once": _rings_again,
    "phones.one_invite_at_a_time": _overlap,
    "phones.only_accepted_calls_are_dialled": _no_intent,
    "phones.dials_the_number_asked_for": _other_number,
    "phones.uses_only_its_tenants_trunks": _other_trunk,
    "phones.each_invite_is_an_attempt": _no_attempt,
    "phones.never_dials_an_ended_call": _after_the_end,
    "phones.no_more_phones_than_calls": lambda e: again(e, 1, 14.0, rang=14.1),
}


def _never_ends(evidence: Evidence) -> None:
    change(evidence, 3, state=CallState.RINGING, end_time=None)


def _ends_late(evidence: Evidence) -> None:
    store_later(evidence, 3, EventType.CALL_ENDED, 18.5)


def _leg_stays(evidence: Evidence) -> None:
    leg(evidence, 5).ended = 20.0


def _leg_present(evidence: Evidence) -> None:
    call = evidence.stored.calls["call_2"]
    evidence.truth.present[call.room, call.participant_identity] = "SCL_2"


def _waiter(evidence: Evidence) -> None:
    evidence.stored.waiters.append(("call_9", "gateway-0"))


ENDS: Mapping[str, Break] = {
    "ends.accepted_calls_end": _never_ends,
    "ends.ends_in_time": _ends_late,
    "ends.ends_soon_after_its_leg": lambda e: store_later(e, 1, EventType.CALL_ENDED, 24.0),
    "ends.no_leg_outlives_its_call": _leg_stays,
    "ends.no_leg_is_left": _leg_present,
    "ends.nothing_is_held": _waiter,
}


def void(_result: object) -> None:
    """For a change whose result is of no use."""


def _unknown(evidence: Evidence) -> None:
    change(evidence, 2, end_reason=EndReason.OUTCOME_UNKNOWN, hangup_source=HangupSource.UNKNOWN)


def _never_rang(evidence: Evidence) -> None:
    leg(evidence, 5).rang = None


def _never_answered(evidence: Evidence) -> None:
    leg(evidence, 6).answered = None


def _answered_and_ended_unanswered(evidence: Evidence) -> None:
    change(evidence, 3, answer_time=time(12.0))


TRUTHFUL: Mapping[str, Break] = {
    "truthful.end_reason_is_true": lambda e: setattr(leg(e, 2), "status", 603),
    "truthful.an_unanswered_end_has_no_answer": _answered_and_ended_unanswered,
    "truthful.hangup_source_is_true": lambda e: setattr(leg(e, 1), "ended_by", "platform"),
    "truthful.everything_is_known_when_nothing_is_wrong": _unknown,
    "truthful.ringing_is_true": _never_rang,
    "truthful.answers_are_true": _never_answered,
    "truthful.times_fit_together": lambda e: void(change(e, 1, end_time=time(40.0))),
    "truthful.sip_call_ids_are_true": lambda e: void(change(e, 1, sip_call_id="SCL_other")),
    "truthful.sip_status_is_true": lambda e: void(change(e, 2, sip_status_code=0)),
}


def _skip_event(evidence: Evidence) -> None:
    del evidence.stored.events[3]


def _watcher_misses(evidence: Evidence) -> None:
    del evidence.watched["anna", 0][5]  # type: ignore[attr-defined]


def _watcher_sees_another(evidence: Evidence) -> None:
    evidence.watched["anna", 0][5].state = CallState.RINGING


def _backward(evidence: Evidence) -> None:
    events = evidence.stored.events
    events[1], events[2] = (
        replace(events[2], sequence=events[1].sequence),
        replace(events[1], sequence=events[2].sequence),
    )


def _transfer_back(evidence: Evidence) -> None:
    transfers = evidence.stored.transfers
    transfers["transfer_1"] = replace(transfers["transfer_1"], state=TransferState.FAILED)


def _changed_after(evidence: Evidence) -> None:
    change(evidence, 2, sip_status="Busy")


def _told_wrong(evidence: Evidence) -> None:
    told = evidence.told[0]
    told.state = CallState.AUTOMATION


EVENTS: Mapping[str, Break] = {
    "events.sequences_have_no_gaps": _skip_event,
    "events.watchers_see_everything_once": _watcher_misses,
    "events.watchers_see_what_is_stored": _watcher_sees_another,
    "events.a_call_goes_only_forward": _backward,
    "events.transfers_go_only_forward": _transfer_back,
    "events.events_show_the_call_as_it_was": _changed_after,
    "events.clients_are_told_what_was": _told_wrong,
    "events.everything_stored_can_be_read": lambda e: e.stored.unreadable.append("call_1"),
}


def _limits(evidence: Evidence, **limits: Any) -> None:
    anna = CONFIG.tenants[0]
    anna = replace(anna, limits=replace(anna.limits, **limits))
    evidence.config = replace(CONFIG, tenants=(anna, *CONFIG.tenants[1:]))


def _trunk_limit(evidence: Evidence) -> None:
    one = replace(CONFIG.trunks[0], max_concurrent_calls=1)
    evidence.config = replace(CONFIG, trunks=(one, CONFIG.trunks[1]))
    _all_at_once(evidence)


def _all_at_once(evidence: Evidence) -> None:
    """Every call begins before the first one ends."""
    events = evidence.stored.events
    events.sort(key=lambda one: one.type is not EventType.CALL_CREATED)


def _same_identity(evidence: Evidence) -> None:
    for at, event in enumerate(evidence.stored.events):
        call = replace(event.call, room="anna-same", participant_identity="same")
        change_event(evidence, at, call=call)
    _all_at_once(evidence)


def _too_fast(evidence: Evidence) -> None:
    for number in range(1, 5):
        store_later(evidence, number, EventType.CALL_CREATED, 1.0 + number / 10)


def _stored_too_fast(evidence: Evidence) -> None:
    starts = evidence.stored.starts["tenant:anna"]
    starts[1:3] = [starts[0] + 0.1, starts[0] + 0.2]


def _refused_for_nothing(evidence: Evidence) -> None:
    told = replace(evidence.told[0], error="TENANT_LIMIT", asked=500.0, told=500.1)
    evidence.told = [*evidence.told, told]


LIMITS: Mapping[str, Break] = {
    "limits.tenants_keep_their_places": _all_at_once,
    "limits.trunks_keep_their_places": _trunk_limit,
    "limits.one_open_call_has_an_identity": _same_identity,
    "limits.rates_are_kept": _too_fast,
    "limits.stored_starts_keep_their_distance": _stored_too_fast,
    "limits.quotas_count_each_call_once": lambda e: _limits(e, max_calls_per_day=5),
    "limits.refused_only_when_full": _refused_for_nothing,
    "limits.no_place_is_kept": lambda e: e.stored.open_calls.append("call_1"),
}

BREACHES: Mapping[str, Break] = {**PHONES, **ENDS, **TRUTHFUL, **EVENTS, **LIMITS}
