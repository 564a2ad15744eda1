"""The tenants' webhook receivers, and how gateways reach them."""

import asyncio
from datetime import timedelta
from random import Random

from gateway.domain.calls.delivery import Answer
from gateway.domain.calls.event import CallEvent
from gateway.domain.tenant import Webhook
from tests.simulation.clients.told import Delivered
from tests.simulation.engine.chance import Chance
from tests.simulation.engine.history import History
from tests.simulation.engine.loop import NodeLoop
from tests.simulation.world.network import ConnectionLostError, Network, NotConnectedError

PATIENCE_SECONDS = 15.0
"""How long a gateway waits for a receiver, as the real sender does."""
UNWELL = 0.03
"""The share of deliveries that fail on an ordinary day."""
GONE = 0
"""In place of a status: the receiver has the event, and its answer is lost."""


class Receivers:
    """Every tenant's receivers, in one process: `loop`."""

    def __init__(self, loop: NodeLoop, network: Network, chance: Chance, history: History) -> None:
        self.loop = loop
        self.network = network
        self._chance = chance
        self._history = history
        self._streams: dict[str, Random] = {}
        self._away_until: dict[str, float] = {}
        self._slower: dict[str, tuple[float, float]] = {}
        self.delivered: list[Delivered] = []
        """Every delivery that arrived, also those that were answered with a failure."""

    def sender(self, here: NodeLoop, gateway: str) -> "SimulatedSender":
        """What the process of this loop, of the gateway of this name, sends with."""
        return SimulatedSender(self, here, gateway)

    def go_away(self, tenant: str, lasting: float) -> None:
        """They fail every delivery for so many seconds."""
        until = self.loop.time() + lasting
        self._away_until[tenant] = max(until, self._away_until.get(tenant, 0.0))

    def slow_down(self, tenant: str, seconds: float, lasting: float) -> None:
        """They take so much longer, for `lasting` seconds; the newest such wish holds."""
        self._slower[tenant] = (seconds, self.loop.time() + lasting)

    async def receive(self, gateway: str, webhook: str, event: CallEvent) -> int:
        """The status. Raises ConnectionLostError where the answer is lost."""
        tenant, status = event.tenant_id, self._status(event.tenant_id)
        delivered = Delivered(
            time=self.loop.time(),
            gateway=gateway,
            tenant=tenant,
            webhook=webhook,
            sequence=event.sequence,
            event_id=event.event_id,
            type=event.type,
            call_id=event.call.call_id,
            ok=False,
        )
        self.delivered.append(delivered)
        self._tell(delivered, status)
        slower = self._pause(tenant)
        if slower:
            await asyncio.sleep(slower)
        if status == GONE:
            raise ConnectionLostError(f"the receiver of {tenant} hung up")
        delivered.ok = status == 200 and slower < PATIENCE_SECONDS
        return status

    def _tell(self, delivered: Delivered, status: int) -> None:
        self._history.tell(
            f"{delivered.tenant}/{delivered.webhook}",
            "receives",
            sequence=delivered.sequence,
            call_id=delivered.call_id,
            status=status,
        )

    def _pause(self, tenant: str) -> float:
        seconds, until = self._slower.get(tenant, (0.0, 0.0))
        return seconds if self.loop.time() < until else 0.0

    def _status(self, tenant: str) -> int:
        stream = self._streams.get(tenant)
        if stream is None:
            stream = self._streams[tenant] = self._chance.stream("receiver", tenant)
        if self.loop.time() >= self._away_until.get(tenant, 0.0) and stream.random() >= UNWELL:
            return 200
        return stream.choice((500, 503, 429, GONE))


class SimulatedSender:
    """Posts to the receivers; see `ports.WebhookSender`. One of a gateway's process."""

    def __init__(self, receivers: Receivers, here: NodeLoop, gateway: str) -> None:
        self._receivers = receivers
        self._here = here
        self._gateway = gateway

    async def send(self, webhook: Webhook, event: CallEvent) -> Answer:
        """The texts are those of the real sender."""
        receivers = self._receivers
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                status = await receivers.network.ask(
                    self._here,
                    receivers.loop,
                    lambda: receivers.receive(self._gateway, webhook.webhook_id, event),
                )
        except TimeoutError:
            return Answer(error=f"no answer within {PATIENCE_SECONDS:g} s")
        except NotConnectedError:
            return Answer(error="cannot connect: [Errno 111] Connection refused")
        except ConnectionLostError:
            return Answer(error="ServerDisconnectedError: Server disconnected")
        if status == 200:
            return Answer(status)
        wait = timedelta(seconds=1) if status == 429 else None
        return Answer(status, f"answered {status}", wait)

    async def close(self) -> None:
        """Nothing is kept open."""
