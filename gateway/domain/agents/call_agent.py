"""The agent that a call is to have, and what was seen of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.outcome import EndReason
from gateway.domain.replacing import replace

DEFAULT_JOIN = timedelta(seconds=10)
MIN_JOIN = timedelta(milliseconds=100)
MAX_JOIN = timedelta(seconds=60)
LATE_DIAL = timedelta(seconds=30)
"""A phone that could not be dialled for so long after its agent was due is not dialled any more."""


class AgentState(StrEnum):
    """Where a call's agent is."""

    DISPATCHED = "DISPATCHED"
    JOINED = "JOINED"
    MISSING = "MISSING"
    LEFT = "LEFT"


class OnMissing(StrEnum):
    """What becomes of a call whose agent does not come."""

    END_CALL = "END_CALL"
    KEEP = "KEEP"


class OnLeft(StrEnum):
    """What becomes of a call whose agent leaves."""

    KEEP = "KEEP"
    END_CALL = "END_CALL"


@dataclass(frozen=True, slots=True)
class AgentDispatched:
    """The platform was asked for the agent, and names its dispatch."""

    time: datetime
    dispatch_id: str


@dataclass(frozen=True, slots=True)
class AgentSeen:
    """The agent is in the room, under this identity."""

    time: datetime
    identity: str


@dataclass(frozen=True, slots=True)
class AgentAbsent:
    """The agent is not in the room."""

    time: datetime


@dataclass(frozen=True, slots=True)
class AgentMissing:
    """The agent was not there by its time, or cannot come; `cause` says why, if it is known."""

    time: datetime
    cause: str = ""


AgentObservation = AgentDispatched | AgentSeen | AgentAbsent | AgentMissing


@dataclass(frozen=True, slots=True)
class Briefing:
    """What the agent is told with its job; passed to the platform as it is."""

    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRequest:
    """The agent that a request asks for; nothing has been checked yet."""

    agent_name: str
    agent_metadata: str = ""
    agent_attributes: Mapping[str, str] = field(default_factory=dict)
    join_timeout: timedelta | None = None
    on_missing: OnMissing = OnMissing.END_CALL
    on_left: OnLeft = OnLeft.KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAgent:
    """The agent of a call; changes only by `after`."""

    agent_name: str
    join_timeout: timedelta
    on_missing: OnMissing
    on_left: OnLeft
    state: AgentState = AgentState.DISPATCHED
    dispatch_id: str = ""
    """The platform's; empty until known. The dispatch may have been asked for nevertheless."""
    dispatch_time: datetime | None = None
    identity: str = ""
    join_time: datetime | None = None
    """When it was first seen in the room."""
    leave_time: datetime | None = None
    """When it was seen to have left; None while it is in the room."""
    missing_cause: str = ""
    awaited: bool = True
    """The phone is not dialled before it has come, or is given up."""
    dial_time: datetime | None = None
    """When it ceased to be `awaited`; None if the phone was not dialled after it."""
    hands_over: bool = False
    """A transfer of its call is open or completed: its part may be over."""

    def join_deadline(self, create_time: datetime) -> datetime:
        """When it is missing if it has not come; its call was created at `create_time`."""
        return (self.dispatch_time or create_time) + self.join_timeout

    def dial_deadline(self, create_time: datetime) -> datetime:
        """After this nobody expects the phone to ring: its gateway was away for too long."""
        return self.join_deadline(create_time) + LATE_DIAL

    @property
    def newest_time(self) -> datetime | None:
        """The time of what was seen of it last, as far as it matters to the call."""
        return max(filter(None, (self.join_time, self.leave_time, self.dial_time)), default=None)

    def after(self, seen: AgentObservation, *, ending: bool) -> "CallAgent":
        """The agent after `seen`; `ending`: its call is to end, so nothing is dialled any more."""
        match seen:
            case AgentDispatched(dispatch_id=dispatch_id):
                if self.dispatch_id:
                    return self
                return replace(self, dispatch_id=dispatch_id, dispatch_time=seen.time)
            case AgentSeen(time, identity):
                if self.state is AgentState.JOINED and identity == self.identity:
                    return self
                joined = replace(
                    self,
                    state=AgentState.JOINED,
                    identity=identity,
                    join_time=self.join_time or time,
                    leave_time=None,
                )
                return _dialed(joined, time, ending=ending)
            case AgentAbsent(time):
                if self.state is not AgentState.JOINED:
                    return self
                return replace(self, state=AgentState.LEFT, leave_time=time)
            case AgentMissing(time, cause):
                if self.state is not AgentState.DISPATCHED:
                    return self
                missing = replace(self, state=AgentState.MISSING, missing_cause=cause)
                goes_on = self.on_missing is OnMissing.KEEP
                return _dialed(missing, time, ending=ending) if goes_on else missing

    def ends(self, *, answered: bool) -> EndReason | None:
        """How its call is to end because of where it is; None: not at all."""
        if self.hands_over:
            return None  # whoever is with the caller, or about to be, is not the agent
        if self.state is AgentState.MISSING and self.on_missing is OnMissing.END_CALL:
            return EndReason.AGENT_MISSING
        if self.state is AgentState.LEFT and self.on_left is OnLeft.END_CALL:
            return EndReason.COMPLETED if answered else EndReason.AGENT_MISSING
        return None


def _dialed(agent: CallAgent, now: datetime, *, ending: bool) -> CallAgent:
    if ending or not agent.awaited:
        return agent
    return replace(agent, awaited=False, dial_time=now)


def in_force(asked: AgentRequest, *, dial_at_once: bool) -> CallAgent:
    """The agent of a new call."""
    return CallAgent(
        agent_name=asked.agent_name,
        join_timeout=DEFAULT_JOIN if asked.join_timeout is None else asked.join_timeout,
        on_missing=asked.on_missing,
        on_left=asked.on_left,
        awaited=not dial_at_once,
    )
