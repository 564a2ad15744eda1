"""What the configuration declares, as the platform is to have it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gateway.domain.declaring.plan import WantedObject
from gateway.domain.declaring.record import InboundRecord
from gateway.domain.inbound.declared import DispatchRule, InboundTrunk
from gateway.domain.inbound.objects import InboundKey, InboundKind, RuleSetup, TrunkSetup
from gateway.domain.tenant import Tenant

MAX_SECRET = 256

_PIN = re.compile(r"[0-9]{1,16}")
"""A caller who enters more is sent away by LiveKit's SIP server before it looks."""


@dataclass(frozen=True, slots=True)
class ReadSecret:
    """What a reference names; None, and why, if it could not be read."""

    value: str | None
    lacking: str = ""

    def __repr__(self) -> str:
        return f"ReadSecret({self.lacking or '…'})"


NO_SECRET = ReadSecret("")


def references(tenants: Iterable[Tenant]) -> Iterator[str]:
    """Where the secrets of everything declared are stored."""
    for tenant in tenants:
        yield from (one.auth_password_from for one in tenant.inbound.trunks)
        yield from (one.pin_from for one in tenant.inbound.dispatch_rules)


def wanted(
    tenants: Iterable[Tenant],
    records: Mapping[InboundKey, InboundRecord],
    secrets: Mapping[str, ReadSecret],
) -> Mapping[InboundKey, WantedObject]:
    """Each declared object. `records`: of each of them; rules need the ids of their trunks."""
    found: dict[InboundKey, WantedObject] = {}
    for tenant in tenants:
        for trunk in tenant.inbound.trunks:
            key = InboundKey(tenant.tenant_id, InboundKind.TRUNK, trunk.trunk_id)
            found[key] = _trunk(trunk, records[key], secrets)
        for rule in tenant.inbound.dispatch_rules:
            key = InboundKey(tenant.tenant_id, InboundKind.RULE, rule.rule_id)
            found[key] = _rule(rule, tenant, records, secrets)
    return found


def _trunk(
    trunk: InboundTrunk, record: InboundRecord, secrets: Mapping[str, ReadSecret]
) -> WantedObject:
    password = _password(trunk.auth_password_from, secrets)
    setup = TrunkSetup(
        name=record.name,
        numbers=trunk.numbers,
        allowed_addresses=trunk.allowed_addresses,
        auth_username=trunk.auth_username,
        auth_password=password.value,
    )
    return WantedObject(setup, password.lacking)


def _rule(
    rule: DispatchRule,
    tenant: Tenant,
    records: Mapping[InboundKey, InboundRecord],
    secrets: Mapping[str, ReadSecret],
) -> WantedObject:
    """Without any trunk LiveKit would take the rule for all of them, so it waits for its own."""
    names = rule.trunk_ids or tuple(trunk.trunk_id for trunk in tenant.inbound.trunks)
    ids = {
        name: records[InboundKey(tenant.tenant_id, InboundKind.TRUNK, name)].platform_id
        for name in names
    }
    waiting = next((name for name, platform_id in ids.items() if not platform_id), "")
    pin = _pin(rule.pin_from, secrets)
    setup = RuleSetup(
        name=records[InboundKey(tenant.tenant_id, InboundKind.RULE, rule.rule_id)].name,
        trunk_ids=tuple(platform_id or f"(none) {name}" for name, platform_id in ids.items()),
        room=rule.rooms[0],
        pin=pin.value,
        agents=rule.agents,
        hide_phone_number=rule.hide_phone_number,
    )
    return WantedObject(
        setup, pin.lacking or (f"trunk {waiting} is not there yet" if waiting else "")
    )


def _password(reference: str, secrets: Mapping[str, ReadSecret]) -> ReadSecret:
    read = secrets.get(reference, NO_SECRET)
    if reference and read.value is not None and not 0 < len(read.value) <= MAX_SECRET:
        return ReadSecret(None, f"{reference} does not hold 1 to {MAX_SECRET} characters")
    return read


def _pin(reference: str, secrets: Mapping[str, ReadSecret]) -> ReadSecret:
    read = secrets.get(reference, NO_SECRET)
    if reference and read.value is not None and not _PIN.fullmatch(read.value):
        return ReadSecret(None, f"{reference} does not hold 1 to 16 digits")
    return read
