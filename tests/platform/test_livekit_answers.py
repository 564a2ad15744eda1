"""Answers of LiveKit, or of whatever stands in its place, that are longer than any answer is."""

import asyncio
import gzip
import tracemalloc

import pytest
from aiohttp import web
from livekit.protocol.models import ParticipantInfo, Room
from livekit.protocol.room import ListRoomsResponse

from gateway.domain.calls.leg import NoReply, Refused
from gateway.platform.livekit.answers import MAX_ANSWER_BYTES, MAX_ERROR_BYTES, MAX_LIST_BYTES
from gateway.ports import PlatformError
from tests.platform.fake_livekit import FakeLiveKit
from tests.stands.livekit.answers import Answer, message, raw
from tests.stands.patience import PATIENCE
from tests.stands.phones import ANSWERS, tel

HUGE = 400 * 1024 * 1024
CHUNK = b"\x00" * 1024 * 1024
PROTOBUF = "application/protobuf"


class Endless:
    """Sends 400 MiB in chunks, unless the connection is closed on it."""

    def __init__(self, status: int = 200, content_type: str = PROTOBUF) -> None:
        self._status, self._content_type = status, content_type
        self.sent = 0
        self.cut = asyncio.Event()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            status=self._status, headers={"Content-Type": self._content_type}
        )
        try:
            await response.prepare(request)
            while self.sent < HUGE:
                await response.write(CHUNK)
                self.sent += len(CHUNK)
        except (ConnectionError, asyncio.CancelledError):
            self.cut.set()
            raise
        return response


ENDLESS = [(200, PROTOBUF), (500, "application/json"), (404, "text/html"), (302, "text/html")]


@pytest.mark.parametrize(("status", "content_type"), ENDLESS)
async def test_400_mib_are_not_read(status: int, content_type: str) -> None:
    """Success, error or page: a few MiB are read, the connection closes, the memory is back."""
    answer = Endless(status, content_type)
    fake = FakeLiveKit(answer)
    async with fake.serve() as stand:
        tracemalloc.start()
        with pytest.raises(PlatformError):
            await stand.platform.rooms()
        _, most = tracemalloc.get_traced_memory()
        await asyncio.wait_for(answer.cut.wait(), PATIENCE)
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert answer.sent < HUGE // 4
    assert most < 40 * 1024 * 1024
    assert kept < 8 * 1024 * 1024


async def test_a_dial_whose_answer_is_too_long_is_sent_once() -> None:
    """The phone may be ringing: it is a NoReply that says why, and nothing is dialled again."""
    fake = FakeLiveKit(Endless())
    async with fake.serve() as stand:
        dialed = await stand.platform.dial(stand.call(ANSWERS))
        transferred = await stand.platform.refer(stand.transfer(tel(ANSWERS)))
    for reply in (dialed, transferred):
        assert isinstance(reply, NoReply)
        assert f"longer than {MAX_ANSWER_BYTES} bytes" in reply.cause
    assert len(fake.seen) == 2


def rooms_of(size: int) -> ListRoomsResponse:
    """A list of just so many bytes."""
    found = ListRoomsResponse()
    while found.ByteSize() < size - 120_000:
        found.rooms.append(Room(name="r", metadata="x" * 100_000))
    found.rooms.append(Room(name="r"))
    while (left := size - found.ByteSize()) > 0:
        found.rooms[-1].metadata += "x" * max(1, left - 10)
    return found


LIMITS = [
    (200, MAX_LIST_BYTES, None),
    (200, MAX_LIST_BYTES + 1, f"longer than {MAX_LIST_BYTES}"),
]


@pytest.mark.parametrize(("status", "size", "told"), LIMITS)
async def test_a_list_may_be_longer(status: int, size: int, told: str | None) -> None:
    """A list is read up to its own limit, and not a byte further."""
    body = rooms_of(size).SerializeToString()
    assert len(body) == size
    fake = FakeLiveKit(raw(status, body, PROTOBUF))
    async with fake.serve() as stand:
        if told is None:
            await stand.platform.check()
        else:
            with pytest.raises(PlatformError, match=told):
                await stand.platform.check()


async def test_an_answer_about_one_participant_is_short() -> None:
    """A participant of more than 1 MiB is none."""
    info = ParticipantInfo(identity="x", metadata="x" * MAX_ANSWER_BYTES)
    async with FakeLiveKit(message(info)).serve() as stand:
        with pytest.raises(PlatformError, match=f"longer than {MAX_ANSWER_BYTES} bytes"):
            await stand.platform.leg("room", "x")


def bombed(size: int) -> Answer:
    """Zeros, packed although nobody asked for that."""
    packed = gzip.compress(b"\x00" * size)

    async def answer(_request: web.Request) -> web.StreamResponse:
        headers = {"Content-Encoding": "gzip", "Content-Type": PROTOBUF}
        return web.Response(body=packed, headers=headers)

    return answer


async def test_a_packed_answer_is_not_unpacked() -> None:
    """LiveKit is asked for plain answers, so a packed one is not read at all."""
    fake = FakeLiveKit(bombed(64 * 1024 * 1024))
    async with fake.serve() as stand:
        tracemalloc.start()
        with pytest.raises(PlatformError, match="packed"):
            await stand.platform.check()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert fake.seen[0].headers["accept-encoding"] == "identity"
    assert most < 4 * 1024 * 1024


async def test_a_long_refusal_is_still_a_refusal() -> None:
    """A 401 says by its status alone that nothing was dialled."""
    fake = FakeLiveKit(raw(401, b"x" * (MAX_ERROR_BYTES + 1)))
    async with fake.serve() as stand:
        assert isinstance(await stand.platform.dial(stand.call(ANSWERS)), Refused)
