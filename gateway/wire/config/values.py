"""Messages of `Config` → the domain's values: unset fields get the documented defaults.

Only checks whether a value can be read at all; `domain.config.rules` judges the rest.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from gateway.domain.outcome import CarrierReason
from gateway.domain.tenant import (
    DAY_MINUTES,
    DEFAULT_BLOCKED_KINDS,
    DEFAULT_FAILOVER_CODES,
    DEFAULT_LIMITS,
    DEFAULT_MAX_ATTEMPTS,
    CallingHours,
    Config,
    DestinationLimit,
    InlineTrunk,
    NumberFormat,
    NumberKind,
    Route,
    RouteHours,
    RouteTarget,
    SipTransport,
    Tenant,
    TenantLimits,
    TransferSupport,
    Trunk,
    TrunkCallees,
    TrunkHealthPolicy,
    TrunkNumber,
    TrunkOutcome,
    Webhook,
)
from gateway.domain.timeouts import DEFAULT_MAX_RINGING, TimeoutPolicy
from gateway.errors import FieldViolation, GatewayError
from gateway.telephony.v1 import admin_pb2
from gateway.wire.config.inbound import inbound
from gateway.wire.config.issuers import token_issuer
from gateway.wire.fields_v1 import enum_of, span_of

_TIME = re.compile(r"(?P<hours>[01][0-9]|2[0-4]):(?P<minutes>[0-5][0-9])")


def config(message: admin_pb2.Config, version: int) -> Config:
    """The domain's configuration of a message in which `unreadable` finds nothing."""
    return Config(
        version=version,
        tenants=tuple(_tenant(tenant) for tenant in message.tenants),
        trunks=tuple(_trunk(trunk) for trunk in message.trunks),
        operator_spiffe_ids=tuple(message.operator_spiffe_ids),
        token_issuers=tuple(map(token_issuer, message.token_issuers)),
    )


def unreadable(message: admin_pb2.Config) -> Iterator[FieldViolation]:
    """Each value without a counterpart in the domain, with its path. Unsets what it finds."""
    yield from _unreadable(message, "")
    for at, tenant in enumerate(message.tenants):
        kinds = tenant.blocked_number_kinds
        if admin_pb2.NUMBER_KIND_NONE in kinds and len(kinds) > 1:
            yield FieldViolation(
                f"tenants[{at}].blocked_number_kinds", "NUMBER_KIND_NONE must stand alone"
            )
            tenant.ClearField("blocked_number_kinds")
        for place, route in enumerate(tenant.routes):
            path = f"tenants[{at}].routes[{place}].match.hours"
            yield from _unreadable_times(path, route.match.hours)
        for place, entry in enumerate(tenant.calling_hours):
            path = f"tenants[{at}].calling_hours[{place}].periods"
            yield from _unreadable_times(path, entry.periods)


def _unreadable(message: Message, path: str) -> Iterator[FieldViolation]:
    for field, value in message.ListFields():
        name = f"{path}{field.name}"
        inner = field.message_type
        if field.enum_type is not None:
            yield from _unreadable_enum(message, field, name)
        elif inner is None or inner.GetOptions().map_entry:
            continue
        elif inner is Duration.DESCRIPTOR:
            try:
                span_of(message, field.name, field=name)
            except GatewayError as broken:
                yield from broken.violations
                message.ClearField(field.name)
        elif field.is_repeated:
            for at, one in enumerate(value):
                yield from _unreadable(one, f"{name}[{at}].")
        else:
            yield from _unreadable(value, f"{name}.")


def _unreadable_enum(
    message: Message, field: FieldDescriptor, name: str
) -> Iterator[FieldViolation]:
    value: Any = getattr(message, field.name)
    values = list(value) if field.is_repeated else [value]
    known = field.enum_type.values_by_number if field.enum_type else {}
    for at, number in enumerate(values):
        if number not in known or number == 0:
            path = f"{name}[{at}]" if field.is_repeated else name
            yield FieldViolation(path, f"{number} is not a value that this gateway knows")
    if any(number not in known or number == 0 for number in values):
        message.ClearField(field.name)


def _unreadable_times(
    path: str, periods: Iterable[admin_pb2.RouteHours]
) -> Iterator[FieldViolation]:
    for at, hours in enumerate(periods):
        yield from _unreadable_time(f"{path}[{at}]", hours)


def _unreadable_time(path: str, hours: admin_pb2.RouteHours) -> Iterator[FieldViolation]:
    for name, latest in (("from", DAY_MINUTES - 1), ("until", DAY_MINUTES)):
        text = getattr(hours, name)
        minutes = _minutes(text) if text else 0
        if minutes is None or minutes > latest:
            yield FieldViolation(f"{path}.{name}", "must be a time of the day such as 08:30")
            hours.ClearField(name)


def _minutes(text: str) -> int | None:
    found = _TIME.fullmatch(text)
    return int(found["hours"]) * 60 + int(found["minutes"]) if found else None


def _tenant(message: admin_pb2.Tenant) -> Tenant:
    return Tenant(
        tenant_id=message.tenant_id,
        rooms=tuple(message.rooms),
        routes=tuple(_route(route) for route in message.routes),
        timeouts=_timeouts(message.timeouts),
        sip_hosts=tuple(message.sip_hosts),
        allowed_headers=tuple(message.allowed_headers),
        sandbox=message.sandbox,
        limits=_limits(message.limits),
        allowed_countries=frozenset(message.allowed_countries),
        blocked_number_kinds=_blocked_kinds(message),
        emergency_allowed=message.emergency_allowed,
        default_country=message.default_country,
        emergency_numbers=tuple(message.emergency_numbers),
        inbound=inbound(message.inbound),
        webhooks=tuple(
            Webhook(webhook_id=one.webhook_id, url=one.url, secret_from=one.secret_from)
            for one in message.webhooks
        ),
        spiffe_ids=tuple(message.spiffe_ids),
        admin_spiffe_ids=tuple(message.admin_spiffe_ids),
        calling_hours=tuple(_calling_hours(entry) for entry in message.calling_hours),
        hash_do_not_call=message.hash_do_not_call,
        agents=tuple(message.agents),
    )


def _timeouts(message: admin_pb2.TimeoutPolicy) -> TimeoutPolicy:
    longest = span_of(message, "max_ringing_timeout")
    return TimeoutPolicy(
        ringing_timeout=span_of(message, "ringing_timeout"),
        max_ringing_timeout=DEFAULT_MAX_RINGING if longest is None else longest,
        max_duration=span_of(message, "max_duration"),
    )


def _limits(message: admin_pb2.TenantLimits) -> TenantLimits:
    told = {
        field.name: value
        for field, value in message.ListFields()
        if not field.is_repeated  # unset ones have their default, 0 is explicit
    }
    return replace(
        DEFAULT_LIMITS,
        **told,
        destinations=tuple(
            DestinationLimit(
                limit_id=one.limit_id,
                prefixes=tuple(one.prefixes),
                countries=tuple(one.countries),
                max_calls_per_day=one.max_calls_per_day,
                max_calls_per_second=one.max_calls_per_second,
            )
            for one in message.destinations
        ),
    )


def _blocked_kinds(message: admin_pb2.Tenant) -> frozenset[NumberKind]:
    kinds = message.blocked_number_kinds
    if not kinds:
        return DEFAULT_BLOCKED_KINDS
    names = admin_pb2.NumberKind.DESCRIPTOR
    told = [number for number in kinds if number != admin_pb2.NUMBER_KIND_NONE]
    found = (enum_of(names, number, NumberKind, "blocked_number_kinds") for number in told)
    return frozenset(kind for kind in found if kind is not None)


def _route(message: admin_pb2.Route) -> Route:
    match = message.match
    return Route(
        route_id=message.route_id,
        prefixes=tuple(match.prefixes),
        countries=tuple(match.countries),
        caller_ids=tuple(match.caller_ids),
        labels=dict(match.labels),
        hours=tuple(_hours(hours) for hours in match.hours),
        targets=tuple(
            RouteTarget(t.trunk_id, t.priority, t.weight if t.HasField("weight") else 1)
            for t in message.targets
        ),
        ringing_timeout=span_of(message, "ringing_timeout"),
        block=message.block,
        max_attempts=_told(message, "max_attempts", DEFAULT_MAX_ATTEMPTS),
    )


def _hours(message: admin_pb2.RouteHours) -> RouteHours:
    unset = RouteHours(time_zone=message.time_zone)
    begin, until = _minutes(getattr(message, "from")), _minutes(message.until)
    return RouteHours(
        time_zone=message.time_zone,
        days=frozenset(int(day) for day in message.days) or unset.days,
        begin=unset.begin if begin is None else begin,
        until=unset.until if until is None else until,
    )


def _calling_hours(message: admin_pb2.CallingHours) -> CallingHours:
    return CallingHours(
        hours_id=message.hours_id,
        prefixes=tuple(message.prefixes),
        countries=tuple(message.countries),
        periods=tuple(_hours(period) for period in message.periods),
        any_time_zone=message.any_time_zone,
    )


def _trunk(message: admin_pb2.Trunk) -> Trunk:
    modes = admin_pb2.TrunkTransferMode.DESCRIPTOR
    mode = enum_of(modes, message.transfer_mode, TransferSupport, "transfer_mode")
    unset = Trunk(trunk_id="")
    silence = message.failover_on_silence if message.HasField("failover_on_silence") else None
    return Trunk(
        trunk_id=message.trunk_id,
        tenant_ids=tuple(message.tenant_ids),
        livekit_trunk_id=message.livekit_trunk_id,
        inline=_inline(message.inline) if message.HasField("inline") else None,
        headers=dict(message.headers),
        numbers=tuple(TrunkNumber(n.number, n.country, n.tenant_id) for n in message.numbers),
        transfer_mode=mode or unset.transfer_mode,
        transfer_host=message.transfer_host,
        enabled=message.enabled if message.HasField("enabled") else unset.enabled,
        max_concurrent_calls=message.max_concurrent_calls,
        max_calls_per_second=message.max_calls_per_second,
        number_format=_format(message.number_format),
        failover_sip_codes=tuple(message.failover_sip_codes) or DEFAULT_FAILOVER_CODES,
        failover_on_silence=unset.failover_on_silence if silence is None else silence,
        health=_health(message.health),
        outcomes=tuple(_outcome(one) for one in message.outcomes),
        callees=TrunkCallees(
            extensions=tuple(message.callees.extensions),
            sip_users=tuple(message.callees.sip_users),
            no_numbers=message.callees.no_numbers,
        ),
    )


def _outcome(message: admin_pb2.TrunkOutcome) -> TrunkOutcome:
    reasons = admin_pb2.CarrierReason.DESCRIPTOR
    return TrunkOutcome(
        sip_status_code=message.sip_status_code,
        text=message.text,
        reason=enum_of(reasons, message.reason, CarrierReason, "reason"),
        failover=message.failover if message.HasField("failover") else None,
    )


def _inline(message: admin_pb2.InlineTrunk) -> InlineTrunk:
    ways = admin_pb2.SipTransport.DESCRIPTOR
    return InlineTrunk(
        hostname=message.hostname,
        transport=enum_of(ways, message.transport, SipTransport, "transport") or SipTransport.AUTO,
        username=message.username,
        password_from=message.password_from,
        from_host=message.from_host,
    )


def _format(message: admin_pb2.NumberFormat) -> NumberFormat:
    return NumberFormat(
        plus=message.plus if message.HasField("plus") else True,
        prefix=message.prefix,
        strip=message.strip,
        countries=(message.country,) if message.country else (),
    )


def _health(message: admin_pb2.TrunkHealthPolicy) -> TrunkHealthPolicy:
    unset = TrunkHealthPolicy()
    return TrunkHealthPolicy(
        window=_or(span_of(message, "window"), unset.window),
        min_calls=_told(message, "min_calls", unset.min_calls),
        failure_percent=_told(message, "failure_percent", unset.failure_percent),
        quarantine=_or(span_of(message, "quarantine"), unset.quarantine),
        probes=_told(message, "probes", unset.probes),
        disabled=message.disabled,
    )


def _told(message: Message, name: str, unset: int) -> int:
    """The written number, including zero."""
    return int(getattr(message, name)) if message.HasField(name) else unset


def _or(span: timedelta | None, unset: timedelta) -> timedelta:
    return unset if span is None else span
