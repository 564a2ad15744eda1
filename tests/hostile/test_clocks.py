"""The time of the day is set under gateways that run as processes, as an operator or NTP might.

libfaketime lies to them about the time of the day alone; spans are the machine's. It has no say
in what the test itself reads.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import jwt
import pytest
import yaml
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.build import Administration, SystemClock
from gateway.build.clock import LASTING
from gateway.domain.lease import LEASE
from gateway.domain.tenant import Right
from gateway.settings import Settings
from gateway.store.store import open_store
from gateway.telephony.v1 import calls_pb2
from tests.stands.phones import ANSWERS
from tests.stands.processes.gateway import GatewayProcess
from tests.stands.stand import Client, configuration, reason_name, span
from tests.stands.waiting import eventually
from tests.stands.wires import GrpcWire

pytestmark = pytest.mark.slow

HOUR = 3600
MASTER_KEY = "q7Zt0x-EcV1m9TnYb4UwPd2sHk6LgRfJ"
API_KEY, API_SECRET = "APIhostile", "a secret that is long enough for HS256"
GRANTS = {"sip": {"call": True}}
HARM = {"lease_was_over", "taken_over", "gateway_silent", "clock_step_taken_in", "follower_failed"}
NOTICE = {"event": "room_started", "id": "EV_1", "room": {"sid": "RM_1", "name": "acme-1"}}

Begun = Callable[..., Awaitable["Clocked"]]


class Clocked:
    """Gateways on one SQLite database, by a clock that the test sets."""

    def __init__(self, folder: Path, library: str) -> None:
        self._folder = folder
        self._url = f"sqlite:///{folder / 'gateway.db'}"
        self._shown = folder / "shown"
        self._library = library
        self._wires: list[GrpcWire] = []
        self.gateways: list[GatewayProcess] = []
        self._key = ("", "")

    async def start(self, count: int, **environment: str) -> None:
        """Serves, with the right time of the day."""
        self.show(0)
        await self._configure()
        told = {
            "GATEWAY_DATABASE_URL": self._url,
            "GATEWAY_MASTER_KEY": MASTER_KEY,
            "GATEWAY_PLATFORM": "sandbox",
            "LD_PRELOAD": self._library,
            "FAKETIME_TIMESTAMP_FILE": str(self._shown),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            **environment,
        }
        for number in range(count):
            log = self._folder / f"gateway-{number}.log"
            process = GatewayProcess(told, log, typed=True)  # the library is loaded with Python
            self.gateways.append(process)
            await process.start()

    async def stop(self) -> None:
        """Ends everything."""
        for wire in self._wires:
            await wire.close()
        for process in self.gateways:
            await process.stop()

    def show(self, ahead: int) -> None:
        """Sets the gateways' time of the day so many seconds ahead of the right one."""
        new = self._shown.with_suffix(".new")
        new.write_text(f"{ahead:+d}\n")
        new.replace(self._shown)

    def client(self, number: int = 0, *, lasting: int = HOUR // 2) -> Client:
        """A client of the tenant acme, at this gateway, with a token for so many seconds."""
        key, secret = self._key
        claims = {"iss": key, "exp": time.time() + lasting, **GRANTS}
        self._wires.append(GrpcWire(self.gateways[number].grpc_port))
        return Client(self._wires[-1], jwt.encode(claims, secret, algorithm="HS256"))

    def told(self, number: int = 0) -> Sequence[str]:
        """The events in this gateway's log."""
        log = (self._folder / f"gateway-{number}.log").read_text(errors="replace")
        return [str(json.loads(line)["event"]) for line in log.splitlines() if line.startswith("{")]

    async def until_told(self, event: str, number: int = 0) -> None:
        """Returns when the gateway has logged this."""

        async def logged() -> bool:
            return event in self.told(number)

        await eventually(logged, within=LASTING.total_seconds() + 20)

    async def _configure(self) -> None:
        path = self._folder / "config.yaml"
        path.write_text(yaml.safe_dump(configuration("ST_x")))
        store = open_store(self._url, SystemClock())
        values = {"GATEWAY_DATABASE_URL": self._url, "GATEWAY_MASTER_KEY": MASTER_KEY}
        administration = Administration(Settings.model_validate(values), store, SystemClock())
        try:
            await administration.apply_file(path)
            made = await administration.admin.create_key("acme", frozenset({Right.CALL}))
        finally:
            await store.close()
        self._key = made.key.key, made.secret


@pytest.fixture
async def begun(tmp_path: Path) -> AsyncIterator[Begun]:
    """Starts so many gateways."""
    script = str(Path(__file__).parent / "faketime.sh")
    finding = await asyncio.create_subprocess_exec(script, stdout=asyncio.subprocess.PIPE)
    library, _ = await finding.communicate()
    assert finding.returncode == 0
    clocked = Clocked(tmp_path, library.decode().strip())

    async def begin(count: int = 1, **environment: str) -> Clocked:
        await clocked.start(count, **environment)
        return clocked

    yield begin
    await clocked.stop()


def is_now(time: Timestamp, *, ahead: timedelta = timedelta(0)) -> bool:
    """Whether a call's time is about the right time of the day, or so much ahead of it."""
    told: datetime = time.ToDatetime(tzinfo=UTC)
    return abs(told - ahead - datetime.now(UTC)) < timedelta(minutes=5)


async def keeps_its_time(client: Client) -> calls_pb2.Call:
    """A call of three seconds, as it ended."""
    placed = time.monotonic()
    call = await client.place(ANSWERS, wait_until_answered=True, max_duration=span(3))
    ended = await client.ended(call.call_id)
    assert reason_name(ended) == "MAX_DURATION"
    assert 3 <= time.monotonic() - placed < 25
    assert ended.end_time.ToDatetime() - ended.answer_time.ToDatetime() < timedelta(seconds=25)
    return ended


async def test_an_hour_forward_for_three_seconds(begun: Begun) -> None:
    """A call of half an hour goes on, short ones end in time, all are of now, no lease is lost."""
    clocked = await begun(2)
    client, other = clocked.client(0), clocked.client(1)
    long = await client.place(ANSWERS, wait_until_answered=True, max_duration=span(1800))
    clocked.show(HOUR)
    meanwhile = asyncio.create_task(keeps_its_time(client))
    await asyncio.sleep(3)
    for number in range(2):  # one that stood still has not seen it yet
        await clocked.until_told("clock_stepped", number)
    clocked.show(0)
    for number in range(2):
        await clocked.until_told("clock_right_again", number)
    after = await keeps_its_time(other)
    await asyncio.sleep(LEASE.total_seconds())  # for whoever might miss a beat
    assert is_now((await meanwhile).create_time)
    assert is_now(after.create_time)
    goes_on = await client.get(long.call_id)
    assert goes_on.state == calls_pb2.CALL_STATE_ACTIVE
    ended = await other.hang_up(long.call_id)
    assert ended.end_time.ToDatetime() - ended.answer_time.ToDatetime() < timedelta(minutes=5)
    for number in range(2):
        told = clocked.told(number)
        assert told.count("clock_stepped") == 1
        assert not HARM & set(told)


async def test_a_step_that_lasts(begun: Begun) -> None:
    """It is taken in, forwards and backwards: points follow the clock, and spans do not."""
    clocked = await begun()
    client = clocked.client(lasting=6 * HOUR)
    long = await client.place(ANSWERS, wait_until_answered=True, max_duration=span(1800))
    clocked.show(HOUR)
    await clocked.until_told("clock_step_taken_in")
    ahead = await keeps_its_time(client)
    assert is_now(ahead.create_time, ahead=timedelta(hours=1))
    clocked.show(0)

    async def taken_in_again() -> bool:
        return clocked.told().count("clock_step_taken_in") == 2

    await eventually(taken_in_again, within=LASTING.total_seconds() + 20)
    assert is_now((await keeps_its_time(client)).create_time)
    goes_on = await client.get(long.call_id)
    assert goes_on.state == calls_pb2.CALL_STATE_ACTIVE
    ended = await client.hang_up(long.call_id)
    assert ended.end_time.ToDatetime() - ended.answer_time.ToDatetime() < timedelta(minutes=5)
    assert not HARM - {"clock_step_taken_in"} & set(clocked.told())


async def test_livekits_webhooks_are_taken(begun: Begun) -> None:
    """What LiveKit signs now is good, though the machine's clock is an hour wrong just then."""
    livekit = {"URL": "http://127.0.0.1:9", "API_KEY": API_KEY, "API_SECRET": API_SECRET}
    environment = {f"LIVEKIT_{name}": value for name, value in livekit.items()}
    clocked = await begun(GATEWAY_PLATFORM="livekit", **environment)
    clocked.show(HOUR)
    await clocked.until_told("clock_stepped")
    body = json.dumps({**NOTICE, "createdAt": str(int(time.time()))}).encode()
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    claims = {"iss": API_KEY, "nbf": time.time(), "exp": time.time() + 300, "sha256": digest}
    headers = {"Authorization": jwt.encode(claims, API_SECRET, algorithm="HS256")}
    url = f"http://127.0.0.1:{clocked.gateways[0].http_port}/livekit/webhook"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers=headers) as response,
    ):
        assert response.status == 200
    assert not {"webhook_late", "webhook_not_signed"} & set(clocked.told())
