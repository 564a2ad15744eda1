"""Agents: LiveKit's dispatches, and the workers that take them.

What an agent does its name says: `agent-2.5` is connected 2.5 s after its dispatch, `agent-never`
is not.
"""

from collections.abc import Callable
from datetime import datetime
from random import Random

from livekit.protocol.agent import Job, JobState
from livekit.protocol.agent_dispatch import (
    AgentDispatch,
    AgentDispatchState,
    CreateAgentDispatchRequest,
    DeleteAgentDispatchRequest,
    ListAgentDispatchRequest,
    ListAgentDispatchResponse,
)

from gateway.domain.calls.leg import CALL_ID_ATTRIBUTE
from gateway.domain.calls.observation import LeaveReason
from gateway.platform.livekit.agents import NAME_ATTRIBUTE
from tests.simulation.engine.history import History
from tests.simulation.engine.loop import NodeLoop
from tests.simulation.nodes.clock import true_time
from tests.simulation.world import answers
from tests.simulation.world.rooms import Rooms
from tests.simulation.world.truth import Dispatched, Truth

NEVER = "agent-never"
LISTED_WITHIN = 5.0
"""Seconds until a job is listed, at most."""
SENT_AWAY_AFTER = 0.5
"""Seconds from the end of its dispatch until an agent leaves."""


def comes_after(seconds: float) -> str:
    """The name of the agent that comes so many seconds after its dispatch."""
    return f"agent-{seconds}"


class Agents:
    """Takes dispatches, which are lost with their room, and brings the agents."""

    def __init__(
        self,
        loop: NodeLoop,
        random: Random,
        history: History,
        truth: Truth,
        rooms: Rooms,
        ids: Callable[[int], str],
    ) -> None:
        self._loop = loop
        self._random = random
        self._history = history
        self._truth = truth
        self._rooms = rooms
        self._ids = ids

    def create(self, request: CreateAgentDispatchRequest, gateway: str) -> AgentDispatch:
        """Makes the room if there is none, and has a worker take the job."""
        made = AgentDispatch(
            id=f"AD_{self._ids(6)}",
            agent_name=request.agent_name,
            room=request.room,
            metadata=request.metadata,
            attributes=request.attributes,
            state=AgentDispatchState(created_at=round(self._now().timestamp() * 10**9)),
        )
        self._rooms.make(request.room)
        self._rooms.dispatches.setdefault(request.room, {})[made.id] = made
        dispatched = Dispatched(
            time=self._loop.time(),
            gateway=gateway,
            call_id=request.attributes.get(CALL_ID_ATTRIBUTE, ""),
            room=request.room,
            dispatch_id=made.id,
        )
        self._truth.dispatches.append(dispatched)
        self._history.tell("livekit", "dispatch", call_id=dispatched.call_id, by=gateway)
        if request.agent_name != NEVER:
            after = float(request.agent_name.removeprefix("agent-"))
            self._loop.call_later(after, self._join, made, dispatched)
        return _copy(made)

    def listed(self, request: ListAgentDispatchRequest) -> ListAgentDispatchResponse:
        """Those of a room, or one of them."""
        kept = self._in_room(request.room)
        wanted = [one for one in kept.values() if request.dispatch_id in ("", one.id)]
        return ListAgentDispatchResponse(agent_dispatches=wanted)

    def delete(self, request: DeleteAgentDispatchRequest) -> AgentDispatch:
        """Its agent leaves, or does not come."""
        deleted = self._in_room(request.room).pop(request.dispatch_id, None)
        if deleted is None:
            raise answers.not_found("dispatch")
        self._loop.call_later(SENT_AWAY_AFTER, self._leave, deleted)
        return deleted

    def _in_room(self, room: str) -> dict[str, AgentDispatch]:
        if room not in self._rooms.names():
            raise answers.not_found("requested room")
        return self._rooms.dispatches.get(room, {})

    def _join(self, made: AgentDispatch, dispatched: Dispatched) -> None:
        if made.id in self._rooms.dispatches.get(made.room, ()) and self._rooms.is_up():
            attributes = {NAME_ATTRIBUTE: made.agent_name}
            self._rooms.bring(made.room, _identity(made), attributes, self._now())
            dispatched.joined = self._loop.time()
            self._loop.call_later(LISTED_WITHIN * self._random.random(), self._list, made)

    def _list(self, made: AgentDispatch) -> None:
        state = JobState(participant_identity=_identity(made))
        made.state.jobs.append(Job(id=f"AJ_{made.id}", dispatch_id=made.id, state=state))

    def _leave(self, deleted: AgentDispatch) -> None:
        if agent := self._rooms.find(deleted.room, _identity(deleted)):
            self._rooms.leave(agent, LeaveReason.CLIENT_INITIATED)

    def _now(self) -> datetime:
        return true_time(self._loop.time())


def _identity(made: AgentDispatch) -> str:
    return f"agent-{made.id}"


def _copy(made: AgentDispatch) -> AgentDispatch:
    """As it is now: a job may be added to it later."""
    copied = AgentDispatch()
    copied.CopyFrom(made)
    return copied
