"""What a platform tells of its rooms, of everybody in them, and of agents asked for there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenRoom:
    """A room that exists now."""

    name: str
    told: bytes = b""
    """LiveKit's own message of it; empty where no LiveKit tells it. The rest stands for it then."""
    sid: str = ""
    create_time: datetime | None = None
    participants: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Who is in a room now."""

    plays: bool
    """Somebody plays music."""
    others: tuple[str, ...]
    """The platform's ids of everybody else, and of all that they are heard by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenParticipant:
    """Somebody who is in a room now: a phone, an agent, a browser."""

    identity: str
    is_phone: bool
    told: bytes = b""
    """LiveKit's own message of it; empty where no LiveKit tells it. The rest stands for it then."""
    sid: str = ""
    name: str = ""
    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    join_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenDispatch:
    """An agent that was asked for in a room, whether it has come or not."""

    dispatch_id: str
    call_id: str = ""
    """The call for which a gateway has asked; empty: none."""
    told: bytes = b""
    """LiveKit's own message of it; empty where no LiveKit tells it. The rest stands for it then."""
    room: str = ""
    agent_name: str = ""
    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    deployment: str = ""
    once: bool = False
    create_time: datetime | None = None
    identity: str = ""
    """Of the agent that it has brought; empty: none is there."""
