"""kill -9 around the dial: nothing is lost, doubled, left behind or unrecorded."""

import asyncio
import random
from contextlib import suppress

import pytest

from tests.stands.cluster.cluster import Cluster, all_ended, place
from tests.stands.phones import REFUSES_TRANSFERS, RINGS_FOR_EVER
from tests.stands.stand import Client, span
from tests.stands.wires import RefusedError

pytestmark = pytest.mark.livekit

ROUNDS = 6
RINGING = 10
ACTIVE = 10


async def dial_many(client: Client, rng: random.Random) -> list[asyncio.Task[None]]:
    """Ten calls that ring and ten that are answered, begun at random moments."""

    async def one(to: str, after: float) -> None:
        await asyncio.sleep(after)
        request = place(to, ringing_timeout=span(rng.uniform(2, 6)), max_duration=span(5))
        with suppress(RefusedError, TimeoutError):
            await client.call("PlaceCall", request, timeout=5)

    numbers = [RINGS_FOR_EVER] * RINGING + [REFUSES_TRANSFERS] * ACTIVE
    rng.shuffle(numbers)
    return [asyncio.create_task(one(n, rng.uniform(0, 1.5))) for n in numbers]


async def test_a_killed_gateway_takes_its_calls_up_again(single: Cluster) -> None:
    """After kill -9 and a restart every call reaches its end, none dialled twice or left."""
    rng = random.Random(4711)
    for _ in range(ROUNDS):
        placing = await dial_many(single.client(), rng)
        await asyncio.sleep(rng.uniform(0.05, 2.0))
        single.gateways[0].kill()
        await single.gateways[0].wait()
        await asyncio.gather(*placing)
        await single.gateways[0].start()
    await all_ended(single)
    await single.check()
    assert sum(single.dialed().values()) > ROUNDS


async def test_the_survivor_takes_over(pair: Cluster) -> None:
    """With two gateways the calls of the killed one are followed to their end by the other."""
    rng = random.Random(815)
    clients = [pair.client(0), pair.client(1)]
    for turn in range(ROUNDS):
        dying = turn % 2
        placing = await dial_many(clients[dying], rng) + await dial_many(clients[1 - dying], rng)
        await asyncio.sleep(rng.uniform(0.05, 2.0))
        pair.gateways[dying].kill()
        await pair.gateways[dying].wait()
        await asyncio.gather(*placing)
        if turn < ROUNDS - 1:
            await pair.gateways[dying].start()
    await all_ended(pair)
    await pair.check()
    assert sum(pair.dialed().values()) > ROUNDS
