"""Gateways, as far as they deliver webhooks, on one database."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from typing import TypeVar

from gateway.domain.calls.call import Call, EventType
from gateway.domain.calls.delivery import Delivery, DeliveryState, RetryPolicy, WebhookRef
from gateway.domain.calls.event import CallEvent
from gateway.domain.tenant import Config, Tenant, Webhook
from gateway.ports import Clock, Reading, Store, Transaction
from gateway.ports.outbox import DeliveryQuery
from gateway.service.deliveries.dispatch import Deliveries
from gateway.service.deliveries.lane import SLOW, Counters, Pace
from gateway.store.store import open_store
from gateway.webhooks.sender import HttpSender
from gateway.wire.telephony_v1 import webhooks as webhooks_v1
from tests.stands.clocks import RealClock
from tests.stands.patience import PATIENCE
from tests.stands.receiving import SECRET
from tests.stands.values import a_call, an_event

QUICK = RetryPolicy(first=timedelta(milliseconds=5), longest=timedelta(milliseconds=20), tries=1000)
LOOK = timedelta(milliseconds=10)
ALIVE = timedelta(minutes=5)
STAGES = (
    EventType.CALL_CREATED,
    EventType.CALL_RINGING,
    EventType.CALL_ANSWERED,
    EventType.CALL_ENDED,
)


def config(*urls: tuple[str, str]) -> Config:
    """The tenant acme with these webhooks: id and URL of each."""
    webhooks = tuple(
        Webhook(webhook_id=name, url=url, secret_from="env:HOOK") for name, url in urls
    )
    return Config(tenants=(Tenant(tenant_id="acme", webhooks=webhooks),))


T = TypeVar("T")


async def later() -> None:
    """Long enough for other things to happen."""
    await asyncio.sleep(0.03)


class LateStore:
    """A store whose reads are late on their way there and back, with `meanwhile` each time."""

    def __init__(self, store: Store, meanwhile: Callable[[], Awaitable[None]] = later) -> None:
        self._store = store
        self._meanwhile = meanwhile
        self.transact = store.transact
        self.on_events = store.on_events
        self.on_audit = store.on_audit
        self.close = store.close
        self.seal_audit = store.seal_audit
        self.scrub = store.scrub

    async def read(self, ask: Callable[[Reading], T], *, brief: bool = False) -> T:
        """What was there some time ago."""
        await self._meanwhile()
        found = await self._store.read(ask, brief=brief)
        await self._meanwhile()
        return found


class Courier:
    """One gateway's deliveries, and its store."""

    def __init__(
        self,
        database_url: str,
        config: Config,
        gateway_id: str = "gateway_1",
        clock: Clock | None = None,
    ) -> None:
        self.store: Store = open_store(database_url, clock or RealClock())
        self.config = config
        self.gateway_id = gateway_id
        self.results: list[str] = []
        self.ages: list[float] = []
        self._deliveries: Deliveries
        self._chore: asyncio.Task[None]
        self._stopped = False

    async def start(
        self, policy: RetryPolicy = QUICK, *, look: timedelta = LOOK, slow: timedelta = SLOW
    ) -> "Courier":
        """Lives, and delivers to all that is configured and nobody else's."""
        self._deliveries = Deliveries(
            store=self.store,
            config=lambda: self.config,
            sender=HttpSender(
                clock=RealClock(),
                body_of=webhooks_v1.body,
                secret_of=lambda _: SECRET,
                private_addresses=True,
            ),
            gateway_id=self.gateway_id,
            pace=Pace(policy=policy, chance=random.random, look=look, slow=slow),
            elapsed=RealClock().elapsed,
            counters=Counters(tried=self.results.append, oldest=self.ages.append),
        )
        self.store.on_events(self._deliveries.hear)
        await self.store.transact(lambda tx: tx.beat(self.gateway_id, ALIVE))
        self._chore = asyncio.create_task(self._deliveries.keep())
        return self

    async def attends(self, *names: str) -> None:
        """Returns when this gateway delivers to exactly these."""
        wanted = {WebhookRef("acme", name) for name in names}
        async with asyncio.timeout(PATIENCE):
            while set(await self._attended()) != wanted:
                await asyncio.sleep(0.005)

    async def _attended(self) -> Iterable[WebhookRef]:
        return await self.store.read(lambda r: r.attended_webhooks(self.gateway_id))

    async def listed(self, *states: DeliveryState, name: str = "crm") -> Sequence[Delivery]:
        """What a webhook has not been given."""
        query = DeliveryQuery(webhook=WebhookRef("acme", name), states=frozenset(states))
        return await self.store.read(lambda r: r.deliveries(query))

    async def until_listed(self, count: int, *states: DeliveryState, name: str = "crm") -> None:
        """Returns when so many deliveries in these states are left."""
        async with asyncio.timeout(PATIENCE):
            while len(await self.listed(*states, name=name)) != count:
                await asyncio.sleep(0.005)

    async def call(self, call_id: str, stages: Sequence[EventType] = STAGES) -> list[CallEvent]:
        """Stores a call and its events, each in a commit of its own."""
        return [await self.store.transact(storing(a_call(call_id), stage)) for stage in stages]

    async def stop(self, patience: timedelta = timedelta(seconds=10)) -> None:
        """Goes away in order."""
        if not self._stopped:
            self._stopped = True
            await self._deliveries.stop(patience)
            self._chore.cancel()  # it may be long until the next look
            await asyncio.wait([self._chore])
            await self.store.transact(lambda tx: tx.leave(self.gateway_id))
            await self.store.close()

    async def crash(self) -> None:
        """What is under way is neither finished nor stored; its lease is over at once."""
        await self.stop(timedelta(0))


def storing(call: Call, stage: EventType) -> Callable[[Transaction], CallEvent]:
    """One event of a call."""
    return lambda tx: tx.append_event(an_event(call, stage))
