"""Tenants, trunks, routes and rights: what the configuration says."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.outcome import CarrierReason, Failure
from gateway.domain.timeouts import TimeoutPolicy


class Right(StrEnum):
    """What a stored key may do."""

    CALL = "CALL"
    TENANT_ADMIN = "TENANT_ADMIN"
    OPERATOR = "OPERATOR"


class TransferSupport(StrEnum):
    """Whether a trunk's carrier takes SIP REFER, and in which form of target."""

    NONE = "NONE"
    TEL = "TEL"
    SIP = "SIP"


@dataclass(frozen=True, slots=True)
class TrunkNumber:
    """A number that a trunk may show as caller ID. `tenant_id` empty: any of its tenants."""

    number: str
    country: str = ""
    tenant_id: str = ""


class SipTransport(StrEnum):
    """How SIP is carried to an inline trunk."""

    AUTO = "AUTO"
    UDP = "UDP"
    TCP = "TCP"
    TLS = "TLS"


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineTrunk:
    """A carrier's own address and credentials; the password is only pointed at."""

    hostname: str
    transport: SipTransport = SipTransport.AUTO
    username: str = ""
    password_from: str = ""
    """`env:NAME` or `file:/path`."""
    from_host: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFormat:
    """How a carrier wants the called number: first `strip`, then `prefix`, then the `+`."""

    plus: bool = True
    prefix: str = ""
    strip: int = 0
    countries: tuple[str, ...] = ()
    """Whose dialling rules the carrier follows; empty: not known. At most one is configured."""

    @property
    def is_plain(self) -> bool:
        """Every number leaves as it is."""
        return self.plus and self.keeps_digits

    @property
    def keeps_digits(self) -> bool:
        """No digit of a number is left out, and none comes before it."""
        return not self.strip and not self.prefix


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkHealthPolicy:
    """When a trunk is held to be ill, judged by its own calls."""

    window: timedelta = timedelta(seconds=60)
    min_calls: int = 10
    failure_percent: int = 50
    quarantine: timedelta = timedelta(seconds=30)
    probes: int = 2
    disabled: bool = False


DEFAULT_FAILOVER_CODES = (408, 500, 502, 503, 504)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkOutcome:
    """What a carrier means by a SIP status, or by one whose text contains `text`."""

    sip_status_code: int
    text: str = ""
    reason: CarrierReason | None = None
    """Required; None is what no configuration that was checked has."""
    failover: bool | None = None
    """None: as after any other status."""

    def fits(self, failure: Failure) -> bool:
        """Whether it speaks of this failure."""
        said = self.text.casefold() in failure.sip_status.casefold()
        return said and self.sip_status_code == failure.sip_status_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A way to the telephone network, by the name tenants know it under."""

    trunk_id: str
    tenant_ids: tuple[str, ...] = ()
    livekit_trunk_id: str = ""
    """LiveKit's id of a stored trunk; empty where `inline` is set."""
    inline: InlineTrunk | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    numbers: tuple[TrunkNumber, ...] = ()
    transfer_mode: TransferSupport = TransferSupport.TEL
    transfer_host: str = ""
    enabled: bool = True
    max_concurrent_calls: int = 0
    """0: no limit; so with all limits."""
    max_calls_per_second: int = 0
    number_format: NumberFormat = NumberFormat()
    failover_sip_codes: tuple[int, ...] = DEFAULT_FAILOVER_CODES
    failover_on_silence: bool = True
    health: TrunkHealthPolicy = TrunkHealthPolicy()
    outcomes: tuple[TrunkOutcome, ...] = ()

    def serves(self, tenant_id: str) -> bool:
        """A trunk without tenants is shared by all."""
        return not self.tenant_ids or tenant_id in self.tenant_ids

    def meaning(self, failure: Failure) -> Failure:
        """The failure with what this trunk's carrier means by it, if it means its own."""
        found = next((one for one in self.outcomes if one.fits(failure)), None)
        if found is None:
            return failure
        return replace(failure, reason=found.reason, failover=found.failover)

    def shown_by(self, tenant_id: str) -> tuple[TrunkNumber, ...]:
        """The numbers that this tenant may show on this trunk, in the configured order."""
        return tuple(n for n in self.numbers if n.tenant_id in ("", tenant_id))


@dataclass(frozen=True, slots=True)
class RouteTarget:
    """A trunk of a route. Lower priorities come first; equal ones share by weight."""

    trunk_id: str
    priority: int = 0
    weight: int = 1


DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteHours:
    """Some hours of some days; `until` before `begin` means on the next day."""

    time_zone: str
    days: frozenset[int] = frozenset(range(1, 8))
    """ISO weekdays (1: Monday) on which the hours begin."""
    begin: int = 0
    """Minutes after midnight; `until` too."""
    until: int = DAY_MINUTES


DEFAULT_MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where some calls go; everything that is set must fit."""

    route_id: str
    prefixes: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    caller_ids: tuple[str, ...] = ()
    """Beginnings of the caller ID asked for."""
    labels: Mapping[str, str] = field(default_factory=dict)
    hours: tuple[RouteHours, ...] = ()
    targets: tuple[RouteTarget, ...] = ()
    ringing_timeout: timedelta | None = None
    block: bool = False
    max_attempts: int = DEFAULT_MAX_ATTEMPTS


class NumberKind(StrEnum):
    """Kinds of numbers that a tenant may be kept from calling."""

    PREMIUM_RATE = "PREMIUM_RATE"
    SHARED_COST = "SHARED_COST"
    SATELLITE = "SATELLITE"
    TOLL_FREE = "TOLL_FREE"
    PERSONAL = "PERSONAL"
    PAGER = "PAGER"
    UAN = "UAN"
    VOIP = "VOIP"


DEFAULT_BLOCKED_KINDS = frozenset({NumberKind.PREMIUM_RATE, NumberKind.SHARED_COST})


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationLimit:
    """A limit on the calls to some numbers, counted over all of them together."""

    limit_id: str
    prefixes: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    max_calls_per_day: int = 0
    max_calls_per_second: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantLimits:
    """How much a tenant may call and be called. 0: no limit."""

    max_concurrent_calls: int = 0
    """Outbound ones."""
    max_concurrent_inbound_calls: int = 0
    max_calls_per_second: int = 0
    max_calls_per_day: int = 0
    max_calls_per_minute_to_one_number: int = 0
    destinations: tuple[DestinationLimit, ...] = ()


DEFAULT_LIMITS = TenantLimits(
    max_concurrent_calls=100,
    max_concurrent_inbound_calls=100,
    max_calls_per_second=10,
    max_calls_per_minute_to_one_number=30,
)
"""Of a tenant whose configuration says nothing: enough for most, too little for a fraud."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """Which calls that ring in belong to a tenant, beside those in its rooms."""

    livekit_trunk_ids: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    end_room_on_hangup: bool = False
    number_country: str = ""
    """In whose form carriers write numbers; empty: the tenant's `default_country`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A receiver of a tenant's call events; the signing secret is only pointed at."""

    webhook_id: str
    url: str
    secret_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A team that places calls, and what it may do."""

    tenant_id: str
    rooms: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    timeouts: TimeoutPolicy = TimeoutPolicy()
    sip_hosts: tuple[str, ...] = ()
    allowed_headers: tuple[str, ...] = ()
    sandbox: bool = False
    limits: TenantLimits = TenantLimits()
    allowed_countries: frozenset[str] = frozenset()
    """Empty: all."""
    blocked_number_kinds: frozenset[NumberKind] = DEFAULT_BLOCKED_KINDS
    emergency_allowed: bool = False
    default_country: str = ""
    inbound: Inbound = Inbound()
    webhooks: tuple[Webhook, ...] = ()
    emergency_numbers: tuple[str, ...] = ()
    """Of `default_country`, beside those that are known."""

    def emergency_numbers_in(self, country: str) -> tuple[str, ...]:
        """What is an emergency number there beside those that are known."""
        return self.emergency_numbers if country == self.default_country else ()

    @property
    def carrier_country(self) -> str:
        """In whose form carriers write the numbers of its callers; empty: unknown."""
        return self.inbound.number_country or self.default_country

    @property
    def room_patterns(self) -> tuple[str, ...]:
        """The names of its rooms; with a `*` at the end: any rest."""
        return self.rooms or (f"{self.tenant_id}-*",)

    def may_use_room(self, room: str) -> bool:
        """Whether `room` fits one of the tenant's patterns."""
        return any(
            room.startswith(pattern[:-1]) if pattern.endswith("*") else room == pattern
            for pattern in self.room_patterns
        )


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration in force."""

    version: int = 0
    tenants: tuple[Tenant, ...] = ()
    trunks: tuple[Trunk, ...] = ()

    def tenant(self, tenant_id: str) -> Tenant | None:
        """The tenant of this id, if there is one."""
        return next((t for t in self.tenants if t.tenant_id == tenant_id), None)

    def trunk(self, trunk_id: str) -> Trunk | None:
        """The trunk of this name, if there is one."""
        return next((t for t in self.trunks if t.trunk_id == trunk_id), None)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling: a tenant through one of its keys, narrowed by the token's grants."""

    key: str
    tenant_id: str
    rights: frozenset[Right]
    room: str = ""
    """Where a token names one room, only that room's calls exist for it."""
    room_admin: bool = False
    """The token administers its room: LiveKit asks that of whoever transfers."""
    sees_trunks: bool = False
    """LiveKit shows trunks by the grant `sip.admin`, which gives on no right to call."""
    expire_time: datetime | None = None
    """When the token or its key expires, whichever comes first; None: never."""
