"""The tasks that follow open calls and transfers, one each."""

import asyncio
from collections.abc import Awaitable, Callable, Container, Coroutine, Iterator
from typing import Any

import structlog

from gateway.domain.calls.call import Call
from gateway.domain.calls.leg import Leg
from gateway.domain.calls.observation import EndAsked, NotDialed
from gateway.domain.calls.transfer import ReferFailed, ReferLost, Transfer
from gateway.domain.outcome import Failure
from gateway.domain.tenant import Trunk
from gateway.ports import Clock, PlatformError, Store, StoreUnavailableError
from gateway.ports.tracing import NO_TRACING, Tracing
from gateway.service.following.agents.attendance import Attendance
from gateway.service.following.dial_gate import DialGate
from gateway.service.following.failover import Failover
from gateway.service.following.follow import Follower
from gateway.service.following.looking.alarm import Alarm
from gateway.service.following.looking.hearing import Hearing
from gateway.service.following.looking.looks import Looks
from gateway.service.following.platforms import Platforms
from gateway.service.following.refer import refer
from gateway.service.following.surroundings import Surroundings
from gateway.service.ledger.lease import Lease
from gateway.service.ledger.record import Record, until_stored
from gateway.service.ledger.timeline import StoreTime, Timeline

Lead = Callable[[Transfer, Alarm], Coroutine[Any, Any, None]]

log = structlog.get_logger()


async def _not_led(transfer: Transfer, _: Alarm) -> None:
    raise NotImplementedError(f"nobody leads transfer {transfer.transfer_id}")


class Followers:
    """Starts, nudges and stops them. A stopped one leaves its call as it is.

    `looks_per_second`: at legs of the live platform, by all followers together; 0: no limit.
    """

    def __init__(
        self,
        platforms: Platforms,
        record: Record,
        store: Store,
        clock: Clock,
        lease: Lease,
        failover: Failover,
        *,
        looks_per_second: int,
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._platforms = platforms
        self._record = record
        self._store = store
        self._clock = clock
        self.hearing = Hearing(clock)
        self.attendance = Attendance()
        self._surroundings = Surroundings(
            record=record,
            store=store,
            lease=lease,
            failover=failover,
            hearing=self.hearing,
            tracing=tracing,
            attendance=self.attendance,
        )
        self._tracing = tracing
        self._looks = Looks(looks_per_second, self.hearing)
        self._looks_at_sandbox = Looks(0, self.hearing)
        self._gates = {sandbox: DialGate() for sandbox in (False, True)}
        self._followers: dict[str, Follower] = {}
        self._following: dict[str, asyncio.Task[Any]] = {}
        self._referring: set[str] = set()
        self.lead: Lead = _not_led
        """Leads a warm transfer to its end; set where the gateway is built."""
        self._consulting: dict[str, tuple[Alarm, asyncio.Task[Any]]] = {}
        self._tasks: dict[asyncio.Task[Any], None] = {}

    def never_dialed(self, call: Call) -> None:
        """Ends a call that may have been stored but was refused: it will not be dialled."""

        async def settle() -> None:
            call_id = call.call_id
            # In turn with the writes: a commit in doubt is decided by then.
            if await until_stored(lambda: self._store.transact(lambda tx: tx.call(call_id))):
                seen = NotDialed(self._clock.now(), "the database did not confirm it in time")
                await until_stored(lambda: self._record.call(call_id, seen))

        self._run(f"settle {call.call_id}", settle())

    def never_sent(self, transfer_id: str) -> None:
        """Fails a transfer that may have been stored but was refused: it will not be sent."""
        failure = Failure(detail="the database did not confirm it in time")

        async def settle() -> None:
            find = self._store.transact
            if await until_stored(lambda: find(lambda tx: tx.transfer(transfer_id))):
                seen = ReferFailed(self._clock.now(), failure)
                await until_stored(lambda: self._record.transfer(transfer_id, seen))

        self._run(f"settle {transfer_id}", settle())

    def settle(self, resource_id: str, step: Callable[[], Awaitable[None]]) -> None:
        """Runs `step` in the background once the database is there."""
        self._run(f"settle {resource_id}", until_stored(step))

    def resume_call(
        self, call: Call, read: StoreTime | None = None, time: Timeline | None = None
    ) -> None:
        """Follows a call without dialling anything. `read` and `time`: see `Timelines.begin`."""
        if call.call_id not in self._followers:
            self._start(call, self._follower(call, read, time).follow())

    def resume_transfer(self, transfer: Transfer) -> None:
        """Leads a warm one on. LiveKit's answer to a REFER can no longer arrive: it is unknown."""
        if transfer.warm:
            self.consult(transfer)
        elif transfer.transfer_id not in self._referring:
            lost = ReferLost(self._clock.now())
            story = until_stored(lambda: self._record.transfer(transfer.transfer_id, lost))
            self._run(f"settle {transfer.transfer_id}", story)

    def open_calls(self) -> Iterator[Call]:
        """The calls that are followed here, as they were stored or read last."""
        return (follower.call for follower in self._followers.values())

    def gate(self, *, sandbox: bool) -> DialGate:
        """Where dials of this platform wait for their turn."""
        return self._gates[sandbox]

    def follows(self, call_id: str) -> bool:
        """Whether this call is followed here."""
        return call_id in self._following

    def followed(self) -> set[str]:
        """The calls and transfers that are followed here."""
        return set(self._following) | self._referring | set(self._consulting)

    def drop(self, lost: set[str]) -> None:
        """Stops following what another gateway has taken over meanwhile."""
        for transfer_id in [one for one in self._consulting if one in lost]:
            self._consulting[transfer_id][1].cancel()
        for call_id in [one for one in self._following if one in lost]:
            task = self._following.pop(call_id)
            self._followers.pop(call_id, None)
            self._record.times.end(call_id)
            task.cancel()

    def dial(self, call: Call, trunk: Trunk, time: Timeline) -> None:
        """Dials the stored call on the trunk of its attempt and follows it."""
        self._start(call, self._follower(call, time=time).follow(trunk))

    def refer(self, call: Call, transfer: Transfer, target: str) -> None:
        """Hands the stored call over and follows the stored transfer."""
        self._run(f"refer {transfer.transfer_id}", self._refer(call, transfer, target))

    def consult(self, transfer: Transfer) -> None:
        """Leads a stored warm transfer to its end."""
        if transfer.transfer_id not in self._consulting:
            alarm = Alarm()
            task = self._run(f"lead {transfer.transfer_id}", self._lead(transfer, alarm))
            self._consulting[transfer.transfer_id] = alarm, task
            task.add_done_callback(lambda _: self._consulting.pop(transfer.transfer_id, None))

    async def end(self, call: Call, asked: EndAsked) -> bool:
        """Requests the call's end: first in its row, then on the platform.

        The leg may not be in its room yet: the call's follower handles that. If the database
        cannot be written the leg is ended nevertheless, and the request is stored as soon as
        possible; then this returns False.
        """
        try:
            await self.enforce(await self._record.ask_end(call.call_id, asked))
        except StoreUnavailableError as away:
            log.error("end_not_stored_yet", call_id=call.call_id, cause=str(away))
            late = self._record.end_late(call.call_id, asked)
            self._run(f"store the end of {call.call_id}", late)
            await self._hang_up(call)
            return False
        return True

    async def enforce(self, call: Call) -> None:
        """Ends the leg of a call whose row says that it is to end."""
        if call.ended or not call.ending:
            return
        if call.call_id in self._followers:
            self.nudge(call.call_id)
        else:
            await self._hang_up(call)

    async def _hang_up(self, call: Call) -> None:
        try:
            await self._platforms.of(call).hang_up(call.room, call.participant_identity)
        except PlatformError as away:
            log.warning("hang_up_failed", call_id=call.call_id, cause=str(away))

    def nudge(self, call_id: str) -> None:
        """The row of this call, or of this warm transfer, has changed."""
        if follower := self._followers.get(call_id):
            follower.nudge()
        elif led := self._consulting.get(call_id):
            led[0].ring()

    def joined(self, call_id: str, leg: Leg) -> None:
        """LiveKit has told that this leg of the call has joined."""
        if follower := self._followers.get(call_id):
            follower.joined(leg)

    def listed(self, call_id: str, leg: Leg) -> bool:
        """The sweep has found this leg; True if it is that of this call, open and followed here."""
        follower = self._followers.get(call_id)
        return follower is not None and follower.listed(leg)

    def compare(self, rooms: Container[str], changed: Container[str]) -> None:
        """The sweep has found these rooms; in the changed ones somebody has come or gone."""
        for follower in self._followers.values():
            room = follower.room
            if room not in rooms or room in changed:
                follower.doubt()

    async def stop(self) -> None:
        """Stops following; the calls continue and stay open in the store."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _follower(
        self, call: Call, read: StoreTime | None = None, time: Timeline | None = None
    ) -> Follower:
        platform, gate = self._platforms.of(call), self._gates[call.sandbox]
        looks = self._looks if platform is self._platforms.live else self._looks_at_sandbox
        clock = self._record.times.begin(call, read, time)
        follower = Follower(call, platform, gate, looks, clock, self._surroundings)
        self._followers[call.call_id] = follower
        return follower

    def _start(self, call: Call, story: Coroutine[Any, Any, None]) -> None:
        traced = self._traced(call, story) if self._tracing.on else story
        task = self._run(f"follow {call.call_id}", traced)
        self._following[call.call_id] = task
        task.add_done_callback(lambda done: self._forget(call.call_id, done))

    async def _traced(self, call: Call, story: Coroutine[Any, Any, None]) -> None:
        follower = self._followers[call.call_id]
        with self._tracing.call(call) as span:
            if call.trace:
                structlog.contextvars.bind_contextvars(trace_id=call.trace.trace_id)
            await story
            reason = follower.call.end_reason
            span.came_to(reason.value if reason else "")

    async def _lead(self, transfer: Transfer, alarm: Alarm) -> None:
        with self._tracing.transfer(transfer, None):
            await self.lead(transfer, alarm)

    def _forget(self, call_id: str, done: asyncio.Task[Any]) -> None:
        if self._following.get(call_id) is done:
            del self._following[call_id], self._followers[call_id]
            self._record.times.end(call_id)

    def _run(self, name: str, story: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(story, name=name)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)
        task.add_done_callback(_log_failure)
        return task

    async def _refer(self, call: Call, transfer: Transfer, target: str) -> None:
        self._referring.add(transfer.transfer_id)
        try:
            with self._tracing.transfer(transfer, call):
                await refer(
                    call,
                    transfer,
                    target,
                    platform=self._platforms.of(call),
                    record=self._record,
                    clock=self._record.times.of(call.call_id),
                    nudge=lambda: self.nudge(call.call_id),
                )
        finally:
            self._referring.discard(transfer.transfer_id)


def _log_failure(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (failure := task.exception()):
        log.error("follower_failed", task=task.get_name(), exc_info=failure)
