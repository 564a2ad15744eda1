"""Limits hold over several gateways, under a crowd of callers, and when a gateway is killed."""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from gateway.telephony.v1 import calls_pb2
from tests.stands.cluster.cluster import Cluster, all_ended
from tests.stands.patience import PATIENCE
from tests.stands.phones import RINGS_FOR_EVER
from tests.stands.stand import Client, span
from tests.stands.waiting import eventually
from tests.stands.wires import RefusedError

pytestmark = pytest.mark.livekit

CALLERS = 200
AT_ONCE = 8


def most_at_once(seen: Sequence[dict[str, Any]]) -> int:
    """How many phones were in a call, or rang, at the same moment."""
    steps = []
    for call in seen:
        steps.append((datetime.fromisoformat(call["invite_time"]), 1))
        steps.append((datetime.fromisoformat(call["end_time"]), -1))
    most = now = 0
    for _, step in sorted(steps):
        now += step
        most = max(most, now)
    return most


async def call_once(clients: Sequence[Client], rng: random.Random, told: list[str]) -> None:
    """One caller: asks until a place is free, on whichever gateway answers."""
    request = calls_pb2.PlaceCallRequest(
        request_id=f"crowd-{rng.getrandbits(64):x}",
        to=RINGS_FOR_EVER,
        ringing_timeout=span(rng.uniform(0.3, 0.9)),
        keep_on_disconnect=True,
    )
    while True:
        try:
            await rng.choice(clients).call("PlaceCall", request, timeout=10)
        except RefusedError as refused:
            told.append(refused.reason)
            wait = int(refused.metadata.get("retry_after_ms", "200")) / 1000
        except TimeoutError:
            wait = 0.2
        else:
            return
        await asyncio.sleep(wait * rng.uniform(1, 3))


async def test_a_crowd_never_has_more_calls_at_once_than_allowed(pair: Cluster) -> None:
    """200 callers on two gateways, one killed twice: never a call too many, none lost or stuck."""
    await pair.limit(max_concurrent_calls=AT_ONCE)
    rng, told = random.Random(29), list[str]()
    clients = [pair.client(0), pair.client(1)]
    crowd = [asyncio.create_task(call_once(clients, rng, told)) for _ in range(CALLERS)]
    for dying in (0, 1):
        await asyncio.sleep(rng.uniform(2, 4))
        pair.gateways[dying].kill()
        await pair.gateways[dying].wait()
        await pair.gateways[dying].start()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*crowd)
    await all_ended(pair)
    await pair.check()
    assert "TENANT_LIMIT" in told
    assert len(await pair.calls()) == CALLERS

    async def put_down() -> list[dict[str, Any]]:
        seen = await asyncio.to_thread(pair.stack.calls)
        return seen if all(call["end_time"] for call in seen) else []

    assert 1 < most_at_once(await eventually(put_down)) <= AT_ONCE
