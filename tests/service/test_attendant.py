"""What an attendant makes of looks that find its agent, find nobody, or cannot be taken."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from gateway.domain.agents import call_agent
from gateway.domain.agents.call_agent import AgentState, CallAgent, OnLeft, OnMissing
from gateway.domain.calls.advance import advance
from gateway.domain.calls.call import Call, CallState
from gateway.domain.calls.observation import Observation
from gateway.domain.outcome import EndReason
from gateway.ports import Dispatch, PlatformError
from gateway.service.following.agents import attendant as attending
from gateway.service.following.agents.attendance import Attendance
from gateway.service.following.agents.attendant import Attendant
from gateway.service.following.agents.waiting import AWAY_TOO_LONG, until_dial_due
from gateway.service.following.looking.alarm import Alarm
from gateway.service.following.looking.hearing import Hearing
from gateway.service.following.looking.looks import Looks
from tests.stands.clocks import NOON, HandClock
from tests.stands.patience import PATIENCE
from tests.stands.values import on_trunk
from tests.stands.waiting import until

SECOND = timedelta(seconds=1)
AGENT = CallAgent(
    agent_name="front-desk",
    join_timeout=10 * SECOND,
    on_missing=OnMissing.END_CALL,
    on_left=OnLeft.END_CALL,
    dispatch_id="AD_1",
    dispatch_time=NOON,
)
JOINED = replace(AGENT, state=AgentState.JOINED, identity="agent-1", join_time=NOON, awaited=False)
AWAY = PlatformError("no answer")


class Room:
    """Agents that look as `seen` says, one look after the other; the last one stays."""

    def __init__(self, *seen: str | PlatformError) -> None:
        self.seen = [*seen]
        self.looks = 0
        self.dispatched: list[Dispatch] = []
        self.found = ""
        self.withdrawn: list[str] = []

    async def dispatch(self, asked: Dispatch) -> str:
        """See `ports.Agents`, as all of these."""
        self.dispatched.append(asked)
        return "AD_new"

    async def find(self, asked: Dispatch) -> str:
        """`found` names no call: it is found by its time alone."""
        return self.found if asked.since else ""

    async def look(self, room: str, dispatch_id: str, identity: str = "") -> str:
        """The next one."""
        del room, dispatch_id, identity
        self.looks += 1
        now = self.seen.pop(0) if len(self.seen) > 1 else self.seen[0]
        if isinstance(now, PlatformError):
            raise now
        return now

    async def withdraw(self, room: str, dispatch_id: str) -> None:
        """Keeps which."""
        del room
        self.withdrawn.append(dispatch_id)


class Written:
    """The call's row, and what all attendants share."""

    def __init__(self, clock: HandClock) -> None:
        self.row: Call
        self.record = self
        self.clock = clock
        self.hearing = Hearing(clock)
        self.attendance = Attendance()
        self.changes = 0

    async def call(self, call_id: str, seen: Observation) -> Call:
        """The call after `seen`."""
        assert call_id == self.row.call_id
        self.row = advance(self.row, seen).call
        return self.row

    def changed(self) -> None:
        """Counts."""
        self.changes += 1


class Stand:
    """One attendant at its work."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.around = Written(self.clock)
        self.room = Room("")
        self.attendant: Attendant | None = None

    def attend(self, call: Call, room: Room) -> Attendant:
        """Begins, as a gateway that has taken the call over."""
        self.around.row, self.room = call, room

        async def holds() -> bool:
            return True

        self.attendant = Attendant(
            call,
            room,
            clock=self.clock,
            around=cast("Any", self.around),
            looks=Looks(0, self.around.hearing),
            holds=holds,
            changed=self.around.changed,
        )
        self.attendant.begin(fresh=False)
        return self.attendant

    async def another_look(self, after: float) -> None:
        """Once this many seconds have passed."""
        looks = self.room.looks
        self.clock.go_on(after)
        assert self.attendant
        self.attendant.look()
        await until(lambda: self.room.looks > looks)
        await asyncio.sleep(0)

    @property
    def state(self) -> AgentState:
        """The agent's, as written."""
        assert self.around.row.agent
        return self.around.row.agent.state


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    """Stops its attendant."""
    stand = Stand()
    yield stand
    if stand.attendant:
        await stand.attendant.stop()


def answered(agent: CallAgent = JOINED) -> Call:
    return on_trunk("call_1", agent=agent, state=CallState.ACTIVE, answer_time=NOON)


async def test_one_look_without_the_agent_ends_no_call(stand: Stand) -> None:
    """A second one at least a second later must not find it either; it left at the first."""
    stand.attend(answered(), Room(""))
    await until(lambda: stand.room.looks == 1)
    first = stand.clock.now()
    await stand.another_look(0.5)
    assert stand.state is AgentState.JOINED
    await stand.another_look(0.6)
    await until(lambda: stand.state is AgentState.LEFT)
    ended = stand.around.row
    assert ended.ending
    assert ended.ending.reason is EndReason.COMPLETED
    assert ended.agent
    assert ended.agent.leave_time == max(first, NOON)


async def test_an_agent_that_is_found_again_has_not_left(stand: Stand) -> None:
    """The look that missed it is forgotten: two in a row are needed."""
    stand.attend(answered(), Room("", "agent-1", ""))
    await until(lambda: stand.room.looks == 1)
    await stand.another_look(2)
    await stand.another_look(2)
    assert (stand.state, stand.around.row.ending) == (AgentState.JOINED, None)


@pytest.mark.parametrize("state", [AgentState.LEFT, AgentState.MISSING])
async def test_no_answer_brings_no_agent_back(stand: Stand, state: AgentState) -> None:
    """LiveKit could not be asked: whoever had left has not come."""
    gone = replace(JOINED, state=state, leave_time=NOON, on_left=OnLeft.KEEP)
    stand.attend(answered(replace(gone, on_missing=OnMissing.KEEP)), Room(AWAY))
    await until(lambda: stand.room.looks == 1)
    await stand.another_look(1)
    assert (stand.state, stand.around.changes) == (state, 0)


async def test_a_dispatch_that_may_be_anothers_is_not_deleted(stand: Stand) -> None:
    """Taken for this call's by its time alone, it is used; but it stays."""
    room = Room("agent-1")
    room.found = "AD_like"
    attendant = stand.attend(on_trunk("call_1", agent=replace(AGENT, dispatch_id="")), room)
    await until(lambda: stand.state is AgentState.JOINED)
    assert stand.around.row.agent
    assert (stand.around.row.agent.dispatch_id, room.dispatched) == ("AD_like", [])
    await attendant.withdraw()
    assert room.withdrawn == []


async def test_what_was_dispatched_here_is_deleted(stand: Stand) -> None:
    """By the id that the platform named."""
    room = Room("agent-1")
    attendant = stand.attend(on_trunk("call_1", agent=replace(AGENT, dispatch_id="")), room)
    await until(lambda: stand.state is AgentState.JOINED)
    await attendant.withdraw()
    assert room.withdrawn == ["AD_new"]


async def test_after_a_long_outage_nobody_is_dispatched_nor_dialled(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody expects the phone to ring any more, whoever attends to the agent."""
    monkeypatch.setattr(call_agent, "LATE_DIAL", 30 * SECOND)
    monkeypatch.setattr(attending, "RETRY_SECONDS", 0.01)
    waiting = on_trunk(
        "call_1",
        agent=replace(AGENT, dispatch_id="", dispatch_time=None),
        create_time=stand.clock.now() - 41 * SECOND,
    )
    attendant = stand.attend(waiting, Room(""))
    row = cast("Any", Row(waiting))
    assert await until_dial_due(row, Alarm(), stand.clock) == AWAY_TOO_LONG
    task = attendant._task  # noqa: SLF001  it ends by itself
    assert task
    await asyncio.wait_for(asyncio.shield(task), PATIENCE)
    assert (stand.room.dispatched, stand.around.changes) == ([], 0)


class Row:
    """A row that nobody changes."""

    def __init__(self, call: Call) -> None:
        self.call = call


@pytest.mark.parametrize(("late", "cause"), [(29, ""), (31, AWAY_TOO_LONG)])
async def test_an_agent_that_has_come_does_not_make_a_late_dial_timely(
    stand: Stand, late: int, cause: str
) -> None:
    """The time to dial is checked when its turn has come, too."""
    now = stand.clock.now()
    there = replace(JOINED, dispatch_time=now - (10 + late) * SECOND)
    call = on_trunk("call_1", agent=there, create_time=now - (10 + late) * SECOND)
    assert await until_dial_due(cast("Any", Row(call)), Alarm(), stand.clock) == cause
