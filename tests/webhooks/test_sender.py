"""One try: what is sent, what its answer means, and where it never goes."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from gateway.domain.calls.call import EventType
from gateway.domain.calls.delivery import Answer
from gateway.domain.calls.event import CallEvent
from gateway.domain.tenant import Webhook
from gateway.webhooks.addresses import is_public
from gateway.webhooks.sender import THREADS, HttpSender, retry_after
from tests.stands.clocks import NOON, HandClock
from tests.stands.patience import PATIENCE
from tests.stands.receiving import SECRET, Inbox, Posted, status
from tests.stands.values import a_call, an_event
from tests.stands.waiting import until

EVENT: CallEvent = an_event(a_call("call_1"), EventType.CALL_CREATED)


def a_sender(**changes: Any) -> HttpSender:
    values: dict[str, Any] = {
        "clock": HandClock(),
        "body_of": lambda event: event.event_id.encode(),
        "secret_of": lambda _: SECRET,
        "private_addresses": True,
    }
    return HttpSender(**values | changes)


@pytest_asyncio.fixture
async def sender() -> AsyncIterator[HttpSender]:
    """A sender that may reach this machine."""
    made = a_sender()
    yield made
    await made.close()


@pytest_asyncio.fixture
async def public_sender() -> AsyncIterator[HttpSender]:
    """A sender as it is unless private addresses are allowed."""
    made = a_sender(private_addresses=False)
    yield made
    await made.close()


def at(url: str) -> Webhook:
    return Webhook(webhook_id="crm", url=url, secret_from="env:HOOK")


@pytest.mark.parametrize("code", [200, 202, 204, 299])
async def test_any_2xx_is_delivered(sender: HttpSender, inbox: Inbox, code: int) -> None:
    """A receiver says with any 2xx that it has the event."""
    inbox.answer = status(code)
    assert (await sender.send(at(inbox.url), EVENT)).delivered


@pytest.mark.parametrize("code", [301, 307, 308])
async def test_redirects_are_not_followed(
    sender: HttpSender, inbox: Inbox, other_inbox: Inbox, code: int
) -> None:
    """A redirect is a failure, and nobody hears of the event."""
    inbox.answer = status(code, Location=other_inbox.url)
    answer = await sender.send(at(inbox.url), EVENT)
    assert (answer.delivered, answer.status, answer.error) == (False, code, f"answered {code}")
    assert other_inbox.seen == []


async def test_how_long_to_wait_is_heard(sender: HttpSender, inbox: Inbox) -> None:
    """`Retry-After` comes with the status."""
    inbox.answer = status(503, **{"Retry-After": "90"})
    answer = await sender.send(at(inbox.url), EVENT)
    assert answer == Answer(503, "answered 503", timedelta(seconds=90))


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", timedelta(minutes=2)),
        ("Sun, 01 Mar 2026 12:01:00 GMT", timedelta(minutes=1)),
        ("Sun, 01 Mar 2026 11:00:00 GMT", timedelta(0)),
        ("soon", None),
        ("-5", None),
        ("9" * 40, None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, wait: timedelta | None) -> None:
    """Both forms are read; whatever else it says is passed over."""
    assert retry_after(value, NOON) == wait


async def test_a_receiver_that_is_silent_is_given_up(inbox: Inbox) -> None:
    """No answer in time is a failure that says so."""
    forever = asyncio.Event()

    async def answer(_posted: Posted) -> web.StreamResponse:
        await forever.wait()
        return web.Response()

    inbox.answer = answer
    sender = a_sender(timeout=timedelta(seconds=0.1))
    answered = await sender.send(at(inbox.url), EVENT)
    await sender.close()
    assert answered == Answer(error="no answer within 0.1 s")


async def test_an_endless_answer_is_not_read(sender: HttpSender, inbox: Inbox) -> None:
    """The status is enough; what a receiver sends behind it costs nothing."""
    over = asyncio.Event()

    class Endless(web.StreamResponse):
        async def prepare(self, request: web.BaseRequest) -> Any:
            await super().prepare(request)
            try:
                while True:
                    await self.write(b"x" * 65536)
            finally:
                over.set()

    async def answer(_posted: Posted) -> web.StreamResponse:
        return Endless()

    inbox.answer = answer
    assert (await sender.send(at(inbox.url), EVENT)).delivered
    async with asyncio.timeout(PATIENCE):
        await over.wait()


async def test_nobody_there_is_a_failure(sender: HttpSender) -> None:
    """A refused connection is an answer without a status."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    answer = await sender.send(at(f"http://127.0.0.1:{port}/"), EVENT)
    assert answer.status == 0
    assert "cannot connect" in answer.error


@pytest.mark.parametrize("url", ["ftp://example.com/", "https://", "http://[::bad/", ""])
async def test_a_url_that_is_none_is_a_failure(sender: HttpSender, url: str) -> None:
    """Whatever is configured, trying it raises nothing."""
    assert (await sender.send(at(url), EVENT)).status == 0


@pytest.mark.parametrize("secret", ["", "whsec_short", "no prefix", "whsec_!!!!"])
async def test_without_a_secret_nothing_is_sent(inbox: Inbox, secret: str) -> None:
    """A secret that is none keeps the event from leaving unsigned, and is not shown."""
    sender = a_sender(secret_of=lambda _: secret)
    answer = await sender.send(at(inbox.url), EVENT)
    await sender.close()
    assert answer == Answer(error="the signing secret cannot be used")
    assert inbox.seen == []


async def test_http_is_refused(public_sender: HttpSender) -> None:
    """Without private addresses only https is spoken."""
    answer = await public_sender.send(at("http://example.com/"), EVENT)
    assert answer == Answer(error="the URL must be https://")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::]"])
async def test_private_addresses_are_refused(
    public_sender: HttpSender, inbox: Inbox, host: str
) -> None:
    """Neither an address of this machine nor a name that resolves to one is connected to."""
    port = inbox.url.rsplit(":", 1)[1].partition("/")[0]
    answer = await public_sender.send(at(f"https://{host}:{port}/"), EVENT)
    assert answer.status == 0
    assert "private" in answer.error
    assert inbox.seen == []


async def test_a_name_that_changes_its_address_is_refused(
    public_sender: HttpSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address that counts is the one connected to, whatever a look-up said before."""
    place = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("169.254.169.254", 443))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [place])
    answer = await public_sender.send(at("https://hooks.example.com/"), EVENT)
    assert "private" in answer.error


@pytest.fixture
def hanging_names(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names below `.slow.test` that were asked for; the answer comes only in the end."""
    asked: list[str] = []
    over = threading.Event()
    look_up = socket.getaddrinfo

    def hang(host: str, *place: Any, **flags: Any) -> Any:
        if not host.endswith(".slow.test"):
            return look_up(host, *place, **flags)
        asked.append(host)
        over.wait(PATIENCE)
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield asked
    over.set()


@contextlib.asynccontextmanager
async def sending(sender: HttpSender, *urls: str) -> AsyncIterator[None]:
    """Meanwhile these are tried."""
    tries = [asyncio.create_task(sender.send(at(url), EVENT)) for url in urls]
    try:
        yield
    finally:
        for each in tries:
            each.cancel()
        await asyncio.wait(tries)


MANY = 50
"""More than a loop's own executor has threads on whatever machine."""


async def test_names_that_hang_keep_nobody_else_waiting(
    sender: HttpSender, hanging_names: list[str]
) -> None:
    """What looks up names or reads files elsewhere in the gateway is not behind tenants' names."""
    async with sending(sender, *(f"http://h{n}.slow.test/" for n in range(MANY))):
        await until(lambda: len(hanging_names) >= THREADS)
        async with asyncio.timeout(PATIENCE):
            assert await asyncio.get_running_loop().getaddrinfo("127.0.0.1", 80)


async def test_names_that_hang_keep_no_known_receiver_waiting(
    sender: HttpSender, inbox: Inbox, hanging_names: list[str]
) -> None:
    """A receiver whose name needs no look-up is sent to: its secret is read elsewhere."""
    async with sending(sender, *(f"http://h{n}.slow.test/" for n in range(MANY))):
        await until(lambda: len(hanging_names) >= THREADS)
        async with asyncio.timeout(PATIENCE):
            assert (await sender.send(at(inbox.url), EVENT)).delivered


async def test_secrets_that_hang_keep_nobody_else_waiting(inbox: Inbox) -> None:
    """A disk that does not answer ends in a failure, and holds up no other part of the gateway."""
    over = threading.Event()

    def hang(_place: str) -> str:
        over.wait(PATIENCE)
        return SECRET

    sender = a_sender(secret_of=hang, timeout=timedelta(seconds=0.1))
    answers = await asyncio.gather(*(sender.send(at(inbox.url), EVENT) for _ in range(MANY)))
    try:
        async with asyncio.timeout(PATIENCE):
            await asyncio.to_thread(int)
    finally:
        over.set()
        await sender.close()
    assert set(answers) == {Answer(error="the signing secret cannot be used")}


def its_threads() -> list[str]:
    """The threads of senders."""
    return [each.name for each in threading.enumerate() if each.name.startswith("webhook-")]


async def test_a_closed_sender_leaves_no_thread(inbox: Inbox) -> None:
    """What looked up names and read secrets ends with it."""
    sender = a_sender()
    url = inbox.url.replace("127.0.0.1", "localhost")
    assert (await sender.send(at(url), EVENT)).delivered
    assert its_threads()
    await sender.close()
    await until(lambda: not its_threads())


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "0.0.0.1", "255.255.255.255"),
        *("169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
        *("224.0.0.1", "240.0.0.1", "198.18.0.1", "192.0.2.1", "192.88.99.1"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "fec0::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1"),
        *("64:ff9b::127.0.0.1", "64:ff9b::10.1.2.3", "64:ff9b::169.254.169.254"),
        *("64:ff9b::168.63.129.16", "64:ff9b::192.0.0.192", "64:ff9b::192.88.99.1"),
        *("64:ff9b::100.64.0.1", "64:ff9b::224.0.0.1", "64:ff9b::240.0.0.1", "64:ff9b::"),
        *("64:ff9b::1:8.8.8.8", "64:ff9b:1::1", "64:ff9b:1::8.8.8.8", "64:ff9a::8.8.8.8"),
        *("2002:7f00:1::", "2001::1", "2001:db8::1", "", "example.com"),
    ],
)
def test_an_address_that_may_be_private_is(address: str) -> None:
    """Loopback, private, shared, link-local, multicast, reserved, and what hides one of them."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("8.8.8.8", "93.184.216.34", "2606:4700::1111"),
        *("64:ff9b::8.8.8.8", "64:ff9b::5db8:d822", "64:FF9B:0:0:0:0:101:101"),
    ],
)
def test_public_addresses_are_public(address: str) -> None:
    """Addresses of the internet are, also those that an IPv6-only machine reaches by NAT64."""
    assert is_public(address)


def test_noon_is_in_utc() -> None:
    """The dates above are read against this time."""
    assert datetime(2026, 3, 1, 12, tzinfo=UTC) == NOON
