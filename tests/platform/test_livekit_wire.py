"""What LiveKit, or whatever stands before it, can put on the wire, and what that means."""

import asyncio
import socket
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from livekit.api import TokenVerifier
from livekit.protocol.room import ListRoomsRequest
from livekit.protocol.sip import (
    CreateSIPParticipantRequest,
    SIPParticipantInfo,
    SIPStatus,
    SIPStatusCode,
    SIPTransferReason,
    SIPTransferStatus,
    TransferSIPParticipantRequest,
    TransferSIPParticipantResponse,
)

from gateway.domain.calls.call import LegOptions
from gateway.domain.calls.leg import Completed, NeverSent, NoReply, PickedUp, ReferReply, Refused
from gateway.domain.calls.observation import LegIds
from gateway.domain.outcome import Cause, Failure
from gateway.platform.livekit import connections
from gateway.platform.livekit import platform as livekit_platform
from gateway.platform.livekit.platform import LiveKitPlatform
from gateway.ports import PlatformError
from tests.platform.fake_livekit import API_KEY, API_SECRET, LOST, FakeLiveKit
from tests.platform.stand import Stand, seconds
from tests.stands.livekit.answers import NOT_FOUND, Answer, hang, message, raw, twirp_error
from tests.stands.livekit.wrong import UNUSABLE_URLS
from tests.stands.patience import PATIENCE
from tests.stands.phones import ANSWERS, BUSY, RINGS_FOR_EVER, tel
from tests.stands.waiting import eventually

PICKED_UP = SIPParticipantInfo(participant_id="PA_1", sip_call_id="SCL_1")


@pytest.mark.parametrize("answer", [*LOST, pytest.param(message(Empty()), id="no ids")])
async def test_a_dial_without_a_reply_is_sent_once(answer: Answer) -> None:
    """A dial whose reply is lost is a NoReply that says why, and is never sent again."""
    fake = FakeLiveKit(answer)
    async with fake.serve() as stand:
        reply = await stand.platform.dial(stand.call(ANSWERS))
    assert isinstance(reply, NoReply)
    assert reply.cause
    assert len(fake.seen) == 1


@pytest.mark.parametrize("answer", LOST)
async def test_a_transfer_without_a_reply_is_sent_once(answer: Answer) -> None:
    """A transfer whose reply is lost is a NoReply that says why, and is never sent again."""
    fake = FakeLiveKit(answer)
    async with fake.serve() as stand:
        reply = await stand.platform.refer(stand.transfer(tel(ANSWERS)))
    assert isinstance(reply, NoReply)
    assert reply.cause
    assert len(fake.seen) == 1


async def test_a_server_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reply that never comes is a NoReply once LiveKit's own limit and a margin are over."""
    monkeypatch.setattr(livekit_platform, "DIAL_SLACK", timedelta(0))
    monkeypatch.setattr(livekit_platform, "REFER_SLACK", timedelta(0))
    monkeypatch.setattr(livekit_platform, "REPLY_SLACK", seconds(1))
    fake = FakeLiveKit(hang)
    async with fake.serve() as stand:
        dialed = await stand.platform.dial(stand.call(ANSWERS, ringing_timeout=seconds(0.1)))
        refer = stand.transfer(tel(ANSWERS), ringing_timeout=seconds(0.1))
        transferred = await stand.platform.refer(refer)
    assert dialed == NoReply("no answer in time (TimeoutError)")
    assert isinstance(transferred, NoReply)
    assert len(fake.seen) == 2


async def test_a_refused_connection_is_never_sent() -> None:
    """Where nothing listens, certainly nothing was dialled or transferred."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        await nothing_is_sent(LiveKitPlatform(url, API_KEY, API_SECRET))


async def test_an_unknown_host_is_never_sent() -> None:
    """Where the name does not resolve, certainly nothing was dialled or transferred."""
    await nothing_is_sent(LiveKitPlatform("wss://livekit.invalid", API_KEY, API_SECRET))


async def test_a_dial_that_is_late_is_never_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that stood still after it was allowed to dial does not dial when it goes on."""
    monkeypatch.setattr(connections, "LEAVES_WITHIN_SECONDS", 0.05)
    fake = FakeLiveKit(message(PICKED_UP))
    async with fake.serve() as stand:
        late = asyncio.create_task(stand.platform.dial(stand.call(ANSWERS)))
        await asyncio.sleep(0)
        time.sleep(0.1)  # noqa: ASYNC251  the whole process stands still
        assert isinstance(await late, NeverSent)
        assert fake.seen == []
        monkeypatch.setattr(connections, "LEAVES_WITHIN_SECONDS", PATIENCE)
        assert isinstance(await stand.platform.dial(stand.call(ANSWERS)), PickedUp)


@pytest.mark.parametrize("url", UNUSABLE_URLS)
async def test_nothing_is_sent_to_an_address_that_is_none(url: str) -> None:
    """Where no request can be made of the address, certainly nothing was dialled."""
    await nothing_is_sent(LiveKitPlatform(url, API_KEY, API_SECRET))


async def nothing_is_sent(platform: LiveKitPlatform) -> None:
    stand = Stand(platform, "ST_trunk")
    for reply in (
        await platform.dial(stand.call(ANSWERS)),
        await platform.refer(stand.transfer(tel(ANSWERS))),
    ):
        assert isinstance(reply, NeverSent)
        assert reply.cause.startswith("LiveKit cannot be reached (")
        assert "127.0.0.1" not in reply.cause, "callers are told this"
    with pytest.raises(PlatformError):
        await platform.check()
    await platform.close()


REFUSALS = [
    pytest.param(
        twirp_error(
            429,
            "resource_exhausted",
            "twirp error unknown: INVITE failed: sip status: 486: Busy Here",
            sip_status_code="486",
            sip_status="Busy Here",
            error_details="CgQ=",
        ),
        Failure(
            486,
            "Busy Here",
            detail="INVITE failed: sip status: 486: Busy Here",
            told_code="resource_exhausted",
        ),
        id="busy",
    ),
    pytest.param(
        twirp_error(503, "unavailable", "twirp error unknown: cpu exhausted"),
        Failure(cause=Cause.PLATFORM_FULL, detail="cpu exhausted"),
        id="node full",
    ),
    pytest.param(
        twirp_error(404, "not_found", "requested sip trunk does not exist"),
        Failure(cause=Cause.NO_SUCH_TRUNK, detail="requested sip trunk does not exist"),
        id="no such trunk",
    ),
    pytest.param(
        twirp_error(500, "unknown", "something odd"),
        Failure(cause=Cause.UNKNOWN, detail="something odd"),
        id="LiveKit's own unknown",
    ),
    pytest.param(
        twirp_error(412, "failed_precondition", "odd", sip_status_code="many"),
        Failure(cause=Cause.TRUNK_UNUSABLE, detail="odd"),
        id="a status that is no number",
    ),
    pytest.param(
        raw(401, b"invalid API key: key"),
        Failure(cause=Cause.KEY_REFUSED, detail="HTTP 401 without a Twirp error"),
        id="plain-text 401",
    ),
    pytest.param(
        raw(404, b"404 page not found"),
        Failure(cause=Cause.NO_PLATFORM, detail="HTTP 404 without a Twirp error"),
        id="plain-text 404",
    ),
]


@pytest.mark.parametrize(("answer", "failure"), REFUSALS)
async def test_an_error_of_livekits_is_a_refusal(answer: Answer, failure: Failure) -> None:
    """LiveKit's code, its text without the prefix, and the SIP status reach the domain."""
    fake = FakeLiveKit(answer)
    async with fake.serve() as stand:
        assert await stand.platform.dial(stand.call(BUSY)) == Refused(failure)
        refused = (
            replace(failure, cause=Cause.REFER_REFUSED) if failure.sip_status_code else failure
        )
        assert await stand.platform.refer(stand.transfer(tel(BUSY))) == Refused(refused)


async def test_a_target_that_refuses_is_not_the_carrier() -> None:
    """LiveKit's text tells what a NOTIFY said from the answer to the REFER."""
    text = "call transfer failed: sip status: 603: Decline"
    told = twirp_error(403, "permission_denied", text, sip_status_code="603", sip_status="Decline")
    async with FakeLiveKit(told).serve() as stand:
        reply = await stand.platform.refer(stand.transfer(tel(BUSY)))
    assert reply == Refused(Failure(603, "Decline", detail=text, told_code="permission_denied"))


async def test_a_dial_that_nobody_answered_is_a_refusal() -> None:
    """LiveKit's own timeout of a dial is its verdict."""
    fake = FakeLiveKit(twirp_error(408, "canceled", "twirp error unknown: sip request timed out"))
    async with fake.serve() as stand:
        reply = await stand.platform.dial(stand.call(RINGS_FOR_EVER))
    assert reply == Refused(Failure(cause=Cause.TIMED_OUT, detail="sip request timed out"))


async def test_a_sip_node_that_did_not_speak_in_time_proves_nothing() -> None:
    """LiveKit's end of the request is not the end of the ringing; a SIP 408 is."""
    silent = twirp_error(408, "deadline_exceeded", "request timed out")
    async with FakeLiveKit(silent).serve() as stand:
        assert await stand.platform.dial(stand.call(RINGS_FOR_EVER)) == NoReply("request timed out")
    timeout = twirp_error(408, "deadline_exceeded", "INVITE", sip_status_code="408")
    async with FakeLiveKit(timeout).serve() as stand:
        assert isinstance(await stand.platform.dial(stand.call(RINGS_FOR_EVER)), Refused)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("deadline_exceeded", "request timed out"),
        ("canceled", "refer canceled"),
        ("canceled", "twirp error unknown: context deadline exceeded"),
    ],
)
async def test_livekits_timeout_of_a_transfer_tells_nothing(code: str, text: str) -> None:
    """A REFER goes on when LiveKit stops listening, so its timeout is no outcome."""
    async with FakeLiveKit(twirp_error(408, code, text)).serve() as stand:
        reply = await stand.platform.refer(stand.transfer(tel(RINGS_FOR_EVER)))
    assert reply == NoReply(text.removeprefix("twirp error unknown: "))


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ({"sip_transfer_reason": "STR_SUBSCRIPTION_TERMINATED"}, NoReply),
        ({"sip_transfer_reason": "STR_REJECTED"}, Refused),
        ({"sip_transfer_reason": "STR_RINGING_TIMEOUT", "sip_status_code": "408"}, Refused),
    ],
)
async def test_a_newer_server_says_why_a_transfer_failed(
    meta: dict[str, str], expected: type[ReferReply]
) -> None:
    """A transfer error is an outcome only where the far side spoke."""
    answer = twirp_error(412, "failed_precondition", "call transfer failed", **meta)
    async with FakeLiveKit(answer).serve() as stand:
        reply = await stand.platform.refer(stand.transfer(tel(RINGS_FOR_EVER)))
    assert isinstance(reply, expected)


def transfer_reply(
    status: SIPTransferStatus, reason: SIPTransferReason, code: int = 0, text: str = ""
) -> Message:
    sip_status = SIPStatus(code=SIPStatusCode.Name(code), status=text) if code else None
    return TransferSIPParticipantResponse(
        transfer_id="STR_1", status=status, reason=reason, sip_status=sip_status
    )


_STATUS, _WHY = SIPTransferStatus, SIPTransferReason

TRANSFER_REPLIES = [
    pytest.param(Empty(), Completed(), id="older server"),
    pytest.param(TransferSIPParticipantResponse(), Completed(), id="newer server, older node"),
    pytest.param(
        transfer_reply(_STATUS.STS_TRANSFER_SUCCESSFUL, _WHY.STR_COMPLETED, 200, "OK"),
        Completed(),
        id="success",
    ),
    pytest.param(
        transfer_reply(_STATUS.STS_TRANSFER_FAILED, _WHY.STR_REJECTED, 486, "Busy Here"),
        Refused(Failure(486, "Busy Here", detail="STR_REJECTED")),
        id="rejected",
    ),
    pytest.param(
        transfer_reply(_STATUS.STS_TRANSFER_FAILED, _WHY.STR_RINGING_TIMEOUT),
        NoReply("STR_RINGING_TIMEOUT"),
        id="failed for want of time",
    ),
    pytest.param(
        transfer_reply(_STATUS.STS_TRANSFER_ONGOING, _WHY.STR_UNSPECIFIED),
        NoReply("LiveKit answered before the transfer was over"),
        id="ongoing",
    ),
]


@pytest.mark.parametrize(("answer", "expected"), TRANSFER_REPLIES)
async def test_a_transfer_reply_of_any_age_is_understood(
    answer: Message, expected: ReferReply
) -> None:
    """Empty replies of older servers and typed ones of newer servers tell the outcome."""
    async with FakeLiveKit(message(answer)).serve() as stand:
        assert await stand.platform.refer(stand.transfer(tel(ANSWERS))) == expected


async def test_a_dial_tells_livekit_its_time() -> None:
    """The server is told to wait for the ringing, the digits and a margin; all in milliseconds."""
    fake = FakeLiveKit(message(PICKED_UP))
    async with fake.serve() as stand:
        dial = stand.call(ANSWERS, ringing_timeout=seconds(95.5), options=LegOptions(digits="ww1"))
        assert await stand.platform.dial(dial) == PickedUp(LegIds("PA_1", "SCL_1"))
        await stand.platform.refer(stand.transfer(tel(ANSWERS), ringing_timeout=seconds(63)))
    assert [seen.headers["x-twirp-timeout-ms"] for seen in fake.seen] == ["107000", "68000"]


async def test_requests_go_to_livekits_methods() -> None:
    """Each request is LiveKit's own message at LiveKit's own path, signed for that room."""
    fake = FakeLiveKit(message(Empty()))
    async with fake.serve() as stand:
        await stand.platform.dial(stand.call(ANSWERS))
        await stand.platform.refer(stand.transfer(tel(ANSWERS)))
        await stand.platform.check()
    dialed, referred, checked = fake.seen
    assert dialed.path == "/twirp/livekit.SIP/CreateSIPParticipant"
    assert CreateSIPParticipantRequest.FromString(dialed.body).wait_until_answered
    assert referred.path == "/twirp/livekit.SIP/TransferSIPParticipant"
    assert TransferSIPParticipantRequest.FromString(referred.body).room_name == stand.room
    assert checked.path == "/twirp/livekit.RoomService/ListRooms"
    assert ListRoomsRequest.FromString(checked.body).names == ["gateway-check"]
    claims = TokenVerifier(API_KEY, API_SECRET).verify(bearer(referred.headers))
    assert claims.sip is not None
    assert claims.video is not None
    assert (claims.sip.call, claims.video.room_admin, claims.video.room) == (True, True, stand.room)


def bearer(headers: dict[str, str]) -> str:
    return headers["authorization"].removeprefix("Bearer ")


async def test_a_token_serves_many_requests() -> None:
    """Requests of one kind to one room carry the same token; another room has its own."""
    fake = FakeLiveKit(NOT_FOUND)
    async with fake.serve() as stand:
        await stand.leg("first")
        await stand.leg("second")
        await stand.platform.leg("another-room", "first")
    first, second, other = (bearer(seen.headers) for seen in fake.seen)
    assert first == second
    assert other != first


async def test_the_connection_is_kept() -> None:
    """Requests after one another share a connection."""
    ports = set()

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername"))
        return await NOT_FOUND(request)

    async with FakeLiveKit(answer).serve() as stand:
        for _ in range(3):
            await stand.leg()
    assert len(ports) == 1


async def test_giving_up_a_dial_is_the_callers_right() -> None:
    """A cancelled dial ends at once, and does not look like an answer."""
    fake = FakeLiveKit(hang)
    async with fake.serve() as stand:
        dialing = asyncio.create_task(stand.platform.dial(stand.call(RINGS_FOR_EVER)))

        async def arrived() -> bool:
            return bool(fake.seen)

        await eventually(arrived)
        dialing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dialing
