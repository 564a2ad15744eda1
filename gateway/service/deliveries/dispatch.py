"""Which webhooks this gateway delivers to, and when.

Each webhook is served by one live gateway. Another takes it over when that one has left or died,
and repeats what was not stored as delivered: at least once, always with the same id.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog

from gateway.domain.calls.delivery import WebhookRef
from gateway.domain.calls.event import CallEvent
from gateway.domain.tenant import Config, Webhook
from gateway.ports import Reading, Store, Transaction
from gateway.ports.outbox import WebhookSender
from gateway.service.chores import every
from gateway.service.deliveries.lane import Counters, GaveUp, Lane, Pace, Post, unheard

SLIGHT = timedelta(seconds=10)
"""If the store's clock seems to have gone back by less than this, it was only read late."""
AT_ONCE = 256
"""Requests that a gateway has under way, to all receivers together."""
TAKEN_AT_ONCE = 100
"""Webhooks that one transaction takes over."""

NOT_COUNTED = Counters()

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Seen:
    """What there is to do: for any gateway, for this one, and since when."""

    unattended: bool
    ours: Mapping[WebhookRef, bool]
    oldest_age: float
    now: datetime
    """By the store's clock."""


class Deliveries:
    """Delivers for as long as the gateway serves.

    `config`: the configuration in force. `elapsed`: seconds of a monotonic clock.
    """

    def __init__(
        self,
        *,
        store: Store,
        config: Callable[[], Config],
        sender: WebhookSender,
        gateway_id: str,
        pace: Pace,
        elapsed: Callable[[], float],
        counters: Counters = NOT_COUNTED,
        gave_up: GaveUp = unheard,
    ) -> None:
        self._store = store
        self._config = config
        self._sender = sender
        self._gateway_id = gateway_id
        self._counters = counters
        self._elapsed = elapsed
        self._ahead: datetime | None = None
        """The store's time, as last read, at which `elapsed` was 0."""
        self._look_seconds = pace.look.total_seconds()
        self._post = Post(
            store=store,
            sender=sender,
            gateway_id=gateway_id,
            pace=pace,
            counters=counters,
            elapsed=elapsed,
            slots=asyncio.Semaphore(AT_ONCE),
            gave_up=gave_up,
        )
        self._lanes: dict[WebhookRef, Lane] = {}
        self._of_tenant: Mapping[str, Sequence[WebhookRef]] = {}
        self._stopped = False
        self._kept: Config | None = None
        """The configuration whose webhooks the store has."""

    def hear(self, events: Sequence[CallEvent]) -> None:
        """To be called with the events of each commit: new ones are sent at once."""
        for tenant_id in dict.fromkeys(event.tenant_id for event in events):
            for webhook in self._of_tenant.get(tenant_id, ()):
                self._wake(webhook)

    async def keep(self) -> None:
        """Runs forever, with nothing to do after `stop`; errors are retried."""
        await every(self._look_seconds, self._look, name="deliveries", at_once=True)

    async def stop(self, patience: timedelta) -> None:
        """Starts nothing more, and gives requests under way this long to finish."""
        self._stopped = True
        lanes = [*self._lanes.values()]
        with suppress(TimeoutError):
            async with asyncio.timeout(patience.total_seconds()):
                await asyncio.gather(*(lane.stop() for lane in lanes))
        for lane in lanes:
            lane.abandon()
        await asyncio.gather(*(lane.stop() for lane in lanes))
        await self._sender.close()

    async def _look(self) -> None:
        """Which webhooks are served here, and which of them have something to send."""
        if self._stopped:
            return
        await self._keep_configured()
        seen = await self._store.read(self._survey)
        if seen.unattended:
            await self._take_over()
            seen = await self._store.read(self._survey)
        await self._heed_clock(seen.now)
        self._counters.oldest(seen.oldest_age)
        self._forget_others(seen.ours)
        for webhook, busy in seen.ours.items():
            if busy:
                self._wake(webhook)

    async def _heed_clock(self, now: datetime) -> None:
        """Reschedules retries that were put off by a clock that has been set back since."""
        ahead = now - timedelta(seconds=self._elapsed())
        back = self._ahead - ahead if self._ahead else timedelta(0)
        if back > SLIGHT:
            log.warning("store_clock_set_back", seconds=back.total_seconds())
            await self._store.transact(lambda tx: tx.hasten_deliveries(self._gateway_id, back))
        self._ahead = ahead

    async def _take_over(self) -> None:
        """Takes over every webhook that no gateway delivers to."""
        taken: Sequence[WebhookRef] = []
        while not self._stopped:
            before, taken = taken, await self._store.transact(self._attend)
            # A gateway that is not alive by the store's clock would be given the same ones forever.
            if taken == before:
                return
            log.info("webhooks_taken", webhooks=len(taken))
            if len(taken) < TAKEN_AT_ONCE:
                return

    def _attend(self, tx: Transaction) -> Sequence[WebhookRef]:
        return tx.attend_webhooks(self._gateway_id, TAKEN_AT_ONCE)

    def _survey(self, reading: Reading) -> _Seen:
        oldest, now = reading.oldest_pending_event(), reading.now()
        age = (now - oldest).total_seconds() if oldest else 0.0
        ours = reading.attended_webhooks(self._gateway_id)
        return _Seen(bool(reading.unattended_webhooks(1)), ours, max(age, 0.0), now)

    async def _keep_configured(self) -> None:
        """Begins with new webhooks and drops removed ones, once a configuration."""
        config = self._config()
        if config is self._kept:
            return
        webhooks = {
            WebhookRef(tenant.tenant_id, webhook.webhook_id)
            for tenant in config.tenants
            for webhook in tenant.webhooks
        }

        def keep(tx: Transaction) -> bool:
            newest = tx.config()
            if (newest.version if newest else 0) != config.version:
                return False  # our configuration may be old: another gateway may have a newer one
            tx.keep_webhooks(webhooks)
            return True

        if await self._store.transact(keep):
            self._kept = config

    def _forget_others(self, ours: Mapping[WebhookRef, bool]) -> None:
        of_tenant: dict[str, list[WebhookRef]] = defaultdict(list)
        for webhook in ours:
            of_tenant[webhook.tenant_id].append(webhook)
        self._of_tenant = of_tenant
        for webhook in [*self._lanes]:
            if webhook not in ours and self._lanes[webhook].idle:
                del self._lanes[webhook]

    def _wake(self, webhook: WebhookRef) -> None:
        if self._stopped:
            return
        if webhook not in self._lanes:
            configured = partial(self._configured, webhook)
            self._lanes[webhook] = Lane(self._post, webhook, configured)
        self._lanes[webhook].wake()

    def _configured(self, webhook: WebhookRef) -> Webhook | None:
        tenant = self._config().tenant(webhook.tenant_id)
        webhooks = tenant.webhooks if tenant else ()
        return next((each for each in webhooks if each.webhook_id == webhook.webhook_id), None)
