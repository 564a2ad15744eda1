"""What is kept for how long, and forgotten then."""

import asyncio
from datetime import timedelta

from gateway.ports import Store, Transaction

CLOCKS_APART = timedelta(minutes=1)
"""How much longer an expired request id is kept: a gateway's clock may be behind the store's."""

PAUSE_SECONDS = 0.1
"""Between two parts: whoever has much to forget does not keep the database busy with it."""


class Retention:
    """Forgets old calls and events, and counts and request ids that nobody looks at any more.

    The audit log is kept for good: its records prove each other.
    """

    def __init__(self, *, store: Store, keeps: timedelta) -> None:
        self._store = store
        self._keeps = keeps

    async def forget(self) -> None:
        """All there is to forget, a part at a time: others write in between."""
        while await self._store.transact(self._forget_part):  # noqa: ASYNC110  it is a pause
            await asyncio.sleep(PAUSE_SECONDS)

    def _forget_part(self, tx: Transaction) -> bool:
        now = tx.now()
        more_limits = tx.prune_limits(now)
        more_claims = tx.prune_claims(now - CLOCKS_APART)
        more_history = tx.prune_history(now - self._keeps)
        return more_limits or more_claims or more_history
