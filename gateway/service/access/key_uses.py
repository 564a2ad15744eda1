"""When each key was last used: noted with every request, written periodically."""

from datetime import datetime

from gateway.ports import Clock, Store
from gateway.service.chores import every

WRITE_SECONDS = 5.0
SHORTEST_SECONDS = 60.0
"""How often a key's use is written."""


class KeyUses:
    """Adds no work to a request; uses not yet written when a process dies are lost."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._noted: dict[str, float] = {}
        self._waiting: dict[str, datetime] = {}

    def note(self, key: str) -> None:
        """The key is used now."""
        elapsed, before = self._clock.elapsed(), self._noted.get(key)
        if before is None or elapsed - before >= SHORTEST_SECONDS:
            self._noted[key] = elapsed
            self._waiting[key] = self._clock.now()

    async def write(self) -> None:
        """Stores what was noted; if that fails, keeps it for the next time."""
        uses, self._waiting = self._waiting, {}
        if not uses:
            return
        try:
            await self._store.transact(lambda tx: tx.put_key_uses(uses))
        except BaseException:
            self._waiting = uses | self._waiting
            raise

    async def keep(self) -> None:
        """Writes periodically, forever."""
        await every(WRITE_SECONDS, self.write)
