"""Messages of `gateway.telephony.v1` → the domain's requests."""

from gateway.domain.agents.call_agent import AgentRequest, OnLeft, OnMissing
from gateway.domain.calls.call import (
    CallState,
    Codec,
    Direction,
    IncludeHeaders,
    LegOptions,
    MediaEncryption,
    Override,
)
from gateway.domain.calls.observation import AnsweredBy
from gateway.domain.calls.requests import (
    CallRef,
    HangUpCall,
    HoldCall,
    ListCallEvents,
    ListCalls,
    PlaceCall,
    ResumeCall,
    StartWarmTransfer,
    TransferCall,
    UpdateCall,
    WatchCalls,
)
from gateway.domain.calls.transfer import CallerHears, OnFailure, OnTimeout
from gateway.domain.together import Together, passed
from gateway.errors import invalid_field
from gateway.telephony.v1 import calls_pb2, transfers_pb2
from gateway.wire.fields_v1 import enum_of, span_of, time_of


def place_call(message: calls_pb2.PlaceCallRequest) -> PlaceCall:
    """PlaceCallRequest."""
    with Together() as check:
        leg = check(_leg, message)
        agent = check(_agent, message.agent) if message.HasField("agent") else None
        ringing_timeout = check(span_of, message, "ringing_timeout")
        setup_timeout = check(span_of, message, "setup_timeout")
        max_duration = check(span_of, message, "max_duration")
        overridden = [
            check(enum_of, calls_pb2.Override.DESCRIPTOR, number, Override, "override")
            for number in message.override
        ]
    return PlaceCall(
        request_id=message.request_id,
        to=message.to,
        caller_id=message.caller_id,
        room=message.room,
        identity=message.participant.identity,
        leg=passed(leg),
        ringing_timeout=ringing_timeout,
        setup_timeout=setup_timeout,
        max_duration=max_duration,
        wait_until_answered=message.wait_until_answered,
        keep_on_disconnect=message.keep_on_disconnect,
        labels=dict(message.labels),
        trunk_id=message.trunk_id,
        end_room_on_hangup=message.end_room_on_hangup,
        validate_only=message.validate_only,
        require_transfer=message.require_transfer,
        override=tuple(sorted({rule for rule in overridden if rule is not None})),
        agent=agent,
        dial_at_once=message.dial_at_once,
    )


def _agent(message: calls_pb2.AgentRequest) -> AgentRequest:
    missing, left = calls_pb2.OnMissing.DESCRIPTOR, calls_pb2.OnLeft.DESCRIPTOR
    with Together() as check:
        join_timeout = check(span_of, message, "join_timeout", field="agent.join_timeout")
        on_missing = check(enum_of, missing, message.on_missing, OnMissing, "agent.on_missing")
        on_left = check(enum_of, left, message.on_left, OnLeft, "agent.on_left")
    return AgentRequest(
        agent_name=message.agent_name,
        agent_metadata=message.metadata,
        agent_attributes=dict(message.attributes),
        join_timeout=join_timeout,
        on_missing=on_missing or OnMissing.END_CALL,
        on_left=on_left or OnLeft.KEEP,
    )


def _leg(message: calls_pb2.PlaceCallRequest) -> LegOptions:
    media = message.media
    with Together() as check:
        include_headers = check(
            enum_of,
            calls_pb2.IncludeHeaders.DESCRIPTOR,
            message.include_headers,
            IncludeHeaders,
            "include_headers",
        )
        media_encryption = check(
            enum_of,
            calls_pb2.MediaEncryption.DESCRIPTOR,
            message.media_encryption,
            MediaEncryption,
            "media_encryption",
        )
        media_timeout = check(span_of, media, "media_timeout", field="media.media_timeout")
    return LegOptions(
        participant_name=message.participant.name,
        participant_metadata=message.participant.metadata,
        participant_attributes=dict(message.participant.attributes),
        digits=message.digits,
        play_dialtone=message.play_dialtone,
        headers=dict(message.headers),
        include_headers=include_headers or IncludeHeaders.NONE,
        krisp_enabled=message.krisp_enabled,
        media_encryption=media_encryption or MediaEncryption.DISABLED,
        codecs=tuple(Codec(codec.name, codec.rate) for codec in media.codecs),
        only_listed_codecs=media.only_listed_codecs,
        media_timeout=media_timeout,
        hide_phone_number=message.hide_phone_number,
        display_name=message.display_name if message.HasField("display_name") else None,
    )


def get_call(message: calls_pb2.GetCallRequest) -> CallRef:
    """GetCallRequest."""
    if not message.call_id:
        raise invalid_field("call_id", "is required")
    return CallRef(message.call_id)


def export_calls(message: calls_pb2.ExportCallsRequest) -> ListCalls:
    """ExportCallsRequest: a list of calls without a size of its pages."""
    return _calls_listed(message, page_size=0)


def list_calls(message: calls_pb2.ListCallsRequest) -> ListCalls:
    """ListCallsRequest."""
    return _calls_listed(message, page_size=message.page_size)


def _calls_listed(
    message: calls_pb2.ListCallsRequest | calls_pb2.ExportCallsRequest, *, page_size: int
) -> ListCalls:
    with Together() as check:
        states = [
            check(enum_of, calls_pb2.CallState.DESCRIPTOR, number, CallState, "states")
            for number in message.states
        ]
        direction = check(
            enum_of, calls_pb2.CallDirection.DESCRIPTOR, message.direction, Direction, "direction"
        )
        min_create_time = check(time_of, message, "min_create_time")
        max_create_time = check(time_of, message, "max_create_time")
        answered_by = [
            check(enum_of, calls_pb2.AnsweredBy.DESCRIPTOR, number, AnsweredBy, "answered_by")
            for number in message.answered_by
        ]
    return ListCalls(
        page_size=page_size,
        page_token=message.page_token,
        states=frozenset(state for state in states if state is not None),
        direction=direction,
        labels=dict(message.labels),
        room=message.room,
        min_create_time=min_create_time,
        max_create_time=max_create_time,
        answered_by=frozenset(one for one in answered_by if one is not None),
    )


def list_call_events(message: calls_pb2.ListCallEventsRequest) -> ListCallEvents:
    """ListCallEventsRequest."""
    return ListCallEvents(
        watch=watch_calls(message), page_size=message.page_size, wait=span_of(message, "wait")
    )


def watch_calls(
    message: calls_pb2.WatchCallsRequest | calls_pb2.ListCallEventsRequest,
) -> WatchCalls:
    """WatchCallsRequest."""
    given = message.HasField("after_sequence")
    return WatchCalls(
        call_id=message.call_id, after_sequence=message.after_sequence if given else None
    )


def hang_up_call(message: calls_pb2.HangUpCallRequest) -> HangUpCall:
    """HangUpCallRequest."""
    return HangUpCall(call=_ref(message), end_room=message.end_room)


def hold_call(message: calls_pb2.HoldCallRequest) -> HoldCall:
    """HoldCallRequest."""
    return HoldCall(call=_ref(message), mute=message.mute)


def resume_call(message: calls_pb2.ResumeCallRequest) -> ResumeCall:
    """ResumeCallRequest."""
    return ResumeCall(call=_ref(message))


def update_call(message: calls_pb2.UpdateCallRequest) -> UpdateCall:
    """UpdateCallRequest."""
    told, answers = message.HasField("end_room_on_hangup"), calls_pb2.AnsweredBy.DESCRIPTOR
    with Together() as check:
        call = check(_ref, message)
        max_duration = check(span_of, message, "max_duration")
        answered_by = check(enum_of, answers, message.answered_by, AnsweredBy, "answered_by")
    return UpdateCall(
        call=passed(call),
        set_labels=dict(message.set_labels),
        remove_labels=tuple(message.remove_labels),
        end_room_on_hangup=message.end_room_on_hangup if told else None,
        max_duration=max_duration,
        answered_by=answered_by,
    )


def transfer_call(message: transfers_pb2.TransferCallRequest) -> TransferCall:
    """TransferCallRequest."""
    with Together() as check:
        call = check(_ref, message)
        ringing_timeout = check(span_of, message, "ringing_timeout")
        on_timeout = check(
            enum_of,
            transfers_pb2.OnTimeout.DESCRIPTOR,
            message.on_timeout,
            OnTimeout,
            "on_timeout",
        )
    return TransferCall(
        request_id=message.request_id,
        call=passed(call),
        to=message.to,
        ringing_timeout=ringing_timeout,
        play_dialtone=message.play_dialtone,
        headers=dict(message.headers),
        wait_until_settled=message.wait_until_settled,
        on_timeout=on_timeout or OnTimeout.KEEP,
    )


def start_warm_transfer(message: calls_pb2.StartWarmTransferRequest) -> StartWarmTransfer:
    """StartWarmTransferRequest."""
    hears, failure = transfers_pb2.CallerHears.DESCRIPTOR, transfers_pb2.OnFailure.DESCRIPTOR
    with Together() as check:
        call = check(_ref, message)
        ringing_timeout = check(span_of, message, "ringing_timeout")
        setup_timeout = check(span_of, message, "setup_timeout")
        consult_timeout = check(span_of, message, "consult_timeout")
        caller_hears = check(enum_of, hears, message.caller_hears, CallerHears, "caller_hears")
        on_failure = check(enum_of, failure, message.on_failure, OnFailure, "on_failure")
    said = message.HasField("agent_hears_caller")
    return StartWarmTransfer(
        request_id=message.request_id,
        call=passed(call),
        to=message.to,
        caller_id=message.caller_id,
        trunk_id=message.trunk_id,
        ringing_timeout=ringing_timeout,
        setup_timeout=setup_timeout,
        identity=message.participant.identity,
        name=message.participant.name,
        metadata=message.participant.metadata,
        attributes=dict(message.participant.attributes),
        caller_hears=caller_hears or CallerHears.SILENCE,
        agent_hears_caller=message.agent_hears_caller if said else True,
        on_failure=on_failure or OnFailure.RESUME,
        complete_on_answer=message.complete_on_answer,
        consult_timeout=consult_timeout,
        leaves=message.leaves,
        wait_until_answered=message.wait_until_answered,
    )


def warm_transfer(
    message: transfers_pb2.CompleteWarmTransferRequest | transfers_pb2.CancelWarmTransferRequest,
) -> str:
    """CompleteWarmTransferRequest and CancelWarmTransferRequest."""
    if not message.transfer_id:
        raise invalid_field("transfer_id", "is required")
    return message.transfer_id


def get_transfer(message: transfers_pb2.GetTransferRequest) -> str:
    """GetTransferRequest."""
    if not message.transfer_id:
        raise invalid_field("transfer_id", "is required")
    return message.transfer_id


def list_transfers(message: transfers_pb2.ListTransfersRequest) -> CallRef:
    """ListTransfersRequest."""
    if not message.call_id:
        raise invalid_field("call_id", "is required")
    return CallRef(message.call_id)


def list_trunks(_message: calls_pb2.ListTrunksRequest) -> None:
    """ListTrunksRequest has no fields."""


def _ref(
    message: calls_pb2.HangUpCallRequest
    | calls_pb2.HoldCallRequest
    | calls_pb2.ResumeCallRequest
    | calls_pb2.StartWarmTransferRequest
    | calls_pb2.UpdateCallRequest
    | transfers_pb2.TransferCallRequest,
) -> CallRef:
    by_leg = message.room or message.participant_identity
    if message.call_id and by_leg:
        raise invalid_field("call_id", "must not be set together with room")
    return CallRef(message.call_id, message.room, message.participant_identity)
