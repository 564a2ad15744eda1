"""The operator, who works on the database from a process of his own, as `gateway apply` does."""

from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from gateway.build.clock import SystemClock
from gateway.build.ground import Administration, proposal
from gateway.domain.admin.requests import ApplyConfig
from gateway.domain.ids import id_source, new_id
from gateway.domain.tenant import Right
from gateway.service.ledger.record import until_stored
from gateway.settings import Settings
from gateway.store.store import SqlStore
from tests.simulation.clients.keys import Keys
from tests.simulation.engine.chance import Chance
from tests.simulation.engine.history import History
from tests.simulation.engine.loop import NodeLoop
from tests.simulation.nodes.clock import MachineClock, true_time
from tests.simulation.nodes.database import Trouble, connected
from tests.simulation.nodes.tasks import who
from tests.stands.virtual.workers import LoopWorkers

NAME = "operator"


class Operator:
    """Applies configurations, and makes and revokes keys, however often it takes."""

    def __init__(
        self,
        loop: NodeLoop,
        database: Path,
        trouble: Trouble,
        settings: Settings,
        chance: Chance,
        history: History,
    ) -> None:
        self._loop = loop
        self._history = history
        loop.pause = trouble.read_pause
        loop.context.run(id_source.set, chance.ids(NAME))
        loop.context.run(who.set, NAME)
        machine = MachineClock(loop.scheduler, 0.0, 5000.0)
        clock = SystemClock(machine.wall, machine.steady)
        self._database = connected(database, lambda: true_time(loop.time()), trouble)
        log_id = loop.context.run(new_id, "log", clock.now())
        workers = LoopWorkers(trouble.write_pause)
        self.store = SqlStore(self._database, log_id, clock.elapsed, workers)
        self._administration = Administration(settings, self.store, clock)

    def begin(self, story: Coroutine[Any, Any, None]) -> None:
        """Does it in his own process."""
        self._loop.begin(story)

    async def apply(self, text: str) -> None:
        """Puts this configuration in force."""
        wanted = ApplyConfig(judge=partial(proposal, text))
        applied = await until_stored(lambda: self._administration.admin.apply(wanted))
        self._history.tell(NAME, "applied", version=applied.version)

    async def give_key(self, keys: Keys, tenant: str) -> None:
        """A new key for the tenant's clients; the one before is revoked."""
        old, admin = keys.names.get(tenant), self._administration.admin

        async def give() -> None:
            await self._administration.directory.refresh()
            new = await admin.create_key(tenant, frozenset({Right.CALL}))
            keys.give(tenant, new.key.key, new.secret)
            if old:
                await admin.revoke_key(old)

        await until_stored(give)
        self._history.tell(NAME, "key given", tenant=tenant)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """What the database holds now, whatever is wrong with it."""
        with self._database.reading.engine.connect() as connection:
            yield connection

    def dispose(self) -> None:
        """The run is over."""
        self._database.dispose()
