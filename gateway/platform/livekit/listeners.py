"""Whoever is in a room is told whether to hear a leg: each once, however often it is tried.

A participant may be listed and still not be reached: one whose livekit-server was killed, and who
does not come back. It must not keep the leg from being given back to the others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from livekit.protocol.room import UpdateSubscriptionsRequest

from gateway.ports import PlatformError

UNREACHABLE_SECONDS = 8.0
"""LiveKit finds one that it has lost itself, or has it back, before that."""
LATE_SECONDS = 5.0
LATE_TRIES = 6
"""A participant that comes back is told within half a minute."""
FORGOTTEN_SECONDS = 30.0
"""Whoever tries again does so at once: after this long somebody else has done it meanwhile."""

Subscribe = Callable[[UpdateSubscriptionsRequest], Awaitable[None]]

log = structlog.get_logger()


@dataclass(slots=True)
class _Progress:
    """How far it is for one leg."""

    wish: Hashable
    tried: float
    told: set[str] = field(default_factory=set)
    failing: dict[str, float] = field(default_factory=dict)
    """Since when each could not be told."""
    given_up: set[str] = field(default_factory=set)
    """Of those that count as told."""


class Listeners:
    """Who has been told of which leg; forgotten as soon as all have been."""

    def __init__(self) -> None:
        self._legs: dict[tuple[str, str], _Progress] = {}
        """By room and identity."""
        self._late: dict[tuple[str, str], asyncio.Task[None]] = {}
        """The same: tells those that were given up, beside whatever goes on."""

    async def tell(
        self,
        leg: tuple[str, str],
        wish: Hashable,
        requests: Mapping[str, Sequence[UpdateSubscriptionsRequest]],
        subscribe: Subscribe,
    ) -> None:
        """Sends the requests of each participant, by its id, one after the other.

        `leg`: its room and identity; `wish`: what the requests come to. With the same wish those
        who have been told are left alone. One that cannot be told for `UNREACHABLE_SECONDS` is
        given up; until then raises PlatformError, once the others have been told. One that was
        given up is tried some times more in the background, until something else is wanted.
        """
        if late := self._late.pop(leg, None):
            late.cancel()
        known = self._progress(leg, wish)
        left = {one: asked for one, asked in requests.items() if one not in known.told}
        told = (_tell(known, one, asked, subscribe) for one, asked in left.items())
        failures = [failure for failure in await asyncio.gather(*told) if failure]
        if failures:
            raise failures[0]
        self._legs.pop(leg, None)  # another who tells of the same leg may have been sooner
        if unreached := [requests[one] for one in sorted(known.given_up) if one in requests]:
            self._late[leg] = asyncio.create_task(_tell_late(unreached, subscribe))

    def close(self) -> None:
        """Tries no more."""
        for late in self._late.values():
            late.cancel()
        self._late.clear()

    def doubt(self, room: str, identity: str) -> None:
        """LiveKit cannot be asked at all: that says nothing of any participant."""
        if known := self._legs.get((room, identity)):
            known.failing.clear()

    def _progress(self, leg: tuple[str, str], wish: Hashable) -> _Progress:
        now = asyncio.get_running_loop().time()
        old = [one for one, known in self._legs.items() if now - known.tried > FORGOTTEN_SECONDS]
        for one in old:
            del self._legs[one]
        known = self._legs.setdefault(leg, _Progress(wish, now))
        known.tried = now
        if known.wish != wish:
            known.wish, known.told, known.failing, known.given_up = wish, set(), {}, set()
        return known


async def _tell_late(
    unreached: Sequence[Sequence[UpdateSubscriptionsRequest]], subscribe: Subscribe
) -> None:
    """Each until it is told, whatever becomes of the others."""
    left = [*unreached]
    for _ in range(LATE_TRIES):
        await asyncio.sleep(LATE_SECONDS)
        for asked in [*left]:
            try:
                for each in asked:
                    await subscribe(each)
            except PlatformError as away:
                log.warning("listener_not_told_yet", cause=str(away))
            else:
                left.remove(asked)
        if not left:
            return


async def _tell(
    known: _Progress,
    participant: str,
    asked: Sequence[UpdateSubscriptionsRequest],
    subscribe: Subscribe,
) -> PlatformError | None:
    """What has failed; None if it is told, or given up."""
    clock = asyncio.get_running_loop()
    since = known.failing.get(participant, clock.time())
    try:
        for each in asked:
            await subscribe(each)
    except PlatformError as away:
        known.failing[participant] = since
        if clock.time() - since < UNREACHABLE_SECONDS:
            return away
        log.error("listener_given_up", participant_id=participant, cause=str(away))
        known.given_up.add(participant)
    else:
        known.failing.pop(participant, None)
    known.told.add(participant)
    return None
