"""The stack behaves as LiveKit SIP was measured to behave."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from google.protobuf.duration_pb2 import Duration
from livekit import api
from livekit.api.twirp_client import ServerError, ServerErrorCode, SipCallError, TwirpClient
from livekit.protocol import models, sip

from tests.stack.livekit_stack import LiveKitStack

pytestmark = pytest.mark.livekit

CALLER_ID = "+15005550000"
SLACK = 1.5  # how far behind its time an answer may come on a busy machine

_rooms = count(1)


def number(last: int) -> str:
    """Name a phone by its last two digits."""
    return f"+150055501{last:02}"


def seconds(value: float) -> Duration:
    """Make a protobuf duration."""
    duration = Duration()
    duration.FromNanoseconds(round(value * 1e9))
    return duration


class Caller:
    """Places calls through one trunk into a room of its own."""

    def __init__(self, stack: LiveKitStack, session: aiohttp.ClientSession) -> None:
        self.stack = stack
        self.room = f"room-{next(_rooms)}"
        self.trunk_id = stack.create_trunk("test", [CALLER_ID])
        self.session = session
        self.client = api.LiveKitAPI(
            stack.url, stack.api_key, stack.api_secret, session=session, failover=False
        )

    async def dial(
        self, to: str, *, identity: str = "phone", deadline: float | None = None, **fields: Any
    ) -> sip.SIPParticipantInfo:
        """Wait for the answer, with a ringing timeout of 4 s, unless told otherwise.

        A deadline is one that LiveKit is told of (the request header X-Twirp-Timeout-Ms).
        """
        settings: dict[str, Any] = {
            "sip_trunk_id": self.trunk_id,
            "sip_call_to": to,
            "room_name": self.room,
            "participant_identity": identity,
            "wait_until_answered": True,
            "ringing_timeout": seconds(4),
        }
        request = sip.CreateSIPParticipantRequest(**(settings | fields))
        if deadline is None:
            return await self.client.sip.create_sip_participant(request)
        token = api.AccessToken(self.stack.api_key, self.stack.api_secret)
        token.with_sip_grants(api.SIPGrants(call=True))
        twirp = TwirpClient(self.session, self.stack.url, "livekit", failover=False)
        headers = {
            "Authorization": f"Bearer {token.to_jwt()}",
            "X-Twirp-Timeout-Ms": str(round(deadline * 1000)),
        }
        return await twirp.request(
            "SIP", "CreateSIPParticipant", request, headers, sip.SIPParticipantInfo
        )

    async def transfer(self, to: str, within: float = 20, **fields: Any) -> None:
        """Transfer the leg."""
        request = sip.TransferSIPParticipantRequest(
            room_name=self.room,
            participant_identity="phone",
            transfer_to=to,
            ringing_timeout=seconds(within),
            **fields,
        )
        await self.client.sip.transfer_sip_participant(request)

    async def participant(self, identity: str = "phone") -> models.ParticipantInfo | None:
        """Find a leg among the room's participants."""
        request = api.RoomParticipantIdentity(room=self.room, identity=identity)
        try:
            return await self.client.room.get_participant(request)
        except ServerError as error:
            if error.code == ServerErrorCode.NOT_FOUND:
                return None
            raise

    async def status(self) -> str:
        """Read the leg's sip.callStatus, empty where there is no such leg."""
        participant = await self.participant()
        return "" if participant is None else participant.attributes["sip.callStatus"]

    async def remove(self) -> None:
        """Hang the leg up."""
        request = api.RoomParticipantIdentity(room=self.room, identity="phone")
        await self.client.room.remove_participant(request)

    async def gone(self) -> bool:
        """Say whether the leg has left the room."""
        return await self.participant() is None

    async def ended(self) -> bool:
        """Say whether the phone has seen the end of its call."""
        return bool(self.record()["end"])

    def records(self) -> list[dict[str, Any]]:
        """Read what the phones saw of this room's calls."""
        return [call for call in self.stack.calls() if call["room"] == self.room]

    def record(self) -> dict[str, Any]:
        """Read what the phone saw of this room's only call."""
        (call,) = self.records()
        return call


@pytest_asyncio.fixture
async def caller(livekit_stack: LiveKitStack) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=100)) as session:
        yield Caller(livekit_stack, session)


async def until(condition: Callable[[], Awaitable[bool]], within: float = SLACK) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110 (LiveKit offers nothing to wait on)
            await asyncio.sleep(0.01)


async def failure(request: Awaitable[Any]) -> tuple[ServerError, float]:
    """Give the error that a request ends with, and after how long."""
    start = time.monotonic()
    with pytest.raises(ServerError) as caught:
        await request
    return caught.value, time.monotonic() - start


async def test_answered(caller: Caller) -> None:
    """A phone that answers after a second makes the waiting request succeed then."""
    start = time.monotonic()
    info = await caller.dial(number(0))
    assert 0.95 < time.monotonic() - start < 1 + SLACK
    assert info.sip_call_id.startswith("SCL_")
    assert info.participant_id.startswith("PA_")

    async def active() -> bool:
        return await caller.status() == "active"

    await until(active)


async def test_not_waiting(caller: Caller) -> None:
    """A request that does not wait returns while the phone is still being dialled."""
    start = time.monotonic()
    await caller.dial(number(9), wait_until_answered=False)
    assert time.monotonic() - start < 1
    assert await caller.status() in {"dialing", "ringing"}


async def test_statuses(caller: Caller) -> None:
    """The leg shows dialing, ringing, automation while the digits play, active, and hangup."""
    seen: list[str] = []
    dial = asyncio.create_task(caller.dial(number(8), dtmf="w123"))

    async def over() -> bool:
        status = await caller.status()
        if status and status not in seen:
            seen.append(status)
        return bool(seen) and not status

    await until(over, 5)
    await dial
    assert [status for status in seen if status != "hangup"] == [
        "dialing",
        "ringing",
        "automation",
        "active",
    ]


@pytest.mark.parametrize(
    ("last", "code", "twirp_code", "http_status", "text"),
    [
        (1, 486, "resource_exhausted", 429, "Busy Here"),
        (3, 603, "permission_denied", 403, "Decline"),
        (4, 404, "not_found", 404, "Not Found"),
        (5, 480, "resource_exhausted", 429, "Temporarily Unavailable"),
        (6, 503, "failed_precondition", 412, "Service Unavailable"),
    ],
)
async def test_refused(
    caller: Caller, last: int, code: int, twirp_code: str, http_status: int, text: str
) -> None:
    """A refused call ends with LiveKit's code, the SIP status in the metadata, and no leg."""
    error, took = await failure(caller.dial(number(last)))
    assert isinstance(error, SipCallError)
    assert (error.sip_status_code, error.sip_status) == (code, text)
    assert (error.code, error.status) == (twirp_code, http_status)
    assert "error_details" in error.metadata
    assert 0.25 < took < 0.3 + SLACK
    await until(caller.gone)
    assert caller.record()["sip_status_code"] == code


async def test_unknown_number(caller: Caller) -> None:
    """A number that no phone has is not found."""
    error, _ = await failure(caller.dial("+493012345678"))
    assert isinstance(error, SipCallError)
    assert error.sip_status_code == 404


@pytest.mark.parametrize(("last", "rang"), [(2, True), (7, False)])
async def test_no_answer(caller: Caller, last: int, rang: bool) -> None:  # noqa: FBT001
    """Without an answer the INVITE is cancelled at the ringing timeout, fractions included."""
    error, took = await failure(caller.dial(number(last), ringing_timeout=seconds(1.5)))
    assert not isinstance(error, SipCallError)
    assert (error.code, error.status) == ("canceled", 408)
    assert "sip request timed out" in error.message
    assert not error.metadata.get("sip_status_code")
    assert 1.45 < took < 1.5 + SLACK
    await until(caller.gone)
    record = caller.record()
    assert (record["end"], record["end_cause"]) == ("cancel", "ringing_timeout")
    assert (record["ring_time"] is not None) == rang


async def test_request_deadline(caller: Caller) -> None:
    """A waiting request that ends before the ringing timeout cancels the INVITE."""
    error, took = await failure(caller.dial(number(2), deadline=1))
    assert error.code in {"canceled", "deadline_exceeded"}
    assert 0.95 < took < 1 + SLACK
    await until(caller.gone)
    assert caller.record()["end"] == "cancel"


async def test_max_call_duration(caller: Caller) -> None:
    """A call ends when its maximal duration, counted from the join, is over."""
    await caller.dial(number(10), max_call_duration=seconds(1))
    await until(caller.gone, 1 + SLACK)
    record = caller.record()
    assert (record["end"], record["end_cause"]) == ("bye", "max_call_duration")


async def test_remote_hangup(caller: Caller) -> None:
    """A phone that hangs up takes its leg out of the room."""
    await caller.dial(number(8))
    assert not await caller.gone()
    await until(caller.gone, 2 + SLACK)
    assert caller.record()["end"] == "remote"


async def test_remove_while_ringing(caller: Caller) -> None:
    """Removing a ringing leg cancels it, and the waiting request says so at once."""
    dial = asyncio.create_task(failure(caller.dial(number(2), ringing_timeout=seconds(20))))

    async def ringing() -> bool:
        return await caller.status() == "ringing"

    await until(ringing)
    start = time.monotonic()
    await caller.remove()
    error, _ = await dial
    assert time.monotonic() - start < SLACK
    assert (error.code, error.status) == ("canceled", 408)
    assert "sip request timed out" in error.message
    record = caller.record()
    assert (record["end"], record["end_cause"]) == ("cancel", "participant_removed")


async def test_remove_after_answer(caller: Caller) -> None:
    """Removing an answered leg hangs it up."""
    await caller.dial(number(10))
    await caller.remove()
    await until(caller.ended)
    record = caller.record()
    assert (record["end"], record["end_cause"]) == ("bye", "participant_removed")


async def test_delete_room(caller: Caller) -> None:
    """Deleting the room ends its legs."""
    await caller.dial(number(10))
    await caller.client.room.delete_room(api.DeleteRoomRequest(room=caller.room))
    await until(caller.ended)
    assert caller.record()["end_cause"] == "room_deleted"


async def test_same_identity(caller: Caller) -> None:
    """The same identity dialled again in the room cuts the first leg."""
    first = await caller.dial(number(10))
    second = await caller.dial(number(11))

    async def cut() -> bool:
        return bool(caller.records()[0]["end"])

    await until(cut)
    calls = caller.records()
    assert [call["sip_call_id"] for call in calls] == [first.sip_call_id, second.sip_call_id]
    assert [call["end_cause"] for call in calls] == ["duplicate_identity", ""]
    assert not await caller.gone()


async def test_attributes_before_the_answer(caller: Caller) -> None:
    """A leg being dialled is a SIP participant with its names and LiveKit's attributes."""
    info = await caller.dial(
        number(2),
        wait_until_answered=False,
        participant_name="Ada",
        participant_metadata="meta",
        participant_attributes={"tenant": "acme"},
    )
    participant = await caller.participant()
    assert participant is not None
    assert participant.kind == models.ParticipantInfo.SIP
    assert (participant.name, participant.metadata) == ("Ada", "meta")
    attributes = dict(participant.attributes)
    assert attributes.pop("sip.callStatus") in {"dialing", "ringing"}
    assert attributes == {
        "tenant": "acme",
        "sip.callID": info.sip_call_id,
        "sip.hostname": "sip.example.com",
        "sip.phoneNumber": number(2),
        "sip.trunkID": caller.trunk_id,
        "sip.trunkPhoneNumber": CALLER_ID,
    }


async def test_attributes_after_the_answer(caller: Caller) -> None:
    """An answered leg has the SIP Call-ID and tag as well."""
    await caller.dial(number(10))

    async def tagged() -> bool:
        participant = await caller.participant()
        return participant is not None and {"sip.callIDFull", "sip.callTag"} <= set(
            participant.attributes
        )

    await until(tagged)


async def test_hidden_number(caller: Caller) -> None:
    """A hidden number is in none of the attributes."""
    await caller.dial(number(2), wait_until_answered=False, hide_phone_number=True)
    participant = await caller.participant()
    assert participant is not None
    assert set(participant.attributes) == {"sip.callID", "sip.callStatus", "sip.trunkID"}


async def test_record(caller: Caller) -> None:
    """The phone sees caller, headers and display name of the INVITE."""
    await caller.dial(number(10), headers={"X-Order": "7"}, display_name="Acme")
    record = caller.record()
    assert (record["to"], record["from"]) == (number(10), CALLER_ID)
    assert (record["headers"], record["display_name"]) == ({"X-Order": "7"}, "Acme")
    assert record["invite_time"] < record["ring_time"] < record["answer_time"]


async def test_two_legs_hear_each_other(caller: Caller) -> None:
    """Two answered legs in one room hear each other."""
    await caller.dial(number(10), identity="one")
    await caller.dial(number(10), identity="two")

    async def heard() -> bool:
        return [call["hears"] for call in caller.records()] == [["two"], ["one"]]

    await until(heard)


@pytest.mark.parametrize("target", ["tel:+15005550100", "sip:+15005550100@sip.example.com"])
async def test_transfer(caller: Caller, target: str) -> None:
    """A transfer that the target takes succeeds, and the leg is gone within a second."""
    await caller.dial(number(0))
    start = time.monotonic()
    await caller.transfer(target, headers={"X-Reason": "sales"})
    assert 0.65 < time.monotonic() - start < 0.7 + SLACK
    await until(caller.gone)
    (refer,) = caller.record()["refers"]
    assert refer["headers"] == {"X-Reason": "sales"}
    assert refer["outcome"] == "completed"


@pytest.mark.parametrize(
    ("leg", "target", "code", "twirp_code", "outcome"),
    [
        (0, 1, 486, "resource_exhausted", "failed"),
        (0, 3, 603, "permission_denied", "failed"),
        (0, 4, 404, "not_found", "failed"),
        (0, 5, 480, "resource_exhausted", "failed"),
        (0, 6, 503, "failed_precondition", "failed"),
        (0, 10, 603, "permission_denied", "refused"),
        (10, 0, 603, "permission_denied", "refused"),
    ],
)
async def test_transfer_refused(
    caller: Caller, leg: int, target: int, code: int, twirp_code: str, outcome: str
) -> None:
    """A refused transfer ends with the SIP status, and the leg stays."""
    await caller.dial(number(leg))
    error, _ = await failure(caller.transfer(f"tel:{number(target)}"))
    assert isinstance(error, SipCallError)
    assert (error.sip_status_code, error.code) == (code, twirp_code)
    assert await caller.status() == "active"
    assert caller.record()["refers"][0]["outcome"] == outcome


async def test_transfer_late(caller: Caller) -> None:
    """A late success is reported where LiveKit was given the time, and the leg goes then."""
    await caller.dial(number(11))
    start = time.monotonic()
    await caller.transfer(f"tel:{number(0)}", within=63)
    assert 7.9 < time.monotonic() - start < 8 + SLACK
    await until(caller.gone)


async def test_transfer_too_late(caller: Caller) -> None:
    """A success after the request's end is never reported, and the leg stays."""
    await caller.dial(number(11))
    error, took = await failure(caller.transfer(f"tel:{number(0)}", within=1))
    assert (error.code, error.status) == ("deadline_exceeded", 408)
    assert "request timed out" in error.message
    assert 0.95 < took < 1 + SLACK
    await asyncio.sleep(8.5)  # nothing to wait for: the leg must outlast the phone's success
    assert await caller.status() == "active"


@pytest.mark.parametrize(("leg", "target"), [(12, 0), (0, 2), (0, 12), (0, 7)])
async def test_transfer_never_reported(caller: Caller, leg: int, target: int) -> None:
    """A transfer without an outcome ends at the request's ringing timeout, and the leg stays."""
    await caller.dial(number(leg))
    error, took = await failure(caller.transfer(f"tel:{number(target)}", within=1))
    assert not isinstance(error, SipCallError)
    assert (error.code, error.status) == ("deadline_exceeded", 408)
    assert 0.95 < took < 1 + SLACK
    assert await caller.status() == "active"


async def test_transfer_before_the_answer(caller: Caller) -> None:
    """A leg that is still ringing cannot be transferred."""
    await caller.dial(number(2), wait_until_answered=False)
    error, _ = await failure(caller.transfer(f"tel:{number(0)}"))
    assert error.code == "failed_precondition"


async def test_transfer_of_a_removed_leg(caller: Caller) -> None:
    """An accepted transfer whose call ends before its outcome counts as success, as in LiveKit."""
    await caller.dial(number(12))
    transfer = asyncio.create_task(caller.transfer(f"tel:{number(0)}"))

    async def referred() -> bool:
        return bool(caller.record()["refers"])

    await until(referred)
    await caller.remove()
    await asyncio.wait_for(transfer, SLACK)


async def test_second_transfer(caller: Caller) -> None:
    """A second transfer elsewhere is refused while the first is under way."""
    await caller.dial(number(12))
    first = asyncio.create_task(failure(caller.transfer(f"tel:{number(0)}", within=1)))

    async def referred() -> bool:
        return bool(caller.record()["refers"])

    await until(referred)
    error, _ = await failure(caller.transfer(f"tel:{number(1)}"))
    assert error.code == "invalid_argument"
    await first


async def test_node_full(caller: Caller) -> None:
    """A node without CPU refuses before anything is dialled or joined."""
    error, _ = await failure(caller.dial("+15005550200"))
    assert (error.code, error.status) == ("unavailable", 503)
    assert "cpu exhausted" in error.message
    assert not caller.records()
    assert await caller.gone()


async def test_node_full_twice(caller: Caller) -> None:
    """A node that was full for two attempts takes the third."""
    caller.stack.reset()
    for _ in range(2):
        error, _ = await failure(caller.dial("+15005550201"))
        assert error.code == "unavailable"
    await caller.dial("+15005550201")
    assert caller.stack.refused() == {"+15005550201": 2}
    assert len(caller.records()) == 1


async def test_ignored_ringing_timeout(caller: Caller) -> None:
    """A number for which the ringing timeout is ignored rings past the request's deadline."""
    dial = caller.dial("+15005550202", ringing_timeout=seconds(0.3), deadline=1)
    error, took = await failure(dial)
    assert error.code == "deadline_exceeded"
    assert 0.95 < took < 1 + SLACK
    assert await caller.status() == "ringing"
    await caller.remove()
    await until(caller.ended)


async def test_failure_after_ringing(caller: Caller) -> None:
    """A carrier failure may come after the ringing."""
    error, _ = await failure(caller.dial("+15005550203"))
    assert isinstance(error, SipCallError)
    assert error.sip_status_code == 503
    assert caller.record()["ring_time"] is not None


async def test_trunk_decides(caller: Caller) -> None:
    """A trunk whose host names a phone meets that phone, whatever number is dialled."""
    caller.trunk_id = caller.stack.create_trunk("busy", [CALLER_ID], "phone-06.example.com")
    error, _ = await failure(caller.dial(number(0)))
    assert isinstance(error, SipCallError)
    assert error.sip_status_code == 503
    assert caller.record()["hostname"] == "phone-06.example.com"


async def test_livekit_restart(caller: Caller) -> None:
    """A restarted livekit-server has its address and its trunks."""
    url = caller.stack.url
    caller.stack.restart_livekit()
    assert caller.stack.url == url
    await caller.dial(number(10))
