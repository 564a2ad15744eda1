"""The legs on the platform compared with the calls in the store, every half a minute.

Finds whatever was lost: a notice, or a hang-up whose gateway died. Where there are more rooms than
may be listed in one sweep, those that have changed come first, and the others in turn. Followers
here learn what was found, and need not look at those legs themselves.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from gateway.domain.calls.call import Call
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
from gateway.service.following.followers import Followers
from gateway.service.ledger.lease import Lease

EVERY = timedelta(seconds=30)
TURN = timedelta(seconds=25)
"""For this long after a sweep no other gateway begins one."""
REMEMBERED = timedelta(hours=1)
"""For how long it is known where the last sweep ended."""
LEAVES_WITHIN = timedelta(seconds=10)
"""A leg that is still there this long after its call has ended will not leave by itself."""
READ_AT_ONCE = 200
ROOMS_AT_ONCE = 8
"""How many rooms are listed at a time; LiveKit has calls to see to as well."""
SHARE = 0.125
"""Of the looks a second: so many rooms are listed for each second between two sweeps."""
PACE = 0.5
"""Of the looks a second: how fast they are listed."""

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
    """Checks every leg on the platform; only one gateway does so at a time.

    `looks_per_second`: see `Followers`; 0: all rooms are listed in each sweep, at once.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        platform: Platform,
        adoption: Adoption,
        followers: Followers,
        lease: Lease,
        looks_per_second: int,
        counted: Callable[[Swept], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._platform = platform
        self._adoption = adoption
        self._followers = followers
        self._lease = lease
        self._rate = looks_per_second
        self._counted = counted
        self._rooms: Mapping[str, str] = {}
        """How each room was when it was listed last."""
        self._again: set[str] = set()
        """Rooms to list in the next sweep, whatever their turn."""
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
        """Once over all rooms, or as many as may be listed.

        Raises PlatformError and StoreUnavailableError.
        """
        rooms = await self._platform.rooms()
        known = self._rooms
        changed = {name for name, how in rooms.items() if known.get(name, how) != how}
        self._followers.compare(rooms, changed)
        chosen = await self._chosen(rooms)
        before, self._hung_up = self._hung_up, set()
        # One that has changed and was not listed remains changed.
        self._rooms = {name: known[name] for name in rooms if name in known}
        self._again &= rooms.keys()
        for start in range(0, len(chosen), ROOMS_AT_ONCE):
            if start and self._rate:
                await asyncio.sleep(ROOMS_AT_ONCE / (self._rate * PACE))
            names = chosen[start : start + ROOMS_AT_ONCE]
            legs = await self._listed(names)
            self._again -= legs.keys()
            self._rooms |= {name: rooms[name] for name in legs}
            await self._handle([leg for found in legs.values() for leg in found], before)

    async def _chosen(self, rooms: Mapping[str, str]) -> Sequence[str]:
        """Which rooms are listed now: all, or news first, and others where the last sweep ended.

        At least half of them in turn.
        """
        most = round(self._rate * SHARE * EVERY.total_seconds())
        if not most or len(rooms) <= most:
            return list(rooms)
        names = sorted(rooms)
        start = bisect_right(names, await self._store.read(_last_room))
        first: list[str] = []
        others: list[str] = []
        for name in names[start:] + names[:start]:
            is_news = name in self._again or self._rooms.get(name) != rooms[name]
            (first if is_news else others).append(name)
        news = first[: max(most - most // 2, most - len(others))]
        chosen = [*news, *others[: most - len(news)]]
        await self._store.transact(lambda tx: self._go_on_after(tx, chosen[-1]))
        return chosen

    async def _listed(self, rooms: Sequence[str]) -> Mapping[str, Sequence[Leg]]:
        """The legs by room; one that cannot be listed does not hide the others.

        Raises PlatformError if none can.
        """
        told = await asyncio.gather(*map(self._platform.legs, rooms), return_exceptions=True)
        legs = {}
        for room, found in zip(rooms, told, strict=True):
            if isinstance(found, PlatformError):
                log.warning("room_not_listed", room=room, cause=str(found))
            elif isinstance(found, BaseException):
                raise found
            else:
                legs[room] = found
        if not legs:
            raise PlatformError("no room can be listed")
        return legs

    async def _handle(self, legs: Sequence[Leg], before: set[str]) -> None:
        unknown = [leg for leg in legs if not self._followers.listed(leg.call_id, leg)]
        for _ in range(len(legs) - len(unknown)):
            self._counted(Swept.KNOWN)
        for start in range(0, len(unknown), READ_AT_ONCE):
            for leg, swept, call in await self._compared(unknown[start : start + READ_AT_ONCE]):
                self._counted(swept)
                if swept is Swept.LEFT_OVER:
                    self._again.add(leg.room)
                    await self._hang_up(leg, again=leg.ids.sip_call_id in before)
                elif swept is Swept.ARRIVED:
                    await self._adoption.take_in(leg, Finder.SWEEP)
                elif call is not None and call.ended:
                    self._again.add(leg.room)
                elif call is not None:
                    self._followers.listed(call.call_id, leg)

    async def _compared(self, legs: Sequence[Leg]) -> Sequence[tuple[Leg, Swept, Call | None]]:
        now = self._clock.now()
        return await self._store.read(lambda tx: [(leg, *_found(tx, leg, now)) for leg in legs])

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

    def _go_on_after(self, tx: Transaction, room: str) -> None:
        tx.put_claim(RequestClaim("", "sweep", "last", "", room, tx.now() + REMEMBERED))


def _last_room(reading: Reading) -> str:
    """The room with which the last sweep ended, whichever gateway's it was."""
    last = reading.claim("", "sweep", "last", reading.now())
    return last.resource_id if last else ""


def _found(reading: Reading, leg: Leg, now: datetime) -> tuple[Swept, Call | None]:
    """If a call cannot be read, its leg stays, and the other legs are still handled."""
    try:
        return _compare(reading, leg, now)
    except ValueError as error:
        log.error("not_readable", id=leg.call_id, cause=type(error).__name__)
        return Swept.KNOWN, None


def _compare(reading: Reading, leg: Leg, now: datetime) -> tuple[Swept, Call | None]:
    call = call_of_leg(reading, leg, now)
    if call is not None:
        over = call.end_time is not None and abs(now - call.end_time) > LEAVES_WITHIN
        return Swept.LEFT_OVER if over else Swept.KNOWN, call
    if leg.call_id:
        return Swept.FOREIGN, None
    return Swept.ARRIVED if leg.rang_in else Swept.BESIDE, None
