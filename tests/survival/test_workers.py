"""One gateway of two worker processes: one port, one count, and no call that ends with a worker."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.ports import AuditQuery
from gateway.telephony.v1 import calls_pb2
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.cluster.cluster import Cluster, all_ended, place
from tests.stands.phones import BUSY, HANGS_UP, RINGS_FOR_EVER
from tests.stands.stand import LONGEST_RINGING, Client, span
from tests.stands.waiting import eventually
from tests.stands.wires import TwirpWire

pytestmark = pytest.mark.livekit


@pytest.fixture
async def cluster(
    livekit_stack: LiveKitStack, new_database: Callable[[str], str], tmp_path: Path
) -> AsyncIterator[Cluster]:
    """One gateway of two workers."""
    livekit_stack.reset()
    cluster = Cluster(livekit_stack, new_database("sqlite"), tmp_path, workers=2)
    await cluster.start()
    yield cluster
    await cluster.stop()


async def test_two_workers_are_one_gateway(cluster: Cluster) -> None:
    """One port and one count; a killed one is replaced and its calls go on; both drain.

    All with one gateway: its processes take the longest to start.
    """
    await both_serve(cluster)
    await one_is_replaced(cluster)
    await both_drain(cluster)


def workers(cluster: Cluster) -> list[int]:
    """The process ids of the workers."""
    parent = cluster.gateways[0].pid
    return list(map(int, Path(f"/proc/{parent}/task/{parent}/children").read_text().split()))


def running(pids: list[int]) -> list[int]:
    """Those that have not ended."""
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


async def scraped(cluster: Cluster) -> Counter[str]:
    """The samples of one scrape, by name and those labels that a test needs."""
    url = f"http://127.0.0.1:{cluster.gateways[0].http_port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as reply:
        text = await reply.text()
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            wire = sample.labels.get("wire", "")
            found[" ".join(filter(None, [sample.name, sample.labels.get("method"), wire]))] += (
                sample.value  # type: ignore[assignment]  # counts are whole
            )
    return found


async def logs_of(cluster: Cluster, wire: str) -> set[str]:
    """The audit logs with calls placed over this wire: each worker has one."""
    records = await cluster.store.read(lambda tx: tx.audit(AuditQuery(limit=1000)))
    asked = [each.record for each in records if each.record["method"] == "CallService/PlaceCall"]
    return {one["log_id"] for one in asked if one.get("wire") == wire}


async def placed_by_both(cluster: Cluster, wire: str, client: Callable[[], Client]) -> int:
    """Places calls, each on a connection of its own, until both workers had one; how many."""
    count = 0
    while len(await logs_of(cluster, wire)) < 2:
        assert count < 64, "one worker has all connections"
        await client().place(BUSY)
        count += 1
    return count


async def both_serve(cluster: Cluster) -> None:
    """Both answer gRPC and HTTP at the same ports, and one scrape has the sum of both."""
    async with AsyncExitStack() as opened:

        def by_http() -> Client:
            wire = TwirpWire(cluster.gateways[0].http_port, json=True)
            opened.push_async_callback(wire.close)
            return Client(wire, cluster.token)

        by_grpc = await placed_by_both(cluster, "grpc", cluster.client)
        by_twirp = await placed_by_both(cluster, "twirp+json", by_http)
    counted = await scraped(cluster)
    assert counted["gateway_rpcs_total CallService/PlaceCall grpc"] == by_grpc
    assert counted["gateway_rpcs_total CallService/PlaceCall twirp+json"] == by_twirp
    assert counted["gateway_workers_serving"] == 2


async def one_is_replaced(cluster: Cluster) -> None:
    """The calls of one that is killed reach their ends, another serves, and no count is lost."""
    before = await scraped(cluster)
    clients = [cluster.client() for _ in range(8)]
    asked = [place(RINGS_FOR_EVER, ringing_timeout=span(4)), place(HANGS_UP)]
    await asyncio.gather(*[one.call("PlaceCall", each) for one in clients for each in asked])
    killed, spared = workers(cluster)
    os.kill(killed, signal.SIGKILL)

    async def replaced() -> bool:
        now = workers(cluster)
        serving = (await scraped(cluster))["gateway_workers_serving"]
        return killed not in now and spared in now and serving == 2

    await eventually(replaced)
    await all_ended(cluster)
    await cluster.check()
    placed = "gateway_rpcs_total CallService/PlaceCall grpc"
    counted = await scraped(cluster)
    assert counted[placed] == before[placed] + 16
    assert counted["gateway_worker_restarts_total"] == 1


async def both_drain(cluster: Cluster) -> None:
    """SIGTERM, to each process as well, lets all answer whoever waits; none fails or is left."""
    asked = place(RINGS_FOR_EVER, wait_until_answered=True, ringing_timeout=LONGEST_RINGING)
    waiting = [asyncio.create_task(cluster.client().call("PlaceCall", asked)) for _ in range(8)]

    async def all_ring() -> bool:
        return len(await cluster.open_calls()) == len(waiting)

    await eventually(all_ring)
    both = workers(cluster)
    cluster.gateways[0].terminate()
    for pid in both:  # as service managers do, and before it has heard of its own
        os.kill(pid, signal.SIGTERM)
    answers = await asyncio.gather(*waiting)
    assert all(one.call.state < calls_pb2.CALL_STATE_ENDED for one in answers)
    assert await cluster.gateways[0].wait() == 0
    assert not running(both)
