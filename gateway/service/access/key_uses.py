"""When each key was last used: noted with every request, written now and then."""

from datetime import datetime

from gateway.ports import Clock, Store
from gateway.service.chores import every

WRITE_SECONDS = 5.0
SHORTEST_SECONDS = 60.0
"""A key's use is written again after so long."""


class KeyUses:
    """Costs no request anything; what is not written yet when a process dies is lost."""

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
        """Stores what was noted; where that fails it is kept for the next time."""
        uses, self._waiting = self._waiting, {}
        if not uses:
            return
        try:
            await self._store.transact(lambda tx: tx.put_key_uses(uses))
        except BaseException:
            self._waiting = uses | self._waiting
            raise

    async def keep(self) -> None:
        """Writes for ever."""
        await every(WRITE_SECONDS, self.write)
