"""Giving up: who waits counts, and the phone stops ringing when nobody does any more."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway.telephony.v1 import calls_pb2
from tests.stands.cluster.cluster import Cluster
from tests.stands.phones import ANSWERS_LATE, HANGS_UP, RINGS_FOR_EVER
from tests.stands.processes.envoy import Envoy
from tests.stands.stand import Client, reason_name, span
from tests.stands.waiting import eventually
from tests.stands.wires import GrpcWire, RefusedError

pytestmark = pytest.mark.livekit

RINGING = calls_pb2.CALL_STATE_RINGING
RESETS_AND_REPEATS = {
    "retry_on": "reset,connect-failure,gateway-error,5xx",
    "num_retries": 3,
    "per_try_timeout": "1s",
}


async def newest(client: Client) -> calls_pb2.Call:
    """The tenant's newest call."""

    async def listed() -> calls_pb2.Call | None:
        page = await client.call("ListCalls", calls_pb2.ListCallsRequest(page_size=1))
        return page.calls[0] if page.calls else None

    found = await eventually(listed)
    assert found is not None
    return found


async def test_a_deadline_cancels_the_call(pair: Cluster) -> None:
    """A client that waits 1 s for a phone that may ring 10 s leaves a CANCEL behind."""
    client = pair.client(0)
    with pytest.raises(TimeoutError):
        await client.place(
            RINGS_FOR_EVER, ringing_timeout=span(10), wait_until_answered=True, timeout=1
        )
    call = await newest(pair.client(1))
    ended = await client.ended(call.call_id)
    assert reason_name(ended) == "CANCELED"
    assert ended.hangup_source == calls_pb2.HANGUP_SOURCE_GATEWAY
    (seen,) = pair.stack.calls()
    assert (seen["end"], seen["end_cause"]) == ("cancel", "participant_removed")


async def test_a_call_may_outlive_its_client(pair: Cluster) -> None:
    """With keep_on_disconnect the phone rings on to its own timeout."""
    client = pair.client(0)
    with pytest.raises(TimeoutError):
        await client.place(
            RINGS_FOR_EVER,
            ringing_timeout=span(4),
            wait_until_answered=True,
            keep_on_disconnect=True,
            timeout=1,
        )
    call = await newest(client)
    ended = await client.ended(call.call_id)
    assert reason_name(ended) == "NO_ANSWER"


async def test_a_cut_connection_gives_the_client_time_to_come_back(pair: Cluster) -> None:
    """With request_id a lost connection cancels only when nobody came back within 2 s."""
    client = pair.client(0)
    request: dict[str, Any] = {
        "request_id": "r-1",
        "ringing_timeout": span(20),
        "wait_until_answered": True,
    }
    waiting = asyncio.create_task(client.place(RINGS_FOR_EVER, **request))
    call = await newest(pair.client(1))
    await client.until(call.call_id, RINGING)
    waiting.cancel()
    again = asyncio.create_task(pair.client(1).place(RINGS_FOR_EVER, **request))
    await asyncio.sleep(3)  # longer than the gateway waits for somebody to come back
    assert (await client.get(call.call_id)).state == RINGING
    again.cancel()
    ended = await client.ended(call.call_id)
    assert reason_name(ended) == "CANCELED"
    assert len(pair.stack.calls()) == 1


async def test_only_the_last_waiter_gives_up(pair: Cluster) -> None:
    """Two clients wait for one call on two gateways: it rings until both have left."""
    request: dict[str, Any] = {
        "request_id": "r-2",
        "ringing_timeout": span(20),
        "wait_until_answered": True,
    }
    first = asyncio.create_task(pair.client(0).place(RINGS_FOR_EVER, timeout=1.5, **request))
    call = await newest(pair.client(1))
    second = asyncio.create_task(pair.client(1).place(RINGS_FOR_EVER, timeout=4, **request))
    with pytest.raises(TimeoutError):
        await first
    assert (await pair.client(0).get(call.call_id)).state == RINGING
    with pytest.raises(TimeoutError):
        await second
    ended = await pair.client(0).ended(call.call_id)
    assert reason_name(ended) == "CANCELED"


async def test_a_proxy_that_resets_and_repeats_rings_once(pair: Cluster, tmp_path: Path) -> None:
    """A mesh that cuts a waiting PlaceCall every second and repeats it gets the same call."""
    ports = [gateway.grpc_port for gateway in pair.gateways]
    async with Envoy(ports, tmp_path, RESETS_AND_REPEATS) as envoy:
        wire = GrpcWire(0, target=envoy.target)
        client = Client(wire, pair.token)
        call = await client.place(
            ANSWERS_LATE, request_id="r-3", wait_until_answered=True, timeout=20
        )
        await wire.close()
    assert call.state == calls_pb2.CALL_STATE_ACTIVE
    assert len(pair.stack.calls()) == 1
    assert len(await pair.calls()) == 1


async def test_a_draining_gateway_answers_its_waiters(pair: Cluster) -> None:
    """SIGTERM answers a waiting PlaceCall with the call as it stands; it rings on elsewhere."""
    waiting = asyncio.create_task(
        pair.client(0).place(ANSWERS_LATE, request_id="r-4", wait_until_answered=True)
    )
    call = await newest(pair.client(1))
    await pair.client(1).until(call.call_id, RINGING)
    pair.gateways[0].terminate()
    answer = await waiting
    assert answer.state == RINGING
    assert await pair.gateways[0].wait() == 0
    answered = await pair.client(1).place(ANSWERS_LATE, request_id="r-4", wait_until_answered=True)
    assert (answered.call_id, answered.state) == (call.call_id, calls_pb2.CALL_STATE_ACTIVE)
    assert len(pair.stack.calls()) == 1


async def test_a_draining_gateway_sends_watchers_on(pair: Cluster) -> None:
    """A watch ends UNAVAILABLE DRAINING and goes on elsewhere without gap or repeat."""
    client = pair.client(0)
    call = await client.place(HANGS_UP)
    seen: list[calls_pb2.CallEvent] = []

    async def watch(port: int) -> None:
        request = calls_pb2.WatchCallsRequest(
            call_id=call.call_id, after_sequence=seen[-1].sequence if seen else 0
        )
        async for response in GrpcWire(port).watch(request, token=pair.token):
            if response.WhichOneof("message") == "event":
                seen.append(response.event)  # noqa: PERF401  looked at while it grows

    watching = asyncio.create_task(watch(pair.gateways[0].grpc_port))
    await eventually(lambda: _is_ringing(seen))
    pair.gateways[0].terminate()
    with pytest.raises(RefusedError) as refused:
        await watching
    assert (refused.value.code, refused.value.reason) == ("unavailable", "DRAINING")
    await watch(pair.gateways[1].grpc_port)
    assert [event.sequence for event in seen] == [1, 2, 3, 4]
    assert reason_name(seen[-1].call) == "COMPLETED"


async def _is_ringing(seen: list[calls_pb2.CallEvent]) -> bool:
    return bool(seen) and seen[-1].call.state >= RINGING
