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

class Right(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RIGHT_UNSPECIFIED: _ClassVar[Right]
    RIGHT_CALL: _ClassVar[Right]
    RIGHT_TENANT_ADMIN: _ClassVar[Right]
    RIGHT_OPERATOR: _ClassVar[Right]

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
RIGHT_UNSPECIFIED: Right
RIGHT_CALL: Right
RIGHT_TENANT_ADMIN: Right
RIGHT_OPERATOR: Right
TRUNK_HEALTH_STATE_UNSPECIFIED: TrunkHealthState
TRUNK_HEALTH_STATE_HEALTHY: TrunkHealthState
TRUNK_HEALTH_STATE_QUARANTINED: TrunkHealthState
TRUNK_HEALTH_STATE_PROBING: TrunkHealthState

class Config(_message.Message):
    __slots__ = ("tenants", "trunks")
    TENANTS_FIELD_NUMBER: _ClassVar[int]
    TRUNKS_FIELD_NUMBER: _ClassVar[int]
    tenants: _containers.RepeatedCompositeFieldContainer[Tenant]
    trunks: _containers.RepeatedCompositeFieldContainer[Trunk]
    def __init__(self, tenants: _Optional[_Iterable[_Union[Tenant, _Mapping]]] = ..., trunks: _Optional[_Iterable[_Union[Trunk, _Mapping]]] = ...) -> None: ...

class Tenant(_message.Message):
    __slots__ = ("tenant_id", "rooms", "routes", "timeouts", "sip_hosts", "allowed_headers", "sandbox", "limits", "allowed_countries", "blocked_number_kinds", "emergency_allowed", "default_country", "inbound", "webhooks", "emergency_numbers")
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
    def __init__(self, tenant_id: _Optional[str] = ..., rooms: _Optional[_Iterable[str]] = ..., routes: _Optional[_Iterable[_Union[Route, _Mapping]]] = ..., timeouts: _Optional[_Union[TimeoutPolicy, _Mapping]] = ..., sip_hosts: _Optional[_Iterable[str]] = ..., allowed_headers: _Optional[_Iterable[str]] = ..., sandbox: _Optional[bool] = ..., limits: _Optional[_Union[TenantLimits, _Mapping]] = ..., allowed_countries: _Optional[_Iterable[str]] = ..., blocked_number_kinds: _Optional[_Iterable[_Union[NumberKind, str]]] = ..., emergency_allowed: _Optional[bool] = ..., default_country: _Optional[str] = ..., inbound: _Optional[_Union[TenantInbound, _Mapping]] = ..., webhooks: _Optional[_Iterable[_Union[TenantWebhook, _Mapping]]] = ..., emergency_numbers: _Optional[_Iterable[str]] = ...) -> None: ...

class TenantInbound(_message.Message):
    __slots__ = ("livekit_trunk_ids", "numbers", "end_room_on_hangup", "number_country")
    LIVEKIT_TRUNK_IDS_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    END_ROOM_ON_HANGUP_FIELD_NUMBER: _ClassVar[int]
    NUMBER_COUNTRY_FIELD_NUMBER: _ClassVar[int]
    livekit_trunk_ids: _containers.RepeatedScalarFieldContainer[str]
    numbers: _containers.RepeatedScalarFieldContainer[str]
    end_room_on_hangup: bool
    number_country: str
    def __init__(self, livekit_trunk_ids: _Optional[_Iterable[str]] = ..., numbers: _Optional[_Iterable[str]] = ..., end_room_on_hangup: _Optional[bool] = ..., number_country: _Optional[str] = ...) -> None: ...

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
    __slots__ = ("max_concurrent_calls", "max_calls_per_second", "max_calls_per_day", "max_calls_per_minute_to_one_number", "destinations", "max_concurrent_inbound_calls")
    MAX_CONCURRENT_CALLS_FIELD_NUMBER: _ClassVar[int]
    MAX_CALLS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    MAX_CALLS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    MAX_CALLS_PER_MINUTE_TO_ONE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    DESTINATIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_CONCURRENT_INBOUND_CALLS_FIELD_NUMBER: _ClassVar[int]
    max_concurrent_calls: int
    max_calls_per_second: int
    max_calls_per_day: int
    max_calls_per_minute_to_one_number: int
    destinations: _containers.RepeatedCompositeFieldContainer[DestinationLimit]
    max_concurrent_inbound_calls: int
    def __init__(self, max_concurrent_calls: _Optional[int] = ..., max_calls_per_second: _Optional[int] = ..., max_calls_per_day: _Optional[int] = ..., max_calls_per_minute_to_one_number: _Optional[int] = ..., destinations: _Optional[_Iterable[_Union[DestinationLimit, _Mapping]]] = ..., max_concurrent_inbound_calls: _Optional[int] = ...) -> None: ...

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
    __slots__ = ("trunk_id", "tenant_ids", "livekit_trunk_id", "headers", "numbers", "transfer_mode", "transfer_host", "enabled", "inline", "max_concurrent_calls", "max_calls_per_second", "number_format", "failover_sip_codes", "failover_on_silence", "health", "outcomes")
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
    def __init__(self, trunk_id: _Optional[str] = ..., tenant_ids: _Optional[_Iterable[str]] = ..., livekit_trunk_id: _Optional[str] = ..., headers: _Optional[_Mapping[str, str]] = ..., numbers: _Optional[_Iterable[_Union[TrunkNumber, _Mapping]]] = ..., transfer_mode: _Optional[_Union[TrunkTransferMode, str]] = ..., transfer_host: _Optional[str] = ..., enabled: _Optional[bool] = ..., inline: _Optional[_Union[InlineTrunk, _Mapping]] = ..., max_concurrent_calls: _Optional[int] = ..., max_calls_per_second: _Optional[int] = ..., number_format: _Optional[_Union[NumberFormat, _Mapping]] = ..., failover_sip_codes: _Optional[_Iterable[int]] = ..., failover_on_silence: _Optional[bool] = ..., health: _Optional[_Union[TrunkHealthPolicy, _Mapping]] = ..., outcomes: _Optional[_Iterable[_Union[TrunkOutcome, _Mapping]]] = ...) -> None: ...

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
    __slots__ = ("version", "changes", "more_changes", "reroutes", "replayed_calls", "warnings", "more_warnings")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    MORE_CHANGES_FIELD_NUMBER: _ClassVar[int]
    REROUTES_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_CALLS_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    MORE_WARNINGS_FIELD_NUMBER: _ClassVar[int]
    version: int
    changes: _containers.RepeatedCompositeFieldContainer[ConfigChange]
    more_changes: int
    reroutes: _containers.RepeatedCompositeFieldContainer[Reroute]
    replayed_calls: int
    warnings: _containers.RepeatedCompositeFieldContainer[ConfigWarning]
    more_warnings: int
    def __init__(self, version: _Optional[int] = ..., changes: _Optional[_Iterable[_Union[ConfigChange, _Mapping]]] = ..., more_changes: _Optional[int] = ..., reroutes: _Optional[_Iterable[_Union[Reroute, _Mapping]]] = ..., replayed_calls: _Optional[int] = ..., warnings: _Optional[_Iterable[_Union[ConfigWarning, _Mapping]]] = ..., more_warnings: _Optional[int] = ...) -> None: ...

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
    __slots__ = ("config", "version", "apply_time")
    CONFIG_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    APPLY_TIME_FIELD_NUMBER: _ClassVar[int]
    config: Config
    version: int
    apply_time: _timestamp_pb2.Timestamp
    def __init__(self, config: _Optional[_Union[Config, _Mapping]] = ..., version: _Optional[int] = ..., apply_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

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
