"""The tenants' webhook receivers, and how gateways reach them."""

import asyncio
from datetime import timedelta
from random import Random

from gateway.domain.calls.delivery import Answer
from gateway.domain.calls.event import CallEvent
from gateway.domain.tenant import Webhook
from tests.simulation.clients.told import Received
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
        self._away: dict[str, int] = {}
        self._slower: dict[str, float] = {}
        self.received: list[Received] = []
        """Every delivery that arrived, also those that were answered with a failure."""

    def sender(self, here: NodeLoop, gateway: str) -> "SimulatedSender":
        """What the gateway's process of this loop sends with."""
        return SimulatedSender(self, here, gateway)

    def go_away(self, tenant: str, lasting: float) -> None:
        """They fail every delivery for so many seconds."""
        self._away[tenant] = self._away.get(tenant, 0) + 1
        self.loop.call_later(lasting, self._come_back, tenant)

    def slow_down(self, tenant: str, seconds: float, lasting: float) -> None:
        """They take so much longer, for `lasting` seconds."""
        self._slower[tenant] = self._slower.get(tenant, 0.0) + seconds
        self.loop.call_later(lasting, self._hurry, tenant, seconds)

    def is_away(self, tenant: str) -> bool:
        """Whether it fails every delivery now."""
        return bool(self._away.get(tenant))

    async def receive(self, gateway: str, webhook: str, event: CallEvent) -> int:
        """The status. Raises ConnectionLostError where the answer is lost."""
        tenant = event.tenant_id
        status = self._status(tenant)
        self.received.append(
            Received(
                time=self.loop.time(),
                gateway=gateway,
                tenant=tenant,
                webhook=webhook,
                sequence=event.sequence,
                event_id=event.event_id,
                type=event.type.value,
                call_id=event.call.call_id,
                status=status,
            )
        )
        self._history.tell(
            f"{tenant}/{webhook}",
            "receives",
            sequence=event.sequence,
            call_id=event.call.call_id,
            status=status,
        )
        if slower := self._slower.get(tenant):
            await asyncio.sleep(slower)
        if status == GONE:
            raise ConnectionLostError(f"the receiver of {tenant} hung up")
        return status

    def _status(self, tenant: str) -> int:
        stream = self._streams.get(tenant)
        if stream is None:
            stream = self._streams[tenant] = self._chance.stream("receiver", tenant)
        if not self._away.get(tenant) and stream.random() >= UNWELL:
            return 200
        return stream.choice((500, 503, 429, GONE))

    def _come_back(self, tenant: str) -> None:
        self._away[tenant] -= 1

    def _hurry(self, tenant: str, seconds: float) -> None:
        left = self._slower[tenant] - seconds
        if left > 1e-9:
            self._slower[tenant] = left
        else:
            del self._slower[tenant]


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
