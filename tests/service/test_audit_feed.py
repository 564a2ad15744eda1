"""Who waits for audit records is woken soon, and not at each of thousands."""

import asyncio
import time
from typing import Any

from gateway.service.ledger.audit_feed import LEAST_SECONDS, AuditFeed


class Counted:
    """A store with a record more at each look."""

    def __init__(self) -> None:
        self.looks = 0

    async def read(self, _ask: Any, *, brief: bool = False) -> int:
        del brief
        self.looks += 1
        return self.looks


async def test_records_that_come_fast_are_looked_at_four_times_a_second() -> None:
    """However many waiters and own commits there are."""
    store: Any = Counted()
    feed = AuditFeed(store)
    begin = time.monotonic()

    async def wait() -> None:
        for position in range(3):
            await feed.beyond(position)

    async def commit() -> None:
        while True:
            feed.publish([])
            await asyncio.sleep(0)

    commits = asyncio.create_task(commit())
    await asyncio.gather(*(wait() for _ in range(50)))
    commits.cancel()
    assert time.monotonic() - begin >= 2 * LEAST_SECONDS
    assert store.looks == 3
    assert LEAST_SECONDS >= 0.25
