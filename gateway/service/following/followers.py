"""The tasks that follow open calls and transfers, one each."""

import asyncio
from collections.abc import Container, Coroutine
from typing import Any

import structlog

from gateway.domain.calls.call import Call
from gateway.domain.calls.leg import Leg
from gateway.domain.calls.observation import EndAsked, NotDialed
from gateway.domain.calls.transfer import ReferFailed, ReferLost, Transfer
from gateway.domain.outcome import Failure
from gateway.domain.tenant import Trunk
from gateway.ports import Clock, PlatformError, Store, StoreUnavailableError
from gateway.service.following.dial_gate import DialGate
from gateway.service.following.failover import Failover
from gateway.service.following.follow import Follower
from gateway.service.following.looking.hearing import Hearing
from gateway.service.following.looking.looks import Looks
from gateway.service.following.platforms import Platforms
from gateway.service.following.refer import refer
from gateway.service.following.surroundings import Surroundings
from gateway.service.ledger.lease import Lease
from gateway.service.ledger.record import Record, until_stored

log = structlog.get_logger()


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
    ) -> None:
        self._platforms = platforms
        self._record = record
        self._store = store
        self._clock = clock
        self.hearing = Hearing(clock)
        self._surroundings = Surroundings(
            record=record,
            store=store,
            lease=lease,
            failover=failover,
            hearing=self.hearing,
        )
        self._looks = Looks(looks_per_second, self.hearing)
        self._looks_at_sandbox = Looks(0, self.hearing)
        self._gates = {sandbox: DialGate() for sandbox in (False, True)}
        self._followers: dict[str, Follower] = {}
        self._following: dict[str, asyncio.Task[Any]] = {}
        self._referring: set[str] = set()
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

    def resume_call(self, call: Call) -> None:
        """Follows a call that another gateway, or an earlier run, left; dials nothing."""
        if call.call_id not in self._followers:
            self._start(call, self._follower(call).follow())

    def resume_transfer(self, transfer: Transfer) -> None:
        """LiveKit's answer to this REFER can no longer arrive: the outcome is unknown."""
        if transfer.transfer_id not in self._referring:
            lost = ReferLost(self._clock.now())
            story = until_stored(lambda: self._record.transfer(transfer.transfer_id, lost))
            self._run(f"settle {transfer.transfer_id}", story)

    def follows(self, call_id: str) -> bool:
        """Whether this call is followed here."""
        return call_id in self._following

    def followed(self) -> set[str]:
        """The calls and transfers that are followed here."""
        return set(self._following) | self._referring

    def drop(self, lost: set[str]) -> None:
        """Stops following calls that another gateway has taken over meanwhile."""
        for call_id in [one for one in self._following if one in lost]:
            task = self._following.pop(call_id)
            self._followers.pop(call_id, None)
            self._record.times.end(call_id)
            task.cancel()

    def dial(self, call: Call, trunk: Trunk) -> None:
        """Dials the stored call on the trunk of its attempt and follows it."""
        self._start(call, self._follower(call).follow(trunk))

    def refer(self, call: Call, transfer: Transfer, target: str) -> None:
        """Hands the stored call over and follows the stored transfer."""
        self._run(f"refer {transfer.transfer_id}", self._refer(call, transfer, target))

    async def end(self, call: Call, asked: EndAsked) -> bool:
        """Requests the call's end: first in its row, then on the platform.

        The leg may not be in its room yet: the call's follower handles that. If the database
        cannot be written the leg is ended nevertheless, and the request is stored as soon as
        possible; then this returns False.
        """

        async def store() -> Call:
            return await self._store.transact(lambda tx: self._record.end(tx, call.call_id, asked))

        try:
            await self.enforce(await store())
        except StoreUnavailableError as away:
            log.error("end_not_stored_yet", call_id=call.call_id, cause=str(away))
            self._run(f"store the end of {call.call_id}", until_stored(store))
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
        """The call's row has changed."""
        if follower := self._followers.get(call_id):
            follower.nudge()

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

    def _follower(self, call: Call) -> Follower:
        platform, gate = self._platforms.of(call), self._gates[call.sandbox]
        looks = self._looks if platform is self._platforms.live else self._looks_at_sandbox
        clock = self._record.times.begin(call)
        follower = Follower(call, platform, gate, looks, clock, self._surroundings)
        self._followers[call.call_id] = follower
        return follower

    def _start(self, call: Call, story: Coroutine[Any, Any, None]) -> None:
        task = self._run(f"follow {call.call_id}", story)
        self._following[call.call_id] = task
        task.add_done_callback(lambda done: self._forget(call.call_id, done))

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
