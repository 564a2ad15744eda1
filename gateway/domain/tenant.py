"""Tenants, trunks, routes and rights: what the configuration says."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum

from gateway.domain.inbound.declared import DispatchRule, InboundTrunk
from gateway.domain.outcome import CarrierReason, Failure
from gateway.domain.timeouts import TimeoutPolicy


class Right(StrEnum):
    """What a stored key may do."""

    CALL = "CALL"
    TENANT_ADMIN = "TENANT_ADMIN"
    OPERATOR = "OPERATOR"
    OVERRIDE_CALLING_HOURS = "OVERRIDE_CALLING_HOURS"


class TransferSupport(StrEnum):
    """Whether a trunk's carrier takes SIP REFER, and the form of the target."""

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
    """The SIP transport of an inline trunk."""

    AUTO = "AUTO"
    UDP = "UDP"
    TCP = "TCP"
    TLS = "TLS"


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineTrunk:
    """A carrier's own address and credentials; the password only as a reference."""

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
    """Countries whose dialling rules the carrier follows; empty: unknown. At most one is set."""

    @property
    def is_plain(self) -> bool:
        """Every number is sent unchanged."""
        return self.plus and self.keeps_digits

    @property
    def keeps_digits(self) -> bool:
        """No digit of a number is removed, and none is added."""
        return not self.strip and not self.prefix


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkHealthPolicy:
    """When a trunk is quarantined, judged by its own calls."""

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
    """Required; a checked configuration never has None."""
    failover: bool | None = None
    """None: as after any other status."""

    def fits(self, failure: Failure) -> bool:
        """Whether it applies to this failure."""
        said = self.text.casefold() in failure.sip_status.casefold()
        return said and self.sip_status_code == failure.sip_status_code


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkCallees:
    """Callees that are no phone numbers; in each, a `*` at the end stands for any ending."""

    extensions: tuple[str, ...] = ()
    sip_users: tuple[str, ...] = ()
    no_numbers: bool = False
    """Phone numbers are not called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A connection to a carrier, by the name that tenants use."""

    trunk_id: str
    tenant_ids: tuple[str, ...] = ()
    livekit_trunk_id: str = ""
    """LiveKit's id of a stored trunk; empty if `inline` is set."""
    inline: InlineTrunk | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    numbers: tuple[TrunkNumber, ...] = ()
    transfer_mode: TransferSupport = TransferSupport.TEL
    transfer_host: str = ""
    enabled: bool = True
    max_concurrent_calls: int = 0
    """0: no limit, as with all limits."""
    max_calls_per_second: int = 0
    number_format: NumberFormat = NumberFormat()
    failover_sip_codes: tuple[int, ...] = DEFAULT_FAILOVER_CODES
    failover_on_silence: bool = True
    health: TrunkHealthPolicy = TrunkHealthPolicy()
    outcomes: tuple[TrunkOutcome, ...] = ()
    callees: TrunkCallees = TrunkCallees()

    def serves(self, tenant_id: str) -> bool:
        """A trunk without tenants is shared by all."""
        return not self.tenant_ids or tenant_id in self.tenant_ids

    def meaning(self, failure: Failure) -> Failure:
        """The failure, with this carrier's own meaning of it if there is one."""
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
    """A period on some days of the week; `until` before `begin` means on the next day."""

    time_zone: str
    """Empty, in calling hours alone: the callee's."""
    days: frozenset[int] = frozenset(range(1, 8))
    """ISO weekdays (1: Monday) on which the period begins."""
    begin: int = 0
    """Minutes after midnight; `until` too."""
    until: int = DAY_MINUTES


DEFAULT_MAX_ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where some calls go; everything that is set must match."""

    route_id: str
    prefixes: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    caller_ids: tuple[str, ...] = ()
    """Prefixes of the requested caller ID."""
    labels: Mapping[str, str] = field(default_factory=dict)
    hours: tuple[RouteHours, ...] = ()
    targets: tuple[RouteTarget, ...] = ()
    ringing_timeout: timedelta | None = None
    block: bool = False
    max_attempts: int = DEFAULT_MAX_ATTEMPTS


@dataclass(frozen=True, slots=True, kw_only=True)
class CallingHours:
    """When some numbers may be called: within one of the periods."""

    hours_id: str
    prefixes: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    periods: tuple[RouteHours, ...] = ()
    any_time_zone: bool = False
    """One of the number's time zones is enough; else all of them must allow it."""


class NumberKind(StrEnum):
    """Kinds of numbers that can be blocked for a tenant."""

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
    """A tenant's limits on calls. 0: no limit."""

    max_concurrent_calls: int = 0
    """Outbound ones."""
    max_concurrent_inbound_calls: int = 0
    max_calls_per_second: int = 0
    max_calls_per_day: int = 0
    max_calls_per_minute_to_one_number: int = 0
    max_calls_per_day_to_one_number: int = 0
    destinations: tuple[DestinationLimit, ...] = ()


DEFAULT_LIMITS = TenantLimits(
    max_concurrent_calls=100,
    max_concurrent_inbound_calls=100,
    max_calls_per_second=10,
    max_calls_per_minute_to_one_number=30,
)
"""The limits of a tenant whose configuration sets none: enough for most, too little for fraud."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """Which inbound calls belong to a tenant, besides those in its rooms."""

    livekit_trunk_ids: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    end_room_on_hangup: bool = False
    number_country: str = ""
    """The country whose form carriers write numbers in; empty: the tenant's `default_country`."""
    trunks: tuple[InboundTrunk, ...] = ()
    dispatch_rules: tuple[DispatchRule, ...] = ()

    @property
    def every_number(self) -> tuple[str, ...]:
        """The tenant's numbers, with those of its declared trunks."""
        declared = (number for trunk in self.trunks for number in trunk.numbers)
        return tuple(dict.fromkeys((*self.numbers, *declared)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A receiver of a tenant's call events; the signing secret only as a reference."""

    webhook_id: str
    url: str
    secret_from: str


EVERY_AGENT = "*"
"""The operator's explicit permission to use all agents."""


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
    """Further ones of `default_country`, besides those that are known."""
    spiffe_ids: tuple[str, ...] = ()
    """Who may call without a token, by a client certificate; see `domain.config.spiffe`."""
    admin_spiffe_ids: tuple[str, ...] = ()
    """The same with TENANT_ADMIN as well."""
    calling_hours: tuple[CallingHours, ...] = ()
    hash_do_not_call: bool = False
    """What is put on its do-not-call list is stored hashed."""
    agents: tuple[str, ...] = ()
    """Names of agents, or EVERY_AGENT alone; empty: none."""

    def emergency_numbers_in(self, country: str) -> tuple[str, ...]:
        """Further emergency numbers of that country, besides those that are known."""
        return self.emergency_numbers if country == self.default_country else ()

    @property
    def carrier_country(self) -> str:
        """The country whose form carriers write its callers' numbers in; empty: unknown."""
        return self.inbound.number_country or self.default_country

    @property
    def room_patterns(self) -> tuple[str, ...]:
        """The names of its rooms; a `*` at the end stands for any ending."""
        return self.rooms or (f"{self.tenant_id}-*",)

    def may_use_agent(self, agent_name: str) -> bool:
        """Whether its calls may have this agent."""
        return agent_name in self.agents or EVERY_AGENT in self.agents

    def may_use_room(self, room: str) -> bool:
        """Whether `room` matches one of the tenant's patterns."""
        return any(
            room.startswith(pattern[:-1]) if pattern.endswith("*") else room == pattern
            for pattern in self.room_patterns
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenGrant:
    """Whose token it is that has all these claims."""

    claims: Mapping[str, str] = field(default_factory=dict)
    tenant_id: str = ""
    rights: frozenset[Right] = frozenset({Right.CALL})


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssuer:
    """An issuer (OpenID Connect) whose tokens are accepted."""

    issuer: str
    audiences: tuple[str, ...] = ()
    jwks_url: str = ""
    """Empty: where its discovery document says."""
    grants: tuple[TokenGrant, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration in force."""

    version: int = 0
    tenants: tuple[Tenant, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    operator_spiffe_ids: tuple[str, ...] = ()
    token_issuers: tuple[TokenIssuer, ...] = ()

    def tenant(self, tenant_id: str) -> Tenant | None:
        """The tenant of this id, if there is one."""
        return next((t for t in self.tenants if t.tenant_id == tenant_id), None)

    def trunk(self, trunk_id: str) -> Trunk | None:
        """The trunk of this name, if there is one."""
        return next((t for t in self.trunks if t.trunk_id == trunk_id), None)
