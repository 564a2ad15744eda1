"""What is kept for how long, and forgotten then."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from gateway.ports import Clock, Store, Transaction

CLOCKS_APART = timedelta(minutes=1)
"""How much longer an expired request id is kept: a gateway's clock may be behind the store's."""
BELIEVED_AFTER = timedelta(hours=1)
"""Nothing is forgotten by a clock that has not gone evenly for so long."""

PAUSE_SECONDS = 0.1
"""Between two parts: whoever has much to forget does not keep the database busy with it."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the store's clock showed, and where our own steady one stood then."""

    time: datetime
    elapsed: float

    def agrees(self, later: "_Reading") -> bool:
        """Whether both clocks have counted the same since."""
        counted = timedelta(seconds=later.elapsed - self.elapsed)
        return abs(later.time - self.time - counted) <= CLOCKS_APART


class Retention:
    """Forgets old calls and events, and counts and request ids that nobody looks at any more.

    The audit log is kept for good: its records prove each other. What a wrong clock made
    forgotten is lost, so the store's clock is believed only once it has gone evenly for
    `believed_after`: since this began, and since it was set last.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        keeps: timedelta,
        believed_after: timedelta = BELIEVED_AFTER,
    ) -> None:
        self._store = store
        self._clock = clock
        self._keeps = keeps
        self._believed_after = believed_after
        self._newest: _Reading | None = None
        self._even_since = 0.0

    async def forget(self) -> None:
        """All there is to forget, a part at a time: others write in between."""
        while await self._store.transact(self._forget_part):  # noqa: ASYNC110  it is a pause
            await asyncio.sleep(PAUSE_SECONDS)

    def _forget_part(self, tx: Transaction) -> bool:
        now = tx.now()
        if not self._believes(_Reading(now, self._clock.elapsed())):
            return False
        more_limits = tx.prune_limits(now)
        more_claims = tx.prune_claims(now - CLOCKS_APART)
        more_history = tx.prune_history(now - self._keeps)
        return more_limits or more_claims or more_history

    def _believes(self, reading: _Reading) -> bool:
        before, self._newest = self._newest, reading
        if before is None:
            self._even_since = reading.elapsed
        elif not before.agrees(reading):
            self._even_since = reading.elapsed
            log.warning("nothing_forgotten", cause="the store's clock was set", time=reading.time)
        return reading.elapsed - self._even_since >= self._believed_after.total_seconds()
