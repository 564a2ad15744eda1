"""Checkpoints over HTTP: what is posted, and what is understood of the answer."""

from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.audit.tree.notes import LONGEST_NOTE, base64_of
from gateway.ports.checkpoints import OutletError, WitnessBehindError
from gateway.publishing.http import OLD_SIZE, HttpOutlet, HttpWitness

SECRET = "/hook/secret"


class Receiver:
    """Answers as it is told, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer: Callable[[], web.Response] = web.Response
        self.asked: list[tuple[str, str, str]] = []
        application = web.Application()
        application.router.add_post("/{path:.*}", self._take)
        self.server = TestServer(application)

    async def _take(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, request.content_type, await request.text()))
        return self.answer()

    @property
    def url(self) -> str:
        """Where it listens, with a path that is nobody's business."""
        return str(self.server.make_url(SECRET))


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    await made.server.start_server()
    yield made
    await made.server.close()


@pytest_asyncio.fixture
async def outlet(receiver: Receiver) -> AsyncIterator[HttpOutlet]:
    made = HttpOutlet(receiver.url)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def witness(receiver: Receiver) -> AsyncIterator[HttpWitness]:
    made = HttpWitness("witness.example.com", f"{receiver.url}/")
    yield made
    await made.close()


async def test_a_checkpoint_is_posted_as_text(receiver: Receiver, outlet: HttpOutlet) -> None:
    """To the address as it is; every 2xx means that it was taken."""
    receiver.answer = lambda: web.Response(status=204)
    await outlet.publish("origin\n7\n— signed\n")
    assert receiver.asked == [(SECRET, "text/plain", "origin\n7\n— signed\n")]


@pytest.mark.parametrize("status", [307, 404, 500])
async def test_what_was_not_taken_is_told(
    receiver: Receiver, outlet: HttpOutlet, status: int
) -> None:
    """By the host alone: the path may be a secret. A redirect is not followed."""
    receiver.answer = lambda: web.Response(status=status, headers={"Location": "/elsewhere"})
    with pytest.raises(OutletError) as refused:
        await outlet.publish("note")
    assert str(refused.value) == f"127.0.0.1 answered {status}"
    assert len(receiver.asked) == 1


async def test_nobody_who_listens_is_told(receiver: Receiver, outlet: HttpOutlet) -> None:
    """By the host and the cause."""
    await receiver.server.close()
    with pytest.raises(OutletError, match=r"^127\.0\.0\.1: ") as away:
        await outlet.publish("note")
    assert "secret" not in str(away.value)


async def test_a_witness_is_asked_as_the_protocol_has_it(
    receiver: Receiver, witness: HttpWitness
) -> None:
    """Old size, hashes one a line, an empty line, the checkpoint; its lines come back."""
    receiver.answer = lambda: web.Response(text="— witness.example.com AAAA\n")
    proof = [bytes(32), bytes([1]) * 32]
    assert await witness.cosign(3, proof, "note\n") == "— witness.example.com AAAA\n"
    await witness.cosign(0, [], "note\n")
    hashes = "".join(f"{base64_of(each)}\n" for each in proof)
    path = f"{SECRET}/add-checkpoint"
    assert receiver.asked == [
        (path, "text/plain", f"old 3\n{hashes}\nnote\n"),
        (path, "text/plain", "old 0\n\nnote\n"),
    ]


async def test_a_witness_says_which_tree_it_knows(receiver: Receiver, witness: HttpWitness) -> None:
    """409 with the type of a size."""
    receiver.answer = lambda: web.Response(status=409, body=b"42\n", content_type=OLD_SIZE)
    with pytest.raises(WitnessBehindError) as behind:
        await witness.cosign(3, [], "note\n")
    assert behind.value.size == 42


@pytest.mark.parametrize(
    ("body", "kind"),
    [("42\n", "text/plain"), ("-1\n", OLD_SIZE), ("9" * 20, OLD_SIZE), ("٣", OLD_SIZE), ("", "")],
)
async def test_what_is_no_size_is_a_refusal(
    receiver: Receiver, witness: HttpWitness, body: str, kind: str
) -> None:
    """Another type, another sign, more digits than a size has, other digits, nothing."""
    receiver.answer = lambda: web.Response(
        status=409, body=body.encode(), headers={"Content-Type": kind} if kind else {}
    )
    with pytest.raises(OutletError) as refused:
        await witness.cosign(3, [], "note\n")
    assert not isinstance(refused.value, WitnessBehindError)
    assert str(refused.value) == "witness.example.com answered 409"


async def test_no_more_is_read_than_a_note_has(receiver: Receiver, witness: HttpWitness) -> None:
    """However much is answered."""
    receiver.answer = lambda: web.Response(body=b"x" * (3 * LONGEST_NOTE))
    assert len(await witness.cosign(0, [], "note\n")) == LONGEST_NOTE
