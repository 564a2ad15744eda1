"""Inbound trunks and dispatch rules as a platform holds them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gateway.domain.inbound.declared import RoomForm, RuleAgent, RuleRoom


class InboundKind(StrEnum):
    """What an object is; the value is its list in a tenant's `inbound`."""

    TRUNK = "trunks"
    RULE = "dispatch_rules"


@dataclass(frozen=True, slots=True, order=True)
class InboundKey:
    """The name of a declared object."""

    tenant_id: str
    kind: InboundKind
    name: str

    @property
    def path(self) -> str:
        """Where it is in the configuration, with names instead of list positions."""
        return f"tenants[{self.tenant_id}].inbound.{self.kind.value}[{self.name}]"


NO_OTHERS: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkSetup:
    """An inbound trunk. A secret that is None is not known."""

    name: str
    numbers: tuple[str, ...] = ()
    allowed_addresses: tuple[str, ...] = ()
    auth_username: str = ""
    auth_password: str | None = field(default="", repr=False)
    others: Mapping[str, Any] = field(default_factory=lambda: NO_OTHERS)
    """What else is set there, which the gateway never sets; by the platform's names."""

    @property
    def document(self) -> Mapping[str, Any]:
        """All but secrets, as JSON."""
        return {**self.others} | _told(
            name=self.name,
            numbers=[*self.numbers],
            allowed_addresses=[*self.allowed_addresses],
            auth_username=self.auth_username,
        )

    @property
    def secrets(self) -> Mapping[str, str | None]:
        """By field."""
        return {"auth_password": self.auth_password}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSetup:
    """A dispatch rule. A secret that is None is not known."""

    name: str
    trunk_ids: tuple[str, ...] = ()
    """The platform's."""
    room: RuleRoom | None = None
    """None: in a form that the gateway does not know."""
    pin: str | None = field(default="", repr=False)
    agents: tuple[RuleAgent, ...] = ()
    hide_phone_number: bool = False
    others: Mapping[str, Any] = field(default_factory=lambda: NO_OTHERS)

    @property
    def document(self) -> Mapping[str, Any]:
        """All but secrets, as JSON."""
        agents = [_told(agent_name=one.agent_name, metadata=one.metadata) for one in self.agents]
        return {**self.others} | _told(
            name=self.name,
            trunk_ids=[*self.trunk_ids],
            agents=agents,
            hide_phone_number=self.hide_phone_number,
            **_room(self.room),
        )

    @property
    def secrets(self) -> Mapping[str, str | None]:
        """By field."""
        return {"pin": self.pin}


Setup = TrunkSetup | RuleSetup


@dataclass(frozen=True, slots=True)
class SeenObject:
    """An object that the platform has now, whoever made it."""

    platform_id: str
    setup: Setup

    @property
    def told(self) -> str:
        """Its id and name, for people."""
        return f"{self.platform_id} ({self.setup.name})" if self.setup.name else self.platform_id


def _room(room: RuleRoom | None) -> Mapping[str, Any]:
    if room is None:
        return {}
    name = "room_name" if room.form is RoomForm.DIRECT else "room_prefix"
    return {room.form.value: _told(**{name: room.name}, randomize=room.randomize) or {name: ""}}


def _told(**fields: Any) -> dict[str, Any]:
    """Those that are set."""
    return {name: value for name, value in fields.items() if value}
