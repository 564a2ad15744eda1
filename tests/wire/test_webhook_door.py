"""`POST /livekit/webhook` over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.platform.webhooks import LiveKitWebhooks
from gateway.service import webhooks_in
from gateway.store.store import open_store
from gateway.wire.webhook_door import MAX_BODY_BYTES, PATH, WebhookDoor
from tests.clocks import RealClock
from tests.platform.test_webhooks import KEY, LEFT, SECRET, signed
from tests.service.exchange import Desk, Exchange, serving

Door = tuple[TestClient[web.Request, web.Application], Desk]


@asynccontextmanager
async def _serve(folder: Path) -> AsyncIterator[Door]:
    store = open_store(f"sqlite:///{folder / 'gateway.db'}", RealClock())
    async with serving(store, Exchange()) as desk:
        app = web.Application()
        WebhookDoor(LiveKitWebhooks(KEY, SECRET, RealClock()), desk.webhooks).mount(app)
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


async def test_a_signed_body_that_is_no_event(door: Door) -> None:
    """LiveKit's own nonsense is 400, so that it does not come again."""
    assert await post(door, b"nonsense") == (400, b"")


async def test_too_much(door: Door) -> None:
    """A body beyond the limit is 413, signed or not; one at the limit is read."""
    _, desk = door
    assert (await post(door, b" " * (MAX_BODY_BYTES + 1)))[0] == 413
    body = event(desk)
    assert (await post(door, body + b" " * (MAX_BODY_BYTES - len(body))))[0] == 200


async def test_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full queue is 503: LiveKit sends the webhook again, and then it counts."""
    monkeypatch.setattr(webhooks_in, "MOST_QUEUED", 1)
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
