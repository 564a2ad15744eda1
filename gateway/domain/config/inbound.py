"""Rules for inbound calls: whose they are, and the trunks and rules that bring them in."""

import re
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv6Network, ip_network

from gateway.domain import fields
from gateway.domain.config import checks as check
from gateway.domain.config.checks import Mistakes
from gateway.domain.config.rooms import CALL_ID_BEGIN, EVERY_ROOM
from gateway.domain.inbound.declared import DispatchRule, InboundTrunk, RoomForm, RuleRoom
from gateway.domain.tenant import Inbound, Tenant
from gateway.errors import FieldViolation

MAX_PREFIX_BYTES = 128
"""LiveKit puts numbers and a random text behind it; all of it may have 256."""
MAX_METADATA_BYTES = 1024
MAX_RANGE = 64
MAX_DECLARED = 1000
"""Trunks and rules of all tenants: the platform lists all of them in one answer."""
MAX_TRUNK_NUMBERS = 100_000
"""Of all those trunks."""

_RANGE = re.compile(r"[0-9A-Fa-f:.]+(/(0|[1-9][0-9]{0,2}))?")
_USERNAME = re.compile(r"[!#-\[\]-~]{1,128}")


def inbound(tenants: Sequence[Tenant]) -> Mistakes:
    """An inbound call belongs to one tenant, so nothing may be claimed twice."""
    trunks: dict[str, str] = {}
    numbers: dict[str, str] = {}
    on_trunks: dict[str, str] = {}
    for at, tenant in enumerate(tenants):
        path, one = f"tenants[{at}].inbound", tenant.inbound
        yield from _claimed(f"{path}.livekit_trunk_ids", one.livekit_trunk_ids, trunks, tenant)
        # Another spelling of a number is refused separately, with the right one.
        yield from _claimed(f"{path}.numbers", one.numbers, numbers, tenant)
        yield from _values(path, one)
        yield from check.repeated(f"{path}.trunks", "trunk_id", (t.trunk_id for t in one.trunks))
        for place, trunk in enumerate(one.trunks):
            inner = f"{path}.trunks[{place}]"
            yield from _trunk(inner, trunk)
            name = f"inbound trunk {trunk.trunk_id} of {tenant.tenant_id}"
            yield from _taken(f"{inner}.numbers", trunk.numbers, on_trunks, name)
            yield from _of_others(f"{inner}.numbers", trunk.numbers, numbers, tenant)
        yield from _rules(path, tenant, tenants)
    yield from _too_many(tenants)


def _too_many(tenants: Sequence[Tenant]) -> Mistakes:
    trunks = [trunk for tenant in tenants for trunk in tenant.inbound.trunks]
    declared = len(trunks) + sum(len(tenant.inbound.dispatch_rules) for tenant in tenants)
    if declared > MAX_DECLARED:
        yield "tenants", f"must have at most {MAX_DECLARED} inbound trunks and rules together"
    if sum(len(trunk.numbers) for trunk in trunks) > MAX_TRUNK_NUMBERS:
        yield "tenants", f"must have at most {MAX_TRUNK_NUMBERS} numbers of inbound trunks together"


def _claimed(path: str, values: Iterable[str], owners: dict[str, str], tenant: Tenant) -> Mistakes:
    yield from _taken(path, values, owners, tenant.tenant_id)


def _taken(path: str, values: Iterable[str], owners: dict[str, str], owner: str) -> Mistakes:
    for at, value in enumerate(values):
        if value in owners:
            yield f"{path}[{at}]", f"{fields.printable(value)} already belongs to {owners[value]}"
        elif value:
            owners[value] = owner


def _of_others(
    path: str, values: Iterable[str], owners: dict[str, str], tenant: Tenant
) -> Mistakes:
    """The tenant may list a number of its trunk among its own numbers too."""
    for at, value in enumerate(values):
        owner = owners.setdefault(value, tenant.tenant_id)
        if owner != tenant.tenant_id:
            yield f"{path}[{at}]", f"{fields.printable(value)} already belongs to {owner}"


def _values(path: str, one: Inbound) -> Mistakes:
    for at, value in enumerate(one.livekit_trunk_ids):
        yield from check.identifier(f"{path}.livekit_trunk_ids[{at}]", value)
    for at, value in enumerate(one.numbers):
        yield from check.number(f"{path}.numbers[{at}]", value)
    yield from check.country(f"{path}.number_country", one.number_country)


def _trunk(path: str, trunk: InboundTrunk) -> Mistakes:
    yield from check.identifier(f"{path}.trunk_id", trunk.trunk_id)
    if not trunk.numbers:
        yield f"{path}.numbers", "must have at least one: a trunk without takes everybody's calls"
    for at, value in enumerate(trunk.numbers):
        yield from check.number(f"{path}.numbers[{at}]", value)
    for at, value in enumerate(trunk.allowed_addresses):
        yield from _range(f"{path}.allowed_addresses[{at}]", value)
    if trunk.auth_username and not _USERNAME.fullmatch(trunk.auth_username):
        text = 'must be at most 128 printable characters, without space, " and \\'
        yield f"{path}.auth_username", text
    if trunk.auth_username and not trunk.auth_password_from:
        yield f"{path}.auth_password_from", "is required with auth_username"
    if trunk.auth_password_from:
        yield from check.secret(f"{path}.auth_password_from", trunk.auth_password_from)
        if not trunk.auth_username:
            yield f"{path}.auth_username", "is required with auth_password_from"


def _range(path: str, value: str) -> Mistakes:
    try:
        # ip_network also takes masks, and zones, which are one machine's own.
        network = ip_network(value if len(value) <= MAX_RANGE and _RANGE.fullmatch(value) else "")
        if isinstance(network, IPv6Network) and network.network_address.ipv4_mapped:
            yield path, "must be written as the IPv4 address or range that it is"
    except ValueError:
        text = "must be an address or a range such as 203.0.113.0/24, without bits after the prefix"
        yield path, text


def _rules(path: str, tenant: Tenant, tenants: Sequence[Tenant]) -> Mistakes:
    rules = tenant.inbound.dispatch_rules
    yield from check.repeated(f"{path}.dispatch_rules", "rule_id", (r.rule_id for r in rules))
    known = [trunk.trunk_id for trunk in tenant.inbound.trunks]
    doors: dict[tuple[str, str], str] = {}
    for at, rule in enumerate(rules):
        inner = f"{path}.dispatch_rules[{at}]"
        yield from check.identifier(f"{inner}.rule_id", rule.rule_id)
        yield from _rule_trunks(inner, rule, known)
        yield from _rule_room(inner, rule, tenant, tenants)
        if rule.pin_from:
            yield from check.secret(f"{inner}.pin_from", rule.pin_from)
        yield from _rule_agents(f"{inner}.agents", rule, tenant)
        for trunk_id in dict.fromkeys(rule.trunk_ids or known):
            first = doors.setdefault((trunk_id, rule.pin_from), rule.rule_id)
            if first != rule.rule_id:
                text = f"trunk {trunk_id} has rule {first} already, with the same PIN or none"
                yield f"{inner}.trunk_ids", text


def _rule_trunks(path: str, rule: DispatchRule, known: Sequence[str]) -> Mistakes:
    if not known:
        yield f"{path}.trunk_ids", "needs one of the tenant's inbound.trunks: there is none"
        return
    for at, trunk_id in enumerate(rule.trunk_ids):
        if trunk_id not in known:
            told = fields.printable(trunk_id)
            yield f"{path}.trunk_ids[{at}]", f"the tenant has no inbound trunk {told}"
        elif trunk_id in rule.trunk_ids[:at]:
            yield f"{path}.trunk_ids[{at}]", f"{trunk_id} is listed twice"


def _rule_room(
    path: str, rule: DispatchRule, tenant: Tenant, tenants: Sequence[Tenant]
) -> Mistakes:
    if len(rule.rooms) != 1:
        yield path, "must have exactly one of individual, direct and callee"
        return
    (room,) = rule.rooms
    direct = room.form is RoomForm.DIRECT
    inner = f"{path}.{room.form.value}.{'room_name' if direct else 'room_prefix'}"
    most = fields.MAX_IDENTITY_BYTES if direct else MAX_PREFIX_BYTES
    if not room.name or not fields.is_plain(room.name) or len(room.name.encode()) > most:
        yield inner, f"must be 1 to {most} bytes, and printable"
    elif room.name != room.name.strip():
        yield inner, "must not begin or end with a space"
    elif not any(_covers(pattern, room) for pattern in tenant.room_patterns):
        told = ", ".join(map(fields.printable, tenant.room_patterns))
        yield inner, f"{_told(room)} is not among the tenant's rooms: {told}"
    else:
        yield from ((inner, text) for text in _elsewhere(room, tenant, tenants))
        if rule.hide_phone_number:
            yield from _lost(f"{path}.hide_phone_number", room, tenant, tenants)


def _lost(path: str, room: RuleRoom, tenant: Tenant, tenants: Sequence[Tenant]) -> Mistakes:
    """Where neither room nor number names a tenant, the call is the first one's with `*`."""
    if any(pattern != EVERY_ROOM and _covers(pattern, room) for pattern in tenant.room_patterns):
        return
    shared = (one for one in tenants if EVERY_ROOM in one.room_patterns and not one.sandbox)
    first = next(shared, tenant)
    if first is not tenant:
        yield path, f"would make it a call of {first.tenant_id}, whose rooms are {EVERY_ROOM} too"


def _covers(pattern: str, room: RuleRoom) -> bool:
    """Whether all rooms that the rule makes are of this pattern."""
    if room.form is RoomForm.DIRECT and not pattern.endswith("*"):
        return room.name == pattern
    return pattern.endswith("*") and _begin(room).startswith(pattern[:-1])


def _elsewhere(room: RuleRoom, tenant: Tenant, tenants: Sequence[Tenant]) -> Iterator[str]:
    """Only with `*` may a tenant name rooms that are another's: the call would be the other's."""
    for other in tenants:
        # A call of the other's that names no room has one of the last, whatever its rooms.
        its = (*other.room_patterns, f"{other.tenant_id}-{CALL_ID_BEGIN}*")
        for pattern in its if other is not tenant else ():
            if pattern != EVERY_ROOM and _may_meet(pattern, room):
                told = fields.printable(pattern)
                yield f"{_told(room)} is among the rooms of {other.tenant_id}: {told}"
                return


def _may_meet(pattern: str, room: RuleRoom) -> bool:
    if _covers(pattern, room):
        return True
    return room.form is not RoomForm.DIRECT and pattern.startswith(_begin(room))


def _begin(room: RuleRoom) -> str:
    """What the names of all rooms of a rule begin with; LiveKit writes the `_`."""
    return room.name if room.form is RoomForm.DIRECT else f"{room.name}_"


def _told(room: RuleRoom) -> str:
    name = fields.printable(room.name)
    return name if room.form is RoomForm.DIRECT else f"{name}_…"


def _rule_agents(path: str, rule: DispatchRule, tenant: Tenant) -> Mistakes:
    yield from check.repeated(path, "agent_name", (agent.agent_name for agent in rule.agents))
    for at, agent in enumerate(rule.agents):
        if not agent.agent_name:
            yield f"{path}[{at}].agent_name", "is required"
        elif not tenant.may_use_agent(agent.agent_name):
            told = fields.printable(agent.agent_name)
            yield f"{path}[{at}].agent_name", f"{told} is not among the tenant's agents"
        metadata = agent.metadata
        if len(metadata.encode()) > MAX_METADATA_BYTES:
            yield f"{path}[{at}].metadata", f"must be at most {MAX_METADATA_BYTES} bytes"


def open_trunks(tenants: Sequence[Tenant]) -> Iterator[FieldViolation]:
    """Trunks through which anybody may call in: valid, but probably not intended."""
    for at, tenant in enumerate(tenants):
        for place, trunk in enumerate(tenant.inbound.trunks):
            if trunk.is_open:
                text = "anybody may call in: no auth_username, and addresses are not limited"
                yield FieldViolation(f"tenants[{at}].inbound.trunks[{place}]", text)


def has_declared(tenants: Iterable[Tenant]) -> bool:
    """Whether any tenant declares inbound trunks or rules."""
    return any(one.inbound.trunks or one.inbound.dispatch_rules for one in tenants)
