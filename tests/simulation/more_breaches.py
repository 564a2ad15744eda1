"""The same for durations, transfers, requests, the audit log, webhooks and memory."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from gateway.audit.records import canonical
from gateway.domain.calls.call import EventType
from gateway.domain.calls.transfer import Transfer, TransferState
from gateway.domain.outcome import EndReason
from tests.simulation.breaches import Break, change, change_event, leg, store_later
from tests.simulation.clients.messages import PLACE
from tests.simulation.clients.told import Told
from tests.simulation.judge.evidence import Evidence
from tests.simulation.judge.stored import Record, Undelivered
from tests.simulation.plan.doings import Place


def told_to(evidence: Evidence, number: int, method: str = PLACE) -> Told:
    """What the client of a call was told."""
    return next(one for one in evidence.told if (one.number, one.method) == (number, method))


def change_place(evidence: Evidence, number: int, **changes: Any) -> None:
    """The plan wants it otherwise."""
    doings = tuple(
        replace(one, **changes) if isinstance(one, Place) and one.number == number else one
        for one in evidence.plan.doings
    )
    evidence.plan = replace(evidence.plan, doings=doings)


def _less_ringing(evidence: Evidence) -> None:
    evidence.truth.dials[2].ringing_timeout = 5.0


def _rings_on(evidence: Evidence) -> None:
    leg(evidence, 3).ended = 17.0


def _cut_short(evidence: Evidence) -> None:
    leg(evidence, 3).ended = 9.0


def _silence_cut_short(evidence: Evidence) -> None:
    call = evidence.stored.calls["call_4"]
    first = replace(call.attempts[0], next_attempt="tried: silent for 15s")
    change(evidence, 4, attempts=(first, *call.attempts[1:]))


def _talks_on(evidence: Evidence) -> None:
    leg(evidence, 4, 1).ended = 33.0


def _hung_up_by_nobody(evidence: Evidence) -> None:
    leg(evidence, 1).ended_by = "platform"


DURATIONS: Mapping[str, Break] = {
    "durations.livekit_gets_what_is_left": _less_ringing,
    "durations.ringing_stops_in_time": _rings_on,
    "durations.ringing_is_not_cut_short": _cut_short,
    "durations.silence_is_given_its_time": _silence_cut_short,
    "durations.calls_do_not_outlast_their_longest": _talks_on,
    "durations.answered_calls_are_not_cut_short": _hung_up_by_nobody,
}


def change_transfer(evidence: Evidence, **changes: Any) -> Transfer:
    """The only transfer, as if it were stored otherwise."""
    transfers = evidence.stored.transfers
    transfer = transfers["transfer_1"] = replace(transfers["transfer_1"], **changes)
    return transfer


def _two_refers(evidence: Evidence) -> None:
    refers = evidence.truth.refers
    refers.append(replace(refers[0], time=16.0))


def _refer_of_nobody(evidence: Evidence) -> None:
    evidence.truth.refers.append(replace(evidence.truth.refers[0], identity="nobody"))


def _refused(evidence: Evidence) -> None:
    evidence.truth.refers[0].final = 486
    evidence.truth.refers[0].settled = 16.0


def _unknown(evidence: Evidence) -> None:
    change_transfer(evidence, state=TransferState.OUTCOME_UNKNOWN)
    leg(evidence, 6).ended = 18.0


def _pending_for_long(evidence: Evidence) -> None:
    for event in evidence.stored.events:
        if event.transfer and event.transfer.state is TransferState.COMPLETED:
            key = (event.tenant_id, event.sequence)
            evidence.committed = {**evidence.committed, key: 40.0}


def _two_at_once(evidence: Evidence) -> None:
    for at, event in enumerate(evidence.stored.events):
        if event.transfer and event.transfer.state is TransferState.COMPLETED:
            second = replace(event.transfer, transfer_id="2", state=TransferState.PENDING)
            change_event(evidence, at, transfer=second)


def _not_transferred(evidence: Evidence) -> None:
    change(evidence, 6, end_reason=EndReason.COMPLETED)


TRANSFERS: Mapping[str, Break] = {
    "transfers.a_refer_is_sent_once": _two_refers,
    "transfers.no_refer_without_a_call": _refer_of_nobody,
    "transfers.transfers_are_true": _refused,
    "transfers.outcomes_are_known_when_nothing_is_wrong": _unknown,
    "transfers.transfers_are_settled": lambda e: void(change_transfer(e, settled=False)),
    "transfers.timeouts_are_kept": _pending_for_long,
    "transfers.one_transfer_at_a_time": _two_at_once,
    "transfers.a_call_that_was_handed_over_says_so": _not_transferred,
}


def void(_result: object) -> None:
    """For a change whose result is of no use."""


def _another_call(evidence: Evidence) -> None:
    told = told_to(evidence, 1)
    more = replace(told, call_id="call_2")
    first = replace(told, request_id="r-1")
    evidence.told = [*evidence.told, first, replace(more, request_id="r-1")]


def _twice_accepted(evidence: Evidence) -> None:
    change(evidence, 2, labels={"sim": "3"})


def _not_stored(evidence: Evidence) -> None:
    told_to(evidence, 2).call_id = "call_lost"


def _refused_and_dialled(evidence: Evidence) -> None:
    told_to(evidence, 2).error = "TENANT_LIMIT"


def _says(number: int, reason: str) -> Break:
    return lambda evidence: setattr(told_to(evidence, number), "error", reason)


def _answered_too_soon(evidence: Evidence) -> None:
    change_place(evidence, 5, wait=True)


def _waits_on(evidence: Evidence) -> None:
    told_to(evidence, 9).told = 26.0


def _leg_is_there(evidence: Evidence) -> None:
    leg(evidence, 5).ended = 11.65


def _caller_is_nobody(evidence: Evidence) -> None:
    caller = leg(evidence, 7)
    more = replace(caller, room="anna-elsewhere", sip_call_id="SCL_else", ended=200.0)
    evidence.truth.invites.append(more)


REQUESTS: Mapping[str, Break] = {
    "requests.a_request_id_is_one_call": _another_call,
    "requests.a_request_is_one_call": _twice_accepted,
    "requests.an_accepted_call_is_stored": _not_stored,
    "requests.a_refused_request_dials_nothing": _refused_and_dialled,
    "requests.nothing_fails_inside": _says(2, "INTERNAL"),
    "requests.nothing_is_unavailable_without_a_fault": _says(2, "AUDIT_UNAVAILABLE"),
    "requests.waiting_requests_wait": _answered_too_soon,
    "requests.no_call_is_given_up_while_a_client_waits": _waits_on,
    "requests.hung_up_means_gone": _leg_is_there,
    "requests.answers_come_in_time": lambda e: setattr(told_to(e, 2), "told", 5.0),
    "requests.callers_become_calls": _caller_is_nobody,
}


def _change_record(evidence: Evidence, at: int, **changes: Any) -> None:
    record = evidence.stored.audit[at]
    values = {**record.values, **changes}
    link = replace(record.link, text=canonical(values))
    evidence.stored.audit[at] = Record(link=link, values=values)


def _other_text(evidence: Evidence) -> None:
    record = evidence.stored.audit[3]
    record.link = replace(record.link, text=record.link.text.replace("anna", "bert"))


def _twice_in_the_tree(evidence: Evidence) -> None:
    (span,) = evidence.stored.spans
    evidence.stored.spans.append(replace(span, first_leaf=span.end_leaf))


def _drop(kind: str, **about: str) -> Break:
    """Without the first record of this kind."""

    def drop(evidence: Evidence) -> None:
        audit = evidence.stored.audit
        wanted = {"kind": kind, **about}
        found = next(
            one for one in audit if all(one.get(name) == value for name, value in wanted.items())
        )
        audit.remove(found)

    return drop


def _late_intent(evidence: Evidence) -> None:
    leg(evidence, 1).arrived = 0.1


AUDIT: Mapping[str, Break] = {
    "audit.logs_verify": lambda e: _change_record(e, 2, call_id="call_9"),
    "audit.logs_verify_by_hand": _other_text,
    "audit.the_tree_has_each_record_once": _twice_in_the_tree,
    "audit.checkpoints_are_of_the_records": _other_text,
    "audit.each_call_has_its_intent": _drop("INTENT"),
    "audit.each_end_has_its_outcome": _drop("OUTCOME"),
    "audit.each_transfer_has_its_records": _drop("OUTCOME", transfer_id="transfer_1"),
    "audit.each_change_has_its_record": _drop("DONE", method="CallService/HangUpCall"),
    "audit.intents_come_first": _late_intent,
}


def _never_delivered(evidence: Evidence) -> None:
    evidence.received = [one for one in evidence.received if one.sequence != 4]


def _still_due(evidence: Evidence) -> None:
    due = evidence.epoch + timedelta(seconds=100)
    evidence.stored.undelivered.append(
        Undelivered(
            tenant="anna",
            webhook="crm",
            sequence=4,
            call_id="call_1",
            dead=False,
            tries=1,
            next_time=due.timestamp(),
        )
    )


def _out_of_order(evidence: Evidence) -> None:
    received = list(evidence.received)
    received[1], received[2] = received[2], received[1]
    evidence.received = received


def _of_another(evidence: Evidence) -> None:
    evidence.received[3].tenant = "bert"


def _again(evidence: Evidence) -> None:
    evidence.received = [*evidence.received, replace(evidence.received[0], time=500.0)]


def _late(evidence: Evidence) -> None:
    store_later(evidence, 1, EventType.CALL_CREATED, -10.0)


WEBHOOKS: Mapping[str, Break] = {
    "webhooks.each_event_is_delivered": _never_delivered,
    "webhooks.nothing_waits_for_a_receiver_that_is_well": _still_due,
    "webhooks.calls_are_delivered_in_order": _out_of_order,
    "webhooks.receivers_get_their_own_events": _of_another,
    "webhooks.nothing_is_repeated_without_a_cause": _again,
    "webhooks.deliveries_begin_at_once": _late,
}


def _left(evidence: Evidence) -> None:
    evidence.left = {"gateway-0": {"followers": 1}}


def _error(evidence: Evidence) -> None:
    evidence.errors = ["gateway-0: follower_failed KeyError"]


MEMORY: Mapping[str, Break] = {
    "memory.nothing_is_left_in_memory": _left,
    "memory.no_error_is_unexpected": _error,
}

ALL: Mapping[str, Break] = {
    **DURATIONS,
    **TRANSFERS,
    **REQUESTS,
    **AUDIT,
    **WEBHOOKS,
    **MEMORY,
}
