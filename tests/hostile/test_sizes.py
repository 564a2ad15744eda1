"""What nobody measured: labels, lists, answers, errors and pages of any size."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import Any

import psycopg
import pytest

from gateway.telephony.v1 import admin_pb2, calls_pb2
from tests.hostile.besieged import Besieged
from tests.hostile.conftest import DATABASES, Begun
from tests.hostile.line import ADMIN, CALLS, PROTOBUF, bearer, post
from tests.hostile.livekit import HostileLiveKit, endless
from tests.hostile.measure import KIB, MEMORY, REFUSAL, forget_peak, memory, peak, unharmed
from tests.stands.livekit.answers import twirp_error
from tests.stands.phones import BUSY, RINGS_FOR_EVER, UNKNOWN
from tests.stands.stand import NUMBERS, Client, refusal
from tests.stands.waiting import eventually
from tests.stands.wires import RefusedError

REFUSALS = 150
FREE = {"GATEWAY_MAX_REQUESTS_PER_TENANT": "100000", "GATEWAY_MAX_REQUESTS_PER_PEER": "100000"}
UNLIMITED = {
    "limits": {
        "max_concurrent_calls": 100000,
        "max_calls_per_second": 100000,
        "max_calls_per_day": 1000000,
        "max_calls_per_minute_to_one_number": 100000,
    }
}


def labelled(size: int) -> calls_pb2.PlaceCallRequest:
    """A call with one label of so many bytes."""
    return calls_pb2.PlaceCallRequest(to=BUSY, labels={"l": "x" * size})


async def refused_many(client: Client, request: Any, count: int, together: int = 10) -> None:
    """Sends it over and over, so many at a time; it must be refused."""

    async def some() -> None:
        for _ in range(count // together):
            try:
                await client.call("PlaceCall", request)
            except RefusedError:
                continue
            raise AssertionError("was not refused")

    await asyncio.gather(*(some() for _ in range(together)))


@pytest.mark.parametrize("database", DATABASES)
@pytest.mark.parametrize(
    ("wire", "size"), [("grpc", 300 * KIB), ("twirp+json", 300 * KIB), ("twirp+json", 1000 * KIB)]
)
async def test_a_refusal_leaves_little(begun: Begun, wire: str, size: int, database: str) -> None:
    """A refused call with a huge label leaves at most 10 KiB in the database and in the log."""
    gateway = await begun(database=database, **FREE)
    client = gateway.client(gateway.acme, wire)
    await refused_many(client, labelled(size), 10)
    before, logged = gateway.stored(), gateway.log.stat().st_size
    await refused_many(client, labelled(size), REFUSALS)
    await asyncio.sleep(0.5)  # records of refusals are written behind; none later may count less
    assert (gateway.stored() - before) / REFUSALS < REFUSAL
    assert (gateway.log.stat().st_size - logged) / REFUSALS < REFUSAL


@pytest.mark.parametrize("database", DATABASES)
async def test_records_that_wait_take_little(begun: Begun, database: str) -> None:
    """250 refusals while the database is locked: 64 MiB of memory at most."""
    gateway = await begun(database=database, **FREE)
    before = memory(gateway.pid)
    client = gateway.client(gateway.acme)
    with locked(gateway):
        forget_peak(gateway.pid)
        await refused_many(client, labelled(400 * KIB), 250, together=5)
        assert peak(gateway.pid) - before < MEMORY


def locked(gateway: Besieged) -> Any:
    """Holds a lock on the database until the end of the block."""
    if gateway.database_url.startswith("postgresql"):
        connection = psycopg.connect(gateway.database_url)
        connection.execute("LOCK TABLE audit_events IN ACCESS EXCLUSIVE MODE")
        return connection
    return LockedFile(gateway.database_url.removeprefix("sqlite:///"))


class LockedFile:
    """An SQLite file that nobody else can write to."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, *_: object) -> None:
        self._connection.close()


LOOPS: list[Any] = [
    pytest.param("PlaceCall", {"to": BUSY, "media": {"codecs": [{}] * 160_000}}, id="codecs"),
    pytest.param("ListCalls", {"states": [1] * 30_000}, id="states"),
    pytest.param("CreateApiKey", {"rights": [1] * 30_000}, id="rights"),
    pytest.param("UpdateCall", {"call_id": "call_x", "remove_labels": ["l"] * 15_000}, id="labels"),
    pytest.param("ListCalls", {"labels": {f"{at}": "" for at in range(5_000)}}, id="map"),
    pytest.param(
        "PlaceCall",
        {"to": BUSY, "headers": {f"X-{at}": "" for at in range(40_000)}},
        id="headers",
    ),
]


@pytest.mark.parametrize(("method", "fields"), LOOPS)
async def test_long_lists_hold_nobody_up(begun: Begun, method: str, fields: Any) -> None:
    """As many values as fit into a request are refused before anything goes through them."""
    gateway = await begun(**FREE)
    calm = await gateway.calm()
    token = gateway.acme.token()
    path = (ADMIN if method == "CreateApiKey" else CALLS) + method
    body = json.dumps(fields).encode()
    async with gateway.probed() as during:
        for _ in range(5):
            assert await post(gateway.http, path, body, bearer(token)) in (400, 413)
    unharmed(calm, during.seen)


async def test_a_million_states_hold_nobody_up(begun: Begun) -> None:
    """A megabyte of packed enum values is refused, and nobody waits for it."""
    gateway = await begun(**FREE)
    calm = await gateway.calm()
    body = b"\x1a" + _varint(1_000_000) + b"\x01" * 1_000_000
    token = gateway.acme.token()
    async with gateway.probed() as during:
        for _ in range(3):
            path = f"{CALLS}ListCalls"
            assert await post(gateway.http, path, body, bearer(token), kind=PROTOBUF) in (400, 413)
    unharmed(calm, during.seen)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    return bytes((*out, value))


@pytest.mark.parametrize("database", DATABASES)
async def test_an_update_does_not_repeat_the_call(begun: Begun, database: str) -> None:
    """An UpdateCall of 60 bytes stores at most 10 KiB, however large the call's metadata are."""
    gateway = await begun(database=database, acme=UNLIMITED, **FREE)
    client = gateway.client(gateway.acme)
    call = await client.place(
        RINGS_FOR_EVER, participant=calls_pb2.Participant(metadata="m" * 60_000)
    )
    await client.until(call.call_id, calls_pb2.CALL_STATE_RINGING)
    before = gateway.stored()
    for at in range(40):
        await client.call(
            "UpdateCall",
            calls_pb2.UpdateCallRequest(call_id=call.call_id, set_labels={"l": str(at)}),
        )
    assert (gateway.stored() - before) / 40 < 10 * KIB


@pytest.mark.parametrize("method", ["CreateSIPParticipant", "GetParticipant", "ListRooms"])
@pytest.mark.parametrize("kind", ["application/protobuf", "application/json"])
async def test_a_huge_answer_of_livekit_is_not_kept(
    begun: Begun, livekit: HostileLiveKit, method: str, kind: str
) -> None:
    """400 MiB from LiveKit take 64 MiB of memory at most."""
    # What became of the phone is not told, so the gateway looks for it.
    livekit.dialed = twirp_error(500, "internal", "something broke")
    gateway = await begun(**livekit.environment)
    calm = await gateway.calm()
    before = memory(gateway.pid)
    forget_peak(gateway.pid)
    asked = livekit.asked[method]
    livekit.answers[method] = endless(400 * 1024 * KIB, kind)
    async with gateway.probed() as during:
        client = gateway.client(gateway.acme)
        if method != "ListRooms":
            await client.place(RINGS_FOR_EVER)

        async def was_asked() -> bool:
            if method == "ListRooms":
                connection = await asyncio.open_connection("127.0.0.1", gateway.http)
                connection[1].write(b"GET /readyz HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n")
                await connection[0].read()
                connection[1].close()
            return livekit.asked[method] > asked

        await eventually(was_asked)
        await asyncio.sleep(2)  # what arrives in this time must not be kept
    assert peak(gateway.pid) - before < MEMORY
    unharmed(calm, during.seen, stall=0.1)


async def test_errors_fit_grpcs_trailers(begun: Begun) -> None:
    """However much there is to say, a gRPC error keeps its reason."""
    gateway = await begun()
    off: list[dict[str, Any]] = [
        {
            "trunk_id": f"acme-a-rather-long-name-of-a-trunk-{at}",
            "tenant_ids": ["acme"],
            "livekit_trunk_id": "ST_x",
            "numbers": [{"number": NUMBERS[0]}],
            "enabled": False,
        }
        for at in range(200)
    ]
    await gateway.configure({"routes": [_to([trunk["trunk_id"] for trunk in off])]}, off)
    client = gateway.client(gateway.acme)

    async def configured() -> str:
        try:
            await client.call("PlaceCall", calls_pb2.PlaceCallRequest(to=BUSY))
        except RefusedError as error:
            return error.reason or f"none: {error}"
        return ""

    assert await eventually(configured) == "NO_TRUNK"


def _to(trunk_ids: list[str]) -> dict[str, Any]:
    return {"route_id": "all", "targets": [{"trunk_id": trunk_id} for trunk_id in trunk_ids]}


async def test_a_huge_key_is_refused_in_full(besieged: Besieged) -> None:
    """A 20 KB key is refused with a reason, and not repeated as a whole."""
    operator = besieged.client(besieged.operator)
    request = admin_pb2.RevokeApiKeyRequest(key="k" * 20_000)
    error = await refusal(operator.call("RevokeApiKey", request))
    assert error.reason in ("API_KEY_NOT_FOUND", "INVALID_FIELD")


@pytest.mark.parametrize("method", ["ListCalls", "ListCallEvents"])
async def test_pages_fit_a_clients_limit(begun: Begun, method: str) -> None:
    """A page of a thousand is below the 4 MiB that a gRPC client takes, and no call is left out."""
    gateway = await begun(acme=UNLIMITED, **FREE)
    client = gateway.client(gateway.acme)
    labels = {f"{at:02}" + "k" * 62: "v" * 256 for at in range(32)}
    request = calls_pb2.PlaceCallRequest(to=UNKNOWN, labels=labels)
    count = 500
    for _ in range(count // 50):
        await asyncio.gather(*(client.call("PlaceCall", request) for _ in range(50)))
    found: set[str] = set()
    token, sequence = "", 0
    for _ in range(100):
        if method == "ListCalls":
            page = await client.call(
                method, calls_pb2.ListCallsRequest(page_size=1000, page_token=token)
            )
            found |= {call.call_id for call in page.calls}
            token = page.next_page_token
            if not token:
                break
        else:
            asked = calls_pb2.ListCallEventsRequest(page_size=1000, after_sequence=sequence)
            told = await client.call(method, asked)
            found |= {event.call.call_id for event in told.events}
            sequence = told.sequence
            if not told.events:
                break
    assert len(found) == count
