"""What a store keeps of events on their way to tenants' receivers, and who sends them there.

The events themselves are the outbox: nothing is written with a call for a webhook's sake.
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
        """Every webhook there is, and how far it has come."""
        ...

    def webhook_cursor(self, webhook: WebhookRef) -> WebhookCursor | None:
        """How far this webhook has come."""
        ...

    def unattended_webhooks(self, limit: int = 100) -> Sequence[WebhookRef]:
        """Webhooks that no gateway delivers to that is there."""
        ...

    def attended_webhooks(self, gateway_id: str) -> Mapping[WebhookRef, bool]:
        """The webhooks this gateway delivers to, and whether there is something to do now."""
        ...

    def due_deliveries(self, webhook: WebhookRef, limit: int) -> Sequence[DueDelivery]:
        """What is to be tried now, by the store's clock; at most one a call, earliest first."""
        ...

    def deliveries(self, query: DeliveryQuery) -> Sequence[Delivery]:
        """The deliveries that fit, in order."""
        ...

    def oldest_pending_event(self) -> datetime | None:
        """The time of the oldest event that some webhook has not been given."""
        ...


class OutboxWriting(Protocol):
    """What can be changed of webhooks and their deliveries."""

    def keep_webhooks(self, webhooks: Collection[WebhookRef]) -> None:
        """Lets there be these and no others; a new one begins behind its tenant's newest event."""
        ...

    def attend_webhooks(self, gateway_id: str, limit: int = 100) -> Sequence[WebhookRef]:
        """Lets this gateway deliver to the unattended ones, and says which they are."""
        ...

    def take_events(self, webhook: WebhookRef, gateway_id: str, limit: int) -> int:
        """Makes deliveries of up to so many events behind the cursor; how many it passed.

        0 where another gateway delivers. An event that is not kept any more is passed over.
        """
        ...

    def settle_deliveries(self, tried: Sequence[Delivery], delivered: Sequence[Delivery]) -> None:
        """Stores what became of tries, and lets the next event of each call come.

        What was changed by others since (`tries` is not one less) keeps their change.
        """
        ...

    def hasten_deliveries(self, gateway_id: str, by: timedelta) -> None:
        """Lets what this gateway is to deliver later come so much sooner."""
        ...

    def replay_deliveries(self, webhook: WebhookRef, sequences: Collection[int]) -> int:
        """Lets these, or without any all dead ones, be tried anew at once; how many there are."""
        ...


class WebhookSender(Protocol):
    """Whoever posts an event to a receiver."""

    async def send(self, webhook: Webhook, event: CallEvent) -> Answer:
        """One try. MUST NOT raise but for its own cancellation, and MUST end in bounded time."""
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...
