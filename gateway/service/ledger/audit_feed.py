"""Wakes those who wait for audit records, whichever gateway stores them."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import structlog

from gateway.domain.audit_event import ChainedAuditEvent
from gateway.ports import Store, StoreUnavailableError

LOOK_SECONDS = 0.5
"""How often the database is asked for records of other gateways, while somebody waits."""
LEAST_SECONDS = 0.25
"""Between two looks, however often this gateway stores records: each look wakes all who wait."""

log = structlog.get_logger()


class AuditFeed:
    """Knows how far the log has come. Looks at it only while there are waiters."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._newest = 0
        self._waiters = 0
        self._own = asyncio.Event()
        self._moved = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    def publish(self, _records: Sequence[ChainedAuditEvent]) -> None:
        """To be called with the records of each own commit: they are looked for sooner."""
        self._own.set()

    async def beyond(self, position: int) -> None:
        """Returns when there is a record behind `position`, of any tenant."""
        self._waiters += 1
        try:
            while self._newest <= position:
                if self._looking is None:
                    self._looking = asyncio.create_task(self._look())
                await self._moved.wait()
        finally:
            self._waiters -= 1

    async def _look(self) -> None:
        try:
            while self._waiters:
                await self._look_once()
                await asyncio.sleep(LEAST_SECONDS)
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS - LEAST_SECONDS):
                        await self._own.wait()
        finally:
            self._looking = None
            self._wake()  # whoever still waits starts another look

    async def _look_once(self) -> None:
        self._own.clear()
        try:
            newest = await self._store.read(lambda tx: tx.audit_position(), brief=True)
        except StoreUnavailableError as away:
            log.warning("audit_not_looked_at", cause=str(away))
            return
        if newest != self._newest:
            self._newest = newest
            self._wake()

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
