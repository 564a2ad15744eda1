"""What limits, countries, inbound calls, webhooks, carriers and health policies must be."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.config.rules import violations
from gateway.domain.outcome import CarrierReason
from gateway.domain.tenant import (
    Config,
    DestinationLimit,
    Inbound,
    InlineTrunk,
    NumberFormat,
    Tenant,
    TenantLimits,
    TransferSupport,
    Trunk,
    TrunkHealthPolicy,
    TrunkNumber,
    TrunkOutcome,
    Webhook,
)

NUMBER = TrunkNumber("+15005550199")
ACME = Tenant(tenant_id="acme")
TRUNK = Trunk(trunk_id="a", livekit_trunk_id="ST_a", numbers=(NUMBER,))
INLINE = InlineTrunk(hostname="sip.example.com")
HOOK = Webhook(webhook_id="crm", url="https://crm.example/calls", secret_from="env:CRM")
AFRICA = DestinationLimit(limit_id="africa", prefixes=("+27",))


def of_tenant(**changes: Any) -> Config:
    return Config(tenants=(replace(ACME, **changes),))


def of_limits(**changes: Any) -> Config:
    return of_tenant(limits=replace(TenantLimits(), **changes))


def of_destination(**changes: Any) -> Config:
    return of_limits(destinations=(replace(AFRICA, **changes),))


def of_hook(**changes: Any) -> Config:
    return of_tenant(webhooks=(replace(HOOK, **changes),))


def of_trunk(**changes: Any) -> Config:
    return Config(tenants=(ACME,), trunks=(replace(TRUNK, **changes),))


def an_outcome(**changes: Any) -> TrunkOutcome:
    usual = TrunkOutcome(sip_status_code=503, reason=CarrierReason.TRUNK_LIMIT)
    return replace(usual, **changes)


def of_inline(**changes: Any) -> Config:
    return of_trunk(livekit_trunk_id="", inline=replace(INLINE, **changes))


def of_health(**changes: Any) -> Config:
    return of_trunk(health=replace(TrunkHealthPolicy(), **changes))


def of_format(**changes: Any) -> Config:
    return of_trunk(number_format=replace(NumberFormat(), **changes))


def s(value: float) -> timedelta:
    return timedelta(seconds=value)


GOOD = [
    of_limits(max_concurrent_calls=0, max_calls_per_day=1_000_000_000),
    of_destination(countries=("001", "ZA"), max_calls_per_day=5),
    of_tenant(allowed_countries=frozenset({"DE", "001"}), default_country="DE"),
    of_tenant(default_country="US", emergency_numbers=("988", "11", "123456", "911")),
    of_tenant(inbound=Inbound(numbers=("+493023125000",), number_country="AT")),
    of_tenant(inbound=Inbound(livekit_trunk_ids=("ST_in",), numbers=("+493023125000",))),
    of_hook(),
    of_hook(url="http://10.0.0.7:8080/x?y=z"),
    of_inline(),
    of_inline(hostname="10.0.0.7:5080", username="acme", password_from="env:PW"),
    of_inline(hostname="acme_pbx_1", from_host="[2001:db8::1]"),
    of_hook(url="https://[2001:db8::1]:8443/x"),
    of_tenant(sip_hosts=("PBX.example.", "[2001:db8::1]", "192.0.2.4")),
    of_trunk(transfer_mode=TransferSupport.SIP, transfer_host="[2001:db8::1]"),
    of_trunk(livekit_trunk_id="", inline=INLINE, transfer_mode=TransferSupport.SIP),
    of_inline(hostname="[2001:db8::1]:5061", username="a", password_from="file:/run/secrets/pw"),
    of_trunk(failover_sip_codes=(300, 404, 480, 699)),
    of_trunk(outcomes=(an_outcome(), an_outcome(sip_status_code=603, text="cost", failover=True))),
    of_format(prefix="0123456789012345", strip=10, plus=False),
    of_format(countries=("DE",)),
    of_format(countries=("001",)),
    of_destination(prefixes=("+390", "+2250", "+49", "+66001")),
    of_health(window=s(1), quarantine=s(3600), min_calls=1, failure_percent=100, probes=100),
]


@pytest.mark.parametrize("config", GOOD, ids=range(len(GOOD)))
def test_no_mistake(config: Config) -> None:
    """What is within its limits, up to their edges, may be applied."""
    assert violations(config) == ()


HOSTNAMES = (
    "",
    "sip:sip.example.com",
    "acme@sip.example.com",
    "sip.example.com;transport=tls",
    "sip example.com",
    "sip.example.com\r\nVia: x",
    "sip.example.com:0",
    "sip.example.com:65536",
    "2001:db8::1",
    "...",
    "a..b",
    "[::::]",
    "999.1.1.1",
    "pbx-.example",
    f"{'a' * 64}.example",
)
HOSTS = (*HOSTNAMES[1:-7], "sip.example.com:5060", *HOSTNAMES[-7:])

REFERENCES = (
    "hunter2",
    "env:",
    "env:2PW",
    "file:relative/path",
    "file:/run/../etc/passwd",
    "file:/a b",
    "https://vault.example/pw",
    "env:GATEWAY_MASTER_KEY",
    "env:LIVEKIT_API_SECRET",
    "env:GATEWAY_ANYTHING",
    "env:livekit_url",
    "env:PATH",
    "env:PGPASSWORD",
    "env:AWS_SECRET_ACCESS_KEY",
    "env:LD_PRELOAD",
    "file:/proc/self/environ",
    "file:/sys/kernel/notes",
    "file:/dev/stdin",
    "file:/run/secrets/kubernetes.io/serviceaccount/token",
)

URLS = (
    "",
    "ftp://x.example/",
    "https://",
    "https://u:p@x.example/",
    "https://x.example/#a",
    "https://x.example:99999/",
    "https://x.example/a b",
    "https://x.example:0/",
    "https://x.example:/",
    "https://a..b/",
    "https://[::::]/",
    "https://999.1.1.1/",
    "https://2130706433/",
    "https://-a.example/",
    f"https://x.example/{'a' * 2048}",
)

MISTAKES = [
    (of_limits(max_concurrent_calls=-1), "tenants[0].limits.max_concurrent_calls"),
    (of_limits(max_calls_per_second=-1), "tenants[0].limits.max_calls_per_second"),
    (of_limits(max_calls_per_day=10**9 + 1), "tenants[0].limits.max_calls_per_day"),
    (
        of_limits(max_calls_per_minute_to_one_number=-1),
        "tenants[0].limits.max_calls_per_minute_to_one_number",
    ),
    (
        of_limits(max_calls_per_day_to_one_number=-1),
        "tenants[0].limits.max_calls_per_day_to_one_number",
    ),
    (of_destination(limit_id=""), "tenants[0].limits.destinations[0].limit_id"),
    (of_destination(prefixes=("27",)), "tenants[0].limits.destinations[0].prefixes[0]"),
    (of_destination(prefixes=("+49", "+490")), "tenants[0].limits.destinations[0].prefixes[1]"),
    (of_destination(countries=("ZZ",)), "tenants[0].limits.destinations[0].countries[0]"),
    (of_destination(max_calls_per_day=-1), "tenants[0].limits.destinations[0].max_calls_per_day"),
    (
        of_destination(max_calls_per_second=-1),
        "tenants[0].limits.destinations[0].max_calls_per_second",
    ),
    (of_limits(destinations=(AFRICA, AFRICA)), "tenants[0].limits.destinations[1].limit_id"),
    (of_tenant(allowed_countries=frozenset({"DE", "UK"})), "tenants[0].allowed_countries"),
    (of_tenant(default_country="001"), "tenants[0].default_country"),
    (of_tenant(default_country="Germany"), "tenants[0].default_country"),
    (of_tenant(emergency_numbers=("988",)), "tenants[0].emergency_numbers"),
    *(
        (
            of_tenant(default_country="US", emergency_numbers=("911", wrong)),
            "tenants[0].emergency_numbers[1]",
        )
        for wrong in ("", "9", "1234567", "+988", "9-8-8", "988 ", "988\n", "٩٨٨", "help", "911")
    ),
    (
        of_tenant(inbound=Inbound(livekit_trunk_ids=("",))),
        "tenants[0].inbound.livekit_trunk_ids[0]",
    ),
    (of_tenant(inbound=Inbound(numbers=("030",))), "tenants[0].inbound.numbers[0]"),
    (
        of_tenant(inbound=Inbound(numbers=("+49030123456789",))),
        "tenants[0].inbound.numbers[0]",
    ),
    (
        Config(
            tenants=(
                replace(ACME, inbound=Inbound(numbers=("+493023125000",))),
                Tenant(tenant_id="globex", inbound=Inbound(numbers=("+493023125000",))),
            )
        ),
        "tenants[1].inbound.numbers[0]",
    ),
    (
        Config(
            tenants=(
                replace(ACME, inbound=Inbound(numbers=("+442079460000",))),
                Tenant(tenant_id="globex", inbound=Inbound(numbers=("+4402079460000",))),
            )
        ),
        "tenants[1].inbound.numbers[0]",
    ),
    (
        of_tenant(inbound=Inbound(numbers=("+5491123456789", "+54111523456789"))),
        "tenants[0].inbound.numbers[1]",
    ),
    (of_tenant(inbound=Inbound(number_country="001")), "tenants[0].inbound.number_country"),
    (of_tenant(inbound=Inbound(number_country="de")), "tenants[0].inbound.number_country"),
    (of_hook(webhook_id=""), "tenants[0].webhooks[0].webhook_id"),
    (of_tenant(webhooks=(HOOK, HOOK)), "tenants[0].webhooks[1].webhook_id"),
    *((of_hook(url=url), "tenants[0].webhooks[0].url") for url in URLS),
    *((of_hook(secret_from=ref), "tenants[0].webhooks[0].secret_from") for ref in REFERENCES),
    (of_hook(secret_from=""), "tenants[0].webhooks[0].secret_from"),
    (of_trunk(inline=INLINE), "trunks[0].inline"),
    (of_trunk(livekit_trunk_id=""), "trunks[0].livekit_trunk_id"),
    (of_trunk(livekit_trunk_id="ST a"), "trunks[0].livekit_trunk_id"),
    *((of_inline(hostname=host), "trunks[0].inline.hostname") for host in HOSTNAMES),
    (of_inline(username="acme"), "trunks[0].inline.password_from"),
    (of_inline(password_from="env:PW"), "trunks[0].inline.username"),
    (of_inline(username='a"b', password_from="env:PW"), "trunks[0].inline.username"),
    *(
        (of_inline(username="acme", password_from=ref), "trunks[0].inline.password_from")
        for ref in REFERENCES
    ),
    *((of_inline(from_host=host), "trunks[0].inline.from_host") for host in HOSTS),
    *((of_trunk(transfer_host=host), "trunks[0].transfer_host") for host in HOSTS),
    *((of_tenant(sip_hosts=("b.example", host)), "tenants[0].sip_hosts[1]") for host in HOSTS),
    (of_trunk(max_concurrent_calls=-1), "trunks[0].max_concurrent_calls"),
    (of_trunk(max_calls_per_second=-1), "trunks[0].max_calls_per_second"),
    (of_trunk(numbers=(replace(NUMBER, country="USA"),)), "trunks[0].numbers[0].country"),
    (
        of_trunk(tenant_ids=("acme",), numbers=(replace(NUMBER, tenant_id="nobody"),)),
        "trunks[0].numbers[0].tenant_id",
    ),
    *(
        (of_trunk(failover_sip_codes=(503, code)), "trunks[0].failover_sip_codes[1]")
        for code in (299, 700, 486, 487, 600, 603, 604, 606)
    ),
    *(
        (of_trunk(outcomes=(an_outcome(), wrong)), f"trunks[0].outcomes[1].{field}")
        for wrong, field in (
            (an_outcome(sip_status_code=399), "sip_status_code"),
            (an_outcome(sip_status_code=700), "sip_status_code"),
            (an_outcome(reason=None), "reason"),
            (an_outcome(text="a" * 101), "text"),
            (an_outcome(text="a\nb"), "text"),
            (an_outcome(sip_status_code=486, failover=True), "failover"),
            (an_outcome(sip_status_code=603, text=" ", failover=True), "failover"),
        )
    ),
    (of_format(prefix="+1"), "trunks[0].number_format.prefix"),
    (of_format(prefix="1" * 17), "trunks[0].number_format.prefix"),
    (of_format(strip=11), "trunks[0].number_format.strip"),
    (of_format(strip=-1), "trunks[0].number_format.strip"),
    (of_format(countries=("UK",)), "trunks[0].number_format.country"),
    (of_health(window=s(0.5)), "trunks[0].health.window"),
    (of_health(window=s(3601)), "trunks[0].health.window"),
    (of_health(min_calls=10_001), "trunks[0].health.min_calls"),
    (of_health(failure_percent=101), "trunks[0].health.failure_percent"),
    (of_health(failure_percent=-1), "trunks[0].health.failure_percent"),
    (of_health(quarantine=s(0)), "trunks[0].health.quarantine"),
    (of_health(probes=101), "trunks[0].health.probes"),
]


@pytest.mark.parametrize(
    ("config", "path"), MISTAKES, ids=[f"{at} {path}" for at, (_, path) in enumerate(MISTAKES)]
)
def test_a_mistake(config: Config, path: str) -> None:
    """One mistake is one violation, with the path of its field as the YAML has it."""
    found = violations(config)
    assert [violation.field for violation in found] == [path]
    assert found[0].description


@pytest.mark.parametrize(
    "config",
    [of_inline(username="a", password_from="hunter2"), of_hook(secret_from="hunter2")],
    ids=["trunk", "webhook"],
)
def test_a_secret_in_the_wrong_place_is_not_repeated(config: Config) -> None:
    """Whoever writes the secret itself instead of its place does not read it in an error."""
    assert "hunter2" not in str(violations(config))


def test_a_limit_without_a_number_limits_nothing() -> None:
    """A destination limit may be switched off by leaving out its numbers."""
    assert violations(of_destination()) == ()
