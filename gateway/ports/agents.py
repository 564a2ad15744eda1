"""The agents that a platform dispatches into rooms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.domain.rooms.requests import CreateDispatch
from gateway.domain.rooms.seen import SeenDispatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """One agent to dispatch into a call's room. It names the call, so that it can be found.

    `since`: when the call was created. A platform that does not keep the call's id may take a
    like dispatch that is not older for this one; None: only what names the call is found.
    """

    call_id: str
    room: str
    agent_name: str
    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    since: datetime | None = None


class CallAgents(Protocol):
    """The agents of calls. A dispatch asks for one; whether it comes is seen in the room."""

    async def dispatch(self, asked: Dispatch) -> str:
        """Asks for the agent, and returns the id of its dispatch; makes the room if need be.

        MUST send one request: a platform dispatches as often as it is asked. Raises PlatformError:
        then it may have been dispatched or not, and only `find` tells.
        """
        ...

    async def find(self, asked: Dispatch) -> str:
        """The id of the dispatch that was asked for so; empty: there certainly is none.

        Raises PlatformError if that cannot be known.
        """
        ...

    async def look(self, room: str, dispatch_id: str, identity: str = "") -> str:
        """The identity of the agent that this dispatch has brought into the room; empty: none.

        `identity`: the one that it had. Raises PlatformError if that cannot be known.
        """
        ...

    async def withdraw(self, room: str, dispatch_id: str) -> SeenDispatch | None:
        """Deletes the dispatch: an agent that it brought leaves, and none comes any more.

        None: there certainly is no such dispatch. MAY return before the agent has left. Raises
        PlatformError.
        """
        ...


class Agents(CallAgents, Protocol):
    """All agents of a platform, whoever has asked for them."""

    async def ask(self, asked: CreateDispatch) -> SeenDispatch:
        """Asks for an agent that is no call's; makes the room if need be.

        MUST send one request: a platform dispatches as often as it is asked. Raises PlatformError:
        then it may have been dispatched or not.
        """
        ...

    async def dispatches(self, room: str, dispatch_id: str = "") -> Sequence[SeenDispatch] | None:
        """Those of the room, or the one of this id, in no order; None: there is no such room.

        Raises PlatformError if that cannot be known.
        """
        ...
