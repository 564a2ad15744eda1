"""What phones behind a real LiveKit see of the gateway's requests."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from gateway.domain.calls.call import LegOptions
from gateway.domain.calls.leg import NoReply, PickedUp, Refused
from gateway.domain.calls.observation import LegStatus
from gateway.domain.outcome import Cause, Failure
from gateway.platform.livekit import platform as livekit_platform
from gateway.platform.livekit.platform import LiveKitPlatform
from gateway.ports import PlatformError
from tests.platform.stand import CALLER_ID, Stand, seconds
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.phones import ANSWERS, NEVER_REPORTS, REFUSES_TRANSFERS, RINGS_FOR_EVER, tel
from tests.stands.waiting import eventually

pytestmark = pytest.mark.livekit


@pytest_asyncio.fixture
async def stand(livekit_stack: LiveKitStack, livekit_trunk: str) -> AsyncIterator[Stand]:
    """The real LiveKit with a room of this test's own."""
    stack = livekit_stack
    stand = Stand(LiveKitPlatform(stack.url, stack.api_key, stack.api_secret), livekit_trunk)
    yield stand
    await stand.platform.end_room(stand.room)
    await stand.platform.close()


def seen_by_phones(stack: LiveKitStack, stand: Stand) -> list[dict[str, Any]]:
    return [call for call in stack.calls() if call["room"] == stand.room]


async def test_the_phone_sees_what_the_dial_says(livekit_stack: LiveKitStack, stand: Stand) -> None:
    """Caller ID, trunk, headers, display name, digits and attributes arrive at the phone."""
    options = LegOptions(participant_attributes={"order": "7"}, digits="1", display_name="Shop")
    dial = stand.call(REFUSES_TRANSFERS, options=options, headers={"X-Order": "7"})
    assert isinstance(await stand.platform.dial(dial), PickedUp)
    (call,) = seen_by_phones(livekit_stack, stand)
    assert (call["to"], call["from"], call["trunk_id"]) == (
        REFUSES_TRANSFERS,
        CALLER_ID,
        stand.trunk_id,
    )
    assert (call["headers"], call["display_name"], call["dtmf"]) == ({"X-Order": "7"}, "Shop", "1")
    assert call["attributes"]["order"] == "7"
    assert call["attributes"]["gateway.callId"] == dial.call_id


async def test_one_dial_is_one_ring(livekit_stack: LiveKitStack, stand: Stand) -> None:
    """A dial that ends at its ringing timeout has rung one phone once, and cancelled it."""
    await stand.platform.dial(stand.call(RINGS_FOR_EVER, ringing_timeout=seconds(0.5)))

    async def over() -> bool:
        return all(call["end"] for call in seen_by_phones(livekit_stack, stand))

    await eventually(over)
    (call,) = seen_by_phones(livekit_stack, stand)
    assert (call["end"], call["end_cause"]) == ("cancel", "ringing_timeout")


async def test_hanging_up_is_cancel_or_bye(livekit_stack: LiveKitStack, stand: Stand) -> None:
    """A ringing phone gets CANCEL and an answered one BYE."""
    await stand.answered(REFUSES_TRANSFERS, identity="answered")
    async with stand.dialing(stand.call(RINGS_FOR_EVER, identity="ringing")):
        await stand.until(LegStatus.RINGING, "ringing")
        await stand.platform.hang_up(stand.room, "ringing")
        await stand.platform.hang_up(stand.room, "answered")

    async def over() -> bool:
        return all(call["end"] for call in seen_by_phones(livekit_stack, stand))

    await eventually(over)
    calls = seen_by_phones(livekit_stack, stand)
    assert {call["identity"]: call["end"] for call in calls} == {
        "answered": "bye",
        "ringing": "cancel",
    }


async def test_one_transfer_is_one_refer(livekit_stack: LiveKitStack, stand: Stand) -> None:
    """A transfer that LiveKit stopped listening to was sent once, with its headers."""
    await stand.answered(NEVER_REPORTS)
    refer = stand.transfer(tel(ANSWERS), ringing_timeout=seconds(2), headers={"X-Order": "7"})
    assert isinstance(await stand.platform.refer(refer), NoReply)
    (call,) = seen_by_phones(livekit_stack, stand)
    (sent,) = call["refers"]
    assert (sent["to"], sent["headers"]) == (tel(ANSWERS), {"X-Order": "7"})


async def test_a_full_node_is_told_as_such(livekit_stack: LiveKitStack, stand: Stand) -> None:
    """LiveKit's text that no INVITE has left reaches the domain, and nothing was dialled."""
    reply = await stand.platform.dial(stand.call(ANSWERS, to="+15005550200"))
    assert isinstance(reply, Refused)
    assert reply.failure == Failure(cause=Cause.PLATFORM_FULL, detail="cpu exhausted")
    assert seen_by_phones(livekit_stack, stand) == []


async def test_an_unknown_trunk_is_told_as_such(stand: Stand) -> None:
    """A trunk that LiveKit does not know fails without a SIP status."""
    reply = await stand.platform.dial(stand.call(ANSWERS, livekit_trunk_id="ST_nobody"))
    assert isinstance(reply, Refused)
    assert (reply.failure.cause, reply.failure.sip_status_code) == (Cause.NO_SUCH_TRUNK, 0)


async def test_a_wrong_secret_is_told_as_such(livekit_stack: LiveKitStack, stand: Stand) -> None:
    """With a key that LiveKit does not take nothing is dialled, and the check says so."""
    wrong = "a wrong secret of sufficient length"
    platform = LiveKitPlatform(livekit_stack.url, livekit_stack.api_key, wrong)
    reply = await platform.dial(stand.call(ANSWERS))
    assert isinstance(reply, Refused)
    assert reply.failure.cause is Cause.KEY_REFUSED
    with pytest.raises(PlatformError, match="HTTP 401"):
        await platform.check()
    await platform.close()


async def test_a_node_that_rings_on_is_not_taken_for_done(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A SIP node that misses LiveKit's limit leaves the dial open, and its leg can be hung up."""
    monkeypatch.setattr(livekit_platform, "DIAL_SLACK", seconds(0.5))
    dial = stand.call(ANSWERS, to="+15005550202", ringing_timeout=seconds(0.5))
    assert isinstance(await stand.platform.dial(dial), NoReply)
    await stand.until(LegStatus.RINGING)
    await stand.platform.hang_up(stand.room, "callee")
    await eventually(stand.gone)
