import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class NumberKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NUMBER_KIND_UNSPECIFIED: _ClassVar[NumberKind]
    NUMBER_KIND_NONE: _ClassVar[NumberKind]
    NUMBER_KIND_PREMIUM_RATE: _ClassVar[NumberKind]
    NUMBER_KIND_SHARED_COST: _ClassVar[NumberKind]
    NUMBER_KIND_SATELLITE: _ClassVar[NumberKind]
    NUMBER_KIND_TOLL_FREE: _ClassVar[NumberKind]
    NUMBER_KIND_PERSONAL: _ClassVar[NumberKind]
    NUMBER_KIND_PAGER: _ClassVar[NumberKind]
    NUMBER_KIND_UAN: _ClassVar[NumberKind]
    NUMBER_KIND_VOIP: _ClassVar[NumberKind]

class Weekday(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WEEKDAY_UNSPECIFIED: _ClassVar[Weekday]
    WEEKDAY_MONDAY: _ClassVar[Weekday]
    WEEKDAY_TUESDAY: _ClassVar[Weekday]
    WEEKDAY_WEDNESDAY: _ClassVar[Weekday]
    WEEKDAY_THURSDAY: _ClassVar[Weekday]
    WEEKDAY_FRIDAY: _ClassVar[Weekday]
    WEEKDAY_SATURDAY: _ClassVar[Weekday]
    WEEKDAY_SUNDAY: _ClassVar[Weekday]

class TrunkTransferMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRUNK_TRANSFER_MODE_UNSPECIFIED: _ClassVar[TrunkTransferMode]
    TRUNK_TRANSFER_MODE_NONE: _ClassVar[TrunkTransferMode]
    TRUNK_TRANSFER_MODE_TEL: _ClassVar[TrunkTransferMode]
    TRUNK_TRANSFER_MODE_SIP: _ClassVar[TrunkTransferMode]

class CarrierReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CARRIER_REASON_UNSPECIFIED: _ClassVar[CarrierReason]
    CARRIER_REASON_BUSY: _ClassVar[CarrierReason]
    CARRIER_REASON_DECLINED: _ClassVar[CarrierReason]
    CARRIER_REASON_NO_ANSWER: _ClassVar[CarrierReason]
    CARRIER_REASON_UNREACHABLE: _ClassVar[CarrierReason]
    CARRIER_REASON_INVALID_NUMBER: _ClassVar[CarrierReason]
    CARRIER_REASON_CARRIER_REFUSED: _ClassVar[CarrierReason]
    CARRIER_REASON_TRUNK_LIMIT: _ClassVar[CarrierReason]
    CARRIER_REASON_TRUNK_FAILURE: _ClassVar[CarrierReason]
    CARRIER_REASON_REJECTED: _ClassVar[CarrierReason]

class SipTransport(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIP_TRANSPORT_UNSPECIFIED: _ClassVar[SipTransport]
    SIP_TRANSPORT_AUTO: _ClassVar[SipTransport]
    SIP_TRANSPORT_UDP: _ClassVar[SipTransport]
    SIP_TRANSPORT_TCP: _ClassVar[SipTransport]
    SIP_TRANSPORT_TLS: _ClassVar[SipTransport]

class InboundState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INBOUND_STATE_UNSPECIFIED: _ClassVar[InboundState]
    INBOUND_STATE_IN_PLACE: _ClassVar[InboundState]
    INBOUND_STATE_PENDING: _ClassVar[InboundState]
    INBOUND_STATE_DRIFTED: _ClassVar[InboundState]

class InboundAction(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INBOUND_ACTION_UNSPECIFIED: _ClassVar[InboundAction]
    INBOUND_ACTION_CREATE: _ClassVar[InboundAction]
    INBOUND_ACTION_CHANGE: _ClassVar[InboundAction]
    INBOUND_ACTION_DELETE: _ClassVar[InboundAction]

class Right(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RIGHT_UNSPECIFIED: _ClassVar[Right]
    RIGHT_CALL: _ClassVar[Right]
    RIGHT_TENANT_ADMIN: _ClassVar[Right]
    RIGHT_OPERATOR: _ClassVar[Right]
    RIGHT_OVERRIDE_CALLING_HOURS: _ClassVar[Right]

class TrunkHealthState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRUNK_HEALTH_STATE_UNSPECIFIED: _ClassVar[TrunkHealthState]
    TRUNK_HEALTH_STATE_HEALTHY: _ClassVar[TrunkHealthState]
    TRUNK_HEALTH_STATE_QUARANTINED: _ClassVar[TrunkHealthState]
    TRUNK_HEALTH_STATE_PROBING: _ClassVar[TrunkHealthState]
NUMBER_KIND_UNSPECIFIED: NumberKind
NUMBER_KIND_NONE: NumberKind
NUMBER_KIND_PREMIUM_RATE: NumberKind
NUMBER_KIND_SHARED_COST: NumberKind
NUMBER_KIND_SATELLITE: NumberKind
NUMBER_KIND_TOLL_FREE: NumberKind
NUMBER_KIND_PERSONAL: NumberKind
NUMBER_KIND_PAGER: NumberKind
NUMBER_KIND_UAN: NumberKind
NUMBER_KIND_VOIP: NumberKind
WEEKDAY_UNSPECIFIED: Weekday
WEEKDAY_MONDAY: Weekday
WEEKDAY_TUESDAY: Weekday
WEEKDAY_WEDNESDAY: Weekday
WEEKDAY_THURSDAY: Weekday
WEEKDAY_FRIDAY: Weekday
WEEKDAY_SATURDAY: Weekday
WEEKDAY_SUNDAY: Weekday
TRUNK_TRANSFER_MODE_UNSPECIFIED: TrunkTransferMode
TRUNK_TRANSFER_MODE_NONE: TrunkTransferMode
TRUNK_TRANSFER_MODE_TEL: TrunkTransferMode
TRUNK_TRANSFER_MODE_SIP: TrunkTransferMode
CARRIER_REASON_UNSPECIFIED: CarrierReason
CARRIER_REASON_BUSY: CarrierReason
CARRIER_REASON_DECLINED: CarrierReason
CARRIER_REASON_NO_ANSWER: CarrierReason
CARRIER_REASON_UNREACHABLE: CarrierReason
CARRIER_REASON_INVALID_NUMBER: CarrierReason
CARRIER_REASON_CARRIER_REFUSED: CarrierReason
CARRIER_REASON_TRUNK_LIMIT: CarrierReason
CARRIER_REASON_TRUNK_FAILURE: CarrierReason
CARRIER_REASON_REJECTED: CarrierReason
SIP_TRANSPORT_UNSPECIFIED: SipTransport
SIP_TRANSPORT_AUTO: SipTransport
SIP_TRANSPORT_UDP: SipTransport
SIP_TRANSPORT_TCP: SipTransport
SIP_TRANSPORT_TLS: SipTransport
INBOUND_STATE_UNSPECIFIED: InboundState
INBOUND_STATE_IN_PLACE: InboundState
INBOUND_STATE_PENDING: InboundState
INBOUND_STATE_DRIFTED: InboundState
INBOUND_ACTION_UNSPECIFIED: InboundAction
INBOUND_ACTION_CREATE: InboundAction
INBOUND_ACTION_CHANGE: InboundAction
INBOUND_ACTION_DELETE: InboundAction
RIGHT_UNSPECIFIED: Right
RIGHT_CALL: Right
RIGHT_TENANT_ADMIN: Right
RIGHT_OPERATOR: Right
RIGHT_OVERRIDE_CALLING_HOURS: Right
TRUNK_HEALTH_STATE_UNSPECIFIED: TrunkHealthState
TRUNK_HEALTH_STATE_HEALTHY: TrunkHealthState
TRUNK_HEALTH_STATE_QUARANTINED: TrunkHealthState
TRUNK_HEALTH_STATE_PROBING: TrunkHealthState

class Config(_message.Message):
    __slots__ = ("tenants", "trunks", "operator_spiffe_ids", "token_issuers")
    TENANTS_FIELD_NUMBER: _ClassVar[int]
    TRUNKS_FIELD_NUMBER: _ClassVar[int]
    OPERATOR_SPIFFE_IDS_FIELD_NUMBER: _ClassVar[int]
    TOKEN_ISSUERS_FIELD_NUMBER: _ClassVar[int]
    tenants: _containers.RepeatedCompositeFieldContainer[Tenant]
    trunks: _containers.RepeatedCompositeFieldContainer[Trunk]
    operator_spiffe_ids: _containers.RepeatedScalarFieldContainer[str]
    token_issuers: _containers.RepeatedCompositeFieldContainer[TokenIssuer]
    def __init__(self, tenants: _Optional[_Iterable[_Union[Tenant, _Mapping]]] = ..., trunks: _Optional[_Iterable[_Union[Trunk, _Mapping]]] = ..., operator_spiffe_ids: _Optional[_Iterable[str]] = ..., token_issuers: _Optional[_Iterable[_Union[TokenIssuer, _Mapping]]] = ...) -> None: ...

class TokenIssuer(_message.Message):
    __slots__ = ("issuer", "audiences", "jwks_url", "grants")
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    AUDIENCES_FIELD_NUMBER: _ClassVar[int]
    JWKS_URL_FIELD_NUMBER: _ClassVar[int]
    GRANTS_FIELD_NUMBER: _ClassVar[int]
    issuer: str
    audiences: _containers.RepeatedScalarFieldContainer[str]
    jwks_url: str
    grants: _containers.RepeatedCompositeFieldContainer[TokenGrant]
    def __init__(self, issuer: _Optional[str] = ..., audiences: _Optional[_Iterable[str]] = ..., jwks_url: _Optional[str] = ..., grants: _Optional[_Iterable[_Union[TokenGrant, _Mapping]]] = ...) -> None: ...

class TokenGrant(_message.Message):
    __slots__ = ("claims", "tenant_id", "rights")
    class ClaimsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CLAIMS_FIELD_NUMBER: _ClassVar[int]
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    RIGHTS_FIELD_NUMBER: _ClassVar[int]
    claims: _containers.ScalarMap[str, str]
    tenant_id: str
    rights: _containers.RepeatedScalarFieldContainer[Right]
    def __init__(self, claims: _Optional[_Mapping[str, str]] = ..., tenant_id: _Optional[str] = ..., rights: _Optional[_Iterable[_Union[Right, str]]] = ...) -> None: ...

class Tenant(_message.Message):
    __slots__ = ("tenant_id", "rooms", "routes", "timeouts", "sip_hosts", "allowed_headers", "sandbox", "limits", "allowed_countries", "blocked_number_kinds", "emergency_allowed", "default_country", "inbound", "webhooks", "emergency_numbers", "spiffe_ids", "admin_spiffe_ids", "calling_hours", "hash_do_not_call", "agents")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    ROOMS_FIELD_NUMBER: _ClassVar[int]
    ROUTES_FIELD_NUMBER: _ClassVar[int]
    TIMEOUTS_FIELD_NUMBER: _ClassVar[int]
    SIP_HOSTS_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_HEADERS_FIELD_NUMBER: _ClassVar[int]
    SANDBOX_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_COUNTRIES_FIELD_NUMBER: _ClassVar[int]
    BLOCKED_NUMBER_KINDS_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_ALLOWED_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_COUNTRY_FIELD_NUMBER: _ClassVar[int]
    INBOUND_FIELD_NUMBER: _ClassVar[int]
    WEBHOOKS_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_NUMBERS_FIELD_NUMBER: _ClassVar[int]
    SPIFFE_IDS_FIELD_NUMBER: _ClassVar[int]
    ADMIN_SPIFFE_IDS_FIELD_NUMBER: _ClassVar[int]
    CALLING_HOURS_FIELD_NUMBER: _ClassVar[int]
    HASH_DO_NOT_CALL_FIELD_NUMBER: _ClassVar[int]
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    rooms: _containers.RepeatedScalarFieldContainer[str]
    routes: _containers.RepeatedCompositeFieldContainer[Route]
    timeouts: TimeoutPolicy
    sip_hosts: _containers.RepeatedScalarFieldContainer[str]
    allowed_headers: _containers.RepeatedScalarFieldContainer[str]
    sandbox: bool
    limits: TenantLimits
    allowed_countries: _containers.RepeatedScalarFieldContainer[str]
    blocked_number_kinds: _containers.RepeatedScalarFieldContainer[NumberKind]
    emergency_allowed: bool
    default_country: str
    inbound: TenantInbound
    webhooks: _containers.RepeatedCompositeFieldContainer[TenantWebhook]
    emergency_numbers: _containers.RepeatedScalarFieldContainer[str]
    spiffe_ids: _containers.RepeatedScalarFieldContainer[str]
    admin_spiffe_ids: _containers.RepeatedScalarFieldContainer[str]
    calling_hours: _containers.RepeatedCompositeFieldContainer[CallingHours]
    hash_do_not_call: bool
    agents: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, tenant_id: _Optional[str] = ..., rooms: _Optional[_Iterable[str]] = ..., routes: _Optional[_Iterable[_Union[Route, _Mapping]]] = ..., timeouts: _Optional[_Union[TimeoutPolicy, _Mapping]] = ..., sip_hosts: _Optional[_Iterable[str]] = ..., allowed_headers: _Optional[_Iterable[str]] = ..., sandbox: _Optional[bool] = ..., limits: _Optional[_Union[TenantLimits, _Mapping]] = ..., allowed_countries: _Optional[_Iterable[str]] = ..., blocked_number_kinds: _Optional[_Iterable[_Union[NumberKind, str]]] = ..., emergency_allowed: _Optional[bool] = ..., default_country: _Optional[str] = ..., inbound: _Optional[_Union[TenantInbound, _Mapping]] = ..., webhooks: _Optional[_Iterable[_Union[TenantWebhook, _Mapping]]] = ..., emergency_numbers: _Optional[_Iterable[str]] = ..., spiffe_ids: _Optional[_Iterable[str]] = ..., admin_spiffe_ids: _Optional[_Iterable[str]] = ..., calling_hours: _Optional[_Iterable[_Union[CallingHours, _Mapping]]] = ..., hash_do_not_call: _Optional[bool] = ..., agents: _Optional[_Iterable[str]] = ...) -> None: ...

class CallingHours(_message.Message):
    __slots__ = ("hours_id", "prefixes", "countries", "periods", "any_time_zone")
    HOURS_ID_FIELD_NUMBER: _ClassVar[int]
    PREFIXES_FIELD_NUMBER: _ClassVar[int]
    COUNTRIES_FIELD_NUMBER: _ClassVar[int]
    PERIODS_FIELD_NUMBER: _ClassVar[int]
    ANY_TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    hours_id: str
    prefixes: _containers.RepeatedScalarFieldContainer[str]
    countries: _containers.RepeatedScalarFieldContainer[str]
    periods: _containers.RepeatedCompositeFieldContainer[RouteHours]
    any_time_zone: bool
    def __init__(self, hours_id: _Optional[str] = ..., prefixes: _Optional[_Iterable[str]] = ..., countries: _Optional[_Iterable[str]] = ..., periods: _Optional[_Iterable[_Union[RouteHours, _Mapping]]] = ..., any_time_zone: _Optional[bool] = ...) -> None: ...

class TenantInbound(_message.Message):
    __slots__ = ("livekit_trunk_ids", "numbers", "end_room_on_hangup", "number_country", "trunks", "dispatch_rules")
    LIVEKIT_TRUNK_IDS_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    END_ROOM_ON_HANGUP_FIELD_NUMBER: _ClassVar[int]
    NUMBER_COUNTRY_FIELD_NUMBER: _ClassVar[int]
    TRUNKS_FIELD_NUMBER: _ClassVar[int]
    DISPATCH_RULES_FIELD_NUMBER: _ClassVar[int]
    livekit_trunk_ids: _containers.RepeatedScalarFieldContainer[str]
    numbers: _containers.RepeatedScalarFieldContainer[str]
    end_room_on_hangup: bool
    number_country: str
    trunks: _containers.RepeatedCompositeFieldContainer[InboundTrunk]
    dispatch_rules: _containers.RepeatedCompositeFieldContainer[DispatchRule]
    def __init__(self, livekit_trunk_ids: _Optional[_Iterable[str]] = ..., numbers: _Optional[_Iterable[str]] = ..., end_room_on_hangup: _Optional[bool] = ..., number_country: _Optional[str] = ..., trunks: _Optional[_Iterable[_Union[InboundTrunk, _Mapping]]] = ..., dispatch_rules: _Optional[_Iterable[_Union[DispatchRule, _Mapping]]] = ...) -> None: ...

class InboundTrunk(_message.Message):
    __slots__ = ("trunk_id", "numbers", "allowed_addresses", "auth_username", "auth_password_from")
    TRUNK_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    AUTH_USERNAME_FIELD_NUMBER: _ClassVar[int]
    AUTH_PASSWORD_FROM_FIELD_NUMBER: _ClassVar[int]
    trunk_id: str
    numbers: _containers.RepeatedScalarFieldContainer[str]
    allowed_addresses: _containers.RepeatedScalarFieldContainer[str]
    auth_username: str
    auth_password_from: str
    def __init__(self, trunk_id: _Optional[str] = ..., numbers: _Optional[_Iterable[str]] = ..., allowed_addresses: _Optional[_Iterable[str]] = ..., auth_username: _Optional[str] = ..., auth_password_from: _Optional[str] = ...) -> None: ...

class DispatchRule(_message.Message):
    __slots__ = ("rule_id", "trunk_ids", "individual", "direct", "callee", "pin_from", "agents", "hide_phone_number")
    RULE_ID_FIELD_NUMBER: _ClassVar[int]
    TRUNK_IDS_FIELD_NUMBER: _ClassVar[int]
    INDIVIDUAL_FIELD_NUMBER: _ClassVar[int]
    DIRECT_FIELD_NUMBER: _ClassVar[int]
    CALLEE_FIELD_NUMBER: _ClassVar[int]
    PIN_FROM_FIELD_NUMBER: _ClassVar[int]
    AGENTS_FIELD_NUMBER: _ClassVar[int]
    HIDE_PHONE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    rule_id: str
    trunk_ids: _containers.RepeatedScalarFieldContainer[str]
    individual: IndividualRoom
    direct: DirectRoom
    callee: CalleeRoom
    pin_from: str
    agents: _containers.RepeatedCompositeFieldContainer[RuleAgent]
    hide_phone_number: bool
    def __init__(self, rule_id: _Optional[str] = ..., trunk_ids: _Optional[_Iterable[str]] = ..., individual: _Optional[_Union[IndividualRoom, _Mapping]] = ..., direct: _Optional[_Union[DirectRoom, _Mapping]] = ..., callee: _Optional[_Union[CalleeRoom, _Mapping]] = ..., pin_from: _Optional[str] = ..., agents: _Optional[_Iterable[_Union[RuleAgent, _Mapping]]] = ..., hide_phone_number: _Optional[bool] = ...) -> None: ...

class IndividualRoom(_message.Message):
    __slots__ = ("room_prefix", "no_randomness")
    ROOM_PREFIX_FIELD_NUMBER: _ClassVar[int]
    NO_RANDOMNESS_FIELD_NUMBER: _ClassVar[int]
    room_prefix: str
    no_randomness: bool
    def __init__(self, room_prefix: _Optional[str] = ..., no_randomness: _Optional[bool] = ...) -> None: ...

class DirectRoom(_message.Message):
    __slots__ = ("room_name",)
    ROOM_NAME_FIELD_NUMBER: _ClassVar[int]
    room_name: str
    def __init__(self, room_name: _Optional[str] = ...) -> None: ...

class CalleeRoom(_message.Message):
    __slots__ = ("room_prefix", "randomize")
    ROOM_PREFIX_FIELD_NUMBER: _ClassVar[int]
    RANDOMIZE_FIELD_NUMBER: _ClassVar[int]
    room_prefix: str
    randomize: bool
    def __init__(self, room_prefix: _Optional[str] = ..., randomize: _Optional[bool] = ...) -> None: ...

class RuleAgent(_message.Message):
    __slots__ = ("agent_name", "metadata")
    AGENT_NAME_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    agent_name: str
    metadata: str
    def __init__(self, agent_name: _Optional[str] = ..., metadata: _Optional[str] = ...) -> None: ...

class TenantWebhook(_message.Message):
    __slots__ = ("webhook_id", "url", "secret_from")
    WEBHOOK_ID_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    SECRET_FROM_FIELD_NUMBER: _ClassVar[int]
    webhook_id: str
    url: str
    secret_from: str
    def __init__(self, webhook_id: _Optional[str] = ..., url: _Optional[str] = ..., secret_from: _Optional[str] = ...) -> None: ...

class TenantLimits(_message.Message):
    __slots__ = ("max_concurrent_calls", "max_calls_per_second", "max_calls_per_day", "max_calls_per_minute_to_one_number", "destinations", "max_concurrent_inbound_calls", "max_calls_per_day_to_one_number")
    MAX_CONCURRENT_CALLS_FIELD_NUMBER: _ClassVar[int]
    MAX_CALLS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    MAX_CALLS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    MAX_CALLS_PER_MINUTE_TO_ONE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    DESTINATIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_CONCURRENT_INBOUND_CALLS_FIELD_NUMBER: _ClassVar[int]
    MAX_CALLS_PER_DAY_TO_ONE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    max_concurrent_calls: int
    max_calls_per_second: int
    max_calls_per_day: int
    max_calls_per_minute_to_one_number: int
    destinations: _containers.RepeatedCompositeFieldContainer[DestinationLimit]
    max_concurrent_inbound_calls: int
    max_calls_per_day_to_one_number: int
    def __init__(self, max_concurrent_calls: _Optional[int] = ..., max_calls_per_second: _Optional[int] = ..., max_calls_per_day: _Optional[int] = ..., max_calls_per_minute_to_one_number: _Optional[int] = ..., destinations: _Optional[_Iterable[_Union[DestinationLimit, _Mapping]]] = ..., max_concurrent_inbound_calls: _Optional[int] = ..., max_calls_per_day_to_one_number: _Optional[int] = ...) -> None: ...

class DestinationLimit(_message.Message):
    __slots__ = ("limit_id", "prefixes", "countries", "max_calls_per_day", "max_calls_per_second")
    LIMIT_ID_FIELD_NUMBER: _ClassVar[int]
    PREFIXES_FIELD_NUMBER: _ClassVar[int]
    COUNTRIES_FIELD_NUMBER: _ClassVar[int]
    MAX_CALLS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    MAX_CALLS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    limit_id: str
    prefixes: _containers.RepeatedScalarFieldContainer[str]
    countries: _containers.RepeatedScalarFieldContainer[str]
    max_calls_per_day: int
    max_calls_per_second: int
    def __init__(self, limit_id: _Optional[str] = ..., prefixes: _Optional[_Iterable[str]] = ..., countries: _Optional[_Iterable[str]] = ..., max_calls_per_day: _Optional[int] = ..., max_calls_per_second: _Optional[int] = ...) -> None: ...

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
    __slots__ = ("route_id", "match", "targets", "ringing_timeout", "block", "max_attempts")
    ROUTE_ID_FIELD_NUMBER: _ClassVar[int]
    MATCH_FIELD_NUMBER: _ClassVar[int]
    TARGETS_FIELD_NUMBER: _ClassVar[int]
    RINGING_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    BLOCK_FIELD_NUMBER: _ClassVar[int]
    MAX_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    route_id: str
    match: RouteMatch
    targets: _containers.RepeatedCompositeFieldContainer[RouteTarget]
    ringing_timeout: _duration_pb2.Duration
    block: bool
    max_attempts: int
    def __init__(self, route_id: _Optional[str] = ..., match: _Optional[_Union[RouteMatch, _Mapping]] = ..., targets: _Optional[_Iterable[_Union[RouteTarget, _Mapping]]] = ..., ringing_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., block: _Optional[bool] = ..., max_attempts: _Optional[int] = ...) -> None: ...

class RouteMatch(_message.Message):
    __slots__ = ("prefixes", "countries", "caller_ids", "labels", "hours")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    PREFIXES_FIELD_NUMBER: _ClassVar[int]
    COUNTRIES_FIELD_NUMBER: _ClassVar[int]
    CALLER_IDS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    HOURS_FIELD_NUMBER: _ClassVar[int]
    prefixes: _containers.RepeatedScalarFieldContainer[str]
    countries: _containers.RepeatedScalarFieldContainer[str]
    caller_ids: _containers.RepeatedScalarFieldContainer[str]
    labels: _containers.ScalarMap[str, str]
    hours: _containers.RepeatedCompositeFieldContainer[RouteHours]
    def __init__(self, prefixes: _Optional[_Iterable[str]] = ..., countries: _Optional[_Iterable[str]] = ..., caller_ids: _Optional[_Iterable[str]] = ..., labels: _Optional[_Mapping[str, str]] = ..., hours: _Optional[_Iterable[_Union[RouteHours, _Mapping]]] = ...) -> None: ...

class RouteHours(_message.Message):
    __slots__ = ("time_zone", "days", "until")
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    FROM_FIELD_NUMBER: _ClassVar[int]
    UNTIL_FIELD_NUMBER: _ClassVar[int]
    time_zone: str
    days: _containers.RepeatedScalarFieldContainer[Weekday]
    until: str
    def __init__(self, time_zone: _Optional[str] = ..., days: _Optional[_Iterable[_Union[Weekday, str]]] = ..., until: _Optional[str] = ..., **kwargs) -> None: ...

class RouteTarget(_message.Message):
    __slots__ = ("trunk_id", "priority", "weight")
    TRUNK_ID_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    trunk_id: str
    priority: int
    weight: int
    def __init__(self, trunk_id: _Optional[str] = ..., priority: _Optional[int] = ..., weight: _Optional[int] = ...) -> None: ...

class Trunk(_message.Message):
    __slots__ = ("trunk_id", "tenant_ids", "livekit_trunk_id", "headers", "numbers", "transfer_mode", "transfer_host", "enabled", "inline", "max_concurrent_calls", "max_calls_per_second", "number_format", "failover_sip_codes", "failover_on_silence", "health", "outcomes", "callees")
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
    INLINE_FIELD_NUMBER: _ClassVar[int]
    MAX_CONCURRENT_CALLS_FIELD_NUMBER: _ClassVar[int]
    MAX_CALLS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FORMAT_FIELD_NUMBER: _ClassVar[int]
    FAILOVER_SIP_CODES_FIELD_NUMBER: _ClassVar[int]
    FAILOVER_ON_SILENCE_FIELD_NUMBER: _ClassVar[int]
    HEALTH_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    CALLEES_FIELD_NUMBER: _ClassVar[int]
    trunk_id: str
    tenant_ids: _containers.RepeatedScalarFieldContainer[str]
    livekit_trunk_id: str
    headers: _containers.ScalarMap[str, str]
    numbers: _containers.RepeatedCompositeFieldContainer[TrunkNumber]
    transfer_mode: TrunkTransferMode
    transfer_host: str
    enabled: bool
    inline: InlineTrunk
    max_concurrent_calls: int
    max_calls_per_second: int
    number_format: NumberFormat
    failover_sip_codes: _containers.RepeatedScalarFieldContainer[int]
    failover_on_silence: bool
    health: TrunkHealthPolicy
    outcomes: _containers.RepeatedCompositeFieldContainer[TrunkOutcome]
    callees: TrunkCallees
    def __init__(self, trunk_id: _Optional[str] = ..., tenant_ids: _Optional[_Iterable[str]] = ..., livekit_trunk_id: _Optional[str] = ..., headers: _Optional[_Mapping[str, str]] = ..., numbers: _Optional[_Iterable[_Union[TrunkNumber, _Mapping]]] = ..., transfer_mode: _Optional[_Union[TrunkTransferMode, str]] = ..., transfer_host: _Optional[str] = ..., enabled: _Optional[bool] = ..., inline: _Optional[_Union[InlineTrunk, _Mapping]] = ..., max_concurrent_calls: _Optional[int] = ..., max_calls_per_second: _Optional[int] = ..., number_format: _Optional[_Union[NumberFormat, _Mapping]] = ..., failover_sip_codes: _Optional[_Iterable[int]] = ..., failover_on_silence: _Optional[bool] = ..., health: _Optional[_Union[TrunkHealthPolicy, _Mapping]] = ..., outcomes: _Optional[_Iterable[_Union[TrunkOutcome, _Mapping]]] = ..., callees: _Optional[_Union[TrunkCallees, _Mapping]] = ...) -> None: ...

class TrunkCallees(_message.Message):
    __slots__ = ("extensions", "sip_users", "no_numbers")
    EXTENSIONS_FIELD_NUMBER: _ClassVar[int]
    SIP_USERS_FIELD_NUMBER: _ClassVar[int]
    NO_NUMBERS_FIELD_NUMBER: _ClassVar[int]
    extensions: _containers.RepeatedScalarFieldContainer[str]
    sip_users: _containers.RepeatedScalarFieldContainer[str]
    no_numbers: bool
    def __init__(self, extensions: _Optional[_Iterable[str]] = ..., sip_users: _Optional[_Iterable[str]] = ..., no_numbers: _Optional[bool] = ...) -> None: ...

class TrunkOutcome(_message.Message):
    __slots__ = ("sip_status_code", "text", "reason", "failover")
    SIP_STATUS_CODE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    FAILOVER_FIELD_NUMBER: _ClassVar[int]
    sip_status_code: int
    text: str
    reason: CarrierReason
    failover: bool
    def __init__(self, sip_status_code: _Optional[int] = ..., text: _Optional[str] = ..., reason: _Optional[_Union[CarrierReason, str]] = ..., failover: _Optional[bool] = ...) -> None: ...

class InlineTrunk(_message.Message):
    __slots__ = ("hostname", "transport", "username", "password_from", "from_host")
    HOSTNAME_FIELD_NUMBER: _ClassVar[int]
    TRANSPORT_FIELD_NUMBER: _ClassVar[int]
    USERNAME_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_FROM_FIELD_NUMBER: _ClassVar[int]
    FROM_HOST_FIELD_NUMBER: _ClassVar[int]
    hostname: str
    transport: SipTransport
    username: str
    password_from: str
    from_host: str
    def __init__(self, hostname: _Optional[str] = ..., transport: _Optional[_Union[SipTransport, str]] = ..., username: _Optional[str] = ..., password_from: _Optional[str] = ..., from_host: _Optional[str] = ...) -> None: ...

class NumberFormat(_message.Message):
    __slots__ = ("plus", "prefix", "strip", "country")
    PLUS_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    STRIP_FIELD_NUMBER: _ClassVar[int]
    COUNTRY_FIELD_NUMBER: _ClassVar[int]
    plus: bool
    prefix: str
    strip: int
    country: str
    def __init__(self, plus: _Optional[bool] = ..., prefix: _Optional[str] = ..., strip: _Optional[int] = ..., country: _Optional[str] = ...) -> None: ...

class TrunkHealthPolicy(_message.Message):
    __slots__ = ("window", "min_calls", "failure_percent", "quarantine", "probes", "disabled")
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    MIN_CALLS_FIELD_NUMBER: _ClassVar[int]
    FAILURE_PERCENT_FIELD_NUMBER: _ClassVar[int]
    QUARANTINE_FIELD_NUMBER: _ClassVar[int]
    PROBES_FIELD_NUMBER: _ClassVar[int]
    DISABLED_FIELD_NUMBER: _ClassVar[int]
    window: _duration_pb2.Duration
    min_calls: int
    failure_percent: int
    quarantine: _duration_pb2.Duration
    probes: int
    disabled: bool
    def __init__(self, window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., min_calls: _Optional[int] = ..., failure_percent: _Optional[int] = ..., quarantine: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., probes: _Optional[int] = ..., disabled: _Optional[bool] = ...) -> None: ...

class TrunkNumber(_message.Message):
    __slots__ = ("number", "country", "tenant_id")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    COUNTRY_FIELD_NUMBER: _ClassVar[int]
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    number: str
    country: str
    tenant_id: str
    def __init__(self, number: _Optional[str] = ..., country: _Optional[str] = ..., tenant_id: _Optional[str] = ...) -> None: ...

class ApplyConfigRequest(_message.Message):
    __slots__ = ("config", "expected_version", "dry_run", "replay_calls")
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_VERSION_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    REPLAY_CALLS_FIELD_NUMBER: _ClassVar[int]
    config: Config
    expected_version: int
    dry_run: bool
    replay_calls: int
    def __init__(self, config: _Optional[_Union[Config, _Mapping]] = ..., expected_version: _Optional[int] = ..., dry_run: _Optional[bool] = ..., replay_calls: _Optional[int] = ...) -> None: ...

class ApplyConfigResponse(_message.Message):
    __slots__ = ("version", "changes", "more_changes", "reroutes", "replayed_calls", "warnings", "more_warnings", "inbound", "inbound_error", "more_inbound")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    MORE_CHANGES_FIELD_NUMBER: _ClassVar[int]
    REROUTES_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_CALLS_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    MORE_WARNINGS_FIELD_NUMBER: _ClassVar[int]
    INBOUND_FIELD_NUMBER: _ClassVar[int]
    INBOUND_ERROR_FIELD_NUMBER: _ClassVar[int]
    MORE_INBOUND_FIELD_NUMBER: _ClassVar[int]
    version: int
    changes: _containers.RepeatedCompositeFieldContainer[ConfigChange]
    more_changes: int
    reroutes: _containers.RepeatedCompositeFieldContainer[Reroute]
    replayed_calls: int
    warnings: _containers.RepeatedCompositeFieldContainer[ConfigWarning]
    more_warnings: int
    inbound: _containers.RepeatedCompositeFieldContainer[InboundObject]
    inbound_error: str
    more_inbound: int
    def __init__(self, version: _Optional[int] = ..., changes: _Optional[_Iterable[_Union[ConfigChange, _Mapping]]] = ..., more_changes: _Optional[int] = ..., reroutes: _Optional[_Iterable[_Union[Reroute, _Mapping]]] = ..., replayed_calls: _Optional[int] = ..., warnings: _Optional[_Iterable[_Union[ConfigWarning, _Mapping]]] = ..., more_warnings: _Optional[int] = ..., inbound: _Optional[_Iterable[_Union[InboundObject, _Mapping]]] = ..., inbound_error: _Optional[str] = ..., more_inbound: _Optional[int] = ...) -> None: ...

class InboundObject(_message.Message):
    __slots__ = ("path", "tenant_id", "livekit_id", "state", "action", "changes", "error")
    PATH_FIELD_NUMBER: _ClassVar[int]
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    LIVEKIT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    path: str
    tenant_id: str
    livekit_id: str
    state: InboundState
    action: InboundAction
    changes: _containers.RepeatedCompositeFieldContainer[ConfigChange]
    error: str
    def __init__(self, path: _Optional[str] = ..., tenant_id: _Optional[str] = ..., livekit_id: _Optional[str] = ..., state: _Optional[_Union[InboundState, str]] = ..., action: _Optional[_Union[InboundAction, str]] = ..., changes: _Optional[_Iterable[_Union[ConfigChange, _Mapping]]] = ..., error: _Optional[str] = ...) -> None: ...

class ConfigWarning(_message.Message):
    __slots__ = ("field", "description")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    field: str
    description: str
    def __init__(self, field: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class ConfigChange(_message.Message):
    __slots__ = ("path", "before", "after")
    PATH_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    path: str
    before: str
    after: str
    def __init__(self, path: _Optional[str] = ..., before: _Optional[str] = ..., after: _Optional[str] = ...) -> None: ...

class Reroute(_message.Message):
    __slots__ = ("call_id", "tenant_id", "to", "trunk_id", "new_trunk_id", "reason", "message")
    CALL_ID_FIELD_NUMBER: _ClassVar[int]
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    TRUNK_ID_FIELD_NUMBER: _ClassVar[int]
    NEW_TRUNK_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    call_id: str
    tenant_id: str
    to: str
    trunk_id: str
    new_trunk_id: str
    reason: str
    message: str
    def __init__(self, call_id: _Optional[str] = ..., tenant_id: _Optional[str] = ..., to: _Optional[str] = ..., trunk_id: _Optional[str] = ..., new_trunk_id: _Optional[str] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class GetConfigRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetConfigResponse(_message.Message):
    __slots__ = ("config", "version", "apply_time", "inbound", "inbound_look_time", "more_inbound")
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    APPLY_TIME_FIELD_NUMBER: _ClassVar[int]
    INBOUND_FIELD_NUMBER: _ClassVar[int]
    INBOUND_LOOK_TIME_FIELD_NUMBER: _ClassVar[int]
    MORE_INBOUND_FIELD_NUMBER: _ClassVar[int]
    config: Config
    version: int
    apply_time: _timestamp_pb2.Timestamp
    inbound: _containers.RepeatedCompositeFieldContainer[InboundObject]
    inbound_look_time: _timestamp_pb2.Timestamp
    more_inbound: int
    def __init__(self, config: _Optional[_Union[Config, _Mapping]] = ..., version: _Optional[int] = ..., apply_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., inbound: _Optional[_Iterable[_Union[InboundObject, _Mapping]]] = ..., inbound_look_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., more_inbound: _Optional[int] = ...) -> None: ...

class ApiKey(_message.Message):
    __slots__ = ("key", "tenant_id", "rights", "create_time", "revoke_time", "expire_time", "allowed_addresses", "last_use_time")
    KEY_FIELD_NUMBER: _ClassVar[int]
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    RIGHTS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    REVOKE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    LAST_USE_TIME_FIELD_NUMBER: _ClassVar[int]
    key: str
    tenant_id: str
    rights: _containers.RepeatedScalarFieldContainer[Right]
    create_time: _timestamp_pb2.Timestamp
    revoke_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    allowed_addresses: _containers.RepeatedScalarFieldContainer[str]
    last_use_time: _timestamp_pb2.Timestamp
    def __init__(self, key: _Optional[str] = ..., tenant_id: _Optional[str] = ..., rights: _Optional[_Iterable[_Union[Right, str]]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revoke_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., allowed_addresses: _Optional[_Iterable[str]] = ..., last_use_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CreateApiKeyRequest(_message.Message):
    __slots__ = ("tenant_id", "rights", "expire_time", "allowed_addresses")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    RIGHTS_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    rights: _containers.RepeatedScalarFieldContainer[Right]
    expire_time: _timestamp_pb2.Timestamp
    allowed_addresses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, tenant_id: _Optional[str] = ..., rights: _Optional[_Iterable[_Union[Right, str]]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., allowed_addresses: _Optional[_Iterable[str]] = ...) -> None: ...

class CreateApiKeyResponse(_message.Message):
    __slots__ = ("key", "secret")
    KEY_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    key: ApiKey
    secret: str
    def __init__(self, key: _Optional[_Union[ApiKey, _Mapping]] = ..., secret: _Optional[str] = ...) -> None: ...

class RevokeApiKeyRequest(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: str
    def __init__(self, key: _Optional[str] = ...) -> None: ...

class RevokeApiKeyResponse(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: ApiKey
    def __init__(self, key: _Optional[_Union[ApiKey, _Mapping]] = ...) -> None: ...

class ListApiKeysRequest(_message.Message):
    __slots__ = ("tenant_id",)
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    def __init__(self, tenant_id: _Optional[str] = ...) -> None: ...

class ListApiKeysResponse(_message.Message):
    __slots__ = ("keys", "more_keys")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    MORE_KEYS_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedCompositeFieldContainer[ApiKey]
    more_keys: int
    def __init__(self, keys: _Optional[_Iterable[_Union[ApiKey, _Mapping]]] = ..., more_keys: _Optional[int] = ...) -> None: ...

class ListTrunkHealthRequest(_message.Message):
    __slots__ = ("trunk_id", "window")
    TRUNK_ID_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    trunk_id: str
    window: _duration_pb2.Duration
    def __init__(self, trunk_id: _Optional[str] = ..., window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ListTrunkHealthResponse(_message.Message):
    __slots__ = ("trunks", "more_trunks")
    TRUNKS_FIELD_NUMBER: _ClassVar[int]
    MORE_TRUNKS_FIELD_NUMBER: _ClassVar[int]
    trunks: _containers.RepeatedCompositeFieldContainer[TrunkHealth]
    more_trunks: int
    def __init__(self, trunks: _Optional[_Iterable[_Union[TrunkHealth, _Mapping]]] = ..., more_trunks: _Optional[int] = ...) -> None: ...

class TrunkHealth(_message.Message):
    __slots__ = ("trunk_id", "state", "since_time", "until_time", "cause", "traffic", "destinations")
    TRUNK_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SINCE_TIME_FIELD_NUMBER: _ClassVar[int]
    UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    TRAFFIC_FIELD_NUMBER: _ClassVar[int]
    DESTINATIONS_FIELD_NUMBER: _ClassVar[int]
    trunk_id: str
    state: TrunkHealthState
    since_time: _timestamp_pb2.Timestamp
    until_time: _timestamp_pb2.Timestamp
    cause: str
    traffic: TrunkTraffic
    destinations: _containers.RepeatedCompositeFieldContainer[DestinationTraffic]
    def __init__(self, trunk_id: _Optional[str] = ..., state: _Optional[_Union[TrunkHealthState, str]] = ..., since_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cause: _Optional[str] = ..., traffic: _Optional[_Union[TrunkTraffic, _Mapping]] = ..., destinations: _Optional[_Iterable[_Union[DestinationTraffic, _Mapping]]] = ...) -> None: ...

class TrunkTraffic(_message.Message):
    __slots__ = ("calls", "failed_calls", "answered_calls", "answer_seizure_ratio", "post_dial_delay", "duration")
    CALLS_FIELD_NUMBER: _ClassVar[int]
    FAILED_CALLS_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_CALLS_FIELD_NUMBER: _ClassVar[int]
    ANSWER_SEIZURE_RATIO_FIELD_NUMBER: _ClassVar[int]
    POST_DIAL_DELAY_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    calls: int
    failed_calls: int
    answered_calls: int
    answer_seizure_ratio: float
    post_dial_delay: _duration_pb2.Duration
    duration: _duration_pb2.Duration
    def __init__(self, calls: _Optional[int] = ..., failed_calls: _Optional[int] = ..., answered_calls: _Optional[int] = ..., answer_seizure_ratio: _Optional[float] = ..., post_dial_delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class DestinationTraffic(_message.Message):
    __slots__ = ("destination", "traffic")
    DESTINATION_FIELD_NUMBER: _ClassVar[int]
    TRAFFIC_FIELD_NUMBER: _ClassVar[int]
    destination: str
    traffic: TrunkTraffic
    def __init__(self, destination: _Optional[str] = ..., traffic: _Optional[_Union[TrunkTraffic, _Mapping]] = ...) -> None: ...

class ResetTrunkRequest(_message.Message):
    __slots__ = ("trunk_id",)
    TRUNK_ID_FIELD_NUMBER: _ClassVar[int]
    trunk_id: str
    def __init__(self, trunk_id: _Optional[str] = ...) -> None: ...

class ResetTrunkResponse(_message.Message):
    __slots__ = ("trunk",)
    TRUNK_FIELD_NUMBER: _ClassVar[int]
    trunk: TrunkHealth
    def __init__(self, trunk: _Optional[_Union[TrunkHealth, _Mapping]] = ...) -> None: ...

class AddDoNotCallRequest(_message.Message):
    __slots__ = ("tenant_id", "numbers")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    numbers: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, tenant_id: _Optional[str] = ..., numbers: _Optional[_Iterable[str]] = ...) -> None: ...

class AddDoNotCallResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RemoveDoNotCallRequest(_message.Message):
    __slots__ = ("tenant_id", "numbers")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    numbers: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, tenant_id: _Optional[str] = ..., numbers: _Optional[_Iterable[str]] = ...) -> None: ...

class RemoveDoNotCallResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListDoNotCallRequest(_message.Message):
    __slots__ = ("tenant_id", "number", "page_size", "page_token")
    TENANT_ID_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tenant_id: str
    number: str
    page_size: int
    page_token: str
    def __init__(self, tenant_id: _Optional[str] = ..., number: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListDoNotCallResponse(_message.Message):
    __slots__ = ("entries", "next_page_token")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[DoNotCallEntry]
    next_page_token: str
    def __init__(self, entries: _Optional[_Iterable[_Union[DoNotCallEntry, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class DoNotCallEntry(_message.Message):
    __slots__ = ("number", "number_hash", "create_time")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    NUMBER_HASH_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    number: str
    number_hash: str
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, number: _Optional[str] = ..., number_hash: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
