"""Tries to deliver, as traces show them."""

from gateway.domain.calls.delivery import Answer
from gateway.domain.calls.event import CallEvent
from gateway.domain.tenant import Webhook
from gateway.ports.outbox import WebhookSender
from gateway.ports.tracing import Tracing

NO_ANSWER = "NO_ANSWER"
REFUSED = "REFUSED"


class TracedSender:
    """A `ports.WebhookSender` whose every try is a span."""

    def __init__(self, sender: WebhookSender, tracing: Tracing) -> None:
        self._sender = sender
        self._tracing = tracing

    async def send(self, webhook: Webhook, event: CallEvent) -> Answer:
        """See `ports.WebhookSender`."""
        with self._tracing.delivery(webhook, event) as span:
            answer = await self._sender.send(webhook, event)
            if answer.status:
                span.note("http.response.status_code", answer.status)
            failed = REFUSED if answer.status else NO_ANSWER
            span.came_to("OK" if answer.delivered else failed, fault=not answer.delivered)
            return answer

    async def close(self) -> None:
        """See `ports.WebhookSender`."""
        await self._sender.close()
