"""The agent of one call: dispatched into the call's room, and looked for until the call is over.

The call's row is the intent: it is durable before the agent is asked for. A platform dispatches as
often as it is asked, so whoever does not know what became of a request looks before asking again.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol

import structlog

from gateway.domain.agents.call_agent import (
    AgentAbsent,
    AgentDispatched,
    AgentMissing,
    AgentObservation,
    AgentSeen,
    AgentState,
    CallAgent,
)
from gateway.domain.agents.pace import SURELY_GONE, pause_before_looking
from gateway.domain.calls.call import Call
from gateway.domain.replacing import replace
from gateway.domain.timeouts import seconds
from gateway.ports import CallAgents, Clock, Dispatch, PlatformError
from gateway.service.following.agents.attendance import Attendance
from gateway.service.following.looking.alarm import Alarm
from gateway.service.following.looking.hearing import Hearing
from gateway.service.following.looking.looks import Line, Looks
from gateway.service.ledger.record import Record, until_stored

RETRY_SECONDS = 0.5
STOP_PATIENCE_SECONDS = 1.0
WITHDRAW_PATIENCE_SECONDS = 4.0
"""How long a dispatch is tried to be deleted; a call that is hung up waits for that."""

log = structlog.get_logger()


class Surrounding(Protocol):
    """What the attendants of a gateway share."""

    @property
    def record(self) -> Record:
        """Where observations are written."""
        ...

    @property
    def hearing(self) -> Hearing:
        """Whether notices arrive."""
        ...

    @property
    def attendance(self) -> Attendance:
        """Whom notices are told to."""
        ...


class Attendant:
    """Dispatches the agent, and observes it; `changed` is called with each change of the call.

    `looks`: looks for agents and for legs share one rate. `holds`: whether this gateway follows the
    call, so that it may ask for its agent.
    """

    def __init__(
        self,
        call: Call,
        agents: CallAgents,
        *,
        clock: Clock,
        around: Surrounding,
        looks: Looks,
        holds: Callable[[], Awaitable[bool]],
        changed: Callable[[], None],
    ) -> None:
        self._call = call
        self._agents = agents
        self._record = around.record
        self._clock = clock
        self._hearing = around.hearing
        self._attendance = around.attendance
        self._looks = looks
        self._holds = holds
        self._changed = changed
        self._alarm = Alarm()
        self._task: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[str] | None = None
        """The request for the agent that was sent: it is not taken back by giving up."""
        self._made = ""
        """The dispatch that was certainly asked for here; empty: none."""
        self._withdrawn = False
        self._missed_since: datetime | None = None
        """The agent was there, and no look since then has found it."""
        self._turn = False
        """A turn to look has come."""

    @property
    def _agent(self) -> CallAgent:
        if self._call.agent is None:
            raise LookupError(f"call {self._call.call_id} has no agent")
        return self._call.agent

    @property
    def _asked(self) -> Dispatch:
        call = self._call
        return Dispatch(
            call_id=call.call_id,
            room=call.room,
            agent_name=self._agent.agent_name,
            metadata=call.briefing.metadata,
            attributes=call.briefing.attributes,
            since=call.create_time,
        )

    @property
    def _log(self) -> Any:
        return log.bind(call_id=self._call.call_id, tenant_id=self._call.tenant_id)

    def begin(self, *, fresh: bool) -> None:
        """Attends until `stop`. `fresh`: the agent has certainly not been asked for yet."""
        self._attendance.begin(self._call.room, self)
        self._task = asyncio.create_task(self._attend(fresh=fresh))
        self._task.add_done_callback(self._report)

    def look(self) -> None:
        """An agent has come or gone in the call's room, or may have."""
        self._alarm.ring()

    async def stop(self) -> None:
        """Attends no more; the dispatch stays as it is.

        A request for the agent that was sent is waited for a little: whoever goes on with the call
        could not see it before it has arrived.
        """
        self._attendance.end(self._call.room, self)
        if self._task is not None:
            self._task.cancel()
        if self._asking is not None:
            await asyncio.wait({self._asking}, timeout=STOP_PATIENCE_SECONDS)
            self._asking.cancel()

    async def withdraw(self) -> None:
        """Deletes the dispatch, for a call that ends before its answer; tries for some seconds.

        An agent that stays nevertheless is alone in the room, which LiveKit then closes.
        """
        if self._withdrawn:
            return
        self._withdrawn = True
        if self._task is not None:
            self._task.cancel()
        if self._asking is not None:
            await asyncio.wait({self._asking}, timeout=WITHDRAW_PATIENCE_SECONDS)
        until = self._clock.elapsed() + WITHDRAW_PATIENCE_SECONDS
        while self._clock.elapsed() < until:
            try:
                await self._delete()
            except PlatformError as away:
                self._log.warning("dispatch_not_deleted", cause=str(away))
            else:
                return
            await asyncio.sleep(RETRY_SECONDS)

    async def _delete(self) -> None:
        """What may be somebody else's dispatch is left alone."""
        named = replace(self._asked, since=None)
        if dispatch_id := self._made or await self._agents.find(named):
            await self._agents.withdraw(self._call.room, dispatch_id)

    async def _attend(self, *, fresh: bool) -> None:
        await self._until_dispatched(fresh=fresh)
        while self._agent.dispatch_id and not self._call.ended:
            self._alarm.heard()
            if not self._turn:
                self._looks.spend()
            await self._look()
            await self._pause()

    async def _pause(self) -> None:
        """Until a look is due and its turn has come, or something has happened."""
        agent, now, told = self._agent, self._clock.now(), self._hearing.reliable
        missed, near = self._missed_since is not None, self._call.sandbox
        pause = pause_before_looking(
            agent, now, told=told, near=near, missed=missed
        ).total_seconds()
        line, most = Line.TOLD if told else Line.ANSWERED, math.inf
        if missed:
            line = Line.FIRST
        elif agent.state is AgentState.DISPATCHED:
            line = Line.FIRST
            left = agent.join_deadline(self._call.create_time) - now
            most = max(left.total_seconds(), pause)
        self._turn = await self._alarm.sleep(pause, self._looks.queue(line), most)

    async def _until_dispatched(self, *, fresh: bool) -> None:
        """Returns with a dispatch, or with an agent that is missing without one."""
        while not self._agent.dispatch_id and self._agent.state is AgentState.DISPATCHED:
            try:
                found = "" if fresh else await self._find()
                fresh = False
                if not found and (not await self._holds() or self._is_late()):
                    return  # another gateway follows the call now, or nobody waits for it
                await self._observe(AgentDispatched(self._clock.now(), found or await self._ask()))
            except PlatformError as away:
                self._log.warning("agent_not_dispatched", cause=str(away))
                if self._is_due():
                    cause = "its dispatch was not accepted in time"
                    await self._observe(AgentMissing(self._clock.now(), cause))
                else:
                    await asyncio.sleep(RETRY_SECONDS)

    async def _find(self) -> str:
        self._looks.spend()
        return await self._agents.find(self._asked)

    async def _ask(self) -> str:
        self._asking = asyncio.create_task(self._dispatch())
        return await asyncio.shield(self._asking)

    async def _dispatch(self) -> str:
        self._made = await self._agents.dispatch(self._asked)
        return self._made

    async def _look(self) -> None:
        agent, cause = self._agent, f"it had not joined after {seconds(self._agent.join_timeout)}"
        try:
            found = await self._agents.look(self._call.room, agent.dispatch_id, agent.identity)
        except PlatformError as away:
            self._log.warning("agent_not_seen", cause=str(away))
            found = agent.identity if agent.state is AgentState.JOINED else ""
            cause = "it could not be looked for"
        now = self._clock.now()
        if found:
            self._missed_since = None
            await self._observe(AgentSeen(now, found))
        elif agent.state is AgentState.JOINED:
            await self._missed(now)
        elif agent.state is AgentState.DISPATCHED and self._is_due():
            await self._observe(AgentMissing(now, cause))

    async def _missed(self, now: datetime) -> None:
        """It has left if another look does not find it either; the sandbox is never wrong."""
        since = self._missed_since = self._missed_since or now
        if self._call.sandbox or now - since >= SURELY_GONE:
            self._missed_since = None
            await self._observe(AgentAbsent(since))

    def _is_due(self) -> bool:
        return self._clock.now() >= self._agent.join_deadline(self._call.create_time)

    def _is_late(self) -> bool:
        deadline = self._agent.dial_deadline(self._call.create_time)
        return self._agent.awaited and self._clock.now() > deadline

    async def _observe(self, seen: AgentObservation) -> None:
        before, call_id = self._call, self._call.call_id
        self._call = await until_stored(lambda: self._record.call(call_id, seen))
        if self._call != before:
            self._changed()

    def _report(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (failure := task.exception()):
            self._log.error("attendant_failed", exc_info=failure)
