"""Keeps this gateway's lease, and takes over the calls of gateways that died."""

import asyncio

import structlog

from gateway.domain.lease import BEAT, LEASE
from gateway.ports import Clock
from gateway.service.chores import every
from gateway.service.following.followers import Followers
from gateway.service.ledger.lease import Lease, TakenOver

COMPARE_SECONDS = 3.0
LOOK_SECONDS = 0.25
"""How soon the gateway that follows a call sees a command that another received."""

log = structlog.get_logger()


class TakeOver:
    """Sends heartbeats, takes over, compares and releases, for as long as the gateway serves."""

    def __init__(self, lease: Lease, followers: Followers, clock: Clock) -> None:
        self._lease = lease
        self._followers = followers
        self._clock = clock
        self._no_orphans_until = 0.0
        self._unfollowed: set[str] = set()

    async def begin(self) -> None:
        """The first heartbeat, and calls left from before."""
        await self._lease.beat()
        self._lease.trust()
        self._resume(await self._lease.take_orphans())

    async def keep(self) -> None:
        """Runs forever; errors are logged and it is tried again."""
        await asyncio.gather(
            every(BEAT.total_seconds(), self._beat),
            every(LOOK_SECONDS, self._look),
            every(COMPARE_SECONDS, self._compare),
        )

    async def _beat(self) -> None:
        if not await self._lease.beat():
            # The database was unavailable for everyone: the others are about to come back too.
            self._no_orphans_until = self._clock.elapsed() + LEASE.total_seconds()
            log.warning("lease_was_over")
        if not self._lease.trusted:
            followed = self._followers.followed()
            self._followers.drop(followed - await self._lease.held())
            self._lease.trust()
        if self._clock.elapsed() >= self._no_orphans_until:
            self._resume(await self._lease.take_orphans())

    async def _look(self) -> None:
        for call_id in await self._lease.nudged():
            self._followers.nudge(call_id)

    async def _compare(self) -> None:
        """Takes up what this gateway holds but, seen twice in a row, does not follow."""
        unfollowed = await self._lease.held() - self._followers.followed()
        stuck = sorted(unfollowed & self._unfollowed)
        self._unfollowed = unfollowed
        if stuck:
            log.warning("followed_by_nobody", ids=stuck)
            self._resume(await self._lease.find(stuck))

    def _resume(self, taken: TakenOver | None) -> None:
        if taken is None:
            return
        for call in taken.calls:
            self._followers.resume_call(call, taken.read)
        for transfer in taken.transfers:
            self._followers.resume_transfer(transfer)
        if taken.calls or taken.transfers:
            log.info("taken_over", calls=len(taken.calls), transfers=len(taken.transfers))
