"""A listener whose news can be waited for."""

import asyncio
from collections.abc import Sequence

from gateway.domain.calls.event import CallEvent
from gateway.store.store import SqlStore
from tests.stands.patience import PATIENCE


class Heard:
    """Everything a store has told since this was made."""

    def __init__(self, store: SqlStore) -> None:
        self.events: list[CallEvent] = []
        self._more = asyncio.Event()
        store.on_events(self._hear)

    def sequences(self, tenant_id: str = "acme") -> list[int]:
        """Those of one tenant, as they came."""
        return [event.sequence for event in self.events if event.tenant_id == tenant_id]

    async def until(self, count: int) -> None:
        """Returns when so many events have come."""
        async with asyncio.timeout(PATIENCE):
            while len(self.events) < count:
                self._more.clear()
                await self._more.wait()

    def _hear(self, events: Sequence[CallEvent]) -> None:
        self.events += events
        self._more.set()
