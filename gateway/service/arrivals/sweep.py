"""The legs on the platform compared with the calls in the store, every half a minute.

Finds whatever was lost: a notice, or a hang-up whose gateway died.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from gateway.domain.calls.leg import Leg
from gateway.ports import (
    Clock,
    Platform,
    PlatformError,
    Reading,
    RequestClaim,
    Store,
    Transaction,
)
from gateway.service.arrivals.adoption import Adoption, Finder, call_of_leg
from gateway.service.chores import every
from gateway.service.ledger.lease import Lease

EVERY = timedelta(seconds=30)
TURN = timedelta(seconds=25)
"""For this long after a sweep no other gateway begins one."""
LEAVES_WITHIN = timedelta(seconds=10)
"""A leg that is still there this long after its call has ended will not leave by itself."""
READ_AT_ONCE = 200

log = structlog.get_logger()


class Swept(StrEnum):
    """What a leg turned out to be."""

    KNOWN = "known"
    """Of an open call, or of one that has just ended."""
    LEFT_OVER = "left_over"
    """Of a call that has ended: hung up."""
    FOREIGN = "foreign"
    """Of a call that is not in this store: another installation's, left alone."""
    ARRIVED = "arrived"
    """An inbound leg without a call: becomes a call if it belongs to a tenant."""
    BESIDE = "beside"
    """Not dialled by the gateway; left alone until a tenant names it."""


class Sweep:
    """Checks every leg on the platform; only one gateway does so at a time."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        platform: Platform,
        adoption: Adoption,
        lease: Lease,
        counted: Callable[[Swept], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._platform = platform
        self._adoption = adoption
        self._lease = lease
        self._counted = counted
        self._hung_up: set[str] = set()
        """LiveKit's ids of the calls whose legs the last sweep hung up."""

    async def keep(self) -> None:
        """Runs forever; errors are logged and it is tried again the next time."""
        await every(EVERY.total_seconds(), self.sweep_in_turn)

    async def sweep_in_turn(self) -> bool:
        """Sweeps, unless a gateway on this store has begun to within the last `TURN`."""
        mine = await self._store.transact(self._take_turn)
        if mine:
            await self.sweep()
        return mine

    async def sweep(self) -> None:
        """Once over all legs. Raises PlatformError and StoreUnavailableError."""
        legs = await self._platform.legs()
        before, self._hung_up = self._hung_up, set()
        for start in range(0, len(legs), READ_AT_ONCE):
            for leg, swept in await self._compared(legs[start : start + READ_AT_ONCE]):
                self._counted(swept)
                if swept is Swept.LEFT_OVER:
                    await self._hang_up(leg, again=leg.ids.sip_call_id in before)
                elif swept is Swept.ARRIVED:
                    await self._adoption.take_in(leg, Finder.SWEEP)

    async def _compared(self, legs: Sequence[Leg]) -> Sequence[tuple[Leg, Swept]]:
        now = self._clock.now()
        return await self._store.read(lambda tx: [(leg, _found(tx, leg, now)) for leg in legs])

    async def _hang_up(self, leg: Leg, *, again: bool) -> None:
        """Checks once more: another leg may have taken the identity meanwhile.

        If a hang-up has not ended the leg, its room is no longer held by anything.
        """
        leg_log = log.bind(room=leg.room, identity=leg.identity, sip_call_id=leg.ids.sip_call_id)
        end = self._platform.clear if again else self._platform.hang_up
        try:
            there = await self._platform.leg(leg.room, leg.identity)
            if there and there.ids.sip_call_id == leg.ids.sip_call_id:
                self._hung_up.add(leg.ids.sip_call_id)
                await end(leg.room, leg.identity)
                leg_log.warning("left_over_leg_hung_up", call_id=leg.call_id, again=again)
        except PlatformError as away:
            leg_log.warning("left_over_leg_not_hung_up", cause=str(away))

    def _take_turn(self, tx: Transaction) -> bool:
        now = tx.now()
        taken = tx.claim("", "sweep", "sweep", now)
        if taken and taken.expire_time <= now + TURN:  # else the clock was set back since
            return False
        gateway_id = self._lease.gateway_id
        tx.put_claim(RequestClaim("", "sweep", "sweep", "", gateway_id, now + TURN))
        return True


def _found(reading: Reading, leg: Leg, now: datetime) -> Swept:
    """If a call cannot be read, its leg stays, and the other legs are still handled."""
    try:
        return _compare(reading, leg, now)
    except ValueError as error:
        log.error("not_readable", id=leg.call_id, cause=type(error).__name__)
        return Swept.KNOWN


def _compare(reading: Reading, leg: Leg, now: datetime) -> Swept:
    call = call_of_leg(reading, leg, now)
    if call is not None:
        over = call.end_time is not None and abs(now - call.end_time) > LEAVES_WITHIN
        return Swept.LEFT_OVER if over else Swept.KNOWN
    if leg.call_id:
        return Swept.FOREIGN
    return Swept.ARRIVED if leg.rang_in else Swept.BESIDE
