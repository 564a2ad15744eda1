"""LiveKit's notices: accepted at once, handled in the background, never relied upon.

Notices (LiveKit calls them webhooks) let the gateway see changes sooner and know why a leg left.
They come unordered, twice or never; whatever they say is also found by polling.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

import structlog

from gateway.domain.calls.call import Call
from gateway.domain.calls.inbound import Change, Notice
from gateway.domain.calls.leg import Leg
from gateway.domain.calls.observation import LegJoined, LegLeft, LegSeen, RoomOver
from gateway.domain.calls.whose_leg import is_newest_of
from gateway.ports import Clock, Store, Transaction
from gateway.service.arrivals.adoption import Adoption, Finder, call_of_leg
from gateway.service.drain import Drain
from gateway.service.following.followers import Followers
from gateway.service.ledger.record import Record, until_stored

REPLAY_WINDOW = timedelta(minutes=5)
"""LiveKit drops notices that it could not send within about two minutes; older ones are replays."""
MOST_QUEUED = 1000
MOST_REMEMBERED = 20_000
WORKERS = 8
"""Notices handled at a time; they share the database's commits."""

log = structlog.get_logger()


class Receipt(StrEnum):
    """How a notice was received."""

    QUEUED = "queued"
    IGNORED = "ignored"
    """It is about nothing that the gateway follows."""
    REPEATED = "repeated"
    LATE = "late"
    """Outside the replay window, or LiveKit's clock is."""
    FULL = "full"
    """Not accepted: no room now, or the gateway is shutting down. LiveKit sends it again."""


class Notices:
    """Accepts notices without waiting for anything, and handles them in the background."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        followers: Followers,
        record: Record,
        adoption: Adoption,
        drain: Drain,
    ) -> None:
        self._store = store
        self._clock = clock
        self._followers = followers
        self._record = record
        self._adoption = adoption
        self._drain = drain
        self._queue: asyncio.Queue[Notice] = asyncio.Queue(MOST_QUEUED)
        self._taken: OrderedDict[str, None] = OrderedDict()

    def take(self, notice: Notice) -> Receipt:
        """Queues the notice unless it is of no use."""
        if abs(self._clock.now() - notice.time) > REPLAY_WINDOW:
            # If all are late, a clock is wrong: LiveKit's or ours.
            log.warning("webhook_late", notice_id=notice.notice_id, time=notice.time.isoformat())
            self.missed()
            return Receipt.LATE
        self._followers.hearing.heard = True
        about = notice.leg or notice.agent_room or notice.ended_room
        if notice.change is Change.OTHER or not about:
            return Receipt.IGNORED
        if notice.notice_id in self._taken:
            return Receipt.REPEATED
        if self._drain.begun or self._queue.full():
            return Receipt.FULL
        self._queue.put_nowait(notice)
        self._remember(notice.notice_id)
        return Receipt.QUEUED

    def missed(self) -> None:
        """LiveKit sends notices here, but this one is of the wrong time, so it counts as lost."""
        self._followers.hearing.heard = True
        self._followers.hearing.doubt()

    @property
    def waiting(self) -> int:
        """How many were accepted and have not been handled yet."""
        return self._queue.qsize()

    async def keep(self) -> None:
        """Handles what is queued, forever; waits for an unavailable database."""
        await asyncio.gather(*(self._work() for _ in range(WORKERS)))

    def _remember(self, notice_id: str) -> None:
        """A notice may be accepted twice without harm, so the oldest may be forgotten."""
        if notice_id:
            self._taken[notice_id] = None
        if len(self._taken) > MOST_REMEMBERED:
            self._taken.popitem(last=False)

    async def _work(self) -> None:
        while True:
            notice = await self._queue.get()
            try:
                if notice.leg is not None:
                    await self._handle(notice, notice.leg)
                elif notice.ended_room:
                    await self._room_over(notice)
                else:
                    await self._agent_moved(notice.agent_room)
            except Exception:
                log.exception("webhook_not_handled", notice_id=notice.notice_id)
            finally:
                self._queue.task_done()

    async def handled(self) -> None:
        """Returns when everything accepted so far has been handled."""
        await self._queue.join()

    async def _agent_moved(self, room: str) -> None:
        """Who waits for an agent in this room looks, here or at another gateway."""
        if self._followers.attendance.moved(room):
            return
        there = await until_stored(lambda: self._store.read(lambda tx: tx.open_calls_in(room)))
        if waiting := [call.call_id for call in there if call.agent]:
            await until_stored(lambda: self._store.transact(lambda tx: _nudge(tx, waiting)))

    async def _room_over(self, notice: Notice) -> None:
        """Its open calls learn why, in case no notice about their legs arrives."""
        told = await until_stored(lambda: self._store.transact(lambda tx: self._tell(tx, notice)))
        for call_id in told:
            self._followers.nudge(call_id)

    def _tell(self, tx: Transaction, notice: Notice) -> Sequence[str]:
        """The calls that were told. A room may have had its name before: those came later."""
        there = tx.open_calls_in(notice.ended_room)
        told = [one for one in there if not one.sandbox and one.begin_time <= notice.time]
        for call in told:
            over = RoomOver(self._record.times.now(tx, call), notice.reason)
            self._record.advance(tx, call.call_id, over)
            tx.nudge(call.call_id)
        return [call.call_id for call in told]

    async def _handle(self, notice: Notice, leg: Leg) -> None:
        left = notice.reason if notice.change is Change.LEFT else None
        if left is None and self._followers.follows(leg.call_id):
            self._followers.joined(leg.call_id, leg)
            return
        call = await until_stored(
            lambda: self._store.transact(lambda tx: self._note(tx, notice, leg), brief=True)
        )
        if call is None and leg.rang_in and not leg.call_id:
            call = await until_stored(lambda: self._adoption.take_in(leg, Finder.NOTICE, left))
        if call is None:
            return
        if left is None:
            self._followers.joined(call.call_id, leg)
        else:
            self._followers.nudge(call.call_id)

    def _note(self, tx: Transaction, notice: Notice, leg: Leg) -> Call | None:
        """The leg's call, with what the notice says of it; its follower is made to look."""
        call = call_of_leg(tx, leg, self._clock.now())
        if call is None or call.ended:
            return call
        now = self._record.times.now(tx, call)
        if notice.change is Change.LEFT:
            if is_newest_of(leg, call):
                # How far it got: it may not have been polled since it rang.
                seen_last = LegSeen(now, leg.status, leg.ids, leg.answered_at)
                self._record.advance(tx, call.call_id, seen_last)
            ids = leg.ids
            seen = LegLeft(now, ids.sip_call_id, notice.reason, ids.participant_id)
            call = self._record.advance(tx, call.call_id, seen)
        if not self._followers.follows(call.call_id):
            if notice.change is Change.JOINED:
                joined = LegJoined(now, leg.ids.participant_id)
                call = self._record.advance(tx, call.call_id, joined)
            tx.nudge(call.call_id)
        return call


def _nudge(tx: Transaction, call_ids: Sequence[str]) -> None:
    for call_id in call_ids:
        if (call := tx.call(call_id)) and not call.ended:  # a nudge would stay for ever
            tx.nudge(call_id)
