from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AuditKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AUDIT_KIND_UNSPECIFIED: _ClassVar[AuditKind]
    AUDIT_KIND_INTENT: _ClassVar[AuditKind]
    AUDIT_KIND_OUTCOME: _ClassVar[AuditKind]
    AUDIT_KIND_REFUSED: _ClassVar[AuditKind]
    AUDIT_KIND_DONE: _ClassVar[AuditKind]
AUDIT_KIND_UNSPECIFIED: AuditKind
AUDIT_KIND_INTENT: AuditKind
AUDIT_KIND_OUTCOME: AuditKind
AUDIT_KIND_REFUSED: AuditKind
AUDIT_KIND_DONE: AuditKind

class AuditEvent(_message.Message):
    __slots__ = ("log_id", "sequence", "previous_hash", "hash", "record")
    LOG_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_HASH_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    log_id: str
    sequence: int
    previous_hash: str
    hash: str
    record: _struct_pb2.Struct
    def __init__(self, log_id: _Optional[str] = ..., sequence: _Optional[int] = ..., previous_hash: _Optional[str] = ..., hash: _Optional[str] = ..., record: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...
