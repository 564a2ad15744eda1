"""Decoded requests about rooms: one frozen value per method of LiveKit's."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRoom:
    """End a room, and everybody's stay in it."""

    room: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRooms:
    """The rooms of these names; none: all."""

    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListParticipants:
    """Everybody in a room."""

    room: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GetParticipant:
    """Somebody in a room."""

    room: str
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveParticipant:
    """Somebody is to leave a room."""

    room: str
    identity: str
    revoke_before: int = 0
    """Seconds since 1970: tokens of this identity that are older count no more; 0: they do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDispatch:
    """An agent is to come into a room, for no call in particular."""

    room: str
    agent_name: str
    """Empty: the agents that are registered without a name."""
    agent_metadata: str = ""
    agent_attributes: Mapping[str, str] = field(default_factory=dict)
    deployment: str = ""
    """Which deployment of the agent; empty: the usual one."""
    once: bool = False
    """A job that fails is not started again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDispatches:
    """The dispatches of a room."""

    room: str
    dispatch_id: str = ""
    """This one alone; empty: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDispatch:
    """An agent is to leave a room, or not to come any more."""

    room: str
    dispatch_id: str
