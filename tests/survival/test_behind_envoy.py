"""Two gateways on PostgreSQL behind a real Envoy: what a mesh does to calls, and they survive."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from gateway.build import Administration, SystemClock
from gateway.settings import Settings
from gateway.store.store import SqlStore, open_store
from gateway.telephony.v1 import calls_pb2
from tests.stands.cluster.watching import watch
from tests.stands.phones import ANSWERS
from tests.stands.processes.envoy import AGAIN_ELSEWHERE, Envoy
from tests.stands.processes.gateway import GatewayProcess, environment_of
from tests.stands.stand import Client, configuration
from tests.stands.tracing.livekit import TracedLiveKit, settings_of, traced_livekit
from tests.stands.waiting import eventually
from tests.stands.wires import SERVICE, SERVICES, GrpcWire

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]

CALLS, WATCHERS, CALLERS = 100, 10, 3
PAUSE_SECONDS = 0.2


@dataclass
class Mesh:
    """Two gateways, an Envoy before them and a LiveKit behind them."""

    gateways: list[GatewayProcess]
    envoy: Envoy
    livekit: TracedLiveKit
    store: SqlStore
    token: str

    def connect(self) -> GrpcWire:
        """A connection of its own, by way of Envoy."""
        options = [("grpc.use_local_subchannel_pool", 1)]
        return GrpcWire(0, options, target=self.envoy.target)

    def client(self) -> Client:
        """One by way of Envoy, on a connection of its own."""
        return Client(self.connect(), self.token)

    async def json(self, method: str, asked: dict[str, Any]) -> tuple[int, Any]:
        """The status and the answer of a request in JSON, which Envoy makes gRPC of."""
        connector = aiohttp.UnixConnector(str(self.envoy.path))
        headers = {"Authorization": f"Bearer {self.token}"}
        async with (
            aiohttp.ClientSession(connector=connector, headers=headers) as session,
            session.post(f"http://envoy/{SERVICE.full_name}/{method}", json=asked) as reply,
        ):
            return reply.status, await reply.json()


@asynccontextmanager
async def mesh(folder: Path, database_url: str) -> AsyncIterator[Mesh]:
    async with AsyncExitStack() as stack:
        livekit = await stack.enter_async_context(traced_livekit())
        settings = Settings.model_validate(
            {
                "GATEWAY_DATABASE_URL": database_url,
                "GATEWAY_MASTER_KEY": "the tests' own master key is long enough",
                **settings_of(livekit),
            }
        )
        store = open_store(database_url, SystemClock())
        stack.push_async_callback(store.close)
        administration = Administration(settings, store, SystemClock())
        path = folder / "config.yaml"
        path.write_text(yaml.safe_dump(configuration("ST_x")))
        await administration.apply_file(path)
        token = administration.admin.sign((await administration.admin.create_key("acme")).key)
        gateways = [
            GatewayProcess(environment_of(settings), folder / f"gateway-{n}.log") for n in range(2)
        ]
        for each in gateways:
            stack.push_async_callback(each.stop)
        await asyncio.gather(*(each.start() for each in gateways))
        ports = [each.grpc_port for each in gateways]
        envoy = Envoy(ports, folder, AGAIN_ELSEWHERE, transcoded=SERVICES)
        await stack.enter_async_context(envoy)
        yield Mesh(gateways, envoy, livekit, store, token)


async def load(client: Client, name: str, stopped: asyncio.Event) -> list[str]:
    """Calls one after the other, each looked at, until told to stop; their ids."""
    made: list[str] = []
    while not stopped.is_set():
        call = await client.place(
            ANSWERS, request_id=f"{name}-{len(made)}", wait_until_answered=True
        )
        made.append(call.call_id)
        await client.get(call.call_id)
        await asyncio.sleep(PAUSE_SECONDS)  # some load, not all that they can take
    return made


async def restart(behind: Mesh) -> None:
    """Each gateway once, the second when the first serves again."""
    for each in behind.gateways:
        each.terminate()
        assert await each.wait() == 0
        await each.start()


async def test_a_rolling_restart_loses_nothing(
    tmp_path: Path, new_database: Callable[[str], str]
) -> None:
    """Of 100 open calls and more under way: no failed request, no lost event, no second dial."""
    async with mesh(tmp_path, new_database("postgresql")) as behind:
        client = behind.client()
        watching: dict[asyncio.Task[None], list[int]] = {}
        for _ in range(WATCHERS):
            seen: list[int] = []
            watching[asyncio.create_task(watch(behind.connect, behind.token, seen))] = seen
        placing = (client.place(ANSWERS, request_id=f"open-{n}") for n in range(CALLS))
        held = [call.call_id for call in await asyncio.gather(*placing)]
        stopped = asyncio.Event()
        loads = [
            asyncio.create_task(load(behind.client(), f"load-{n}", stopped)) for n in range(CALLERS)
        ]
        await restart(behind)
        stopped.set()
        more = [call_id for made in await asyncio.gather(*loads) for call_id in made]
        assert len(more) > CALLERS
        every = [*held, *more]
        for call_id in every:
            assert (await client.get(call_id)).state == calls_pb2.CALL_STATE_ACTIVE
        await asyncio.gather(*(client.hang_up(call_id) for call_id in every))
        dialed = Counter(behind.livekit.dialed)
        assert dialed == Counter(every)
        events = list(await behind.store.read(lambda tx: tx.events("acme", 0, limit=100_000)))
        ended = Counter(each.call.call_id for each in events if each.type.value == "CALL_ENDED")
        assert ended == dialed
        everything = [each.sequence for each in events]

        async def all_seen() -> bool:
            assert not [task for task in watching if task.done()]
            return all(len(seen) >= len(everything) for seen in watching.values())

        await eventually(all_seen)
        for task, seen in watching.items():
            task.cancel()
            assert seen == everything


async def test_json_becomes_grpc(tmp_path: Path, new_database: Callable[[str], str]) -> None:
    """By Envoy's transcoder, without annotations: answers and refusals with all their details."""
    async with mesh(tmp_path, new_database("postgresql")) as behind:
        asked = {"to": ANSWERS, "wait_until_answered": True, "ringing_timeout": "20.5s"}
        status, placed = await behind.json("PlaceCall", asked)
        assert (status, placed["call"]["state"]) == (200, "CALL_STATE_ACTIVE")
        assert placed["call"]["ringing_timeout"] == "20.500s"
        status, listed = await behind.json("ListCalls", {})
        assert [each["call_id"] for each in listed["calls"]] == [placed["call"]["call_id"]]
        status, refused = await behind.json("PlaceCall", {"to": "nonsense"})
        assert status == 400
        (info,) = [each for each in refused["details"] if each["@type"].endswith("ErrorInfo")]
        assert info["reason"] == "INVALID_FIELD"
