import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AuditKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AUDIT_KIND_UNSPECIFIED: _ClassVar[AuditKind]
    AUDIT_KIND_INTENT: _ClassVar[AuditKind]
    AUDIT_KIND_OUTCOME: _ClassVar[AuditKind]
    AUDIT_KIND_REFUSED: _ClassVar[AuditKind]
    AUDIT_KIND_DONE: _ClassVar[AuditKind]
    AUDIT_KIND_ATTEMPT: _ClassVar[AuditKind]
AUDIT_KIND_UNSPECIFIED: AuditKind
AUDIT_KIND_INTENT: AuditKind
AUDIT_KIND_OUTCOME: AuditKind
AUDIT_KIND_REFUSED: AuditKind
AUDIT_KIND_DONE: AuditKind
AUDIT_KIND_ATTEMPT: AuditKind

class AuditEvent(_message.Message):
    __slots__ = ("log_id", "sequence", "previous_hash", "hash", "record", "position", "opened", "forgotten")
    LOG_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_HASH_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    OPENED_FIELD_NUMBER: _ClassVar[int]
    FORGOTTEN_FIELD_NUMBER: _ClassVar[int]
    log_id: str
    sequence: int
    previous_hash: str
    hash: str
    record: _struct_pb2.Struct
    position: int
    opened: _struct_pb2.Struct
    forgotten: bool
    def __init__(self, log_id: _Optional[str] = ..., sequence: _Optional[int] = ..., previous_hash: _Optional[str] = ..., hash: _Optional[str] = ..., record: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., position: _Optional[int] = ..., opened: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., forgotten: _Optional[bool] = ...) -> None: ...

class AuditFilter(_message.Message):
    __slots__ = ("tenant_id", "call_id", "actor", "method", "outcome", "number", "kinds", "min_time", "max_time")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    MIN_TIME_FIELD_NUMBER: _ClassVar[int]
    MAX_TIME_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    call_id: str
    actor: str
    method: str
    outcome: str
    number: str
    kinds: _containers.RepeatedScalarFieldContainer[AuditKind]
    min_time: _timestamp_pb2.Timestamp
    max_time: _timestamp_pb2.Timestamp
    def __init__(self, tenant_id: _Optional[str] = ..., call_id: _Optional[str] = ..., actor: _Optional[str] = ..., method: _Optional[str] = ..., outcome: _Optional[str] = ..., number: _Optional[str] = ..., kinds: _Optional[_Iterable[_Union[AuditKind, str]]] = ..., min_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., max_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListAuditEventsRequest(_message.Message):
    __slots__ = ("filter", "page_size", "page_token", "after_position", "wait")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    AFTER_POSITION_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    filter: AuditFilter
    page_size: int
    page_token: str
    after_position: int
    wait: _duration_pb2.Duration
    def __init__(self, filter: _Optional[_Union[AuditFilter, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., after_position: _Optional[int] = ..., wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ListAuditEventsResponse(_message.Message):
    __slots__ = ("events", "next_page_token", "position")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[AuditEvent]
    next_page_token: str
    position: int
    def __init__(self, events: _Optional[_Iterable[_Union[AuditEvent, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., position: _Optional[int] = ...) -> None: ...

class WatchAuditEventsRequest(_message.Message):
    __slots__ = ("filter", "after_position")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    AFTER_POSITION_FIELD_NUMBER: _ClassVar[int]
    filter: AuditFilter
    after_position: int
    def __init__(self, filter: _Optional[_Union[AuditFilter, _Mapping]] = ..., after_position: _Optional[int] = ...) -> None: ...

class WatchAuditEventsResponse(_message.Message):
    __slots__ = ("event", "heartbeat")
    EVENT_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    event: AuditEvent
    heartbeat: AuditHeartbeat
    def __init__(self, event: _Optional[_Union[AuditEvent, _Mapping]] = ..., heartbeat: _Optional[_Union[AuditHeartbeat, _Mapping]] = ...) -> None: ...

class AuditHeartbeat(_message.Message):
    __slots__ = ("position", "end_time")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    position: int
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, position: _Optional[int] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetCheckpointRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetCheckpointResponse(_message.Message):
    __slots__ = ("checkpoint", "verifier_keys")
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    VERIFIER_KEYS_FIELD_NUMBER: _ClassVar[int]
    checkpoint: str
    verifier_keys: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, checkpoint: _Optional[str] = ..., verifier_keys: _Optional[_Iterable[str]] = ...) -> None: ...

class GetAuditReceiptRequest(_message.Message):
    __slots__ = ("call_id",)
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    def __init__(self, call_id: _Optional[str] = ...) -> None: ...

class GetAuditReceiptResponse(_message.Message):
    __slots__ = ("receipts", "verifier_keys")
    RECEIPTS_FIELD_NUMBER: _ClassVar[int]
    VERIFIER_KEYS_FIELD_NUMBER: _ClassVar[int]
    receipts: _containers.RepeatedCompositeFieldContainer[AuditReceipt]
    verifier_keys: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, receipts: _Optional[_Iterable[_Union[AuditReceipt, _Mapping]]] = ..., verifier_keys: _Optional[_Iterable[str]] = ...) -> None: ...

class AuditReceipt(_message.Message):
    __slots__ = ("leaf_index", "proof")
    LEAF_INDEX_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    leaf_index: int
    proof: str
    def __init__(self, leaf_index: _Optional[int] = ..., proof: _Optional[str] = ...) -> None: ...

class VerifyAuditLogRequest(_message.Message):
    __slots__ = ("checkpoints",)
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    checkpoints: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, checkpoints: _Optional[_Iterable[str]] = ...) -> None: ...

class VerifyAuditLogResponse(_message.Message):
    __slots__ = ("records", "proved", "waiting", "problems")
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    PROVED_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    records: int
    proved: int
    waiting: int
    problems: _containers.RepeatedCompositeFieldContainer[AuditProblem]
    def __init__(self, records: _Optional[int] = ..., proved: _Optional[int] = ..., waiting: _Optional[int] = ..., problems: _Optional[_Iterable[_Union[AuditProblem, _Mapping]]] = ...) -> None: ...

class AuditProblem(_message.Message):
    __slots__ = ("place", "message")
    PLACE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    place: str
    message: str
    def __init__(self, place: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...
