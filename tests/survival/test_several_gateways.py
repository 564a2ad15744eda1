"""Several gateways on one database are one: any serves any request for any call."""

import asyncio
from functools import partial

import pytest

from gateway.telephony.v1 import calls_pb2
from tests.stands.cluster.cluster import Cluster, all_ended
from tests.stands.patience import LATE, PATIENCE
from tests.stands.phones import ANSWERS, BUSY, REFUSES_TRANSFERS, RINGS_FOR_EVER
from tests.stands.stand import Client, reason_name, refusal, span, state_name
from tests.stands.waiting import eventually
from tests.stands.wires import GrpcWire, RefusedError

pytestmark = pytest.mark.livekit


async def test_the_same_request_sent_twenty_times_dials_once(pair: Cluster) -> None:
    """One request_id, twenty times at once on many connections to two gateways: one call."""
    clients = [pair.client(n % 2) for n in range(10)]
    calls = await asyncio.gather(
        *[
            clients[n % 10].place(ANSWERS, request_id="r-1", wait_until_answered=n % 3 == 0)
            for n in range(20)
        ]
    )
    assert len({call.call_id for call in calls}) == 1
    await clients[0].hang_up(calls[0].call_id)
    assert len(pair.stack.calls()) == 1
    await pair.check()


async def test_a_call_can_be_ended_anywhere(pair: Cluster) -> None:
    """HangUpCall on the gateway that does not follow the call ends it, at any moment."""
    for wait in (False, True):
        call = await pair.client(0).place(
            REFUSES_TRANSFERS if wait else RINGS_FOR_EVER, wait_until_answered=wait
        )
        ended = await pair.client(1).hang_up(call.call_id)
        assert reason_name(ended) == ("COMPLETED" if wait else "CANCELED")
        assert ended.hangup_source == calls_pb2.HANGUP_SOURCE_API
    await pair.check()


async def test_a_call_can_be_transferred_anywhere(pair: Cluster) -> None:
    """TransferCall on the other gateway hands the call over and settles on both."""
    call = await pair.client(0).place(ANSWERS, wait_until_answered=True)
    transfer = await pair.client(1).transfer(call.call_id, ANSWERS, wait_until_settled=True)
    assert state_name(transfer) == "COMPLETED"
    ended = await pair.client(0).ended(call.call_id)
    assert reason_name(ended) == "TRANSFERRED"
    again = await pair.client(0).get_transfer(transfer.transfer_id)
    assert again == transfer
    await pair.check()


async def test_events_reach_watchers_on_every_gateway(pair: Cluster) -> None:
    """A watcher on each gateway sees the same events in the same order, live."""

    async def watch(at: int) -> list[calls_pb2.CallEvent]:
        seen: list[calls_pb2.CallEvent] = []
        wire = GrpcWire(pair.gateways[at].grpc_port)
        request = calls_pb2.WatchCallsRequest(after_sequence=0)
        async for response in wire.watch(request, token=pair.token):
            if response.WhichOneof("message") == "event":
                seen.append(response.event)
            ended = calls_pb2.CALL_EVENT_TYPE_CALL_ENDED
            if sum(event.type == ended for event in seen) == 6:
                break
        await wire.close()
        return seen

    watching = [asyncio.create_task(watch(0)), asyncio.create_task(watch(1))]
    await asyncio.gather(*[pair.client(n % 2).place(BUSY) for n in range(6)])
    async with asyncio.timeout(PATIENCE):
        first, second = await asyncio.gather(*watching)
    assert first == second
    assert [event.sequence for event in first] == list(range(1, len(first) + 1))
    await all_ended(pair)


async def test_a_long_poll_wakes_on_the_other_gateway(pair: Cluster) -> None:
    """ListCallEvents waits for an event that another gateway writes."""
    request = calls_pb2.ListCallEventsRequest(after_sequence=0, wait=span(30))
    polling = asyncio.create_task(pair.client(1).call("ListCallEvents", request))
    await pair.client(0).place(BUSY)
    async with asyncio.timeout(30 - LATE / 2):
        response = await polling
    assert response.events[0].sequence == 1


async def test_key_changes_are_seen_everywhere(pair: Cluster) -> None:
    """A revoked key is refused by both gateways soon after."""
    from gateway.build import Administration, SystemClock  # noqa: PLC0415

    administration = Administration(pair.settings, pair.store, SystemClock())
    await administration.directory.refresh()
    created = await administration.admin.create_key("acme")
    token = administration.admin.sign(created.key)
    clients = [Client(pair.client(at).wire, token) for at in (0, 1)]

    async def accepted(client: Client) -> bool:
        try:
            await client.call("ListTrunks", calls_pb2.ListTrunksRequest())
        except RefusedError as refused:
            return refused.reason != "UNAUTHENTICATED"
        return True

    for client in clients:
        await eventually(partial(accepted, client))
    await administration.admin.revoke_key(created.key.key)
    for client in clients:

        async def rejected(client: Client = client) -> bool:
            return not await accepted(client)

        await eventually(rejected)
    refused = await refusal(clients[0].call("ListTrunks", calls_pb2.ListTrunksRequest()))
    assert refused.reason == "UNAUTHENTICATED"
