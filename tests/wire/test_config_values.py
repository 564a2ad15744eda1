"""Every field of a configuration arrives, and what is unset is what the proto promises."""

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from gateway.domain.tenant import (
    DEFAULT_LIMITS,
    CallingHours,
    Config,
    DestinationLimit,
    Inbound,
    InlineTrunk,
    NumberFormat,
    NumberKind,
    Right,
    Route,
    RouteHours,
    RouteTarget,
    SipTransport,
    Tenant,
    TenantLimits,
    Trunk,
    TrunkHealthPolicy,
    Webhook,
)
from gateway.errors import GatewayError
from gateway.telephony.v1 import admin_pb2
from gateway.wire.config.document import (
    check,
    from_document,
    from_yaml,
    to_document,
    values_of,
)
from gateway.wire.fitting import MAX_VIOLATIONS_BYTES
from tests.stands.phones import ANSWERS

WHOLE = """
tenants:
  - tenant_id: acme
    rooms: ["*"]
    timeouts: {ringing_timeout: 20s}
    sip_hosts: [pbx.acme.example]
    allowed_headers: [P-Charging-Vector]
    sandbox: true
    limits:
      max_concurrent_calls: 30
      max_concurrent_inbound_calls: 40
      max_calls_per_second: 5
      max_calls_per_day: 10000
      max_calls_per_minute_to_one_number: 3
      max_calls_per_day_to_one_number: 4
      destinations:
        - limit_id: africa
          prefixes: [+2, +27]
          countries: [ZA, "001"]
          max_calls_per_day: 100
          max_calls_per_second: 1
    allowed_countries: [DE, US]
    blocked_number_kinds: [NUMBER_KIND_SATELLITE, NUMBER_KIND_VOIP]
    emergency_allowed: true
    default_country: DE
    emergency_numbers: ["115", 0115]
    calling_hours:
      - hours_id: daytime
        prefixes: [+49]
        countries: [AT]
        periods:
          - {days: [WEEKDAY_MONDAY], from: "08:00", until: "21:00"}
          - {time_zone: Europe/Berlin}
        any_time_zone: true
    spiffe_ids: ["spiffe://example.org/acme/*"]
    admin_spiffe_ids: ["spiffe://example.org/acme"]
    hash_do_not_call: true
    agents: [front-desk]
    inbound:
      livekit_trunk_ids: [ST_in]
      numbers: [+493023125000]
      end_room_on_hangup: true
      number_country: NO
    webhooks:
      - {webhook_id: crm, url: "https://crm.acme.example/calls", secret_from: env:CRM_SECRET}
    routes:
      - route_id: office
        match:
          prefixes: [+49]
          countries: [AT]
          caller_ids: [+4930]
          labels: {team: sales}
          hours:
            - time_zone: Europe/Berlin
              days: [WEEKDAY_MONDAY, WEEKDAY_SUNDAY]
              from: "08:30"
              until: "18:00"
        targets: [{trunk_id: berlin, priority: 10, weight: 0}]
        ringing_timeout: 12.5s
        max_attempts: 2
operator_spiffe_ids: ["spiffe://example.org/ops"]
token_issuers:
  - issuer: https://login.example.org
    audiences: [calls]
    jwks_url: https://login.example.org/keys
    grants:
      - {claims: {team: acme}, tenant_id: acme, rights: [RIGHT_CALL, RIGHT_TENANT_ADMIN]}
trunks:
  - trunk_id: berlin
    tenant_ids: [acme]
    inline:
      hostname: sip.berlin.example:5061
      transport: SIP_TRANSPORT_TLS
      username: acme
      password_from: file:/run/secrets/berlin
      from_host: acme.example
    headers: {X-Account: 4711}
    numbers: [{number: +493023125000, country: DE, tenant_id: acme}]
    transfer_mode: TRUNK_TRANSFER_MODE_SIP
    transfer_host: sip.berlin.example
    enabled: false
    max_concurrent_calls: 60
    max_calls_per_second: 10
    number_format: {plus: false, prefix: "9911", strip: 2, country: "001"}
    failover_sip_codes: [503, 480]
    failover_on_silence: false
    callees: {extensions: ["2*"], sip_users: [desk], no_numbers: true}
    outcomes:
      - {sip_status_code: 503, text: full, reason: CARRIER_REASON_TRUNK_LIMIT, failover: false}
    health:
      {window: 120s, min_calls: 20, failure_percent: 30, quarantine: 60s, probes: 3, disabled: true}
"""


def s(value: float) -> timedelta:
    return timedelta(seconds=value)


def tenant(**values: Any) -> Tenant:
    message = admin_pb2.Config(tenants=[admin_pb2.Tenant(tenant_id="acme", **values)])
    return check(message).tenants[0]


def trunk(**values: Any) -> Trunk:
    numbers = [admin_pb2.TrunkNumber(number=ANSWERS)]
    one = admin_pb2.Trunk(trunk_id="a", livekit_trunk_id="ST_a", numbers=numbers, **values)
    return check(admin_pb2.Config(trunks=[one])).trunks[0]


def unset(value: Any, *besides: str) -> set[str]:
    """The fields of a value that are as if nobody had set them."""
    left = [each for each in fields(value) if each.name not in besides]
    kind, required = type(value), {"tenant_id", "trunk_id", "route_id", "limit_id", "hostname"}
    required |= {"issuer", "webhook_id", "url", "secret_from", "time_zone", "sip_status_code"}
    given = {each.name: "" for each in fields(value) if each.name in required}
    plain = kind(**given)
    return {each.name for each in left if getattr(value, each.name) == getattr(plain, each.name)}


def whole() -> Config:
    return check(from_yaml(WHOLE))


def test_every_field_arrives() -> None:
    """Nothing that the example sets stays at its default in the domain's values."""
    config = whole()
    acme, berlin = config.tenants[0], config.trunks[0]
    route, inline = acme.routes[0], berlin.inline
    assert inline is not None
    parts: list[Any] = [acme.limits, acme.limits.destinations[0], acme.webhooks[0]]
    parts += [route.hours[0], inline, berlin.number_format, berlin.health, berlin.outcomes[0]]
    parts += [config.token_issuers[0], config.token_issuers[0].grants[0]]
    assert not unset(config, "version")
    assert not unset(acme)
    assert not unset(acme.inbound, "trunks", "dispatch_rules")
    assert not unset(berlin, "livekit_trunk_id")
    assert not unset(route, "block")
    assert [found for part in parts if (found := unset(part))] == []


@pytest.mark.parametrize("limits", ["", "    limits: {}\n", "    limits: {destinations: []}\n"])
def test_a_tenant_has_limits_unless_it_says_otherwise(limits: str) -> None:
    """Unset is the default of each limit; 0, which must be written, is none."""
    told = f"tenants:\n  - tenant_id: acme\n{limits}"
    assert check(from_yaml(told)).tenants[0].limits == DEFAULT_LIMITS
    none = "tenants: [{tenant_id: acme, limits: {max_concurrent_calls: 0}}]"
    message = from_document(to_document(from_yaml(none)))
    assert check(message).tenants[0].limits == replace(DEFAULT_LIMITS, max_concurrent_calls=0)


def test_a_tenant_arrives_as_written() -> None:
    """Limits, countries, kinds, inbound calls and webhooks are those of the file."""
    acme = whole().tenants[0]
    africa = DestinationLimit(
        limit_id="africa",
        prefixes=("+2", "+27"),
        countries=("ZA", "001"),
        max_calls_per_day=100,
        max_calls_per_second=1,
    )
    assert acme.limits == TenantLimits(
        max_concurrent_calls=30,
        max_concurrent_inbound_calls=40,
        max_calls_per_second=5,
        max_calls_per_day=10000,
        max_calls_per_minute_to_one_number=3,
        max_calls_per_day_to_one_number=4,
        destinations=(africa,),
    )
    assert acme.allowed_countries == {"DE", "US"}
    assert acme.blocked_number_kinds == {NumberKind.SATELLITE, NumberKind.VOIP}
    assert (acme.emergency_allowed, acme.default_country) == (True, "DE")
    assert acme.emergency_numbers == ("115", "0115")
    assert acme.calling_hours == (
        CallingHours(
            hours_id="daytime",
            prefixes=("+49",),
            countries=("AT",),
            periods=(
                RouteHours(time_zone="", days=frozenset({1}), begin=480, until=1260),
                RouteHours(time_zone="Europe/Berlin"),
            ),
            any_time_zone=True,
        ),
    )
    assert acme.hash_do_not_call
    assert acme.agents == ("front-desk",)
    assert acme.inbound == Inbound(
        livekit_trunk_ids=("ST_in",),
        numbers=("+493023125000",),
        end_room_on_hangup=True,
        number_country="NO",
    )
    assert acme.webhooks == (
        Webhook(
            webhook_id="crm", url="https://crm.acme.example/calls", secret_from="env:CRM_SECRET"
        ),
    )


def test_a_route_arrives_as_written() -> None:
    """What it matches and where it goes are those of the file."""
    monday_and_sunday = RouteHours(
        time_zone="Europe/Berlin", days=frozenset({1, 7}), begin=510, until=1080
    )
    assert whole().tenants[0].routes == (
        Route(
            route_id="office",
            prefixes=("+49",),
            countries=("AT",),
            caller_ids=("+4930",),
            labels={"team": "sales"},
            hours=(monday_and_sunday,),
            targets=(RouteTarget("berlin", 10, 0),),
            ringing_timeout=s(12.5),
            max_attempts=2,
        ),
    )


def test_a_trunk_arrives_as_written() -> None:
    """The carrier's address, number format, failover and health policy are those of the file."""
    berlin = whole().trunks[0]
    assert berlin.inline == InlineTrunk(
        hostname="sip.berlin.example:5061",
        transport=SipTransport.TLS,
        username="acme",
        password_from="file:/run/secrets/berlin",
        from_host="acme.example",
    )
    assert berlin.number_format == NumberFormat(
        plus=False, prefix="9911", strip=2, countries=("001",)
    )
    assert (berlin.failover_sip_codes, berlin.failover_on_silence) == ((503, 480), False)
    assert (berlin.max_concurrent_calls, berlin.max_calls_per_second) == (60, 10)
    assert berlin.health == TrunkHealthPolicy(
        window=s(120),
        min_calls=20,
        failure_percent=30,
        quarantine=s(60),
        probes=3,
        disabled=True,
    )


def test_what_is_unset() -> None:
    """Unset fields are what the proto's comments promise."""
    assert tenant() == Tenant(tenant_id="acme", limits=DEFAULT_LIMITS)
    assert tenant().blocked_number_kinds == {NumberKind.PREMIUM_RATE, NumberKind.SHARED_COST}
    assert trunk().failover_sip_codes == (408, 500, 502, 503, 504)
    assert (trunk().enabled, trunk().failover_on_silence, trunk().inline) == (True, True, None)
    assert trunk().health == TrunkHealthPolicy(
        window=s(60), min_calls=10, failure_percent=50, quarantine=s(30), probes=2, disabled=False
    )
    route = admin_pb2.Route(route_id="r", block=True, match={"hours": [{"time_zone": "UTC"}]})
    read = tenant(routes=[route]).routes[0]
    assert (read.max_attempts, read.hours) == (3, (RouteHours(time_zone="UTC"),))
    assert (read.hours[0].days, read.hours[0].until) == (frozenset(range(1, 8)), 24 * 60)


def test_none_alone_blocks_no_kind() -> None:
    """NUMBER_KIND_NONE is not the same as unset, and stands alone."""
    none = admin_pb2.NUMBER_KIND_NONE
    assert tenant(blocked_number_kinds=[none]).blocked_number_kinds == frozenset()
    with pytest.raises(GatewayError, match="must stand alone"):
        tenant(blocked_number_kinds=[none, admin_pb2.NUMBER_KIND_VOIP])


def test_false_and_zero_are_not_unset() -> None:
    """`enabled: false`, `plus: false` and `weight: 0` are kept."""
    assert not trunk(enabled=False).enabled
    assert not trunk(number_format=admin_pb2.NumberFormat(plus=False)).number_format.plus
    with pytest.raises(GatewayError, match=r"trunks\[0\].health.window"):
        trunk(health=admin_pb2.TrunkHealthPolicy(window=Duration()))


UNKNOWN: Any = [2, 99]

UNREADABLE = [
    (
        admin_pb2.Tenant(blocked_number_kinds=["NUMBER_KIND_UNSPECIFIED"]),
        "tenants[0].blocked_number_kinds[0]",
    ),
    (admin_pb2.Tenant(blocked_number_kinds=UNKNOWN), "tenants[0].blocked_number_kinds[1]"),
    (
        admin_pb2.Tenant(timeouts={"max_duration": Duration(seconds=1, nanos=-1)}),
        "tenants[0].timeouts.max_duration",
    ),
    *(
        (
            admin_pb2.Tenant(
                routes=[{"route_id": "r", "block": True, "match": {"hours": [hours]}}]
            ),
            f"tenants[0].routes[0].match.hours[0].{name}",
        )
        for name, hours in (
            ("days[1]", {"time_zone": "UTC", "days": [1, 8]}),
            ("from", {"time_zone": "UTC", "from": "8:30"}),
            ("from", {"time_zone": "UTC", "from": "24:00"}),
            ("until", {"time_zone": "UTC", "until": "24:01"}),
            ("until", {"time_zone": "UTC", "until": "12:60"}),
        )
    ),
]


@pytest.mark.parametrize(("message", "path"), UNREADABLE, ids=[path for _, path in UNREADABLE])
def test_what_cannot_be_read_is_told_beside_the_rest(message: admin_pb2.Tenant, path: str) -> None:
    """A value without a meaning is one mistake with its path, and hides no other."""
    with pytest.raises(GatewayError) as refused:
        check(admin_pb2.Config(tenants=[message]))
    assert {each.field for each in refused.value.violations} == {path, "tenants[0].tenant_id"}


def test_thousands_of_mistakes_still_fit_an_error() -> None:
    """The first ones are told, the others counted: error details travel in small headers."""
    config = admin_pb2.Config(trunks=[admin_pb2.Trunk() for _ in range(5000)])
    with pytest.raises(GatewayError) as refused:
        check(config)
    error = refused.value
    assert len(error.message.encode()) < MAX_VIOLATIONS_BYTES * 2
    assert int(error.metadata["mistakes"]) > 5000
    assert error.message.endswith(
        f"and {int(error.metadata['mistakes']) - len(error.violations)} more"
    )


def test_a_right_of_a_later_version_grants_nothing() -> None:
    """A grant has the rights that are known of those it names; if none is, it has none at all."""
    message = from_yaml(WHOLE)
    written = to_document(message).replace("RIGHT_TENANT_ADMIN", "RIGHT_OF_TOMORROW")
    (issuer,) = values_of(from_document(written)).token_issuers
    assert issuer.grants[0].rights == {Right.CALL}
    alone = written.replace('"RIGHT_CALL", ', "")
    assert alone != written
    (issuer,) = values_of(from_document(alone)).token_issuers
    assert issuer.grants[0].rights == frozenset()
