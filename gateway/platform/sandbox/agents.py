"""The sandbox's agents: what each name does. An agent of any other name does not come."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf

from gateway.domain.calls.leg import CALL_ID_ATTRIBUTE
from gateway.domain.ids import new_id
from gateway.domain.rooms.requests import CreateDispatch
from gateway.domain.rooms.seen import SeenDispatch, SeenParticipant, SeenRoom
from gateway.platform.sandbox.leg import SandboxLeg
from gateway.ports import Clock, Dispatch

SHORTLY = 0.1
"""Seconds from the dispatch until an agent that comes at once is in the room."""
NOBODY_COMES = 300.0
"""Seconds that a room is there for its agents alone if no phone ever comes."""
NOBODY_LEFT = 20.0
"""The same once its last phone has left. Both are LiveKit's own."""
NAME_ATTRIBUTE = "lk.agent_name"
"""By which LiveKit tells an agent's name in the room."""


@dataclass(frozen=True, slots=True)
class SandboxAgent:
    """What an agent does. Times are in seconds."""

    comes_after: float = SHORTLY
    leaves_after: float = inf
    """From the answer of its call's phone, or of any phone if it is no call's."""


AGENTS = {
    "agent-comes": SandboxAgent(),
    "agent-late": SandboxAgent(comes_after=3),
    "agent-never": SandboxAgent(comes_after=inf),
    "agent-leaves": SandboxAgent(leaves_after=2),
}
NOBODY = SandboxAgent(comes_after=inf)


@dataclass(slots=True)
class _Dispatched:
    """An agent on its way to, or in, a room."""

    dispatch_id: str
    agent_name: str
    call_id: str
    metadata: str
    attributes: Mapping[str, str]
    plays: SandboxAgent
    at: float
    """The loop's time when it was asked for."""
    create_time: datetime
    deployment: str = ""
    once: bool = False
    answered_at: float | None = None
    """The same of the answer of its call's phone, once that was seen."""
    removed: bool = False
    """Somebody has put it out of the room."""

    @property
    def identity(self) -> str:
        """Its own for good."""
        return f"agent-{self.dispatch_id}"


@dataclass(slots=True)
class _AgentRoom:
    """A room that agents were asked for in."""

    sid: str
    create_time: datetime
    dispatched: dict[str, _Dispatched] = field(default_factory=dict)
    closes_at: float = inf
    """The loop's time; only while no phone is there."""


class SandboxAgents:
    """See `ports.Agents`. `legs` says who is in a room.

    Nothing plays: where an agent is follows from the time and from its call's leg. Its dispatch is
    kept until it is deleted or its room has ended.
    """

    def __init__(self, clock: Clock, legs: Callable[[str], Sequence[SandboxLeg]]) -> None:
        self._clock = clock
        self._legs = legs
        self._rooms: dict[str, _AgentRoom] = {}

    async def dispatch(self, asked: Dispatch) -> str:
        """One more, however often it is asked for: as LiveKit does."""
        attributes = {**asked.attributes, CALL_ID_ATTRIBUTE: asked.call_id}
        made = self._dispatch(asked.room, asked.agent_name, asked.metadata, attributes)
        return made.dispatch_id

    async def ask(self, asked: CreateDispatch) -> SeenDispatch:
        """The same for no call."""
        attributes = asked.agent_attributes
        made = self._dispatch(asked.room, asked.agent_name, asked.agent_metadata, attributes)
        made.deployment, made.once = asked.deployment, asked.once
        return self._seen(asked.room, made)

    async def find(self, asked: Dispatch) -> str:
        """The one of this call."""
        there = self._dispatched(asked.room).values()
        return next((one.dispatch_id for one in there if one.call_id == asked.call_id), "")

    async def look(self, room: str, dispatch_id: str, identity: str = "") -> str:
        """Whether its time has come, and not passed. Each has one `identity` for good."""
        del identity
        one = self._dispatched(room).get(dispatch_id)
        return one.identity if one is not None and self._is_there(room, one) else ""

    async def dispatches(self, room: str, dispatch_id: str = "") -> Sequence[SeenDispatch] | None:
        """Those of the room as they are now."""
        if room not in self._rooms and not self._legs(room):
            return None
        there = self._dispatched(room).values()
        asked = [one for one in there if dispatch_id in ("", one.dispatch_id)]
        return [self._seen(room, one) for one in asked]

    async def withdraw(self, room: str, dispatch_id: str) -> SeenDispatch | None:
        """The agent is gone when this returns."""
        there = self._dispatched(room)
        if (one := there.get(dispatch_id)) is None:
            return None
        seen = self._seen(room, one)
        del there[dispatch_id]
        return seen

    @property
    def rooms(self) -> Collection[str]:
        """The rooms that agents were asked for in."""
        return self._rooms.keys()

    def room(self, name: str) -> SeenRoom | None:
        """One of them."""
        if (room := self._rooms.get(name)) is None:
            return None
        return SeenRoom(name=name, sid=room.sid, create_time=room.create_time)

    def participants(self, room: str) -> Sequence[SeenParticipant]:
        """The agents that are in the room now."""
        there = self._dispatched(room).values()
        return [_participant(one) for one in there if self._is_there(room, one)]

    def remove(self, room: str, identity: str) -> bool:
        """The agent is gone when this returns, and does not come back; False: it is not there."""
        for one in self._dispatched(room).values():
            if one.identity == identity and self._is_there(room, one):
                one.removed = True
                return True
        return False

    def end_room(self, room: str) -> None:
        """All agents of the room are gone."""
        self._rooms.pop(room, None)

    def end(self) -> None:
        """All agents are gone."""
        self._rooms.clear()

    def phones_left(self, room: str) -> None:
        """The last phone has left the room."""
        self._close_in(room, NOBODY_LEFT)

    def _dispatch(
        self, room: str, agent_name: str, metadata: str, attributes: Mapping[str, str]
    ) -> _Dispatched:
        now = self._clock.now()
        made = _Dispatched(
            dispatch_id=new_id("AD_sandbox", now),
            agent_name=agent_name,
            call_id=attributes.get(CALL_ID_ATTRIBUTE, ""),
            metadata=metadata,
            attributes=dict(attributes),
            plays=AGENTS.get(agent_name, NOBODY),
            at=_now(),
            create_time=now,
        )
        if room not in self._rooms:
            self._rooms[room] = _AgentRoom(new_id("RM_sandbox", now), now)
            self._close_in(room, NOBODY_COMES)
        self._rooms[room].dispatched[made.dispatch_id] = made
        return made

    def _dispatched(self, room: str) -> dict[str, _Dispatched]:
        return self._rooms[room].dispatched if room in self._rooms else {}

    def _close_in(self, room: str, seconds: float) -> None:
        if (there := self._rooms.get(room)) is None:
            return
        there.closes_at = _now() + seconds
        asyncio.get_running_loop().call_at(there.closes_at, self._close, room, there)

    def _close(self, room: str, there: _AgentRoom) -> None:
        """Unless a phone is there, or was there since."""
        if self._rooms.get(room) is there and _now() >= there.closes_at and not self._legs(room):
            del self._rooms[room]

    def _seen(self, room: str, one: _Dispatched) -> SeenDispatch:
        return SeenDispatch(
            dispatch_id=one.dispatch_id,
            call_id=one.call_id,
            room=room,
            agent_name=one.agent_name,
            metadata=one.metadata,
            attributes=one.attributes,
            deployment=one.deployment,
            once=one.once,
            create_time=one.create_time,
            identity=one.identity if self._is_there(room, one) else "",
        )

    def _is_there(self, room: str, one: _Dispatched) -> bool:
        come = not one.removed and _now() >= one.at + one.plays.comes_after
        return come and not self._has_left(room, one)

    def _has_left(self, room: str, one: _Dispatched) -> bool:
        """Its call's phone was answered so long ago, and may have left since."""
        for leg in self._legs(room):
            if one.call_id in ("", leg.call_id):
                one.answered_at = one.answered_at or leg.answered_at
        answered = one.answered_at
        return answered is not None and _now() >= answered + one.plays.leaves_after


def _participant(one: _Dispatched) -> SeenParticipant:
    return SeenParticipant(
        identity=one.identity,
        is_phone=False,
        sid=one.dispatch_id.replace("AD_", "PA_", 1),
        attributes={NAME_ATTRIBUTE: one.agent_name},
        join_time=one.create_time + timedelta(seconds=one.plays.comes_after),
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
