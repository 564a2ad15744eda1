"""All clients of a run."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from tests.simulation.clients.asking import Asking
from tests.simulation.clients.commanding import Commanding
from tests.simulation.clients.gateways import ServingGateway
from tests.simulation.clients.keys import Keys
from tests.simulation.clients.notebook import Notebook
from tests.simulation.clients.placing import Placing
from tests.simulation.clients.told import Seen, Told
from tests.simulation.clients.watching import Watcher
from tests.simulation.engine.history import History
from tests.simulation.engine.loop import NodeLoop
from tests.simulation.plan.doings import Command, Consult, Doing, Place, Plan, RingIn, Watch
from tests.simulation.world.network import Network


class Clients:
    """Does what the plan says that clients do, from `start` to `stop`, in one process: `loop`.

    `gateways`: by the plan's numbers. `keys` must have one for each tenant.
    """

    def __init__(
        self,
        loop: NodeLoop,
        network: Network,
        history: History,
        gateways: Sequence[ServingGateway],
        keys: Keys,
    ) -> None:
        self._loop = loop
        self._gateways = gateways
        self._notebook = Notebook(history, loop.time)
        self._asking = Asking(loop, network, keys)
        self._placing = Placing(self._asking, gateways, self._notebook)
        self._commanding = Commanding(self._asking, gateways, self._notebook)
        self._under_way: dict[asyncio.Task[None], None] = {}
        self._tenants: dict[int, str] = {}
        self._to_come = 0
        self.watchers: list[Watcher] = []
        self.watched: dict[tuple[str, int], list[Seen]] = {}
        """What each watcher saw, by its tenant and its place among the tenant's watchers."""

    @property
    def told(self) -> list[Told]:
        """Each try of each request, in the order in which they were made."""
        return self._notebook.told

    @property
    def call_ids(self) -> dict[int, str]:
        """The calls that clients know, by the numbers of their Place or RingIn."""
        return self._notebook.known

    @property
    def busy(self) -> bool:
        """Something is still to be done, or a request is under way; watchers do not count."""
        return self._to_come > 0 or bool(self._under_way)

    def reached(self, tenant: str) -> int:
        """The sequence that each of the tenant's watchers has reached."""
        reached = [each.reached for each in self.watchers if each.watch.tenant == tenant]
        return min(reached, default=0)

    def start(self, plan: Plan, at: float = 0.0) -> None:
        """The plan's second 0 is the virtual time `at`."""
        for doing in plan.doings:
            self._learn(doing)
            if isinstance(doing, Place | Command | Consult | Watch):
                self._to_come += 1
                self._loop.call_at(
                    at + doing.time, self._carry_out, doing, context=self._loop.context
                )

    def stop(self) -> None:
        """All leave."""
        for watcher in self.watchers:
            watcher.stop()
        for task in list(self._under_way):
            task.cancel()

    def _learn(self, doing: Doing) -> None:
        if isinstance(doing, Place | RingIn):
            self._tenants[doing.number] = doing.tenant
        if isinstance(doing, RingIn):
            self._notebook.callers[doing.tenant, doing.caller] = doing.number

    def _carry_out(self, doing: Doing) -> None:
        self._to_come -= 1
        match doing:
            case Place():
                self._to_come += len(doing.repeats)
                for after, _ in doing.repeats:
                    self._loop.call_later(after, self._has_come)
                self._placing.begin(doing, self._task)
            case Command() | Consult():
                tenant = self._tenants.get(doing.number)
                if tenant is not None:  # a plan that was made smaller may lack the call
                    self._commanding.begin(doing, tenant, self._task)
            case Watch():
                self._watch(doing)

    def _has_come(self) -> None:
        self._to_come -= 1

    def _watch(self, watch: Watch) -> None:
        index = sum(tenant == watch.tenant for tenant, _ in self.watched)
        seen = self.watched[watch.tenant, index] = []
        watcher = Watcher(watch, self._asking, self._gateways, self._notebook, seen)
        self.watchers.append(watcher)
        watcher.begin()

    def _task(self, story: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = self._loop.create_task(story, context=self._loop.context.copy())
        self._under_way[task] = None
        task.add_done_callback(self._under_way.pop)
        return task
