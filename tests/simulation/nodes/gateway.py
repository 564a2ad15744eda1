"""A gateway as a process: the real one, without its ports."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError

from gateway.build.clock import SystemClock
from gateway.build.running import Running
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.inbound import Notice
from gateway.domain.ids import id_source, new_id
from gateway.ports import Clock, Platform, StoreUnavailableError
from gateway.ports.outbox import WebhookSender
from gateway.rpc.endpoint import Endpoint
from gateway.rpc.pipeline import Pipeline
from gateway.service.arrivals.notices import Receipt
from gateway.service.following.platforms import Platforms
from gateway.settings import Settings
from gateway.store.databases.database import Database
from gateway.store.store import SqlStore
from gateway.store.writer import Finished
from tests.simulation.engine.chance import Chance
from tests.simulation.engine.history import History
from tests.simulation.engine.loop import NodeLoop
from tests.simulation.engine.scheduler import Scheduler
from tests.simulation.nodes.clock import MachineClock, true_time
from tests.simulation.nodes.database import Trouble, connected
from tests.simulation.nodes.held import held
from tests.simulation.nodes.tasks import who
from tests.simulation.world.network import Network
from tests.stands.virtual.workers import LoopWorkers

GRACE = timedelta(seconds=5)
AHEAD_SECONDS = 0.2
"""How far a gateway's wall clock is wrong at most if its plan does not say so."""
START_AGAIN_SECONDS = 1.0
"""After which a gateway that could not start is started again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What every gateway of a run has around it."""

    scheduler: Scheduler
    chance: Chance
    history: History
    network: Network
    trouble: Trouble
    database: Path
    settings: Settings
    platform: Callable[[NodeLoop, str], Platform]
    """LiveKit as a gateway of this name reaches it from this loop."""
    sender: Callable[[NodeLoop, str], WebhookSender]
    sandbox: Callable[[Clock], Platform]


class TellingStore(SqlStore):
    """Tells of what was stored in the moment in which its commit is known to be durable."""

    told: Callable[[Sequence[CallEvent]], None]

    def _hand_over(self, finished: Finished) -> None:
        self.told(finished.events)
        super()._hand_over(finished)


class GatewayProcess:
    """Started, killed, frozen, stopped, and started again as another process of the same name."""

    wire = "grpc"

    def __init__(
        self,
        name: str,
        around: Around,
        stored: Callable[[str, CallEvent], None],
        serves: Callable[[str], None],
        ahead: float = 0.0,
    ) -> None:
        self.name = name
        self.up = False
        self.running: Running | None = None
        self.endpoints: Mapping[str, Endpoint] = {}
        self._around = around
        self._stored = stored
        self._serves = serves
        self._starts = 0
        self._doomed: tuple[int, float] | None = None
        self._database: Database | None = None
        self._store: SqlStore | None = None
        ahead += (around.chance.stream("clock", name).random() * 2 - 1) * AHEAD_SECONDS
        booted = 1000.0 + around.chance.stream("boot", name).random() * 1e6
        self.machine = MachineClock(around.scheduler, ahead, booted)
        self.loop = around.scheduler.loop(name)

    @property
    def pipeline(self) -> Pipeline:
        """What serves its RPCs, while it is up."""
        assert self.running is not None
        return self.running.pipeline

    def start(self) -> None:
        """Another process, with nothing but the database to know."""
        self._starts += 1
        if self._starts > 1:
            self.loop = self._around.scheduler.loop(self.name)
        loop = self.loop
        loop.pause = self._around.trouble.read_pause
        loop.context.run(id_source.set, self._around.chance.ids(self.name, self._starts))
        loop.context.run(who.set, self.name)
        loop.begin(self._serve(loop))
        if self._doomed is not None:
            doomed, self._doomed = self._doomed, None
            self.doom(*doomed)

    def doom(self, callbacks: int, lasting: float) -> None:
        """Killed after so many callbacks of its process, or of the next one if it is down."""
        if self.loop.dead:
            self._doomed = (callbacks, lasting)
        else:
            self.loop.doom(callbacks, lambda: self.kill(lasting))

    def kill(self, lasting: float) -> None:
        """As by SIGKILL; started again after `lasting`."""
        if self.loop.dead:
            return
        self._around.history.tell(self.name, "killed")
        self._end()
        self._again_after(lasting)

    def freeze(self, lasting: float) -> None:
        """As by SIGSTOP, then SIGCONT."""
        loop = self.loop
        if loop.dead or loop.frozen:
            return
        self._around.history.tell(self.name, "frozen")
        loop.freeze()
        self._later(lasting, lambda: self._wake(loop))

    def stop(self, lasting: float) -> None:
        """As by SIGTERM; started again after `lasting`."""
        if self.up and not self.loop.frozen:
            self._around.history.tell(self.name, "told to stop")
            self.loop.begin(self._stop(lasting))

    async def hear(self, notice: Notice) -> bool:
        """LiveKit posts a notice; False: it is to come again. In a task of the gateway's."""
        assert self.running is not None
        return self.running.services.notices.take(notice) is not Receipt.FULL

    def left_over(self) -> Mapping[str, int]:
        """What it still holds in memory, by name."""
        return held(self.running.services) if self.up and self.running else {}

    def bury(self) -> None:
        """The run is over."""
        self._end()

    async def _serve(self, loop: NodeLoop) -> None:
        try:
            await self._run(loop)
        except (StoreUnavailableError, DBAPIError) as away:
            self._around.history.tell(self.name, "cannot start", cause=str(away))
            self._end()
            self._again_after(START_AGAIN_SECONDS)

    async def _run(self, loop: NodeLoop) -> None:
        around = self._around
        clock = SystemClock(self.machine.wall, self.machine.steady)
        self._database = connected(
            around.database, lambda: true_time(around.scheduler.now), around.trouble
        )
        bells = around.trouble.bells
        workers = LoopWorkers(around.trouble.write_pause, bells.wait if bells else None)
        store = TellingStore(self._database, new_id("log", clock.now()), clock.elapsed, workers)
        store.told = self._tell_stored
        self._store = store
        platforms = Platforms(around.platform(loop, self.name), around.sandbox(clock))
        self.running = Running(
            around.settings,
            clock=clock,
            platforms=platforms,
            store=store,
            sender=around.sender(loop, self.name),
            chance=around.chance.stream("jitter", self.name, self._starts).random,
        )
        store.on_events(self._tell_stored)
        services = self.running.services
        rows = [*services.endpoints(), *services.admin_endpoints()]
        self.endpoints = {row.name: row for row in rows}
        await self.running.start()
        self.up = True
        self._serves(self.name)
        around.history.tell(self.name, "serving")

    async def _stop(self, lasting: float) -> None:
        running, store = self.running, self._store
        assert running is not None
        assert store is not None
        await running.stop(GRACE)
        self.up = False
        await store.close()
        self._around.history.tell(self.name, "stopped")
        self._end()
        self._again_after(lasting)

    def _end(self) -> None:
        self.up = False
        self.loop.kill()
        self._around.network.died(self.loop)
        if self._database is not None:
            self._database.dispose()

    def _wake(self, loop: NodeLoop) -> None:
        if not loop.dead:
            self._around.history.tell(self.name, "woken")
            loop.wake()

    def _again_after(self, lasting: float) -> None:
        self._later(lasting, self.start)

    def _later(self, seconds: float, do: Callable[[], Any]) -> None:
        """From outside of any process."""
        self._around.scheduler.later(seconds, do)

    def _tell_stored(self, events: Sequence[CallEvent]) -> None:
        for event in events:
            self._stored(self.name, event)
