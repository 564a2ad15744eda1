"""ExportCalls: every call that ListCalls would list, as a stream."""

import asyncio
import resource
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from gateway.domain.calls.call import Call
from gateway.domain.replacing import replace
from gateway.store.codec import call_row
from gateway.store.databases.times import micros
from gateway.telephony.v1 import calls_pb2
from tests.stands.phones import ANSWERS, BUSY
from tests.stands.stand import Stand, on_sandbox, refusal
from tests.stands.wires import SERVICE, refused

MANY = 30_000
PAGE = 200
MOST_GROWTH = 24 * 1024 * 1024
"""Bytes. All of the calls at once would take four times as many."""
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
WRITTEN = "%Y-%m-%dT%H:%M:%SZ"
"""How the database keeps such a time."""


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Stand]:
    """A gateway on the sandbox, on gRPC."""
    async with on_sandbox(tmp_path) as stand:
        yield stand


async def export(
    stand: Stand, token: str = "", **criteria: Any
) -> AsyncGenerator[calls_pb2.ExportCallsResponse, None]:
    """ExportCalls on gRPC, whatever the stand's wire."""
    stream: Callable[..., Any] = stand.grpc().channel.unary_stream(
        f"/{SERVICE.full_name}/ExportCalls",
        request_serializer=calls_pb2.ExportCallsRequest.SerializeToString,
        response_deserializer=calls_pb2.ExportCallsResponse.FromString,
    )
    metadata = (("authorization", f"Bearer {token or stand.acme.token}"),)
    try:
        async for page in stream(calls_pb2.ExportCallsRequest(**criteria), metadata=metadata):
            yield page
    except grpc.aio.AioRpcError as error:
        raise refused(error) from None


async def exported(stand: Stand, **criteria: Any) -> list[calls_pb2.Call]:
    """Every call of an export."""
    return [call async for page in export(stand, **criteria) for call in page.calls]


async def test_it_gives_what_a_list_gives(stand: Stand) -> None:
    """The tenant's own calls, newest first, each as ListCalls tells it."""
    await stand.acme.place(BUSY, wait_until_answered=True)
    answered = await stand.acme.place(ANSWERS, wait_until_answered=True, labels={"team": "sales"})
    # While it lasts it may still learn of itself, between the list and the export.
    await stand.acme.hang_up(answered.call_id)
    await stand.globex.place(BUSY, wait_until_answered=True)
    listed = await stand.acme.call("ListCalls", calls_pb2.ListCallsRequest())
    assert await exported(stand) == list(listed.calls)
    assert [call.to for call in listed.calls] == [ANSWERS, BUSY]


async def test_a_wire_without_streams_names_the_list(tmp_path: Path) -> None:
    """Over Twirp the refusal says that ListCalls gives the same."""
    async with on_sandbox(tmp_path, "twirp+json") as stand:
        told = await refusal(stand.acme.call("ExportCalls", calls_pb2.ExportCallsRequest()))
    assert told.reason == "UNIMPLEMENTED"
    assert "ListCalls" in told.message


async def test_it_takes_the_criteria_of_a_list(sandbox: Stand) -> None:
    """States, direction, room, labels and times narrow it; `since` is within, `until` is not."""
    first = await sandbox.acme.place(BUSY, wait_until_answered=True, labels={"team": "sales"})
    second = await sandbox.acme.place(ANSWERS, room="acme-desk", wait_until_answered=True)
    found = {
        "states": await exported(sandbox, states=["CALL_STATE_ENDED"]),
        "room": await exported(sandbox, room="acme-desk"),
        "labels": await exported(sandbox, labels={"team": "sales"}),
        "since": await exported(sandbox, min_create_time=second.create_time),
        "until": await exported(sandbox, max_create_time=second.create_time),
        "direction": await exported(sandbox, direction="CALL_DIRECTION_INBOUND"),
    }
    one, other = first.call_id, second.call_id
    assert {name: [call.call_id for call in calls] for name, calls in found.items()} == {
        "states": [one],
        "room": [other],
        "labels": [one],
        "since": [other],
        "until": [one],
        "direction": [],
    }


async def test_it_goes_on_where_it_broke_off(sandbox: Stand, tmp_path: Path) -> None:
    """With the last `next_page_token` the rest comes, no call twice and none left out."""
    await fill(sandbox, tmp_path, 2 * PAGE + 50)
    every = [call.call_id for call in await exported(sandbox)]
    async with aclosing(export(sandbox)) as pages:
        first = await anext(pages)
    rest = await exported(sandbox, page_token=first.next_page_token)
    assert [call.call_id for call in (*first.calls, *rest)] == every
    assert len(set(every)) == 2 * PAGE + 51
    assert every == sorted(every, reverse=True)


async def test_it_ends_with_its_token(sandbox: Stand, tmp_path: Path) -> None:
    """A key that is revoked while calls are exported ends the stream UNAUTHENTICATED."""
    await fill(sandbox, tmp_path, 5 * PAGE)
    administration = sandbox.gateway.administration
    created = await administration.admin.create_key("acme")
    await administration.directory.refresh()
    pages = export(sandbox, administration.admin.sign(created.key))
    await anext(pages)
    await administration.admin.revoke_key(created.key.key)
    await administration.directory.refresh()

    async def rest() -> None:
        async for _ in pages:
            pass

    assert (await refusal(rest())).reason == "UNAUTHENTICATED"


async def test_many_calls_take_no_more_memory_than_some(sandbox: Stand, tmp_path: Path) -> None:
    """However many calls there are, a page at a time is read, sent and forgotten."""
    await fill(sandbox, tmp_path, MANY)
    seen, begin, most = 0, 0, 0
    async for page in export(sandbox):
        seen += len(page.calls)
        if seen > MANY // 10:
            begin = begin or resident()
            most = max(most, resident())
    assert seen == MANY + 1
    assert most - begin < MOST_GROWTH


def resident() -> int:
    """Bytes of this process, the gateway and its client, that are in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


async def fill(stand: Stand, folder: Path, count: int) -> None:
    """Puts ended calls of acme into the database behind the gateway's back, a second apart."""
    await stand.acme.place(BUSY, wait_until_answered=True)
    model = await newest(stand)
    await asyncio.to_thread(insert, folder / "gateway.db", copies(model, count))


async def newest(stand: Stand) -> Call:
    """The call that was placed last."""
    (call, *_) = (await stand.acme.call("ListCalls", calls_pb2.ListCallsRequest())).calls
    found = await stand.gateway.administration.store.read(lambda tx: tx.call(call.call_id))
    assert found is not None
    return found


def copies(model: Call, count: int) -> Iterator[Mapping[str, Any]]:
    """Rows of calls like this one, which is written once: writing takes most of the time."""
    row = call_row(replace(model, call_id="call_model", create_time=BEGIN, end_time=BEGIN))
    begin = BEGIN.strftime(WRITTEN)
    assert row["document"].count(begin) == 2
    for number in range(count):
        time = BEGIN + timedelta(seconds=number)
        call_id = f"call_{int(time.timestamp() * 1000):012x}{number:014x}"
        document = row["document"].replace("call_model", call_id)
        document = document.replace(begin, time.strftime(WRITTEN))
        yield {**row, "call_id": call_id, "create_time": micros(time), "document": document}


def insert(database: Path, rows: Iterator[Mapping[str, Any]]) -> None:
    """One statement for all."""
    first = next(rows)
    columns, places = ", ".join(first), ", ".join(f":{name}" for name in first)
    with sqlite3.connect(database, timeout=30) as connection:
        statement = f"INSERT INTO calls ({columns}) VALUES ({places})"  # noqa: S608  our own names
        connection.execute(statement, first)
        connection.executemany(statement, rows)
    connection.close()
