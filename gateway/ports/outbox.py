"""What a store holds about deliveries to tenants' receivers, and the sender interface.

The events themselves are the outbox: nothing extra is written with a call for webhooks.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from gateway.domain.calls.delivery import (
    Answer,
    Delivery,
    DeliveryState,
    DueDelivery,
    WebhookCursor,
    WebhookRef,
)
from gateway.domain.calls.event import CallEvent
from gateway.domain.tenant import Webhook


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryQuery:
    """Which deliveries to list, by sequence; no states: all."""

    webhook: WebhookRef
    states: frozenset[DeliveryState] = frozenset()
    after: int = 0
    limit: int = 100


class OutboxReading(Protocol):
    """What can be asked of webhooks and their deliveries."""

    def webhook_cursors(self) -> Sequence[WebhookCursor]:
        """Every webhook, and how far it has got."""
        ...

    def webhook_cursor(self, webhook: WebhookRef) -> WebhookCursor | None:
        """How far this webhook has got."""
        ...

    def unattended_webhooks(self, limit: int = 100) -> Sequence[WebhookRef]:
        """Webhooks that no live gateway delivers to."""
        ...

    def attended_webhooks(self, gateway_id: str) -> Mapping[WebhookRef, bool]:
        """The webhooks this gateway delivers to, and whether there is something to do now."""
        ...

    def due_deliveries(self, webhook: WebhookRef, limit: int) -> Sequence[DueDelivery]:
        """Deliveries that are due by the store's clock; at most one per call, earliest first."""
        ...

    def deliveries(self, query: DeliveryQuery) -> Sequence[Delivery]:
        """The deliveries that fit, in order."""
        ...

    def oldest_pending_event(self) -> datetime | None:
        """The time of the oldest event not yet delivered to some webhook."""
        ...


class OutboxWriting(Protocol):
    """What can be changed of webhooks and their deliveries."""

    def keep_webhooks(self, webhooks: Collection[WebhookRef]) -> None:
        """Sets the webhooks to exactly these; a new one begins after its tenant's newest event."""
        ...

    def attend_webhooks(self, gateway_id: str, limit: int = 100) -> Sequence[WebhookRef]:
        """Assigns the unattended ones to this gateway, and returns them."""
        ...

    def take_events(self, webhook: WebhookRef, gateway_id: str, limit: int) -> int:
        """Makes deliveries of up to this many events after the cursor; returns how many it passed.

        0 if another gateway delivers. An event that is no longer kept is skipped.
        """
        ...

    def settle_deliveries(self, tried: Sequence[Delivery], delivered: Sequence[Delivery]) -> None:
        """Stores the results of tries, and makes the next event of each call due.

        A delivery that others have changed since (`tries` is not one less) keeps their change.
        """
        ...

    def hasten_deliveries(self, gateway_id: str, by: timedelta) -> None:
        """Moves this gateway's scheduled deliveries forward by this much."""
        ...

    def replay_deliveries(self, webhook: WebhookRef, sequences: Collection[int]) -> int:
        """Makes these, or if none are given all dead ones, due again at once; returns how many."""
        ...


class WebhookSender(Protocol):
    """Posts events to receivers."""

    async def send(self, webhook: Webhook, event: CallEvent) -> Answer:
        """One try. MUST NOT raise except when cancelled, and MUST end in bounded time."""
        ...

    async def close(self) -> None:
        """Closes connections."""
        ...
