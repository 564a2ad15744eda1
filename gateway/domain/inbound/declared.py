"""Inbound trunks and dispatch rules as a tenant's configuration declares them."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundTrunk:
    """Numbers that a carrier's calls come in for, and who may send them."""

    trunk_id: str
    numbers: tuple[str, ...] = ()
    allowed_addresses: tuple[str, ...] = ()
    """Addresses and ranges; empty: calls from everywhere."""
    auth_username: str = ""
    auth_password_from: str = ""
    """`env:NAME` or `file:/path`."""

    @property
    def is_open(self) -> bool:
        """Whoever reaches the SIP port may call in."""
        everywhere = any(one.endswith("/0") for one in self.allowed_addresses)
        return not self.auth_username and (everywhere or not self.allowed_addresses)


class RoomForm(StrEnum):
    """How a rule names the room of a call."""

    INDIVIDUAL = "individual"
    """A room of its own for each call: prefix, `_`, the caller's number."""
    DIRECT = "direct"
    """One room for all."""
    CALLEE = "callee"
    """A room for each number called: prefix, `_`, that number."""


@dataclass(frozen=True, slots=True)
class RuleRoom:
    """The room of a call; `name` is the room's, or the prefix of each one's."""

    form: RoomForm
    name: str = ""
    randomize: bool = False
    """A random text is put at the end of each name; a direct room has none."""


@dataclass(frozen=True, slots=True)
class RuleAgent:
    """An agent that the platform dispatches into each room that a rule makes."""

    agent_name: str
    metadata: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchRule:
    """Which room a call is put into."""

    rule_id: str
    trunk_ids: tuple[str, ...] = ()
    """Names of the tenant's inbound trunks; empty: all of them."""
    rooms: tuple[RuleRoom, ...] = ()
    """Exactly one in a checked configuration."""
    pin_from: str = ""
    """Where the digits are stored that callers must enter; empty: none."""
    agents: tuple[RuleAgent, ...] = ()
    hide_phone_number: bool = False
