"""`gateway audit forget`: makes what is sealed in records of a tenant unreadable, for everyone."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.audit.sealing.seal import month_of
from gateway.errors import invalid_field
from gateway.ports import CallQuery, Clock, Reading, Store, StoreInUseError, Transaction
from gateway.service.api.admin.recording import Recording
from gateway.service.ledger.retention import PAUSE_SECONDS

TRIES = 20
BETWEEN_SECONDS = 1.0
"""Between two tries, for those who write."""
_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forget:
    """What is to be forgotten. `tenant_id` empty: of the records of no tenant."""

    tenant_id: str
    month: str
    """Such as `2026-11`, in UTC."""
    until: bool
    """That month and all before; else that month alone."""
    calls: bool = False
    """Also the tenant's ended calls of that time, with events, labels and transfers."""
    whole: bool = False
    """SQLite: nothing that was ever deleted stays in the file."""


@dataclass(frozen=True, slots=True)
class ForgetPlan:
    """What there is to forget now."""

    months: Sequence[str]
    """Those whose keys would be destroyed."""
    destroyed: Sequence[str]
    """Those whose keys were destroyed before."""
    has_calls: bool
    """Calls of that time are stored, too, with their numbers."""
    is_running: bool
    """The month is not over: what comes gets a new key."""


@dataclass(frozen=True, slots=True)
class WasForgotten:
    """What was done."""

    months: Sequence[str]
    clean: bool
    """No copy is left in the files of the database."""


class Forgetting:
    """Plans, and does what was planned. Doing it again changes nothing, and finishes the rest."""

    def __init__(self, store: Store, clock: Clock, recording: Recording) -> None:
        self._store = store
        self._clock = clock
        self._recording = recording

    async def plan(self, asked: Forget) -> ForgetPlan:
        """What would be forgotten. Raises INVALID_FIELD."""
        end = _end_of(asked)
        return await self._store.read(lambda reading: self._plan(reading, asked, end))

    async def forget(self, asked: Forget) -> WasForgotten:
        """Destroys the keys that there are now.

        Raises INVALID_FIELD, and StoreInUseError where they are being read all the time.
        """
        end = _end_of(asked)

        def destroy(tx: Transaction) -> Sequence[str]:
            months = self._plan(tx, asked, end).months
            tx.destroy_month_keys([(asked.tenant_id, month) for month in months])
            told = {"until" if asked.until else "month": asked.month, "months": list(months)}
            more = {"calls": True} if asked.calls else {}
            event = self._recording(None, "audit forget", asked.tenant_id, **told, **more)
            tx.append_audit(event)
            return months

        months = await self._once_free(destroy)
        more = asked.calls
        while more:
            await asyncio.sleep(PAUSE_SECONDS)
            before, tenant_id = min(end, self._clock.now()), asked.tenant_id
            more = await self._store.transact(lambda tx: tx.prune_history(before, tenant_id))  # noqa: B023
        return WasForgotten(months, await self._store.scrub(whole=asked.whole))

    async def _once_free(self, destroy: Callable[[Transaction], Sequence[str]]) -> Sequence[str]:
        """Tries again where readers keep the keys in use."""
        for _ in range(TRIES - 1):
            try:
                return await self._store.transact(destroy)
            except StoreInUseError:
                await asyncio.sleep(BETWEEN_SECONDS)
        return await self._store.transact(destroy)

    def _plan(self, reading: Reading, asked: Forget, end: datetime) -> ForgetPlan:
        keys = [
            key
            for key in reading.every_month_key(asked.tenant_id)
            if key.month == asked.month or (asked.until and key.month < asked.month)
        ]
        begin = None if asked.until else _first_of(asked.month)
        of_that_time = CallQuery(
            tenant_id=asked.tenant_id, min_create_time=begin, max_create_time=end, limit=1
        )
        return ForgetPlan(
            months=[key.month for key in keys if not key.is_destroyed],
            destroyed=[key.month for key in keys if key.is_destroyed],
            has_calls=bool(reading.calls(of_that_time)),
            is_running=month_of(self._clock.now()) <= asked.month,
        )


def _end_of(asked: Forget) -> datetime:
    """When the month is over. Raises INVALID_FIELD."""
    name = "until" if asked.until else "month"
    if not _MONTH.fullmatch(asked.month):
        raise invalid_field(name, "must be a month such as 2026-11")
    if asked.calls and not asked.until:
        raise invalid_field("calls", "needs until: calls are forgotten from the oldest on")
    first = _first_of(asked.month)
    years, month = divmod(first.month, 12)
    return first.replace(year=first.year + years, month=month + 1)


def _first_of(month: str) -> datetime:
    return datetime.fromisoformat(f"{month}-01").replace(tzinfo=UTC)
