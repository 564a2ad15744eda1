"""No two tenants may share a room: they would hear each other's calls."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.domain import fields
from gateway.domain.config.checks import Mistakes
from gateway.domain.tenant import Tenant

EVERY_ROOM = "*"
"""The operator's explicit permission to use all rooms, including those of other tenants."""
CALL_ID_BEGIN = "call_"
"""A call that names no room has `<tenant_id>-<call_id>`, whatever the tenant's rooms."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Some rooms of a tenant: one, or all with a prefix."""

    text: str
    is_name: bool
    tenant_id: str
    path: str
    """The path of the setting that allows them; empty: the default rooms of its calls."""

    @property
    def told(self) -> str:
        return fields.printable(self.text) + ("" if self.is_name else "*")

    def holds(self, other: "_Pattern") -> bool:
        """Whether this one covers all rooms of `other`, which sorts after it."""
        if self.is_name:
            return other.is_name and other.text == self.text
        return other.text.startswith(self.text)


def shared_rooms(tenants: Sequence[Tenant]) -> Mistakes:
    """Each pattern that covers another tenant's rooms, except an explicit `*`."""
    patterns = sorted(_patterns(tenants), key=lambda one: (one.text, one.is_name))
    around: list[_Pattern] = []
    told: set[str] = set()
    for pattern in patterns:
        while around and not around[-1].holds(pattern):
            around.pop()
        others = (one for one in reversed(around) if one.tenant_id != pattern.tenant_id)
        found = next((one for one in others if one.path or pattern.path), None)
        if found:
            mine, its = (found, pattern) if found.path else (pattern, found)
            if mine.path not in told:
                told.add(mine.path)
                yield mine.path, f"{mine.told} covers rooms of {its.tenant_id} ({its.told})"
        around.append(pattern)


def _patterns(tenants: Sequence[Tenant]) -> Iterator[_Pattern]:
    for at, tenant in enumerate(tenants):
        path, tenant_id = f"tenants[{at}].rooms", tenant.tenant_id
        if tenant.rooms:
            own = f"{tenant_id}-{CALL_ID_BEGIN}"
            yield _Pattern(own, is_name=False, tenant_id=tenant_id, path="")
        else:
            yield _Pattern(f"{tenant_id}-", is_name=False, tenant_id=tenant_id, path=path)
        for place, room in enumerate(tenant.rooms):
            if room and room != EVERY_ROOM:
                text = room.removesuffix("*")
                yield _Pattern(text, text == room, tenant_id, f"{path}[{place}]")
