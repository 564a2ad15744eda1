"""Giving up: who waits counts, and the phone stops ringing when nobody does any more."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.calls.call import CallState
from gateway.telephony.v1 import calls_pb2
from tests.stands.cluster.cluster import Cluster
from tests.stands.phones import ANSWERS_LATE, RINGS_FOR_EVER
from tests.stands.processes.envoy import Envoy
from tests.stands.stand import LONGEST_RINGING, Client, reason_name, span
from tests.stands.waiting import eventually
from tests.stands.wires import GrpcWire, RefusedError

pytestmark = pytest.mark.livekit

ACTIVE, RINGING = calls_pb2.CALL_STATE_ACTIVE, calls_pb2.CALL_STATE_RINGING
DEADLINES = (1.0, 4.0, 16.0)
"""Seconds that a client waits: the next ones where no phone has rung within the first."""
RESETS_AND_REPEATS = {
    "retry_on": "reset,connect-failure,gateway-error,5xx",
    "num_retries": 60,
    "per_try_timeout": "1s",
}


async def listed(client: Client) -> calls_pb2.Call | None:
    """The tenant's newest call, if there is one."""
    page = await client.call("ListCalls", calls_pb2.ListCallsRequest(page_size=1))
    return page.calls[0] if page.calls else None


async def newest(client: Client) -> calls_pb2.Call:
    """The same, once there is one."""
    found = await eventually(lambda: listed(client))
    assert found is not None
    return found


async def outlived(pair: Cluster, **fields: Any) -> calls_pb2.Call:
    """The end of a call whose phone rang, and whose client's deadline came sooner than that end."""
    client, other = pair.client(0), pair.client(1)
    for seconds in DEADLINES:
        asked = {"ringing_timeout": span(4 * seconds), "wait_until_answered": True} | fields
        with pytest.raises(TimeoutError):
            await client.place(RINGS_FOR_EVER, timeout=seconds, **asked)
        if call := await listed(other):
            ended = await client.ended(call.call_id)
            if ended.HasField("ring_time"):
                return ended
    raise AssertionError(f"no phone rang within {DEADLINES[-1]} s")


async def test_a_deadline_cancels_the_call(pair: Cluster) -> None:
    """A client that waits 1 s for a phone that may ring 80 s leaves a CANCEL behind."""
    ended = await outlived(pair, ringing_timeout=LONGEST_RINGING)
    assert reason_name(ended) == "CANCELED"
    assert ended.hangup_source == calls_pb2.HANGUP_SOURCE_GATEWAY

    async def put_down() -> list[dict[str, Any]]:
        seen = await asyncio.to_thread(pair.stack.calls)
        rang = [one for one in seen if one["attributes"]["gateway.callId"] == ended.call_id]
        return rang if all(one["end"] for one in rang) else []

    (phone,) = await eventually(put_down)
    assert (phone["end"], phone["end_cause"]) == ("cancel", "participant_removed")


async def test_a_call_may_outlive_its_client(pair: Cluster) -> None:
    """With keep_on_disconnect the phone rings on to its own timeout."""
    ended = await outlived(pair, keep_on_disconnect=True)
    assert reason_name(ended) == "NO_ANSWER"


async def test_a_cut_connection_gives_the_client_time_to_come_back(pair: Cluster) -> None:
    """With request_id a lost connection cancels only when nobody came back within 2 s."""
    client, other = pair.client(0), pair.client(1)
    request: dict[str, Any] = {
        "request_id": "r-1",
        "ringing_timeout": LONGEST_RINGING,
        "wait_until_answered": True,
    }
    waiting = asyncio.create_task(client.place(RINGS_FOR_EVER, **request))
    call = await newest(other)
    await client.until(call.call_id, RINGING)
    waiting.cancel()
    again = asyncio.create_task(other.place(RINGS_FOR_EVER, **request))
    await asyncio.sleep(3)  # longer than the gateway waits for somebody to come back
    assert (await client.get(call.call_id)).state == RINGING
    again.cancel()
    ended = await client.ended(call.call_id)
    assert reason_name(ended) == "CANCELED"
    assert len(pair.stack.calls()) == 1


async def test_only_the_last_waiter_gives_up(pair: Cluster) -> None:
    """Two clients wait for one call on two gateways: it rings until both have left."""
    client, other = pair.client(0), pair.client(1)
    request: dict[str, Any] = {
        "request_id": "r-2",
        "ringing_timeout": LONGEST_RINGING,
        "wait_until_answered": True,
    }
    first = asyncio.create_task(client.place(RINGS_FOR_EVER, **request))
    call = await newest(other)
    await client.until(call.call_id, RINGING)
    second = asyncio.create_task(other.place(RINGS_FOR_EVER, **request))

    async def both_wait() -> bool:
        return await pair.store.read(lambda tx: tx.waited_for_elsewhere(call.call_id, ""))

    await eventually(both_wait)
    first.cancel()
    await asyncio.sleep(3)  # longer than the gateway waits for somebody to come back
    assert (await client.get(call.call_id)).state == RINGING
    second.cancel()
    ended = await client.ended(call.call_id)
    assert reason_name(ended) == "CANCELED"


async def test_a_proxy_that_resets_and_repeats_rings_once(pair: Cluster, tmp_path: Path) -> None:
    """A mesh that cuts a waiting PlaceCall every second and repeats it gets the same call."""
    ports = [gateway.grpc_port for gateway in pair.gateways]
    async with Envoy(ports, tmp_path, RESETS_AND_REPEATS) as envoy:
        wire = GrpcWire(0, target=envoy.target)
        client = Client(wire, pair.token)
        call = await client.place(ANSWERS_LATE, request_id="r-3", wait_until_answered=True)
        await wire.close()
    assert call.state == ACTIVE
    assert len(pair.stack.calls()) == 1
    assert len(await pair.calls()) == 1


async def test_a_draining_gateway_answers_its_waiters(pair: Cluster) -> None:
    """SIGTERM answers a waiting PlaceCall with the call as it stands; it rings on elsewhere."""
    client, other = pair.client(0), pair.client(1)
    asked: dict[str, Any] = {"ringing_timeout": LONGEST_RINGING, "wait_until_answered": True}
    for_ever, late = [
        asyncio.create_task(client.place(to, request_id=to, **asked))
        for to in (RINGS_FOR_EVER, ANSWERS_LATE)
    ]

    async def both_ring() -> bool:
        calls = await pair.open_calls()
        return len(calls) == 2 and all(call.state >= CallState.RINGING for call in calls)

    await eventually(both_ring)
    pair.gateways[0].terminate()
    rings, soon = await for_ever, await late
    assert rings.state == RINGING
    assert soon.state in {RINGING, ACTIVE}
    assert await pair.gateways[0].wait() == 0
    assert (await other.get(rings.call_id)).state == RINGING
    answered = await other.place(ANSWERS_LATE, request_id=ANSWERS_LATE, **asked)
    assert (answered.call_id, answered.state) == (soon.call_id, ACTIVE)
    assert len(pair.stack.calls()) == 2


async def test_a_draining_gateway_sends_watchers_on(pair: Cluster) -> None:
    """A watch ends UNAVAILABLE DRAINING and goes on elsewhere without gap or repeat."""
    call = await pair.client(0).place(RINGS_FOR_EVER, ringing_timeout=LONGEST_RINGING)
    seen: list[calls_pb2.CallEvent] = []

    async def watch(port: int) -> None:
        request = calls_pb2.WatchCallsRequest(
            call_id=call.call_id, after_sequence=seen[-1].sequence if seen else 0
        )
        async for response in GrpcWire(port).watch(request, token=pair.token):
            if response.WhichOneof("message") == "event":
                seen.append(response.event)  # noqa: PERF401  looked at while it grows

    async def taken_over() -> bool:
        return await _holder(pair, call) != first

    watching = asyncio.create_task(watch(pair.gateways[0].grpc_port))
    await eventually(lambda: _is_ringing(seen))
    first = await _holder(pair, call)
    pair.gateways[0].terminate()
    with pytest.raises(RefusedError) as refused:
        await watching
    assert (refused.value.code, refused.value.reason) == ("unavailable", "DRAINING")
    watching = asyncio.create_task(watch(pair.gateways[1].grpc_port))
    await eventually(taken_over)
    await pair.client(1).hang_up(call.call_id)
    await watching
    assert [event.sequence for event in seen] == [1, 2, 3]
    assert reason_name(seen[-1].call) == "CANCELED"


async def _is_ringing(seen: list[calls_pb2.CallEvent]) -> bool:
    return bool(seen) and seen[-1].call.state >= RINGING


async def _holder(pair: Cluster, call: calls_pb2.Call) -> str:
    return await pair.store.read(lambda tx: tx.holder(call.call_id))
