"""The lane to one receiver: sends what is due, in parallel, and stores the results."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from gateway.domain.calls.delivery import (
    Answer,
    Delivery,
    DeliveryState,
    DueDelivery,
    RetryPolicy,
    WebhookRef,
    after,
    without_event,
)
from gateway.domain.calls.event import CallEvent
from gateway.domain.tenant import Webhook
from gateway.ports import Reading, Store, StoreUnavailableError, Transaction
from gateway.ports.outbox import WebhookSender
from gateway.service.ledger.record import until_stored

SIDE_BY_SIDE = 8
"""Requests to one receiver at most. It begins with one, each quick answer adds one, and a failure
or a slow answer resets it to one, so that the receiver delays no other."""
SLOW = timedelta(seconds=3)
"""An answer that takes longer is slow, whatever its status."""
LOOK = timedelta(seconds=0.5)
PAGE = 50
"""Deliveries in memory, and events taken at a time."""
LOOK_AGAIN_SECONDS = 1.0
"""What was read is sent for this long; then it is read again, checking whether it is still ours."""

FAILED_SECONDS = 10.0

log = structlog.get_logger()


def nobody(_counted: object) -> None:
    """Counts nothing."""


GaveUp = Callable[[Delivery, WebhookRef, Answer], None]


def unheard(_delivery: Delivery, _webhook: WebhookRef, _answer: Answer) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often to try, and when an answer is slow."""

    policy: RetryPolicy = RetryPolicy()
    chance: Callable[[], float]
    """Between 0 and 1, for the jitter."""
    look: timedelta = LOOK
    """How often the store is asked what is due."""
    slow: timedelta = SLOW
    """How long an answer may take before its receiver gets only one request at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """What is counted of deliveries."""

    tried: Callable[[str], None] = nobody
    """Called with the result of every try: `delivered`, `failed`, or `dead` after the last."""
    oldest: Callable[[float], None] = nobody
    """The age in seconds of the oldest undelivered event, across all gateways."""


@dataclass(frozen=True, kw_only=True)
class Post:
    """What all lanes of a gateway share."""

    store: Store
    sender: WebhookSender
    gateway_id: str
    pace: Pace
    counters: Counters
    elapsed: Callable[[], float]
    """Seconds of a monotonic clock."""
    slots: asyncio.Semaphore
    """Limits the requests that the gateway has under way."""
    gave_up: GaveUp
    """Called with each delivery that is dead, and the receiver's last answer."""


@dataclass(frozen=True, slots=True)
class _Tried:
    """A delivery before and after a try; None: delivered."""

    before: Delivery
    now: Delivery | None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is due of a webhook; whether it is this gateway's, and has events to take."""

    due: Sequence[DueDelivery]
    ours: bool
    behind: bool


class Lane:
    """Sends one webhook's deliveries.

    Works while there is something to do, and is idle otherwise.
    """

    def __init__(
        self, post: Post, webhook: WebhookRef, configured: Callable[[], Webhook | None]
    ) -> None:
        self._post = post
        self._webhook = webhook
        self._configured = configured
        self._names = {"tenant_id": webhook.tenant_id, "webhook_id": webhook.webhook_id}
        self._work: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._sending: dict[int, asyncio.Task[None]] = {}
        self._tried: list[_Tried] = []
        self._settling = asyncio.Lock()
        self._places = 1
        self._stopped = False

    def wake(self) -> None:
        """There may be something to do."""
        self._news.set()
        if not self._stopped and (self._work is None or self._work.done()):
            self._work = asyncio.create_task(self._run())

    @property
    def idle(self) -> bool:
        """Nothing is under way."""
        return not self._sending and (self._work is None or self._work.done())

    async def stop(self) -> None:
        """Starts nothing more; returns when the results of requests under way have been stored."""
        self._stopped = True
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait([self._work])
        while self._sending:
            await asyncio.wait(self._sending.values())

    def abandon(self) -> None:
        """Abandons requests under way: the next gateway sends them again."""
        for task in self._sending.values():
            task.cancel()

    async def _run(self) -> None:
        try:
            while await self._round():
                pass
        except StoreUnavailableError as away:
            log.warning("database_away", cause=str(away), **self._names)
        except Exception:
            # The next look starts anew.
            log.exception("receiver_failed", **self._names)

    async def _round(self) -> bool:
        """Sends what is due. False: there is nothing to wait for, or it is not ours."""
        self._news.clear()
        configured = self._configured()
        # A delivery that ends during the read may be read in its old state.
        busy = set(self._sending)
        seen = await self._post.store.read(self._look)
        if seen.ours and configured and seen.behind:
            seen = await self._post.store.transact(self._take)
        if not seen.ours or configured is None:
            return False
        fresh = [each for each in seen.due if each.delivery.sequence not in busy]
        until = self._post.elapsed() + LOOK_AGAIN_SECONDS
        for each in fresh:
            await self._room()
            if self._post.elapsed() > until:
                return True
            self._begin(configured, each)
        if self._sending and not seen.behind and (not fresh or len(seen.due) < PAGE):
            await self._news.wait()
            return True
        return seen.behind or bool(fresh) or self._news.is_set()

    def _look(self, reading: Reading) -> _Seen:
        cursor = reading.webhook_cursor(self._webhook)
        ours = cursor is not None and cursor.gateway_id == self._post.gateway_id
        _, newest = reading.event_range(self._webhook.tenant_id)
        behind = cursor is not None and cursor.sequence < newest
        return _Seen(reading.due_deliveries(self._webhook, PAGE), ours=ours, behind=behind)

    def _take(self, tx: Transaction) -> _Seen:
        tx.take_events(self._webhook, self._post.gateway_id, PAGE)
        return self._look(tx)

    async def _room(self) -> None:
        """Returns when one more request may be sent."""
        while len(self._sending) >= self._places:
            await asyncio.wait(self._sending.values(), return_when=asyncio.FIRST_COMPLETED)

    def _begin(self, configured: Webhook, due: DueDelivery) -> None:
        sequence = due.delivery.sequence
        task = self._sending[sequence] = asyncio.create_task(self._outlive(configured, due))
        task.add_done_callback(lambda _: self._ended(sequence))

    def _ended(self, sequence: int) -> None:
        del self._sending[sequence]
        self._news.set()

    async def _outlive(self, configured: Webhook, due: DueDelivery) -> None:
        """Unexpected errors are retried, but not at once."""
        try:
            await self._send(configured, due.delivery, due.event)
        except Exception:
            log.exception("delivery_failed", sequence=due.delivery.sequence, **self._names)
            await asyncio.sleep(FAILED_SECONDS)

    async def _send(self, configured: Webhook, before: Delivery, event: CallEvent | None) -> None:
        if event is None:
            await self._settle(_Tried(before, without_event(before)))
            return
        async with self._post.slots:
            began = self._post.elapsed()
            answer = await self._post.sender.send(configured, event)
        slow = self._post.elapsed() - began > self._post.pace.slow.total_seconds()
        self._places = 1 if answer.unwell or slow else min(self._places + 1, SIDE_BY_SIDE)
        tried = None if answer.delivered else await self._failed(before, answer)
        self._tell(before, answer, tried)
        await self._settle(_Tried(before, tried))

    async def _failed(self, before: Delivery, answer: Answer) -> Delivery | None:
        """Its next state, by the store's clock."""
        now = await until_stored(lambda: self._post.store.read(lambda tx: tx.now()))
        return after(before, answer, now, self._post.pace.policy, self._post.pace.chance())

    async def _settle(self, tried: _Tried) -> None:
        """Stores it, together with results that came while another write was under way."""
        self._tried.append(tried)
        async with self._settling:
            together, self._tried = self._tried, []
            if not together:
                return
            failed = [each.now for each in together if each.now is not None]
            delivered = [each.before for each in together if each.now is None]
            await until_stored(
                lambda: self._post.store.transact(
                    lambda tx: tx.settle_deliveries(failed, delivered)
                )
            )

    def _tell(self, before: Delivery, answer: Answer, tried: Delivery | None) -> None:
        if tried is None:
            self._post.counters.tried("delivered")
            return
        dead = tried.state is DeliveryState.DEAD
        self._post.counters.tried("dead" if dead else "failed")
        if dead:
            self._post.gave_up(tried, self._webhook, answer)
        note = log.warning if dead else log.info
        note(
            "webhook_dead" if dead else "webhook_failed",
            **self._names,
            call_id=before.call_id,
            sequence=before.sequence,
            tries=tried.tries,
            status=answer.status,
            cause=answer.error,
        )
