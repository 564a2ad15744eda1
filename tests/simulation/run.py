"""One run: a plan carried out, to the end of everything that it began."""

import asyncio
from functools import cache, partial
from itertools import chain, islice, repeat
from pathlib import Path

from sqlalchemy import func, select, true

from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.inbound import Notice
from gateway.platform.sandbox.platform import SandboxPlatform
from gateway.settings import Settings
from gateway.store.databases.schema import calls, transfers, webhook_deliveries
from tests.simulation.clients.clients import Clients
from tests.simulation.clients.keys import Keys
from tests.simulation.clients.receivers import Receivers
from tests.simulation.engine.chance import Chance
from tests.simulation.engine.history import History
from tests.simulation.engine.scheduler import Scheduler
from tests.simulation.judge.evidence import Heard
from tests.simulation.nodes.bells import Bells
from tests.simulation.nodes.clock import BEGIN
from tests.simulation.nodes.database import Trouble, new_database
from tests.simulation.nodes.gateway import Around, GatewayProcess
from tests.simulation.nodes.operator import Operator
from tests.simulation.nodes.signing import SIGNING_KEY
from tests.simulation.plan.configuring import configuration, inbound_room, inbound_trunk
from tests.simulation.plan.doings import Consult, Doing, Join, Place, Plan, RingIn, Strike
from tests.simulation.strikes import Strikes
from tests.simulation.world.livekit import LiveKit
from tests.simulation.world.network import ConnectionLostError, Network, NotConnectedError
from tests.simulation.world.platform import SimulatedPlatform
from tests.simulation.world.truth import Truth

BEFORE_SECONDS = 3.0
"""Before the plan begins: in it the operator configures, and the gateways start."""
SLICE_SECONDS = 5.0
SETTLING_SECONDS = 45.0
"""After the last call has ended: the sweep has been twice, and what is left is left for good."""
MASTER_KEY = "a master key of simulated gateways 0123456789"
NOTICE_PATIENCE_SECONDS = 5.0


@cache
def settings() -> Settings:
    """Those of every simulated gateway."""
    return Settings.model_validate(
        {
            "livekit_url": "http://livekit.example.com",
            "livekit_api_key": "key",
            "livekit_api_secret": "secret",
            "GATEWAY_MASTER_KEY": MASTER_KEY,
            # Not that of its database: so nothing is kept beside it.
            "GATEWAY_DATABASE_URL": "postgresql://simulated",
            "GATEWAY_AUDIT_SIGNING_KEY": SIGNING_KEY.text,
        }
    )


class Run:
    """Everything of one run. Its files are in `folder`."""

    def __init__(self, plan: Plan, folder: Path, template: Path) -> None:
        self.plan = plan
        self.chance = chance = Chance(plan.chances)
        self.scheduler = scheduler = Scheduler(chance.stream("scheduler"), -BEFORE_SECONDS)
        self.history = history = History(lambda: scheduler.now)
        self.truth = Truth()
        self.heard: list[Heard] = []
        """When a gateway's process began, and when notices reached it."""
        self.committed: dict[tuple[str, int], float] = {}
        """Of tenant and sequence: when the first gateway knew that the event is stored."""
        self._told: dict[str, int] = {}
        self.database = folder / "gateway.db"
        new_database(self.database, template)
        self.trouble = self._trouble()
        self.network = network = Network(chance)
        self._balance = chance.stream("balance")
        self.livekit = LiveKit(scheduler.loop("livekit"), chance, history, self.truth)
        self.receivers = Receivers(scheduler.loop("receivers"), network, chance, history)
        self.operator = Operator(
            scheduler.loop("operator"), self.database, self.trouble, settings(), chance, history
        )
        around = self._around()
        self.gateways = [
            GatewayProcess(f"gateway-{number}", around, self._stored, self._serves, ahead)
            for number, ahead in enumerate(islice(chain(plan.ahead, repeat(0.0)), plan.gateways))
        ]
        self.keys = Keys(BEGIN.timestamp())
        self.clients = Clients(
            scheduler.loop("clients"), network, history, self.gateways, self.keys
        )
        self.strikes = Strikes(self)

    def _trouble(self) -> Trouble:
        trouble = Trouble(self.chance.stream("database"))
        if self.plan.listens:
            stream = self.chance.stream("bells")
            trouble.bells = Bells(self.scheduler.later, lambda: 0.0002 + 0.003 * stream.random())
        return trouble

    def _around(self) -> Around:
        return Around(
            scheduler=self.scheduler,
            chance=self.chance,
            history=self.history,
            network=self.network,
            trouble=self.trouble,
            database=self.database,
            settings=settings(),
            platform=lambda loop, name: SimulatedPlatform(loop, name, self.livekit, self.network),
            sender=self.receivers.sender,
            sandbox=SandboxPlatform,
        )

    def go(self) -> None:
        """From the first start to the time when nothing is left to happen."""
        self._prepare()
        self._begin()
        last = max((doing.time for doing in self.plan.doings), default=0.0)
        self.scheduler.run(last + 1.0)
        deadline = last + self.plan.patience
        while self.scheduler.now < deadline and not self._is_over():
            self.scheduler.run(self.scheduler.now + SLICE_SECONDS)
        self.scheduler.run(self.scheduler.now + SETTLING_SECONDS)
        self.clients.stop()
        self.scheduler.run(self.scheduler.now + 2.0)

    def end(self) -> None:
        """Nothing of it is needed any more."""
        for gateway in self.gateways:
            gateway.bury()
        for loop in self.scheduler.loops:
            loop.bury()
        self.operator.dispose()

    def _prepare(self) -> None:
        """The configuration and the keys are there before the first gateway starts."""

        async def prepare() -> None:
            await self.operator.apply(configuration(self.plan))
            for tenant in self.plan.tenants:
                await self.operator.give_key(self.keys, tenant)

        self.operator.begin(prepare())
        self.scheduler.run(1.0 - BEFORE_SECONDS)

    def _begin(self) -> None:
        for gateway in self.gateways:
            gateway.start()
        if self.plan.hears_notices:
            self.livekit.notices.epoch = BEGIN
            self.livekit.notices.deliver = self._deliver
        for doing in self.plan.doings:
            if isinstance(doing, Strike):
                self.scheduler.at_time(doing.time, partial(self.strikes.strike, doing))
            elif isinstance(doing, RingIn):
                self.scheduler.at_time(doing.time, partial(self._ring_in, doing))
            elif isinstance(doing, Join):
                self.scheduler.at_time(doing.time, partial(self._join, doing))
            elif isinstance(doing, Place):
                self.livekit.receive(doing.to, doing.receptions, doing.refer)
            elif isinstance(doing, Consult):
                self.livekit.receive(doing.to, doing.receptions)
        self.clients.start(self.plan)

    def _is_over(self) -> bool:
        if self.clients.busy or self.truth.present:
            return False
        if not all(gateway.up for gateway in self.gateways):
            return False
        with self.operator.reading() as connection:
            for table in (calls, transfers):
                count = select(func.count()).select_from(table).where(table.c.open == true())
                if connection.execute(count).scalar():
                    return False
            pending = select(func.count()).select_from(webhook_deliveries)
            waiting = pending.where(webhook_deliveries.c.state == "PENDING")
            return not connection.execute(waiting).scalar()

    def _serves(self, gateway: str) -> None:
        self.heard.append(Heard(time=self.scheduler.now, gateway=gateway, began=True))

    def _stored(self, gateway: str, event: CallEvent) -> None:
        """Tells of each event once, when the first gateway knows of it."""
        if event.sequence <= self._told.get(event.tenant_id, 0):
            return
        self._told[event.tenant_id] = event.sequence
        self.committed[event.tenant_id, event.sequence] = self.scheduler.now
        self.history.tell(
            gateway,
            f"stored {event.type}",
            call_id=event.call.call_id,
            tenant=event.tenant_id,
            sequence=event.sequence,
            state=event.call.state.name,
        )

    def _ring_in(self, ring: RingIn) -> None:
        room = inbound_room(ring.tenant, ring.number)
        self.livekit.ring_in(ring, room=room, trunk=inbound_trunk(ring.tenant))

    def _join(self, join: Join) -> None:
        """An agent that the tenant's application sends, where the phone is now."""
        call_id = self.clients.call_ids.get(join.number, "")
        invites = [one for one in self.truth.invites if one.call_id and one.call_id == call_id]
        ring = next((one for one in self.plan.doings if _is_ring(one, join.number)), None)
        room, leg = "", ""
        if invites:
            room, leg = invites[-1].room, invites[-1].identity
        elif isinstance(ring, RingIn):
            room, leg = inbound_room(ring.tenant, ring.number), f"sip_{ring.caller}"
        self.livekit.rooms.bring(room, join.identity, plays_to=leg if join.plays else "")

    async def _deliver(self, notice: Notice) -> bool:
        """LiveKit posts it to the gateways' one address: one that is up gets it."""
        up = [gateway for gateway in self.gateways if gateway.up]
        if not up:
            return False
        gateway = up[int(self._balance.random() * len(up))]

        async def hear() -> bool:
            self.heard.append(Heard(time=self.scheduler.now, gateway=gateway.name))
            return await gateway.hear(notice)

        try:
            async with asyncio.timeout(NOTICE_PATIENCE_SECONDS):
                return await self.network.ask(self.livekit.loop, gateway.loop, hear)
        except (TimeoutError, NotConnectedError, ConnectionLostError):
            return False


def _is_ring(doing: Doing, number: int) -> bool:
    return isinstance(doing, RingIn) and doing.number == number
