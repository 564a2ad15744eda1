"""LiveKit's notices (it calls them webhooks): sent in turn, sent again, sometimes lost."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from livekit.protocol.models import ParticipantInfo

from gateway.domain.calls.inbound import Change, Notice
from gateway.domain.calls.observation import LeaveReason
from gateway.platform.livekit.replies import agents_room, leg_told
from tests.simulation.engine.chance import Chance
from tests.simulation.engine.history import History
from tests.simulation.engine.loop import NodeLoop

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds between the attempts to deliver one notice."""
LONGEST_QUEUED = 30.0
MOST_QUEUED = 200
COMES_AGAIN_WITHIN = 10.0

Deliver = Callable[[Notice], Coroutine[Any, Any, bool]]


class Notices:
    """A queue for each room, as LiveKit has.

    `deliver` (None: nobody is told) sends one notice once, in a task of LiveKit's, and says
    whether it was taken; it raises nothing. Shares are from 0 to 1, times are seconds.
    """

    def __init__(self, loop: NodeLoop, chance: Chance, history: History) -> None:
        self.deliver: Deliver | None = None
        self.epoch = datetime(2026, 1, 1, tzinfo=UTC)
        """LiveKit's clock when the simulation begins."""
        self.lost = 0.0
        self.twice = 0.0
        self.late = 0.0
        """Each by up to so many seconds, past its queue."""
        self._loop = loop
        self._chance = chance
        self._history = history
        self._ids = chance.ids("notices")
        self._queues: dict[str, deque[tuple[float, Notice]]] = {}
        self._tasks: dict[asyncio.Task[None], None] = {}

    def tell(
        self,
        info: ParticipantInfo,
        room: str,
        change: Change,
        reason: LeaveReason = LeaveReason.UNKNOWN_REASON,
    ) -> None:
        """Something has happened to this participant."""
        if self.deliver is None:
            return
        time = (self.epoch + timedelta(seconds=self._loop.time())).replace(microsecond=0)
        leg = leg_told(info, room)
        agents = agents_room(info, room)
        notice = Notice(f"EV_{self._ids(6)}", time, change, leg, reason, agents)
        if not (self.lost or self.twice or self.late):
            self._queue(room, notice)
            return
        self._in_trouble(room, notice, self._chance.stream("notice", info.sid, change))

    def restart(self) -> None:
        """What is queued is lost: it was in memory only."""
        self._queues.clear()
        for task in list(self._tasks):
            task.cancel()

    def _in_trouble(self, room: str, notice: Notice, stream: Random) -> None:
        lost, twice = stream.random() < self.lost, stream.random() < self.twice
        late, again = self.late * stream.random(), COMES_AGAIN_WITHIN * stream.random()
        if lost:
            self._tell(notice, "notice lost")
        elif self.late:
            self._loop.call_later(late, self._start, notice)
        else:
            self._queue(room, notice)
        if twice:
            self._loop.call_later(late + again, self._start, notice)

    def _queue(self, room: str, notice: Notice) -> None:
        queue = self._queues.get(room)
        if queue is None:
            queue = self._queues[room] = deque()
            self._begin(self._empty(room, queue))
        if len(queue) < MOST_QUEUED:
            queue.append((self._loop.time(), notice))

    def _start(self, notice: Notice) -> None:
        self._begin(self._send(notice))

    def _begin(self, story: Coroutine[Any, Any, None]) -> None:
        task = self._loop.begin(story)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)

    async def _empty(self, room: str, queue: deque[tuple[float, Notice]]) -> None:
        while queue:
            since, notice = queue.popleft()
            if self._loop.time() - since <= LONGEST_QUEUED:
                await self._send(notice)
        if self._queues.get(room) is queue:
            del self._queues[room]

    async def _send(self, notice: Notice) -> None:
        for pause in (*PAUSES, None):
            if self.deliver is None or await self.deliver(notice):
                return
            if pause is not None:
                await asyncio.sleep(pause)
        self._tell(notice, "notice given up")

    def _tell(self, notice: Notice, what: str) -> None:
        call_id = notice.leg.call_id if notice.leg is not None else ""
        self._history.tell("livekit", what, call_id=call_id, change=notice.change)
