"""How long things are kept, and their deletion."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from gateway.ports import Clock, Store, Transaction

CLOCKS_APART = timedelta(minutes=1)
"""How much longer an expired request id is kept: a gateway's clock may lag the store's."""
BELIEVED_AFTER = timedelta(hours=1)
"""Nothing is deleted until the store's clock has run evenly for this long."""

PAUSE_SECONDS = 0.1
"""Pause between two parts, so that a large deletion does not keep the database busy."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Reading:
    """The time of the store's clock, and that of our own monotonic clock then."""

    time: datetime
    elapsed: float

    def agrees(self, later: "_Reading") -> bool:
        """Whether both clocks have counted the same since."""
        counted = timedelta(seconds=later.elapsed - self.elapsed)
        return abs(later.time - self.time - counted) <= CLOCKS_APART


class Retention:
    """Deletes old calls and events, and counts and request ids that are no longer needed.

    The audit log is kept forever: its records prove each other. Data deleted by a wrong clock is
    lost, so the store's clock is trusted only once it has run evenly for `believed_after`, since
    this began and since it was last set.
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
        """Deletes everything that is due, a part at a time, so that others can write in between."""
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
