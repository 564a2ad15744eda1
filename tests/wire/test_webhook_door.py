"""`POST /livekit/webhook` over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.audit.trail import REFUSALS_PER_MINUTE
from gateway.platform.livekit.notices import LiveKitNotices
from gateway.ports import AuditQuery
from gateway.service.arrivals import notices as notices_in
from gateway.store.store import open_store
from gateway.wire.bodies import SMALL_BYTES, Bodies
from gateway.wire.intake import Intake
from gateway.wire.livekit.notices import MAX_BODY_BYTES, PATH, NoticeDoor
from tests.stands.clocks import RealClock
from tests.stands.livekit.notices import KEY, LEFT, SECRET, digest, signed
from tests.stands.patience import PATIENCE
from tests.stands.services.exchange import Desk, Exchange, serving

Door = tuple[TestClient[web.Request, web.Application], Desk]


@asynccontextmanager
async def _serve(folder: Path, intake: Intake | None = None) -> AsyncIterator[Door]:
    store = open_store(f"sqlite:///{folder / 'gateway.db'}", RealClock())
    async with serving(store, Exchange()) as desk:
        app = web.Application()
        webhooks = LiveKitNotices(KEY, SECRET, RealClock())
        refused = desk.trail.notice_refused
        NoticeDoor(webhooks, desk.webhooks, intake or Intake(), refused).mount(app)
        async with TestClient(TestServer(app)) as client:
            yield client, desk
    await store.close()


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    """A door behind which nothing is worked off by itself."""
    async with _serve(tmp_path) as door:
        yield door


def event(desk: Desk, **changes: Any) -> bytes:
    """A caller that left just now."""
    time = str(round(desk.clock.now().timestamp()))
    participant = LEFT["participant"] | {  # type: ignore[operator]  # a dict
        "attributes": {"sip.callID": "SCL_1", "sip.ruleID": "SDR_1"}
    }
    return json.dumps(LEFT | {"createdAt": time, "participant": participant} | changes).encode()


async def post(door: Door, body: bytes, authorization: str | None = None) -> tuple[int, bytes]:
    """What LiveKit sends, with its headers; the status and the body of the answer."""
    headers = {
        "Content-Type": "application/webhook+json",
        "Authorization": signed(body) if authorization is None else authorization,
    }
    reply = await door[0].post(PATH, data=BytesIO(body), headers=headers)
    return reply.status, await reply.read()


async def test_livekit_is_answered_at_once(door: Door) -> None:
    """The answer comes before anything is done; what was told is done behind it."""
    _, desk = door
    assert await post(door, event(desk)) == (200, b"")
    assert await desk.calls() == []
    working = asyncio.create_task(desk.webhooks.keep())
    await desk.webhooks.handled()
    assert (await desk.call()).sip_call_id == "SCL_1"
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working


async def test_livekits_repeats_are_answered(door: Door) -> None:
    """What came before, is too old or of no interest is not to be sent again either."""
    _, desk = door
    answers = [
        await post(door, event(desk)),
        await post(door, event(desk)),
        await post(door, event(desk, createdAt="1767225600", id="EV_2")),
        await post(door, event(desk, event="room_finished", id="EV_3")),
    ]
    assert answers == [(200, b"")] * 4


async def test_strangers_learn_nothing(door: Door) -> None:
    """A request that LiveKit has not signed is 401, without a word why."""
    _, desk = door
    body = event(desk)
    for authorization in ("", "Bearer x", signed(b"{}"), signed(body, iss="other")):
        assert await post(door, body, authorization) == (401, b"")
    assert await post(door, body, f"Bearer {signed(body)}") == (200, b"")


async def test_what_is_not_accepted_is_recorded(door: Door) -> None:
    """With its sender and why, up to ten a minute of one address."""
    _, desk = door
    for _ in range(12):
        await post(door, event(desk), "Bearer nobody's")
    await desk.trail.settle()
    found = await desk.store.read(lambda tx: tx.audit(AuditQuery()))
    records = [one.record for one in found]
    assert {(one["kind"], one["method"], one["code"]) for one in records} == {
        ("REFUSED", "livekit/webhook", "UNAUTHENTICATED")
    }
    assert len(records) == REFUSALS_PER_MINUTE
    assert records[0]["peer"].startswith("ipv4:127.0.0.1")
    assert records[0]["reason"]


@pytest.mark.parametrize("wrong", [timedelta(hours=-1), timedelta(hours=1)])
async def test_a_wrong_clock_does_not_pass_for_a_livekit_that_tells_nothing(
    door: Door, wrong: timedelta
) -> None:
    """Then LiveKit's tokens are not valid now, and are refused; but notices do come."""
    _, desk = door
    body, now = event(desk), desk.clock.now() + wrong
    token = signed(body, nbf=now.timestamp(), exp=(now + timedelta(minutes=5)).timestamp())
    assert await post(door, body, "Bearer x") == (401, b"")
    assert not desk.followers.hearing.heard
    assert await post(door, body, token) == (401, b"")
    assert (desk.followers.hearing.heard, desk.followers.hearing.reliable) == (True, False)


async def test_a_signed_body_that_is_no_event(door: Door) -> None:
    """LiveKit's own nonsense is 400, so that it does not come again."""
    assert await post(door, b"nonsense") == (400, b"")


async def test_too_much(door: Door) -> None:
    """A signed body beyond the limit is 413; one at the limit is read."""
    _, desk = door
    assert (await post(door, b" " * (MAX_BODY_BYTES + 1)))[0] == 413
    assert (await post(door, b" " * (MAX_BODY_BYTES + 1), "Bearer x"))[0] == 401
    body = event(desk)
    assert (await post(door, body + b" " * (MAX_BODY_BYTES - len(body))))[0] == 200


async def test_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full queue is 503: LiveKit sends the webhook again, and then it counts."""
    monkeypatch.setattr(notices_in, "MOST_QUEUED", 1)
    async with _serve(tmp_path) as door:
        _, desk = door
        assert (await post(door, event(desk)))[0] == 200
        second = event(desk, id="EV_2")
        assert (await post(door, second))[0] == 503
        working = asyncio.create_task(desk.webhooks.keep())
        await desk.webhooks.handled()
        assert (await post(door, second))[0] == 200
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


def head(authorization: str, *lines: str) -> bytes:
    """The head of a request of LiveKit's."""
    first = [f"POST {PATH} HTTP/1.1", "Host: test", f"Authorization: {authorization}"]
    return "\r\n".join([*first, *lines, "", ""]).encode()


async def answer(door: Door, sent: bytes) -> bytes:
    """The status line of the answer to bytes on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", door[0].port)
    try:
        writer.write(sent)
        async with asyncio.timeout(PATIENCE):
            return await reader.readline()
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize(
    "line", ["Content-Length: 2000000", "Transfer-Encoding: chunked", "Content-Length: 9999999"]
)
@pytest.mark.parametrize("expect", ["X-Nothing: 1", "Expect: 100-continue"])
async def test_a_strangers_body_is_not_awaited(door: Door, line: str, expect: str) -> None:
    """Who has signed is asked before a byte of the body: its head alone is refused."""
    assert b" 401 " in await answer(door, head("Bearer x", line, expect))


async def test_what_signs_no_body_is_nobodys(door: Door) -> None:
    """LiveKit's own token for something else opens nothing, before the body comes."""
    for claim in (None, 1, "", "x", digest(b"x") + "="):
        sent = head(signed(sha256=claim), "Content-Length: 2000000")
        assert b" 401 " in await answer(door, sent)


async def test_livekits_body_is_asked_for(door: Door) -> None:
    """A sender that waits to be asked is asked, once it is known."""
    _, desk = door
    body = event(desk)
    sent = head(signed(body), f"Content-Length: {len(body)}", "Expect: 100-continue")
    assert b" 100 " in await answer(door, sent)


async def test_a_body_that_does_not_come(tmp_path: Path) -> None:
    """Also a body that LiveKit has signed has to come in time."""
    intake = Intake(patience=timedelta(seconds=0.2))
    async with _serve(tmp_path, intake) as door:
        sent = head(signed(b"{}"), "Content-Length: 2")
        assert b" 408 " in await answer(door, sent)


async def test_too_many_bodies(tmp_path: Path) -> None:
    """Where no more bodies are received, LiveKit sends its webhook again."""
    bodies = Bodies(1, patience_seconds=0.1)
    async with _serve(tmp_path, Intake(bodies=bodies)) as door:
        large = event(door[1]) + b" " * SMALL_BYTES
        async with bodies.place("somebody"):
            assert (await post(door, large))[0] == 503
        assert (await post(door, large))[0] == 200


async def test_a_large_body_is_read_aside(door: Door) -> None:
    """As much metadata as LiveKit allows is understood."""
    _, desk = door
    room = {"sid": "RM_1", "name": "acme-1", "metadata": "x" * 512 * 1024}
    assert await post(door, event(desk, room=room)) == (200, b"")
