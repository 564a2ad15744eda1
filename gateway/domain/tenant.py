"""Tenants, trunks, routes and rights: what the configuration says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A way to the telephone network, by the name tenants know it under."""

    trunk_id: str
    tenant_ids: tuple[str, ...] = ()
    livekit_trunk_id: str
    headers: Mapping[str, str] = field(default_factory=dict)
    numbers: tuple[TrunkNumber, ...] = ()
    transfer_mode: TransferSupport = TransferSupport.TEL
    transfer_host: str = ""
    enabled: bool = True

    def serves(self, tenant_id: str) -> bool:
        """A trunk without tenants is shared by all."""
        return not self.tenant_ids or tenant_id in self.tenant_ids

    def shown_by(self, tenant_id: str) -> tuple[TrunkNumber, ...]:
        """The numbers that this tenant may show on this trunk, in the configured order."""
        return tuple(n for n in self.numbers if n.tenant_id in ("", tenant_id))


@dataclass(frozen=True, slots=True)
class RouteTarget:
    """A trunk of a route. Lower priorities come first; equal ones in the written order."""

    trunk_id: str
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where calls to some destinations go."""

    route_id: str
    prefixes: tuple[str, ...] = ()
    targets: tuple[RouteTarget, ...] = ()
    ringing_timeout: timedelta | None = None
    block: bool = False


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

    def may_use_room(self, room: str) -> bool:
        """Whether `room` fits one of the tenant's patterns (`*` at the end: any rest)."""
        patterns = self.rooms or (f"{self.tenant_id}-*",)
        return any(
            room.startswith(pattern[:-1]) if pattern.endswith("*") else room == pattern
            for pattern in patterns
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
