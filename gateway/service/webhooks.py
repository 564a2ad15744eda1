"""ListWebhookDeliveries and ReplayWebhookDeliveries."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.domain import fields
from gateway.domain.delivery import (
    Delivery,
    ListWebhookDeliveries,
    ReplayWebhookDeliveries,
    WebhookRef,
)
from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Right
from gateway.errors import GatewayError, Reason, invalid_field
from gateway.ports import Reading, Store
from gateway.ports.outbox import DeliveryQuery
from gateway.service.answer_size import delivery_bytes, fitting
from gateway.service.identity import require

DEFAULT_PAGE = 100
MAX_PAGE = 1000
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
        webhook = _allowed(rpc, asked.tenant_id, asked.webhook_id)
        if not 0 <= asked.page_size <= MAX_PAGE:
            raise invalid_field("page_size", f"must be between 0 and {MAX_PAGE}")
        size = asked.page_size or DEFAULT_PAGE
        question = _question(webhook, asked)
        query = DeliveryQuery(
            webhook=webhook,
            states=asked.states,
            after=_read_token(question, asked.page_token),
            limit=size + 1,
        )

        def ask(reading: Reading) -> tuple[int, Sequence[Delivery]]:
            return _come(reading, webhook), reading.deliveries(query)

        sequence, found = await self._store.read(ask)
        page = fitting(found, delivery_bytes, size)
        more = _write_token(question, page[-1].sequence) if len(found) > len(page) else ""
        return PageOfDeliveries(page, more, sequence)

    async def replay_deliveries(self, rpc: Rpc, asked: ReplayWebhookDeliveries) -> int:
        """How many are tried anew; whichever gateway delivers sees them within a second."""
        webhook = _allowed(rpc, asked.tenant_id, asked.webhook_id)
        if len(asked.sequences) > MAX_SEQUENCES:
            raise invalid_field("sequences", f"must be at most {MAX_SEQUENCES}")
        await self._store.read(lambda tx: _come(tx, webhook))
        return await self._store.transact(lambda tx: tx.replay_deliveries(webhook, asked.sequences))


def _allowed(rpc: Rpc, tenant_id: str, webhook_id: str) -> WebhookRef:
    """The webhook asked for, if it is the caller's to administer."""
    fields.name("tenant_id", tenant_id)
    fields.name("webhook_id", webhook_id)
    if rpc.caller.room:
        raise GatewayError(Reason.PERMISSION_DENIED, "a token of one room may not")
    if not rpc.tenant_id:
        require(rpc.caller, Right.OPERATOR)
        if not tenant_id:
            raise invalid_field("tenant_id", "is required with a key of no tenant")
    else:
        require(rpc.caller, Right.TENANT_ADMIN)
        if tenant_id not in ("", rpc.tenant_id):
            raise GatewayError(Reason.PERMISSION_DENIED, "the webhook is another tenant's")
    return WebhookRef(tenant_id or rpc.tenant_id, webhook_id)


def _come(reading: Reading, webhook: WebhookRef) -> int:
    """How far the webhook has come. Raises INVALID_FIELD where there is none of that id."""
    cursor = reading.webhook_cursor(webhook)
    if cursor is None:
        raise invalid_field(
            "webhook_id", "there is no such webhook", value=fields.printable(webhook.webhook_id)
        )
    return cursor.sequence


def _question(webhook: WebhookRef, asked: ListWebhookDeliveries) -> str:
    text = repr((webhook, sorted(asked.states)))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _write_token(question: str, last: int) -> str:
    return base64.urlsafe_b64encode(f"{question} {last}".encode()).decode()


def _read_token(question: str, token: str) -> int:
    """The sequence to go on after; 0 at the start."""
    if not token:
        return 0
    try:
        of_question, last = base64.urlsafe_b64decode(token).decode().split(" ")
        after = int(last)
    except ValueError:
        raise invalid_field("page_token", "is none of this gateway's") from None
    if of_question != question:
        raise invalid_field("page_token", "belongs to other criteria")
    if not 0 <= after < 2**63:
        raise invalid_field("page_token", "is none of this gateway's")
    return after
