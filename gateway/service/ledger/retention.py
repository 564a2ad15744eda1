"""How long things are kept, and their deletion."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from gateway.audit.chain import KEPT_FROM, RETENTION
from gateway.audit.records import Described
from gateway.domain.audit_event import AuditEvent, AuditKind
from gateway.ports import AuditQuery, Clock, Store, Transaction

CLOCKS_APART = timedelta(minutes=1)
"""How much longer an expired request id is kept: a gateway's clock may lag the store's."""
BELIEVED_AFTER = timedelta(hours=1)
"""Nothing is deleted until the store's clock has run evenly for this long."""
OVERDUE = timedelta(days=1)
"""An audit record that is kept for so much longer than is set is told of: that is no delay."""

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

    Of audit records the hashes are kept forever: they prove each other. `keeps_audit`: how long the
    rest is, to the day; None: forever, too. Data deleted by a wrong clock is lost, so the store's
    clock is trusted only once it has run evenly for `believed_after`, since this began and since it
    was last set.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        keeps: timedelta,
        keeps_audit: timedelta | None = None,
        believed_after: timedelta = BELIEVED_AFTER,
    ) -> None:
        self._store = store
        self._clock = clock
        self._keeps = keeps
        self._keeps_audit = keeps_audit
        self._believed_after = believed_after
        self._newest: _Reading | None = None
        self._even_since = 0.0
        self._overdue_told: tuple[int, datetime] | None = None

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
        more_records = self._remove_records(tx, now)
        return more_limits or more_claims or more_history or more_records

    def _remove_records(self, tx: Transaction, now: datetime) -> bool:
        """A part of those of days that are over; the record of it goes before."""
        if self._keeps_audit is None:
            return False
        kept = now - self._keeps_audit
        before = kept.replace(hour=0, minute=0, second=0, microsecond=0)
        until = tx.audit_due(before)
        if until == tx.audit_removed():
            self._tell_overdue(tx, until, before)
            return False
        tx.append_audit(
            AuditEvent(
                time=now,
                kind=AuditKind.DONE,
                method=RETENTION,
                request=Described({KEPT_FROM: until, "before": before.isoformat()}),
            )
        )
        tx.remove_records(until)
        return True

    def _tell_overdue(self, tx: Transaction, leaf: int, before: datetime) -> None:
        """Where one record stays, those behind it do: that is told once a day."""
        if self._overdue_told == (leaf, before):
            return
        overdue = tx.audit(AuditQuery(max_time=before - OVERDUE, limit=1))
        if not overdue:
            return
        self._overdue_told = (leaf, before)
        first = tx.audit_leaf_records(leaf, 1)
        if leaf >= tx.tree_head().size:
            cause = "they are not in the tree"
        elif not first or not first[0][1].text:
            cause = "the record of this leaf is missing"
        else:
            cause = "the record of this leaf is dated later"
        newest = f"{overdue[0].log_id} #{overdue[0].sequence}"
        log.warning("audit_kept_too_long", leaf=leaf, cause=cause, such_as=newest)

    def _believes(self, reading: _Reading) -> bool:
        before, self._newest = self._newest, reading
        if before is None:
            self._even_since = reading.elapsed
        elif not before.agrees(reading):
            self._even_since = reading.elapsed
            log.warning("nothing_forgotten", cause="the store's clock was set", time=reading.time)
        return reading.elapsed - self._even_since >= self._believed_after.total_seconds()
