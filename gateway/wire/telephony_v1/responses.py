"""The domain's results → messages of `gateway.telephony.v1`."""

from collections.abc import Sequence

from gateway.domain.agents.call_agent import CallAgent
from gateway.domain.calls.call import Attempt, Call
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.transfer import Transfer
from gateway.domain.route_decision import Candidate, LimitCheck, RouteDecision, RuleCheck
from gateway.domain.tenant import Trunk
from gateway.domain.texts import sip_code
from gateway.domain.timeouts import Timeout
from gateway.service.api.call_acceptance import New, Repeated
from gateway.service.api.events import Heartbeat
from gateway.service.api.placing import Placed, Validated
from gateway.service.api.transfers import Accepted
from gateway.telephony.v1 import admin_pb2, calls_pb2, transfers_pb2
from gateway.wire.fields_v1 import number_of, put_span, put_time
from gateway.wire.fitting import within

MOST_SHARED = 64
"""Messages that are kept for those who are told the same later."""
MAX_ROUTE_BYTES = 1024 * 1024
"""Bytes of the trunks considered, and of the limits checked; call and route share one response."""


def call(value: Call) -> calls_pb2.Call:
    """A Call as callers see it."""
    message = calls_pb2.Call(
        call_id=value.call_id,
        direction=number_of(calls_pb2.CallDirection.DESCRIPTOR, value.direction),
        state=number_of(calls_pb2.CallState.DESCRIPTOR, value.state),
        end_reason=number_of(calls_pb2.EndReason.DESCRIPTOR, value.end_reason),
        hangup_source=number_of(calls_pb2.HangupSource.DESCRIPTOR, value.hangup_source),
        to=value.to,
        caller_id=value.caller_id,
        room=value.room,
        participant_identity=value.participant_identity,
        participant_id=value.participant_id,
        sip_call_id=value.sip_call_id,
        sip_call_id_full=value.sip_call_id_full,
        trunk_id=value.trunk_id,
        attempts=[_attempt(attempt) for attempt in value.attempts],
        sip_status_code=sip_code(value.sip_status_code),
        sip_status=value.sip_status,
        labels=value.labels,
        sandbox=value.sandbox,
        sequence=value.sequence,
        end_room_on_hangup=value.end_room_on_hangup,
        not_dialed_cause=value.not_dialed_cause,
        held=value.held,
        muted=value.muted,
        parent_call_id=value.parent_call_id,
        answered_by=number_of(calls_pb2.AnsweredBy.DESCRIPTOR, value.answered_by),
    )
    put_span(message.ringing_timeout, value.ringing_timeout)
    put_span(message.max_duration, value.max_duration)
    put_time(message.create_time, value.create_time)
    put_time(message.ring_time, value.ring_time)
    put_time(message.answer_time, value.answer_time)
    put_time(message.end_time, value.end_time)
    put_time(message.hold_time, value.hold_time)
    if value.hold and value.hold.earlier:
        put_span(message.held_duration, value.hold.earlier)
    if value.agent:
        message.agent.CopyFrom(_agent(value.agent))
    return message


def _agent(value: CallAgent) -> calls_pb2.CallAgent:
    message = calls_pb2.CallAgent(
        agent_name=value.agent_name,
        dispatch_id=value.dispatch_id,
        state=number_of(calls_pb2.AgentState.DESCRIPTOR, value.state),
        participant_identity=value.identity,
        on_missing=number_of(calls_pb2.OnMissing.DESCRIPTOR, value.on_missing),
        on_left=number_of(calls_pb2.OnLeft.DESCRIPTOR, value.on_left),
        missing_cause=value.missing_cause,
    )
    put_time(message.join_time, value.join_time)
    put_time(message.leave_time, value.leave_time)
    put_span(message.join_timeout, value.join_timeout)
    return message


def _attempt(value: Attempt) -> calls_pb2.Attempt:
    message = calls_pb2.Attempt(
        trunk_id=value.trunk_id,
        sip_call_id=value.sip_call_id,
        highest_state=number_of(calls_pb2.CallState.DESCRIPTOR, value.highest_state),
        sip_status_code=sip_code(value.sip_status_code),
        sip_status=value.sip_status,
        next_attempt=value.next_attempt,
        caller_id=value.caller_id,
    )
    put_time(message.start_time, value.start_time)
    put_time(message.ring_time, value.ring_time)
    put_time(message.end_time, value.end_time)
    return message


def transfer(value: Transfer) -> transfers_pb2.Transfer:
    """A Transfer as callers see it."""
    message = transfers_pb2.Transfer(
        transfer_id=value.transfer_id,
        call_id=value.call_id,
        mode=number_of(transfers_pb2.TransferMode.DESCRIPTOR, value.mode),
        to=value.to,
        state=number_of(transfers_pb2.TransferState.DESCRIPTOR, value.state),
        sip_status_code=sip_code(value.sip_status_code),
        sip_status=value.sip_status,
        hint=value.hint,
        human_call_id=value.warm.human_call_id if value.warm else "",
        cause=value.cause,
    )
    put_span(message.ringing_timeout, value.ringing_timeout)
    put_time(message.create_time, value.create_time)
    put_time(message.end_time, value.end_time)
    put_time(message.leg_left_time, value.leg_left_time)
    put_time(message.consult_time, value.warm.consult_time if value.warm else None)
    return message


def placed(value: Placed) -> calls_pb2.PlaceCallResponse:
    """PlaceCallResponse."""
    match value:
        case New():
            return calls_pb2.PlaceCallResponse(call=call(value.call), route=route(value.route))
        case Repeated():
            return calls_pb2.PlaceCallResponse(call=call(value.call))
        case Validated():
            return calls_pb2.PlaceCallResponse(route=route(value.route))


def got_call(value: Call) -> calls_pb2.GetCallResponse:
    """GetCallResponse."""
    return calls_pb2.GetCallResponse(call=call(value))


def hung_up(value: Call) -> calls_pb2.HangUpCallResponse:
    """HangUpCallResponse."""
    return calls_pb2.HangUpCallResponse(call=call(value))


def held(value: Call) -> calls_pb2.HoldCallResponse:
    """HoldCallResponse."""
    return calls_pb2.HoldCallResponse(call=call(value))


def resumed(value: Call) -> calls_pb2.ResumeCallResponse:
    """ResumeCallResponse."""
    return calls_pb2.ResumeCallResponse(call=call(value))


def updated(value: Call) -> calls_pb2.UpdateCallResponse:
    """UpdateCallResponse."""
    return calls_pb2.UpdateCallResponse(call=call(value))


def transfers_of_call(value: Sequence[Transfer]) -> transfers_pb2.ListTransfersResponse:
    """ListTransfersResponse."""
    told = within(transfer(one) for one in value)
    return transfers_pb2.ListTransfersResponse(
        transfers=told, more_transfers=len(value) - len(told)
    )


def transferring(value: Accepted) -> transfers_pb2.TransferCallResponse:
    """TransferCallResponse."""
    return transfers_pb2.TransferCallResponse(transfer=transfer(value.transfer))


def warm_started(value: Transfer) -> calls_pb2.StartWarmTransferResponse:
    """StartWarmTransferResponse."""
    return calls_pb2.StartWarmTransferResponse(transfer=transfer(value))


def warm_completed(value: Transfer) -> transfers_pb2.CompleteWarmTransferResponse:
    """CompleteWarmTransferResponse."""
    return transfers_pb2.CompleteWarmTransferResponse(transfer=transfer(value))


def warm_canceled(value: Transfer) -> transfers_pb2.CancelWarmTransferResponse:
    """CancelWarmTransferResponse."""
    return transfers_pb2.CancelWarmTransferResponse(transfer=transfer(value))


def got_transfer(value: Transfer) -> transfers_pb2.GetTransferResponse:
    """GetTransferResponse."""
    return transfers_pb2.GetTransferResponse(transfer=transfer(value))


def route(value: RouteDecision) -> calls_pb2.RouteDecision:
    """A RouteDecision."""
    ranking = value.ranking
    return calls_pb2.RouteDecision(
        route_id=ranking.route_id,
        route_cause=ranking.route_cause,
        candidates=within((_candidate(each) for each in value.candidates), MAX_ROUTE_BYTES),
        max_attempts=ranking.max_attempts,
        caller_id=value.caller_id,
        caller_id_cause=value.caller_id_cause,
        dialed_number=value.dialed_number,
        emergency=ranking.emergency,
        limits=within((_limit(each) for each in value.limits), MAX_ROUTE_BYTES),
        ringing_timeout=_timeout(ranking.ringing_timeout),
        setup_timeout=_timeout(ranking.setup_timeout),
        max_duration=_timeout(ranking.max_duration),
        rules=[_rule(each) for each in (*ranking.rules, *value.rules)],
    )


def _candidate(value: Candidate) -> calls_pb2.TrunkCandidate:
    return calls_pb2.TrunkCandidate(
        trunk_id=value.trunk_id,
        verdict=number_of(calls_pb2.TrunkVerdict.DESCRIPTOR, value.verdict),
        cause=value.cause,
        priority=value.priority,
        weight=value.weight,
    )


def _limit(value: LimitCheck) -> calls_pb2.LimitCheck:
    return calls_pb2.LimitCheck(limit=value.limit, used=value.used, maximum=value.maximum)


def _rule(value: RuleCheck) -> calls_pb2.RuleCheck:
    return calls_pb2.RuleCheck(
        rule=value.rule.value, cause=value.cause, overridden=value.overridden
    )


def _timeout(value: Timeout) -> calls_pb2.TimeoutDecision:
    message = calls_pb2.TimeoutDecision(source=value.source)
    put_span(message.asked, value.asked)
    put_span(message.in_force, value.in_force)
    return message


def page_of_calls(value: tuple[Sequence[Call], str]) -> calls_pb2.ListCallsResponse:
    """ListCallsResponse."""
    found, next_page_token = value
    return calls_pb2.ListCallsResponse(
        calls=[call(one) for one in found], next_page_token=next_page_token
    )


def exported(value: tuple[Sequence[Call], str]) -> calls_pb2.ExportCallsResponse:
    """ExportCallsResponse."""
    found, next_page_token = value
    return calls_pb2.ExportCallsResponse(
        calls=[call(one) for one in found], next_page_token=next_page_token
    )


def watched(value: CallEvent | Heartbeat) -> calls_pb2.WatchCallsResponse:
    """WatchCallsResponse."""
    if isinstance(value, Heartbeat):
        message = calls_pb2.WatchCallsResponse(heartbeat={"sequence": value.sequence})
        put_time(message.heartbeat.end_time, value.end_time)
        return message
    return _told.message(value)


class _Told:
    """The newest events as messages: each is made once, however many watch."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[CallEvent, calls_pb2.WatchCallsResponse]] = {}

    def message(self, value: CallEvent) -> calls_pb2.WatchCallsResponse:
        """Nobody may change it."""
        known = self._made.get(value.event_id)
        if known and known[0] is value:
            return known[1]
        made = calls_pb2.WatchCallsResponse(event=event(value))
        if len(self._made) >= MOST_SHARED:
            del self._made[next(iter(self._made))]
        self._made[value.event_id] = (value, made)
        return made


_told = _Told()


def page_of_events(value: tuple[Sequence[CallEvent], int]) -> calls_pb2.ListCallEventsResponse:
    """ListCallEventsResponse."""
    found, sequence = value
    return calls_pb2.ListCallEventsResponse(events=[event(one) for one in found], sequence=sequence)


def event(value: CallEvent) -> calls_pb2.CallEvent:
    """A CallEvent."""
    message = calls_pb2.CallEvent(
        event_id=value.event_id,
        sequence=value.sequence,
        type=number_of(calls_pb2.CallEventType.DESCRIPTOR, value.type),
        call=call(value.call),
        transfer=transfer(value.transfer) if value.transfer else None,
    )
    put_time(message.event_time, value.event_time)
    return message


def trunks(value: Sequence[Trunk]) -> calls_pb2.ListTrunksResponse:
    """ListTrunksResponse."""
    told = within(_trunk(trunk) for trunk in value)
    return calls_pb2.ListTrunksResponse(trunks=told, more_trunks=len(value) - len(told))


def _trunk(value: Trunk) -> calls_pb2.TrunkSummary:
    modes = admin_pb2.TrunkTransferMode.DESCRIPTOR
    return calls_pb2.TrunkSummary(
        trunk_id=value.trunk_id,
        numbers=[number.number for number in value.numbers],
        transfer_mode=number_of(modes, value.transfer_mode),
        enabled=value.enabled,
    )
