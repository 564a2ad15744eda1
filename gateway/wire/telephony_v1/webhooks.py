"""The vocabulary of WebhookService, and the body in which an event is posted."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from google.protobuf.message import Message

from gateway.domain.calls.delivery import (
    Delivery,
    DeliveryState,
    ListWebhookDeliveries,
    ReplayWebhookDeliveries,
)
from gateway.domain.calls.event import CallEvent
from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Right
from gateway.errors import invalid_field
from gateway.rpc.endpoint import Endpoint, unary
from gateway.service.api.webhooks import PageOfDeliveries, WebhookService
from gateway.telephony.v1 import webhooks_pb2
from gateway.wire.fields_v1 import enum_of, number_of, put_time
from gateway.wire.telephony_v1 import responses
from gateway.wire.twirp.bodies import JSON

WEBHOOK_SERVICE = webhooks_pb2.DESCRIPTOR.services_by_name["WebhookService"]
_STATES = webhooks_pb2.WebhookDeliveryState.DESCRIPTOR


def endpoints(webhooks: WebhookService) -> Sequence[Endpoint]:
    """Every RPC of WebhookService."""
    return (
        _unary("ListWebhookDeliveries", list_deliveries, webhooks.list_deliveries, page),
        _unary("ReplayWebhookDeliveries", replay_deliveries, webhooks.replay_deliveries, replayed),
    )


def body(event: CallEvent) -> bytes:
    """The posted body: the CallEvent in the same JSON as in Twirp's ListCallEvents."""
    return JSON.encode(responses.event(event))


def list_deliveries(
    message: webhooks_pb2.ListWebhookDeliveriesRequest,
) -> ListWebhookDeliveries:
    """ListWebhookDeliveriesRequest."""
    states = (enum_of(_STATES, number, DeliveryState, "states") for number in message.states)
    return ListWebhookDeliveries(
        tenant_id=message.tenant_id,
        webhook_id=_required(message.webhook_id),
        states=frozenset(state for state in states if state is not None),
        page_size=message.page_size,
        page_token=message.page_token,
    )


def replay_deliveries(
    message: webhooks_pb2.ReplayWebhookDeliveriesRequest,
) -> ReplayWebhookDeliveries:
    """ReplayWebhookDeliveriesRequest."""
    return ReplayWebhookDeliveries(
        tenant_id=message.tenant_id,
        webhook_id=_required(message.webhook_id),
        sequences=tuple(message.sequences),
    )


def page(value: PageOfDeliveries) -> webhooks_pb2.ListWebhookDeliveriesResponse:
    """ListWebhookDeliveriesResponse."""
    return webhooks_pb2.ListWebhookDeliveriesResponse(
        deliveries=[_delivery(each) for each in value.deliveries],
        next_page_token=value.next_page_token,
        sequence=value.sequence,
    )


def replayed(count: int) -> webhooks_pb2.ReplayWebhookDeliveriesResponse:
    """ReplayWebhookDeliveriesResponse."""
    return webhooks_pb2.ReplayWebhookDeliveriesResponse(count=count)


def _delivery(value: Delivery) -> webhooks_pb2.WebhookDelivery:
    message = webhooks_pb2.WebhookDelivery(
        sequence=value.sequence,
        call_id=value.call_id,
        state=number_of(_STATES, value.state),
        tries=value.tries,
        last_status_code=value.last_status,
        last_error=value.last_error,
    )
    put_time(message.next_time, value.next_time)
    put_time(message.event_time, value.event_time)
    return message


def _required(webhook_id: str) -> str:
    if not webhook_id:
        raise invalid_field("webhook_id", "is required")
    return webhook_id


def _unary(
    name: str,
    decode: Callable[[Any], Any],
    serve: Callable[[Rpc, Any], Awaitable[Any]],
    encode: Callable[[Any], Message],
) -> Endpoint:
    """A row; the right needed depends on the webhook's tenant."""
    rights = (Right.TENANT_ADMIN, Right.OPERATOR)
    return unary(WEBHOOK_SERVICE, name, decode, serve, encode, rights=rights)
