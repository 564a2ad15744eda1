import datetime

from gateway.telephony.v1 import admin_pb2 as _admin_pb2
from gateway.telephony.v1 import transfers_pb2 as _transfers_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CallState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CALL_STATE_UNSPECIFIED: _ClassVar[CallState]
    CALL_STATE_DIALING: _ClassVar[CallState]
    CALL_STATE_RINGING: _ClassVar[CallState]
    CALL_STATE_AUTOMATION: _ClassVar[CallState]
    CALL_STATE_ACTIVE: _ClassVar[CallState]
    CALL_STATE_ENDED: _ClassVar[CallState]

class EndReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    END_REASON_UNSPECIFIED: _ClassVar[EndReason]
    END_REASON_COMPLETED: _ClassVar[EndReason]
    END_REASON_BUSY: _ClassVar[EndReason]
    END_REASON_DECLINED: _ClassVar[EndReason]
    END_REASON_NO_ANSWER: _ClassVar[EndReason]
    END_REASON_UNREACHABLE: _ClassVar[EndReason]
    END_REASON_INVALID_NUMBER: _ClassVar[EndReason]
    END_REASON_CARRIER_REFUSED: _ClassVar[EndReason]
    END_REASON_TRUNK_LIMIT: _ClassVar[EndReason]
    END_REASON_TRUNK_FAILURE: _ClassVar[EndReason]
    END_REASON_REJECTED: _ClassVar[EndReason]
    END_REASON_CANCELED: _ClassVar[EndReason]
    END_REASON_NOT_DIALED: _ClassVar[EndReason]
    END_REASON_MAX_DURATION: _ClassVar[EndReason]
    END_REASON_TRANSFERRED: _ClassVar[EndReason]
    END_REASON_ROOM_DELETED: _ClassVar[EndReason]
    END_REASON_ROOM_CLOSED: _ClassVar[EndReason]
    END_REASON_REMOVED: _ClassVar[EndReason]
    END_REASON_DUPLICATE_IDENTITY: _ClassVar[EndReason]
    END_REASON_PLATFORM_LOST: _ClassVar[EndReason]
    END_REASON_OUTCOME_UNKNOWN: _ClassVar[EndReason]
    END_REASON_AGENT_MISSING: _ClassVar[EndReason]

class HangupSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HANGUP_SOURCE_UNSPECIFIED: _ClassVar[HangupSource]
    HANGUP_SOURCE_API: _ClassVar[HangupSource]
    HANGUP_SOURCE_REMOTE: _ClassVar[HangupSource]
    HANGUP_SOURCE_GATEWAY: _ClassVar[HangupSource]
    HANGUP_SOURCE_PLATFORM: _ClassVar[HangupSource]
    HANGUP_SOURCE_UNKNOWN: _ClassVar[HangupSource]

class AnsweredBy(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ANSWERED_BY_UNSPECIFIED: _ClassVar[AnsweredBy]
    ANSWERED_BY_HUMAN: _ClassVar[AnsweredBy]
    ANSWERED_BY_VOICEMAIL: _ClassVar[AnsweredBy]
    ANSWERED_BY_IVR: _ClassVar[AnsweredBy]
    ANSWERED_BY_MACHINE_UNAVAILABLE: _ClassVar[AnsweredBy]
    ANSWERED_BY_FAX: _ClassVar[AnsweredBy]
    ANSWERED_BY_UNKNOWN: _ClassVar[AnsweredBy]

class CallDirection(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CALL_DIRECTION_UNSPECIFIED: _ClassVar[CallDirection]
    CALL_DIRECTION_OUTBOUND: _ClassVar[CallDirection]
    CALL_DIRECTION_INBOUND: _ClassVar[CallDirection]

class IncludeHeaders(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INCLUDE_HEADERS_UNSPECIFIED: _ClassVar[IncludeHeaders]
    INCLUDE_HEADERS_X_HEADERS: _ClassVar[IncludeHeaders]
    INCLUDE_HEADERS_ALL: _ClassVar[IncludeHeaders]

class MediaEncryption(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEDIA_ENCRYPTION_UNSPECIFIED: _ClassVar[MediaEncryption]
    MEDIA_ENCRYPTION_ALLOWED: _ClassVar[MediaEncryption]
    MEDIA_ENCRYPTION_REQUIRED: _ClassVar[MediaEncryption]

class OnMissing(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ON_MISSING_UNSPECIFIED: _ClassVar[OnMissing]
    ON_MISSING_END_CALL: _ClassVar[OnMissing]
    ON_MISSING_KEEP: _ClassVar[OnMissing]

class OnLeft(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ON_LEFT_UNSPECIFIED: _ClassVar[OnLeft]
    ON_LEFT_KEEP: _ClassVar[OnLeft]
    ON_LEFT_END_CALL: _ClassVar[OnLeft]

class AgentState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AGENT_STATE_UNSPECIFIED: _ClassVar[AgentState]
    AGENT_STATE_DISPATCHED: _ClassVar[AgentState]
    AGENT_STATE_JOINED: _ClassVar[AgentState]
    AGENT_STATE_MISSING: _ClassVar[AgentState]
    AGENT_STATE_LEFT: _ClassVar[AgentState]

class Override(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OVERRIDE_UNSPECIFIED: _ClassVar[Override]
    OVERRIDE_CALLING_HOURS: _ClassVar[Override]

class TrunkVerdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRUNK_VERDICT_UNSPECIFIED: _ClassVar[TrunkVerdict]
    TRUNK_VERDICT_TAKEN: _ClassVar[TrunkVerdict]
    TRUNK_VERDICT_NOT_NEEDED: _ClassVar[TrunkVerdict]
    TRUNK_VERDICT_DISABLED: _ClassVar[TrunkVerdict]
    TRUNK_VERDICT_NOT_ASKED_FOR: _ClassVar[TrunkVerdict]
    TRUNK_VERDICT_CALLER_ID_NOT_OWNED: _ClassVar[TrunkVerdict]
    TRUNK_VERDICT_NO_CALLER_ID: _ClassVar[TrunkVerdict]
    TRUNK_VERDICT_NO_TRANSFER: _ClassVar[TrunkVerdict]
    TRUNK_VERDICT_QUARANTINED: _ClassVar[TrunkVerdict]
    TRUNK_VERDICT_FULL: _ClassVar[TrunkVerdict]
    TRUNK_VERDICT_OVER_RATE: _ClassVar[TrunkVerdict]
    TRUNK_VERDICT_READ_DIFFERENTLY: _ClassVar[TrunkVerdict]
    TRUNK_VERDICT_OTHER_CALLEES: _ClassVar[TrunkVerdict]

class CallEventType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CALL_EVENT_TYPE_UNSPECIFIED: _ClassVar[CallEventType]
    CALL_EVENT_TYPE_CALL_CREATED: _ClassVar[CallEventType]
    CALL_EVENT_TYPE_CALL_RINGING: _ClassVar[CallEventType]
    CALL_EVENT_TYPE_CALL_ANSWERED: _ClassVar[CallEventType]
    CALL_EVENT_TYPE_CALL_UPDATED: _ClassVar[CallEventType]
    CALL_EVENT_TYPE_CALL_ENDED: _ClassVar[CallEventType]
    CALL_EVENT_TYPE_ATTEMPT_FAILED: _ClassVar[CallEventType]
    CALL_EVENT_TYPE_TRANSFER_CHANGED: _ClassVar[CallEventType]
    CALL_EVENT_TYPE_HELD: _ClassVar[CallEventType]
    CALL_EVENT_TYPE_RESUMED: _ClassVar[CallEventType]
    CALL_EVENT_TYPE_AGENT_CHANGED: _ClassVar[CallEventType]
CALL_STATE_UNSPECIFIED: CallState
CALL_STATE_DIALING: CallState
CALL_STATE_RINGING: CallState
CALL_STATE_AUTOMATION: CallState
CALL_STATE_ACTIVE: CallState
CALL_STATE_ENDED: CallState
END_REASON_UNSPECIFIED: EndReason
END_REASON_COMPLETED: EndReason
END_REASON_BUSY: EndReason
END_REASON_DECLINED: EndReason
END_REASON_NO_ANSWER: EndReason
END_REASON_UNREACHABLE: EndReason
END_REASON_INVALID_NUMBER: EndReason
END_REASON_CARRIER_REFUSED: EndReason
END_REASON_TRUNK_LIMIT: EndReason
END_REASON_TRUNK_FAILURE: EndReason
END_REASON_REJECTED: EndReason
END_REASON_CANCELED: EndReason
END_REASON_NOT_DIALED: EndReason
END_REASON_MAX_DURATION: EndReason
END_REASON_TRANSFERRED: EndReason
END_REASON_ROOM_DELETED: EndReason
END_REASON_ROOM_CLOSED: EndReason
END_REASON_REMOVED: EndReason
END_REASON_DUPLICATE_IDENTITY: EndReason
END_REASON_PLATFORM_LOST: EndReason
END_REASON_OUTCOME_UNKNOWN: EndReason
END_REASON_AGENT_MISSING: EndReason
HANGUP_SOURCE_UNSPECIFIED: HangupSource
HANGUP_SOURCE_API: HangupSource
HANGUP_SOURCE_REMOTE: HangupSource
HANGUP_SOURCE_GATEWAY: HangupSource
HANGUP_SOURCE_PLATFORM: HangupSource
HANGUP_SOURCE_UNKNOWN: HangupSource
ANSWERED_BY_UNSPECIFIED: AnsweredBy
ANSWERED_BY_HUMAN: AnsweredBy
ANSWERED_BY_VOICEMAIL: AnsweredBy
ANSWERED_BY_IVR: AnsweredBy
ANSWERED_BY_MACHINE_UNAVAILABLE: AnsweredBy
ANSWERED_BY_FAX: AnsweredBy
ANSWERED_BY_UNKNOWN: AnsweredBy
CALL_DIRECTION_UNSPECIFIED: CallDirection
CALL_DIRECTION_OUTBOUND: CallDirection
CALL_DIRECTION_INBOUND: CallDirection
INCLUDE_HEADERS_UNSPECIFIED: IncludeHeaders
INCLUDE_HEADERS_X_HEADERS: IncludeHeaders
INCLUDE_HEADERS_ALL: IncludeHeaders
MEDIA_ENCRYPTION_UNSPECIFIED: MediaEncryption
MEDIA_ENCRYPTION_ALLOWED: MediaEncryption
MEDIA_ENCRYPTION_REQUIRED: MediaEncryption
ON_MISSING_UNSPECIFIED: OnMissing
ON_MISSING_END_CALL: OnMissing
ON_MISSING_KEEP: OnMissing
ON_LEFT_UNSPECIFIED: OnLeft
ON_LEFT_KEEP: OnLeft
ON_LEFT_END_CALL: OnLeft
AGENT_STATE_UNSPECIFIED: AgentState
AGENT_STATE_DISPATCHED: AgentState
AGENT_STATE_JOINED: AgentState
AGENT_STATE_MISSING: AgentState
AGENT_STATE_LEFT: AgentState
OVERRIDE_UNSPECIFIED: Override
OVERRIDE_CALLING_HOURS: Override
TRUNK_VERDICT_UNSPECIFIED: TrunkVerdict
TRUNK_VERDICT_TAKEN: TrunkVerdict
TRUNK_VERDICT_NOT_NEEDED: TrunkVerdict
TRUNK_VERDICT_DISABLED: TrunkVerdict
TRUNK_VERDICT_NOT_ASKED_FOR: TrunkVerdict
TRUNK_VERDICT_CALLER_ID_NOT_OWNED: TrunkVerdict
TRUNK_VERDICT_NO_CALLER_ID: TrunkVerdict
TRUNK_VERDICT_NO_TRANSFER: TrunkVerdict
TRUNK_VERDICT_QUARANTINED: TrunkVerdict
TRUNK_VERDICT_FULL: TrunkVerdict
TRUNK_VERDICT_OVER_RATE: TrunkVerdict
TRUNK_VERDICT_READ_DIFFERENTLY: TrunkVerdict
TRUNK_VERDICT_OTHER_CALLEES: TrunkVerdict
CALL_EVENT_TYPE_UNSPECIFIED: CallEventType
CALL_EVENT_TYPE_CALL_CREATED: CallEventType
CALL_EVENT_TYPE_CALL_RINGING: CallEventType
CALL_EVENT_TYPE_CALL_ANSWERED: CallEventType
CALL_EVENT_TYPE_CALL_UPDATED: CallEventType
CALL_EVENT_TYPE_CALL_ENDED: CallEventType
CALL_EVENT_TYPE_ATTEMPT_FAILED: CallEventType
CALL_EVENT_TYPE_TRANSFER_CHANGED: CallEventType
CALL_EVENT_TYPE_HELD: CallEventType
CALL_EVENT_TYPE_RESUMED: CallEventType
CALL_EVENT_TYPE_AGENT_CHANGED: CallEventType

class Participant(_message.Message):
    __slots__ = ("identity", "name", "metadata", "attributes")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    identity: str
    name: str
    metadata: str
    attributes: _containers.ScalarMap[str, str]
    def __init__(self, identity: _Optional[str] = ..., name: _Optional[str] = ..., metadata: _Optional[str] = ..., attributes: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Codec(_message.Message):
    __slots__ = ("name", "rate")
    NAME_FIELD_NUMBER: _ClassVar[int]
    RATE_FIELD_NUMBER: _ClassVar[int]
    name: str
    rate: int
    def __init__(self, name: _Optional[str] = ..., rate: _Optional[int] = ...) -> None: ...

class MediaOptions(_message.Message):
    __slots__ = ("codecs", "only_listed_codecs", "media_timeout")
    CODECS_FIELD_NUMBER: _ClassVar[int]
    ONLY_LISTED_CODECS_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    codecs: _containers.RepeatedCompositeFieldContainer[Codec]
    only_listed_codecs: bool
    media_timeout: _duration_pb2.Duration
    def __init__(self, codecs: _Optional[_Iterable[_Union[Codec, _Mapping]]] = ..., only_listed_codecs: _Optional[bool] = ..., media_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class AgentRequest(_message.Message):
    __slots__ = ("agent_name", "metadata", "attributes", "join_timeout", "on_missing", "on_left")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    AGENT_NAME_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    JOIN_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    ON_MISSING_FIELD_NUMBER: _ClassVar[int]
    ON_LEFT_FIELD_NUMBER: _ClassVar[int]
    agent_name: str
    metadata: str
    attributes: _containers.ScalarMap[str, str]
    join_timeout: _duration_pb2.Duration
    on_missing: OnMissing
    on_left: OnLeft
    def __init__(self, agent_name: _Optional[str] = ..., metadata: _Optional[str] = ..., attributes: _Optional[_Mapping[str, str]] = ..., join_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., on_missing: _Optional[_Union[OnMissing, str]] = ..., on_left: _Optional[_Union[OnLeft, str]] = ...) -> None: ...

class CallAgent(_message.Message):
    __slots__ = ("agent_name", "dispatch_id", "state", "join_time", "leave_time", "participant_identity", "join_timeout", "on_missing", "on_left", "missing_cause")
    AGENT_NAME_FIELD_NUMBER: _ClassVar[int]
    DISPATCH_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    JOIN_TIME_FIELD_NUMBER: _ClassVar[int]
    LEAVE_TIME_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    JOIN_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    ON_MISSING_FIELD_NUMBER: _ClassVar[int]
    ON_LEFT_FIELD_NUMBER: _ClassVar[int]
    MISSING_CAUSE_FIELD_NUMBER: _ClassVar[int]
    agent_name: str
    dispatch_id: str
    state: AgentState
    join_time: _timestamp_pb2.Timestamp
    leave_time: _timestamp_pb2.Timestamp
    participant_identity: str
    join_timeout: _duration_pb2.Duration
    on_missing: OnMissing
    on_left: OnLeft
    missing_cause: str
    def __init__(self, agent_name: _Optional[str] = ..., dispatch_id: _Optional[str] = ..., state: _Optional[_Union[AgentState, str]] = ..., join_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., leave_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., participant_identity: _Optional[str] = ..., join_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., on_missing: _Optional[_Union[OnMissing, str]] = ..., on_left: _Optional[_Union[OnLeft, str]] = ..., missing_cause: _Optional[str] = ...) -> None: ...

class Attempt(_message.Message):
    __slots__ = ("trunk_id", "sip_call_id", "highest_state", "sip_status_code", "sip_status", "start_time", "ring_time", "end_time", "next_attempt", "caller_id")
    TRUNK_ID_FIELD_NUMBER: _ClassVar[int]
    SIP_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    HIGHEST_STATE_FIELD_NUMBER: _ClassVar[int]
    SIP_STATUS_CODE_FIELD_NUMBER: _ClassVar[int]
    SIP_STATUS_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    RING_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    NEXT_ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    CALLER_ID_FIELD_NUMBER: _ClassVar[int]
    trunk_id: str
    sip_call_id: str
    highest_state: CallState
    sip_status_code: int
    sip_status: str
    start_time: _timestamp_pb2.Timestamp
    ring_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    next_attempt: str
    caller_id: str
    def __init__(self, trunk_id: _Optional[str] = ..., sip_call_id: _Optional[str] = ..., highest_state: _Optional[_Union[CallState, str]] = ..., sip_status_code: _Optional[int] = ..., sip_status: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ring_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., next_attempt: _Optional[str] = ..., caller_id: _Optional[str] = ...) -> None: ...

class Call(_message.Message):
    __slots__ = ("call_id", "direction", "state", "end_reason", "hangup_source", "to", "caller_id", "room", "participant_identity", "participant_id", "sip_call_id", "sip_call_id_full", "trunk_id", "attempts", "sip_status_code", "sip_status", "ringing_timeout", "max_duration", "create_time", "ring_time", "answer_time", "end_time", "labels", "sandbox", "sequence", "end_room_on_hangup", "not_dialed_cause", "held", "muted", "hold_time", "held_duration", "parent_call_id", "agent", "answered_by")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    END_REASON_FIELD_NUMBER: _ClassVar[int]
    HANGUP_SOURCE_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    CALLER_ID_FIELD_NUMBER: _ClassVar[int]
    ROOM_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_ID_FIELD_NUMBER: _ClassVar[int]
    SIP_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    SIP_CALL_ID_FULL_FIELD_NUMBER: _ClassVar[int]
    TRUNK_ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    SIP_STATUS_CODE_FIELD_NUMBER: _ClassVar[int]
    SIP_STATUS_FIELD_NUMBER: _ClassVar[int]
    RINGING_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    MAX_DURATION_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    RING_TIME_FIELD_NUMBER: _ClassVar[int]
    ANSWER_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    SANDBOX_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    END_ROOM_ON_HANGUP_FIELD_NUMBER: _ClassVar[int]
    NOT_DIALED_CAUSE_FIELD_NUMBER: _ClassVar[int]
    HELD_FIELD_NUMBER: _ClassVar[int]
    MUTED_FIELD_NUMBER: _ClassVar[int]
    HOLD_TIME_FIELD_NUMBER: _ClassVar[int]
    HELD_DURATION_FIELD_NUMBER: _ClassVar[int]
    PARENT_CALL_ID_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_BY_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    direction: CallDirection
    state: CallState
    end_reason: EndReason
    hangup_source: HangupSource
    to: str
    caller_id: str
    room: str
    participant_identity: str
    participant_id: str
    sip_call_id: str
    sip_call_id_full: str
    trunk_id: str
    attempts: _containers.RepeatedCompositeFieldContainer[Attempt]
    sip_status_code: int
    sip_status: str
    ringing_timeout: _duration_pb2.Duration
    max_duration: _duration_pb2.Duration
    create_time: _timestamp_pb2.Timestamp
    ring_time: _timestamp_pb2.Timestamp
    answer_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    labels: _containers.ScalarMap[str, str]
    sandbox: bool
    sequence: int
    end_room_on_hangup: bool
    not_dialed_cause: str
    held: bool
    muted: bool
    hold_time: _timestamp_pb2.Timestamp
    held_duration: _duration_pb2.Duration
    parent_call_id: str
    agent: CallAgent
    answered_by: AnsweredBy
    def __init__(self, call_id: _Optional[str] = ..., direction: _Optional[_Union[CallDirection, str]] = ..., state: _Optional[_Union[CallState, str]] = ..., end_reason: _Optional[_Union[EndReason, str]] = ..., hangup_source: _Optional[_Union[HangupSource, str]] = ..., to: _Optional[str] = ..., caller_id: _Optional[str] = ..., room: _Optional[str] = ..., participant_identity: _Optional[str] = ..., participant_id: _Optional[str] = ..., sip_call_id: _Optional[str] = ..., sip_call_id_full: _Optional[str] = ..., trunk_id: _Optional[str] = ..., attempts: _Optional[_Iterable[_Union[Attempt, _Mapping]]] = ..., sip_status_code: _Optional[int] = ..., sip_status: _Optional[str] = ..., ringing_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ring_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., answer_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ..., sandbox: _Optional[bool] = ..., sequence: _Optional[int] = ..., end_room_on_hangup: _Optional[bool] = ..., not_dialed_cause: _Optional[str] = ..., held: _Optional[bool] = ..., muted: _Optional[bool] = ..., hold_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., held_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., parent_call_id: _Optional[str] = ..., agent: _Optional[_Union[CallAgent, _Mapping]] = ..., answered_by: _Optional[_Union[AnsweredBy, str]] = ...) -> None: ...

class PlaceCallRequest(_message.Message):
    __slots__ = ("request_id", "to", "caller_id", "room", "participant", "ringing_timeout", "setup_timeout", "max_duration", "wait_until_answered", "keep_on_disconnect", "digits", "play_dialtone", "headers", "include_headers", "krisp_enabled", "media_encryption", "media", "hide_phone_number", "display_name", "labels", "trunk_id", "end_room_on_hangup", "validate_only", "require_transfer", "agent", "dial_at_once", "override")
    class HeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    CALLER_ID_FIELD_NUMBER: _ClassVar[int]
    ROOM_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    RINGING_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    SETUP_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    MAX_DURATION_FIELD_NUMBER: _ClassVar[int]
    WAIT_UNTIL_ANSWERED_FIELD_NUMBER: _ClassVar[int]
    KEEP_ON_DISCONNECT_FIELD_NUMBER: _ClassVar[int]
    DIGITS_FIELD_NUMBER: _ClassVar[int]
    PLAY_DIALTONE_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_HEADERS_FIELD_NUMBER: _ClassVar[int]
    KRISP_ENABLED_FIELD_NUMBER: _ClassVar[int]
    MEDIA_ENCRYPTION_FIELD_NUMBER: _ClassVar[int]
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    HIDE_PHONE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    TRUNK_ID_FIELD_NUMBER: _ClassVar[int]
    END_ROOM_ON_HANGUP_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    REQUIRE_TRANSFER_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    DIAL_AT_ONCE_FIELD_NUMBER: _ClassVar[int]
    OVERRIDE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    to: str
    caller_id: str
    room: str
    participant: Participant
    ringing_timeout: _duration_pb2.Duration
    setup_timeout: _duration_pb2.Duration
    max_duration: _duration_pb2.Duration
    wait_until_answered: bool
    keep_on_disconnect: bool
    digits: str
    play_dialtone: bool
    headers: _containers.ScalarMap[str, str]
    include_headers: IncludeHeaders
    krisp_enabled: bool
    media_encryption: MediaEncryption
    media: MediaOptions
    hide_phone_number: bool
    display_name: str
    labels: _containers.ScalarMap[str, str]
    trunk_id: str
    end_room_on_hangup: bool
    validate_only: bool
    require_transfer: bool
    agent: AgentRequest
    dial_at_once: bool
    override: _containers.RepeatedScalarFieldContainer[Override]
    def __init__(self, request_id: _Optional[str] = ..., to: _Optional[str] = ..., caller_id: _Optional[str] = ..., room: _Optional[str] = ..., participant: _Optional[_Union[Participant, _Mapping]] = ..., ringing_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., setup_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., wait_until_answered: _Optional[bool] = ..., keep_on_disconnect: _Optional[bool] = ..., digits: _Optional[str] = ..., play_dialtone: _Optional[bool] = ..., headers: _Optional[_Mapping[str, str]] = ..., include_headers: _Optional[_Union[IncludeHeaders, str]] = ..., krisp_enabled: _Optional[bool] = ..., media_encryption: _Optional[_Union[MediaEncryption, str]] = ..., media: _Optional[_Union[MediaOptions, _Mapping]] = ..., hide_phone_number: _Optional[bool] = ..., display_name: _Optional[str] = ..., labels: _Optional[_Mapping[str, str]] = ..., trunk_id: _Optional[str] = ..., end_room_on_hangup: _Optional[bool] = ..., validate_only: _Optional[bool] = ..., require_transfer: _Optional[bool] = ..., agent: _Optional[_Union[AgentRequest, _Mapping]] = ..., dial_at_once: _Optional[bool] = ..., override: _Optional[_Iterable[_Union[Override, str]]] = ...) -> None: ...

class PlaceCallResponse(_message.Message):
    __slots__ = ("call", "route")
    CALL_FIELD_NUMBER: _ClassVar[int]
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    call: Call
    route: RouteDecision
    def __init__(self, call: _Optional[_Union[Call, _Mapping]] = ..., route: _Optional[_Union[RouteDecision, _Mapping]] = ...) -> None: ...

class TrunkCandidate(_message.Message):
    __slots__ = ("trunk_id", "verdict", "cause", "priority", "weight")
    TRUNK_ID_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    trunk_id: str
    verdict: TrunkVerdict
    cause: str
    priority: int
    weight: int
    def __init__(self, trunk_id: _Optional[str] = ..., verdict: _Optional[_Union[TrunkVerdict, str]] = ..., cause: _Optional[str] = ..., priority: _Optional[int] = ..., weight: _Optional[int] = ...) -> None: ...

class LimitCheck(_message.Message):
    __slots__ = ("limit", "used", "maximum")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_FIELD_NUMBER: _ClassVar[int]
    limit: str
    used: int
    maximum: int
    def __init__(self, limit: _Optional[str] = ..., used: _Optional[int] = ..., maximum: _Optional[int] = ...) -> None: ...

class TimeoutDecision(_message.Message):
    __slots__ = ("asked", "in_force", "source")
    ASKED_FIELD_NUMBER: _ClassVar[int]
    IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    asked: _duration_pb2.Duration
    in_force: _duration_pb2.Duration
    source: str
    def __init__(self, asked: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., in_force: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., source: _Optional[str] = ...) -> None: ...

class RouteDecision(_message.Message):
    __slots__ = ("route_id", "candidates", "caller_id", "caller_id_cause", "ringing_timeout", "setup_timeout", "max_duration", "route_cause", "max_attempts", "limits", "dialed_number", "emergency", "rules")
    ROUTE_ID_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    CALLER_ID_FIELD_NUMBER: _ClassVar[int]
    CALLER_ID_CAUSE_FIELD_NUMBER: _ClassVar[int]
    RINGING_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    SETUP_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    MAX_DURATION_FIELD_NUMBER: _ClassVar[int]
    ROUTE_CAUSE_FIELD_NUMBER: _ClassVar[int]
    MAX_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    DIALED_NUMBER_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    route_id: str
    candidates: _containers.RepeatedCompositeFieldContainer[TrunkCandidate]
    caller_id: str
    caller_id_cause: str
    ringing_timeout: TimeoutDecision
    setup_timeout: TimeoutDecision
    max_duration: TimeoutDecision
    route_cause: str
    max_attempts: int
    limits: _containers.RepeatedCompositeFieldContainer[LimitCheck]
    dialed_number: str
    emergency: bool
    rules: _containers.RepeatedCompositeFieldContainer[RuleCheck]
    def __init__(self, route_id: _Optional[str] = ..., candidates: _Optional[_Iterable[_Union[TrunkCandidate, _Mapping]]] = ..., caller_id: _Optional[str] = ..., caller_id_cause: _Optional[str] = ..., ringing_timeout: _Optional[_Union[TimeoutDecision, _Mapping]] = ..., setup_timeout: _Optional[_Union[TimeoutDecision, _Mapping]] = ..., max_duration: _Optional[_Union[TimeoutDecision, _Mapping]] = ..., route_cause: _Optional[str] = ..., max_attempts: _Optional[int] = ..., limits: _Optional[_Iterable[_Union[LimitCheck, _Mapping]]] = ..., dialed_number: _Optional[str] = ..., emergency: _Optional[bool] = ..., rules: _Optional[_Iterable[_Union[RuleCheck, _Mapping]]] = ...) -> None: ...

class RuleCheck(_message.Message):
    __slots__ = ("rule", "cause", "overridden")
    RULE_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    OVERRIDDEN_FIELD_NUMBER: _ClassVar[int]
    rule: str
    cause: str
    overridden: bool
    def __init__(self, rule: _Optional[str] = ..., cause: _Optional[str] = ..., overridden: _Optional[bool] = ...) -> None: ...

class GetCallRequest(_message.Message):
    __slots__ = ("call_id",)
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    def __init__(self, call_id: _Optional[str] = ...) -> None: ...

class GetCallResponse(_message.Message):
    __slots__ = ("call",)
    CALL_FIELD_NUMBER: _ClassVar[int]
    call: Call
    def __init__(self, call: _Optional[_Union[Call, _Mapping]] = ...) -> None: ...

class ListCallsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "states", "direction", "labels", "room", "min_create_time", "max_create_time", "answered_by")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    ROOM_FIELD_NUMBER: _ClassVar[int]
    MIN_CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    MAX_CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_BY_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    states: _containers.RepeatedScalarFieldContainer[CallState]
    direction: CallDirection
    labels: _containers.ScalarMap[str, str]
    room: str
    min_create_time: _timestamp_pb2.Timestamp
    max_create_time: _timestamp_pb2.Timestamp
    answered_by: _containers.RepeatedScalarFieldContainer[AnsweredBy]
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., states: _Optional[_Iterable[_Union[CallState, str]]] = ..., direction: _Optional[_Union[CallDirection, str]] = ..., labels: _Optional[_Mapping[str, str]] = ..., room: _Optional[str] = ..., min_create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., max_create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., answered_by: _Optional[_Iterable[_Union[AnsweredBy, str]]] = ...) -> None: ...

class ListCallsResponse(_message.Message):
    __slots__ = ("calls", "next_page_token")
    CALLS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    calls: _containers.RepeatedCompositeFieldContainer[Call]
    next_page_token: str
    def __init__(self, calls: _Optional[_Iterable[_Union[Call, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ExportCallsRequest(_message.Message):
    __slots__ = ("min_create_time", "max_create_time", "states", "direction", "labels", "room", "page_token", "answered_by")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    MIN_CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    MAX_CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    STATES_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    ROOM_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_BY_FIELD_NUMBER: _ClassVar[int]
    min_create_time: _timestamp_pb2.Timestamp
    max_create_time: _timestamp_pb2.Timestamp
    states: _containers.RepeatedScalarFieldContainer[CallState]
    direction: CallDirection
    labels: _containers.ScalarMap[str, str]
    room: str
    page_token: str
    answered_by: _containers.RepeatedScalarFieldContainer[AnsweredBy]
    def __init__(self, min_create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., max_create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., states: _Optional[_Iterable[_Union[CallState, str]]] = ..., direction: _Optional[_Union[CallDirection, str]] = ..., labels: _Optional[_Mapping[str, str]] = ..., room: _Optional[str] = ..., page_token: _Optional[str] = ..., answered_by: _Optional[_Iterable[_Union[AnsweredBy, str]]] = ...) -> None: ...

class ExportCallsResponse(_message.Message):
    __slots__ = ("calls", "next_page_token")
    CALLS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    calls: _containers.RepeatedCompositeFieldContainer[Call]
    next_page_token: str
    def __init__(self, calls: _Optional[_Iterable[_Union[Call, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateCallRequest(_message.Message):
    __slots__ = ("call_id", "room", "participant_identity", "set_labels", "remove_labels", "end_room_on_hangup", "max_duration", "answered_by")
    class SetLabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    ROOM_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    SET_LABELS_FIELD_NUMBER: _ClassVar[int]
    REMOVE_LABELS_FIELD_NUMBER: _ClassVar[int]
    END_ROOM_ON_HANGUP_FIELD_NUMBER: _ClassVar[int]
    MAX_DURATION_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_BY_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    room: str
    participant_identity: str
    set_labels: _containers.ScalarMap[str, str]
    remove_labels: _containers.RepeatedScalarFieldContainer[str]
    end_room_on_hangup: bool
    max_duration: _duration_pb2.Duration
    answered_by: AnsweredBy
    def __init__(self, call_id: _Optional[str] = ..., room: _Optional[str] = ..., participant_identity: _Optional[str] = ..., set_labels: _Optional[_Mapping[str, str]] = ..., remove_labels: _Optional[_Iterable[str]] = ..., end_room_on_hangup: _Optional[bool] = ..., max_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., answered_by: _Optional[_Union[AnsweredBy, str]] = ...) -> None: ...

class UpdateCallResponse(_message.Message):
    __slots__ = ("call",)
    CALL_FIELD_NUMBER: _ClassVar[int]
    call: Call
    def __init__(self, call: _Optional[_Union[Call, _Mapping]] = ...) -> None: ...

class WatchCallsRequest(_message.Message):
    __slots__ = ("call_id", "after_sequence")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    after_sequence: int
    def __init__(self, call_id: _Optional[str] = ..., after_sequence: _Optional[int] = ...) -> None: ...

class WatchCallsResponse(_message.Message):
    __slots__ = ("event", "heartbeat")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    event: CallEvent
    heartbeat: Heartbeat
    def __init__(self, event: _Optional[_Union[CallEvent, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ...) -> None: ...

class ListCallEventsRequest(_message.Message):
    __slots__ = ("call_id", "after_sequence", "page_size", "wait")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    after_sequence: int
    page_size: int
    wait: _duration_pb2.Duration
    def __init__(self, call_id: _Optional[str] = ..., after_sequence: _Optional[int] = ..., page_size: _Optional[int] = ..., wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ListCallEventsResponse(_message.Message):
    __slots__ = ("events", "sequence")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[CallEvent]
    sequence: int
    def __init__(self, events: _Optional[_Iterable[_Union[CallEvent, _Mapping]]] = ..., sequence: _Optional[int] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ("sequence", "end_time")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, sequence: _Optional[int] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CallEvent(_message.Message):
    __slots__ = ("event_id", "sequence", "type", "event_time", "call", "transfer")
    EVENT_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    CALL_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    event_id: str
    sequence: int
    type: CallEventType
    event_time: _timestamp_pb2.Timestamp
    call: Call
    transfer: _transfers_pb2.Transfer
    def __init__(self, event_id: _Optional[str] = ..., sequence: _Optional[int] = ..., type: _Optional[_Union[CallEventType, str]] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., call: _Optional[_Union[Call, _Mapping]] = ..., transfer: _Optional[_Union[_transfers_pb2.Transfer, _Mapping]] = ...) -> None: ...

class HangUpCallRequest(_message.Message):
    __slots__ = ("call_id", "room", "participant_identity", "end_room")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    ROOM_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    END_ROOM_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    room: str
    participant_identity: str
    end_room: bool
    def __init__(self, call_id: _Optional[str] = ..., room: _Optional[str] = ..., participant_identity: _Optional[str] = ..., end_room: _Optional[bool] = ...) -> None: ...

class HangUpCallResponse(_message.Message):
    __slots__ = ("call",)
    CALL_FIELD_NUMBER: _ClassVar[int]
    call: Call
    def __init__(self, call: _Optional[_Union[Call, _Mapping]] = ...) -> None: ...

class HoldCallRequest(_message.Message):
    __slots__ = ("call_id", "room", "participant_identity", "mute")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    ROOM_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    MUTE_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    room: str
    participant_identity: str
    mute: bool
    def __init__(self, call_id: _Optional[str] = ..., room: _Optional[str] = ..., participant_identity: _Optional[str] = ..., mute: _Optional[bool] = ...) -> None: ...

class HoldCallResponse(_message.Message):
    __slots__ = ("call",)
    CALL_FIELD_NUMBER: _ClassVar[int]
    call: Call
    def __init__(self, call: _Optional[_Union[Call, _Mapping]] = ...) -> None: ...

class ResumeCallRequest(_message.Message):
    __slots__ = ("call_id", "room", "participant_identity")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    ROOM_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    room: str
    participant_identity: str
    def __init__(self, call_id: _Optional[str] = ..., room: _Optional[str] = ..., participant_identity: _Optional[str] = ...) -> None: ...

class ResumeCallResponse(_message.Message):
    __slots__ = ("call",)
    CALL_FIELD_NUMBER: _ClassVar[int]
    call: Call
    def __init__(self, call: _Optional[_Union[Call, _Mapping]] = ...) -> None: ...

class StartWarmTransferRequest(_message.Message):
    __slots__ = ("request_id", "call_id", "room", "participant_identity", "to", "caller_id", "trunk_id", "ringing_timeout", "setup_timeout", "participant", "caller_hears", "on_failure", "complete_on_answer", "consult_timeout", "leaves", "wait_until_answered", "agent_hears_caller")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    ROOM_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_IDENTITY_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    CALLER_ID_FIELD_NUMBER: _ClassVar[int]
    TRUNK_ID_FIELD_NUMBER: _ClassVar[int]
    RINGING_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    SETUP_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    CALLER_HEARS_FIELD_NUMBER: _ClassVar[int]
    ON_FAILURE_FIELD_NUMBER: _ClassVar[int]
    COMPLETE_ON_ANSWER_FIELD_NUMBER: _ClassVar[int]
    CONSULT_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    LEAVES_FIELD_NUMBER: _ClassVar[int]
    WAIT_UNTIL_ANSWERED_FIELD_NUMBER: _ClassVar[int]
    AGENT_HEARS_CALLER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    call_id: str
    room: str
    participant_identity: str
    to: str
    caller_id: str
    trunk_id: str
    ringing_timeout: _duration_pb2.Duration
    setup_timeout: _duration_pb2.Duration
    participant: Participant
    caller_hears: _transfers_pb2.CallerHears
    on_failure: _transfers_pb2.OnFailure
    complete_on_answer: bool
    consult_timeout: _duration_pb2.Duration
    leaves: str
    wait_until_answered: bool
    agent_hears_caller: bool
    def __init__(self, request_id: _Optional[str] = ..., call_id: _Optional[str] = ..., room: _Optional[str] = ..., participant_identity: _Optional[str] = ..., to: _Optional[str] = ..., caller_id: _Optional[str] = ..., trunk_id: _Optional[str] = ..., ringing_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., setup_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., participant: _Optional[_Union[Participant, _Mapping]] = ..., caller_hears: _Optional[_Union[_transfers_pb2.CallerHears, str]] = ..., on_failure: _Optional[_Union[_transfers_pb2.OnFailure, str]] = ..., complete_on_answer: _Optional[bool] = ..., consult_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., leaves: _Optional[str] = ..., wait_until_answered: _Optional[bool] = ..., agent_hears_caller: _Optional[bool] = ...) -> None: ...

class StartWarmTransferResponse(_message.Message):
    __slots__ = ("transfer",)
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    transfer: _transfers_pb2.Transfer
    def __init__(self, transfer: _Optional[_Union[_transfers_pb2.Transfer, _Mapping]] = ...) -> None: ...

class ListTrunksRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class TrunkSummary(_message.Message):
    __slots__ = ("trunk_id", "numbers", "transfer_mode", "enabled")
    TRUNK_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_MODE_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    trunk_id: str
    numbers: _containers.RepeatedScalarFieldContainer[str]
    transfer_mode: _admin_pb2.TrunkTransferMode
    enabled: bool
    def __init__(self, trunk_id: _Optional[str] = ..., numbers: _Optional[_Iterable[str]] = ..., transfer_mode: _Optional[_Union[_admin_pb2.TrunkTransferMode, str]] = ..., enabled: _Optional[bool] = ...) -> None: ...

class ListTrunksResponse(_message.Message):
    __slots__ = ("trunks", "more_trunks")
    TRUNKS_FIELD_NUMBER: _ClassVar[int]
    MORE_TRUNKS_FIELD_NUMBER: _ClassVar[int]
    trunks: _containers.RepeatedCompositeFieldContainer[TrunkSummary]
    more_trunks: int
    def __init__(self, trunks: _Optional[_Iterable[_Union[TrunkSummary, _Mapping]]] = ..., more_trunks: _Optional[int] = ...) -> None: ...
