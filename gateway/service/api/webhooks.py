"""ListWebhookDeliveries and ReplayWebhookDeliveries."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.domain import fields
from gateway.domain.calls.delivery import (
    Delivery,
    ListWebhookDeliveries,
    ReplayWebhookDeliveries,
    WebhookRef,
)
from gateway.domain.rpc import Rpc
from gateway.domain.together import Together, passed
from gateway.errors import GatewayError, Reason, invalid_field
from gateway.ports import Reading, Store
from gateway.ports.outbox import DeliveryQuery
from gateway.service.api.paging.answer_size import delivery_bytes
from gateway.service.api.paging.pages import delivery_pages, page_size
from gateway.service.api.reach import tenant_reached

MAX_SEQUENCES = 1000


@dataclass(frozen=True, slots=True)
class PageOfDeliveries:
    """What ListWebhookDeliveries answers; `sequence`: how far the webhook has come."""

    deliveries: Sequence[Delivery]
    next_page_token: str
    sequence: int


class WebhookService:
    """Shows what receivers were not given, and has it sent again."""

    def __init__(self, *, store: Store) -> None:
        self._store = store

    async def list_deliveries(self, rpc: Rpc, asked: ListWebhookDeliveries) -> PageOfDeliveries:
        """One page, by sequence."""
        with Together() as check:
            allowed = check(_allowed, rpc, asked.tenant_id, asked.webhook_id)
            wanted_size = check(page_size, asked.page_size)
        webhook, size = passed(allowed), passed(wanted_size)
        query = DeliveryQuery(webhook=webhook, states=asked.states, limit=size + 1)
        pages = delivery_pages(query)
        query = replace(query, after=pages.read(asked.page_token) or 0)

        def ask(reading: Reading) -> tuple[int, Sequence[Delivery]]:
            return _come(reading, webhook), reading.deliveries(query)

        sequence, found = await self._store.read(ask)
        return PageOfDeliveries(*pages.page(found, delivery_bytes, size), sequence)

    async def replay_deliveries(self, rpc: Rpc, asked: ReplayWebhookDeliveries) -> int:
        """How many are sent again; the gateway that delivers them sees them within a second."""
        webhook = _allowed(rpc, asked.tenant_id, asked.webhook_id)
        if len(asked.sequences) > MAX_SEQUENCES:
            raise invalid_field("sequences", f"must be at most {MAX_SEQUENCES}")
        await self._store.read(lambda tx: _come(tx, webhook))
        return await self._store.transact(lambda tx: tx.replay_deliveries(webhook, asked.sequences))


def _allowed(rpc: Rpc, tenant_id: str, webhook_id: str) -> WebhookRef:
    """The requested webhook, if the caller may administer it."""
    own = tenant_reached(rpc)
    with Together() as check:
        check(fields.name, "tenant_id", tenant_id)
        check(fields.name, "webhook_id", webhook_id)
        if not (own or tenant_id):
            raise invalid_field("tenant_id", "is required with a key of no tenant")
    if own and tenant_id not in ("", own):
        raise GatewayError(Reason.PERMISSION_DENIED, "the webhook belongs to another tenant")
    return WebhookRef(tenant_id or own, webhook_id)


def _come(reading: Reading, webhook: WebhookRef) -> int:
    """How far the webhook has got. Raises INVALID_FIELD if there is none with that id."""
    cursor = reading.webhook_cursor(webhook)
    if cursor is None:
        raise invalid_field(
            "webhook_id", "there is no such webhook", value=fields.printable(webhook.webhook_id)
        )
    return cursor.sequence
