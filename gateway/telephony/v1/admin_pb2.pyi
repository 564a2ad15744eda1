import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TrunkTransferMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRUNK_TRANSFER_MODE_UNSPECIFIED: _ClassVar[TrunkTransferMode]
    TRUNK_TRANSFER_MODE_NONE: _ClassVar[TrunkTransferMode]
    TRUNK_TRANSFER_MODE_TEL: _ClassVar[TrunkTransferMode]
    TRUNK_TRANSFER_MODE_SIP: _ClassVar[TrunkTransferMode]
TRUNK_TRANSFER_MODE_UNSPECIFIED: TrunkTransferMode
TRUNK_TRANSFER_MODE_NONE: TrunkTransferMode
TRUNK_TRANSFER_MODE_TEL: TrunkTransferMode
TRUNK_TRANSFER_MODE_SIP: TrunkTransferMode

class Config(_message.Message):
    __slots__ = ("tenants", "trunks")
    TENANTS_FIELD_NUMBER: _ClassVar[int]
    TRUNKS_FIELD_NUMBER: _ClassVar[int]
    tenants: _containers.RepeatedCompositeFieldContainer[Tenant]
    trunks: _containers.RepeatedCompositeFieldContainer[Trunk]
    def __init__(self, tenants: _Optional[_Iterable[_Union[Tenant, _Mapping]]] = ..., trunks: _Optional[_Iterable[_Union[Trunk, _Mapping]]] = ...) -> None: ...

class Tenant(_message.Message):
    __slots__ = ("tenant_id", "rooms", "routes", "timeouts", "sip_hosts", "allowed_headers", "sandbox")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    ROOMS_FIELD_NUMBER: _ClassVar[int]
    ROUTES_FIELD_NUMBER: _ClassVar[int]
    TIMEOUTS_FIELD_NUMBER: _ClassVar[int]
    SIP_HOSTS_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_HEADERS_FIELD_NUMBER: _ClassVar[int]
    SANDBOX_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    rooms: _containers.RepeatedScalarFieldContainer[str]
    routes: _containers.RepeatedCompositeFieldContainer[Route]
    timeouts: TimeoutPolicy
    sip_hosts: _containers.RepeatedScalarFieldContainer[str]
    allowed_headers: _containers.RepeatedScalarFieldContainer[str]
    sandbox: bool
    def __init__(self, tenant_id: _Optional[str] = ..., rooms: _Optional[_Iterable[str]] = ..., routes: _Optional[_Iterable[_Union[Route, _Mapping]]] = ..., timeouts: _Optional[_Union[TimeoutPolicy, _Mapping]] = ..., sip_hosts: _Optional[_Iterable[str]] = ..., allowed_headers: _Optional[_Iterable[str]] = ..., sandbox: _Optional[bool] = ...) -> None: ...

class TimeoutPolicy(_message.Message):
    __slots__ = ("ringing_timeout", "max_ringing_timeout", "max_duration")
    RINGING_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    MAX_RINGING_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    MAX_DURATION_FIELD_NUMBER: _ClassVar[int]
    ringing_timeout: _duration_pb2.Duration
    max_ringing_timeout: _duration_pb2.Duration
    max_duration: _duration_pb2.Duration
    def __init__(self, ringing_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_ringing_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Route(_message.Message):
    __slots__ = ("route_id", "match", "targets", "ringing_timeout", "block")
    ROUTE_ID_FIELD_NUMBER: _ClassVar[int]
    MATCH_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    RINGING_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    route_id: str
    match: RouteMatch
    targets: _containers.RepeatedCompositeFieldContainer[RouteTarget]
    ringing_timeout: _duration_pb2.Duration
    block: bool
    def __init__(self, route_id: _Optional[str] = ..., match: _Optional[_Union[RouteMatch, _Mapping]] = ..., targets: _Optional[_Iterable[_Union[RouteTarget, _Mapping]]] = ..., ringing_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., block: _Optional[bool] = ...) -> None: ...

class RouteMatch(_message.Message):
    __slots__ = ("prefixes",)
    PREFIXES_FIELD_NUMBER: _ClassVar[int]
    prefixes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, prefixes: _Optional[_Iterable[str]] = ...) -> None: ...

class RouteTarget(_message.Message):
    __slots__ = ("trunk_id", "priority")
    TRUNK_ID_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    trunk_id: str
    priority: int
    def __init__(self, trunk_id: _Optional[str] = ..., priority: _Optional[int] = ...) -> None: ...

class Trunk(_message.Message):
    __slots__ = ("trunk_id", "tenant_ids", "livekit_trunk_id", "headers", "numbers", "transfer_mode", "transfer_host", "enabled")
    class HeadersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    TRUNK_ID_FIELD_NUMBER: _ClassVar[int]
    TENANT_IDS_FIELD_NUMBER: _ClassVar[int]
    LIVEKIT_TRUNK_ID_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_MODE_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_HOST_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    trunk_id: str
    tenant_ids: _containers.RepeatedScalarFieldContainer[str]
    livekit_trunk_id: str
    headers: _containers.ScalarMap[str, str]
    numbers: _containers.RepeatedCompositeFieldContainer[TrunkNumber]
    transfer_mode: TrunkTransferMode
    transfer_host: str
    enabled: bool
    def __init__(self, trunk_id: _Optional[str] = ..., tenant_ids: _Optional[_Iterable[str]] = ..., livekit_trunk_id: _Optional[str] = ..., headers: _Optional[_Mapping[str, str]] = ..., numbers: _Optional[_Iterable[_Union[TrunkNumber, _Mapping]]] = ..., transfer_mode: _Optional[_Union[TrunkTransferMode, str]] = ..., transfer_host: _Optional[str] = ..., enabled: _Optional[bool] = ...) -> None: ...

class TrunkNumber(_message.Message):
    __slots__ = ("number", "country", "tenant_id")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    COUNTRY_FIELD_NUMBER: _ClassVar[int]
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    number: str
    country: str
    tenant_id: str
    def __init__(self, number: _Optional[str] = ..., country: _Optional[str] = ..., tenant_id: _Optional[str] = ...) -> None: ...
