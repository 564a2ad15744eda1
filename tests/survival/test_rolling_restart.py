"""A rolling restart under load: nothing that a standard retry policy would not absorb."""

import asyncio
import json
from collections import Counter
from itertools import count
from typing import Any

import pytest

from gateway.telephony.v1 import calls_pb2
from tests.stands.cluster.cluster import Cluster, all_ended, place
from tests.stands.cluster.watching import watch
from tests.stands.patience import PATIENCE
from tests.stands.phones import BUSY
from tests.stands.stand import LONGEST_RINGING, Client
from tests.stands.wires import GrpcWire

pytestmark = pytest.mark.livekit

POLICY = {
    "loadBalancingConfig": [{"round_robin": {}}],
    "methodConfig": [
        {
            "name": [{"service": "gateway.telephony.v1.CallService"}],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.1s",
                "maxBackoff": "1s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
            },
        }
    ],
}
CALLERS = 3


def balanced(cluster: Cluster) -> GrpcWire:
    """One channel over both gateways with the retry policy that docs/clients.md gives."""
    ports = ",".join(f"127.0.0.1:{gateway.grpc_port}" for gateway in cluster.gateways)
    options: list[tuple[str, Any]] = [
        ("grpc.service_config", json.dumps(POLICY)),
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.min_reconnect_backoff_ms", 100),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 500),
    ]
    return GrpcWire(0, options, target=f"ipv4:{ports}")


async def load(client: Client, numbers: "count[int]", stopped: asyncio.Event) -> Counter[str]:
    """Calls one after the other, each with a request_id, until told to stop."""
    outcomes: Counter[str] = Counter()
    while not stopped.is_set():
        request = place(
            BUSY,
            request_id=f"load-{next(numbers)}",
            wait_until_answered=True,
            ringing_timeout=LONGEST_RINGING,
        )
        response = await client.call("PlaceCall", request)
        outcomes[calls_pb2.CallState.Name(response.call.state)] += 1
        await client.get(response.call.call_id)
    return outcomes


async def test_a_rolling_restart_loses_nothing(pair: Cluster) -> None:
    """Two gateways are restarted one after the other under load: no failed RPC, no lost event."""
    client = Client(balanced(pair), pair.token)
    seen: list[int] = []
    watching = asyncio.create_task(watch(lambda: balanced(pair), client.token, seen))
    stopped, numbers = asyncio.Event(), count()
    loads = [asyncio.create_task(load(client, numbers, stopped)) for _ in range(CALLERS)]
    for gateway in (*pair.gateways, *pair.gateways):
        await asyncio.sleep(1)  # some load on both, between two restarts
        gateway.terminate()
        assert await gateway.wait() == 0
        await gateway.start()
    stopped.set()
    outcomes: Counter[str] = sum(await asyncio.gather(*loads), Counter())
    assert outcomes.total() > CALLERS
    await all_ended(pair)
    await pair.check()
    events = await pair.events()
    async with asyncio.timeout(PATIENCE):
        while len(seen) < len(events):
            assert not watching.done(), watching
            await asyncio.sleep(0.05)
    watching.cancel()
    await client.wire.close()
    assert seen == [event.sequence for event in events]
