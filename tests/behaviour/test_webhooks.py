"""Webhooks: a receiver is given its tenant's events; what it was not is seen and replayed."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from google.protobuf import json_format

from gateway.domain.tenant import Right
from gateway.telephony.v1 import calls_pb2, webhooks_pb2
from tests.stands.administering import records_of
from tests.stands.phones import BUSY
from tests.stands.receiving import SECRET, Inbox, status
from tests.stands.stand import Client, Stand, configuration, refusal
from tests.stands.waiting import eventually
from tests.stands.wires import RefusedError


@pytest_asyncio.fixture
async def inbox(stand: Stand, tmp_path: Path) -> AsyncIterator[Inbox]:
    """The receiver `crm` of the tenant acme, from now on."""
    (tmp_path / "secret").write_text(SECRET)
    async with Inbox().serve() as served:
        crm = {"webhook_id": "crm", "url": served.url, "secret_from": f"file:{tmp_path}/secret"}
        await stand.apply(configuration(stand.trunk, webhooks=[crm]))
        operator = await stand.client("", Right.OPERATOR)

        async def there() -> bool:
            try:
                await listed(operator, tenant_id="acme")
            except RefusedError:
                return False
            return True

        await eventually(there)
        yield served


async def listed(client: Client, **fields: Any) -> webhooks_pb2.ListWebhookDeliveriesResponse:
    """ListWebhookDeliveries of the receiver."""
    request = webhooks_pb2.ListWebhookDeliveriesRequest(**{"webhook_id": "crm", **fields})
    response: webhooks_pb2.ListWebhookDeliveriesResponse = await client.call(
        "ListWebhookDeliveries", request
    )
    return response


async def replayed(client: Client, **fields: Any) -> int:
    """How many ReplayWebhookDeliveries finds."""
    request = webhooks_pb2.ReplayWebhookDeliveriesRequest(**{"webhook_id": "crm", **fields})
    response: webhooks_pb2.ReplayWebhookDeliveriesResponse = await client.call(
        "ReplayWebhookDeliveries", request
    )
    return response.count


async def ended_call(stand: Stand) -> list[calls_pb2.CallEvent]:
    """The events of a call that was busy."""
    call = await stand.acme.place(BUSY, wait_until_answered=True)
    return await stand.acme.events(call.call_id)


async def test_a_receiver_is_given_every_event(stand: Stand, inbox: Inbox) -> None:
    """Each event of the tenant is posted once, in order, and reads as ListCallEvents tells it."""
    events = await ended_call(stand)

    async def arrived() -> bool:
        return len(inbox.accepted) >= len(events)

    await eventually(arrived)
    posted = [json_format.Parse(each.content, calls_pb2.CallEvent()) for each in inbox.seen]
    assert posted == events
    assert [each.message_id for each in inbox.seen] == [event.event_id for event in events]


async def test_another_tenants_events_are_not_posted(stand: Stand, inbox: Inbox) -> None:
    """A receiver hears nothing of other tenants."""
    await stand.globex.place(BUSY, wait_until_answered=True)
    events = await ended_call(stand)

    async def arrived() -> bool:
        return len(inbox.accepted) >= len(events)

    await eventually(arrived)
    assert {each.event["call"]["call_id"] for each in inbox.seen} == {events[0].call.call_id}


async def test_dead_events_are_listed_and_replayed(stand: Stand, inbox: Inbox) -> None:
    """What the receiver did not want is listed, page by page, and sent again when asked."""
    inbox.answer = status(410)
    events = await ended_call(stand)
    admin = await stand.client("acme", Right.TENANT_ADMIN)

    async def dead() -> list[webhooks_pb2.WebhookDelivery]:
        state = webhooks_pb2.WEBHOOK_DELIVERY_STATE_DEAD
        found = list((await listed(admin, states=[state])).deliveries)
        return found if len(found) == len(events) else []

    found = await eventually(dead)
    assert [each.sequence for each in found] == [event.sequence for event in events]
    assert {(each.last_status_code, each.last_error) for each in found} == {(410, "answered 410")}
    told = await records_of(stand, "webhook")
    assert {(one["kind"], one["code"], one["reason"]) for one in told} == {
        ("REFUSED", "UNDELIVERED", "answered 410")
    }
    assert told[0]["request"] == {"webhook_id": "crm", "sequence": found[0].sequence}
    first = await listed(admin, page_size=1)
    second = await listed(admin, page_size=1, page_token=first.next_page_token)
    assert [*first.deliveries, *second.deliveries] == found[:2]
    assert first.sequence == events[-1].sequence

    inbox.answer = status(200)
    assert await replayed(admin, sequences=[found[0].sequence, 999_999]) == 1
    assert await replayed(admin) == len(found) - 1

    async def delivered() -> bool:
        return not (await listed(admin)).deliveries

    await eventually(delivered)
    assert {each.sequence for each in inbox.accepted} == {event.sequence for event in events}


async def test_an_operator_names_the_tenant(stand: Stand, inbox: Inbox) -> None:
    """A key of no tenant sees any tenant's deliveries, and has to say whose."""
    del inbox
    operator = await stand.client("", Right.OPERATOR)
    assert not (await listed(operator, tenant_id="acme")).deliveries
    assert await replayed(operator, tenant_id="acme") == 0
    refused = await refusal(listed(operator))
    assert (refused.reason, refused.fields) == ("INVALID_FIELD", ("tenant_id",))


@pytest.mark.parametrize("ask", [listed, replayed])
async def test_only_administrators_may(stand: Stand, inbox: Inbox, ask: Any) -> None:
    """Without the right, for another tenant, or with a token of one room: PERMISSION_DENIED."""
    del inbox
    admin = await stand.client("globex", Right.TENANT_ADMIN)
    roomed = await stand.client("acme", Right.TENANT_ADMIN, room="acme-1")
    for client, tenant_id in ((stand.acme, ""), (admin, "acme"), (roomed, "")):
        refused = await refusal(ask(client, tenant_id=tenant_id))
        assert refused.reason == "PERMISSION_DENIED"


@pytest.mark.parametrize("ask", [listed, replayed])
@pytest.mark.parametrize("webhook_id", ["", "unknown", "\x00"])
async def test_an_unknown_webhook_is_refused(
    stand: Stand, inbox: Inbox, ask: Any, webhook_id: str
) -> None:
    """There is nothing to list or replay of a webhook that is not configured."""
    del inbox
    admin = await stand.client("acme", Right.TENANT_ADMIN)
    refused = await refusal(ask(admin, webhook_id=webhook_id))
    assert (refused.reason, refused.fields) == ("INVALID_FIELD", ("webhook_id",))


@pytest.mark.parametrize(
    ("field", "value"),
    [("page_size", -1), ("page_size", 1001), ("page_token", "x"), ("page_token", "MCAx")],
)
async def test_a_wrong_page_is_refused(stand: Stand, inbox: Inbox, field: str, value: Any) -> None:
    """Sizes out of range and tokens that are none, or of another question."""
    del inbox
    admin = await stand.client("acme", Right.TENANT_ADMIN)
    refused = await refusal(listed(admin, **{field: value}))
    assert (refused.reason, refused.fields) == ("INVALID_FIELD", (field,))


async def test_too_many_to_replay_are_refused(stand: Stand, inbox: Inbox) -> None:
    """At most 1000 are named at a time."""
    del inbox
    admin = await stand.client("acme", Right.TENANT_ADMIN)
    refused = await refusal(replayed(admin, sequences=range(1, 1002)))
    assert (refused.reason, refused.fields) == ("INVALID_FIELD", ("sequences",))
