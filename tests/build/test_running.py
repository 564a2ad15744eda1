"""A gateway without ports, made of what it is given."""

import asyncio
from datetime import timedelta
from pathlib import Path

from gateway.build.running import Running
from gateway.domain.calls.delivery import Answer
from gateway.domain.calls.event import CallEvent
from gateway.domain.tenant import Webhook
from gateway.platform.sandbox.platform import SandboxPlatform
from gateway.service.following.platforms import Platforms
from gateway.settings import Settings
from gateway.store.store import SqlStore, open_store
from tests.stands.clocks import RealClock

GRACE = timedelta(seconds=10)


class Silent:
    """A sender to whom nothing is given."""

    closed = False

    async def send(self, webhook: Webhook, event: CallEvent) -> Answer:
        raise AssertionError(f"{event} for {webhook}")

    async def close(self) -> None:
        self.closed = True


def made_of(store: SqlStore, sender: Silent, database: str) -> Running:
    clock = RealClock()
    settings = Settings.model_validate(
        {"GATEWAY_DATABASE_URL": database, "GATEWAY_PLATFORM": "sandbox"}
    )
    platforms = Platforms(None, SandboxPlatform(clock))
    return Running(settings, clock=clock, platforms=platforms, store=store, sender=sender)


async def test_it_runs_on_what_it_is_given(tmp_path: Path) -> None:
    """It holds a lease while it runs; afterwards the store is still open, for its owner."""
    database = f"sqlite:///{tmp_path}/gateway.db"
    store, sender = open_store(database, RealClock()), Silent()
    running = made_of(store, sender, database)
    await running.start()
    assert [*await store.read(lambda tx: tx.beats())] == [running.services.lease.gateway_id]
    assert not running.chore_ended
    await running.stop(GRACE)
    assert await store.read(lambda tx: tx.beats()) == {}
    assert sender.closed
    await store.close()


async def test_doors_close_while_everything_else_still_runs(tmp_path: Path) -> None:
    """What ends beside it finds clients released, and the background tasks at work."""
    database = f"sqlite:///{tmp_path}/gateway.db"
    store = open_store(database, RealClock())
    running = made_of(store, Silent(), database)
    await running.start()
    seen = []

    async def doors() -> None:
        await asyncio.sleep(0)
        seen.append((running.services.drain.begun, running.chore_ended))

    await running.stop(GRACE, doors())
    assert seen == [(True, False)]
    await store.close()
