"""The door's errors beside those of the LiveKit behind it: what libraries read is the same."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from livekit.api import LiveKitAPI, ServerError
from livekit.protocol.sip import (
    CreateSIPParticipantRequest,
    SIPParticipantInfo,
    TransferSIPParticipantRequest,
)

from tests.livekit_door.door import ROOM, Door, failure, span
from tests.stands.patience import PATIENCE
from tests.stands.phones import (
    ANSWERS,
    BUSY,
    CARRIER_FAILS,
    DECLINES,
    NEVER_REPORTS,
    RINGS_FOR_EVER,
    UNAVAILABLE,
    UNKNOWN,
    tel,
)

pytestmark = pytest.mark.livekit
on_older = pytest.mark.parametrize("door", ["livekit"], indirect=True)
on_newer = pytest.mark.parametrize("door", ["newer"], indirect=True)

READ = ("sip_status_code", "sip_status", "error_details")


@pytest.fixture
async def beside(door: Door) -> AsyncIterator[LiveKitAPI]:
    """LiveKit itself, without the gateway."""
    stack = door.stand.stack
    assert stack is not None
    livekit = LiveKitAPI(stack.url, stack.api_key, stack.api_secret)
    yield livekit
    await livekit.aclose()


def read(error: ServerError) -> tuple[Any, ...]:
    """What LiveKit's libraries make of an error."""
    told = {name: error.metadata[name] for name in READ if name in error.metadata}
    return type(error), error.code, error.status, error.message, told


async def create(livekit: LiveKitAPI, trunk: str, **fields: Any) -> SIPParticipantInfo:
    """CreateSIPParticipant, waiting."""
    fields = {"sip_call_to": ANSWERS, "room_name": ROOM, "sip_trunk_id": trunk, **fields}
    request = CreateSIPParticipantRequest(wait_until_answered=True, **fields)
    return await livekit.sip.create_sip_participant(request, timeout=PATIENCE)


CALLS = [
    *(
        pytest.param({"sip_call_to": each}, id=each)
        for each in (BUSY, DECLINES, UNKNOWN, UNAVAILABLE)
    ),
    pytest.param({"sip_call_to": CARRIER_FAILS}, id="carrier-failure"),
    pytest.param({"sip_call_to": RINGS_FOR_EVER, "ringing_timeout": span(2)}, id="no-answer"),
    pytest.param({"sip_trunk_id": "ST_nobody"}, id="no-trunk"),
    pytest.param({"sip_call_to": ""}, id="no-number"),
    pytest.param({"room_name": ""}, id="no-room"),
]


@on_older
@pytest.mark.parametrize("fields", CALLS)
async def test_a_call_fails_alike(door: Door, beside: LiveKitAPI, fields: dict[str, Any]) -> None:
    """A call that fails reads the same from the gateway as from LiveKit, to the byte."""
    direct = await failure(create(beside, door.stand.trunk, **fields))
    through = await failure(create(door.livekit, door.stand.trunk, **fields))
    assert read(through) == read(direct)


TRANSFERS = [
    pytest.param({"transfer_to": tel(BUSY)}, id="busy"),
    pytest.param({"transfer_to": tel(DECLINES)}, id="declined"),
    pytest.param({"transfer_to": tel(NEVER_REPORTS), "ringing_timeout": span(1)}, id="silent"),
    pytest.param({"participant_identity": "nobody"}, id="nobody"),
    pytest.param({"transfer_to": ""}, id="no-target"),
    pytest.param({"room_name": ""}, id="no-room"),
    pytest.param({"participant_identity": ""}, id="no-identity"),
]


@on_older
@pytest.mark.parametrize("fields", TRANSFERS)
async def test_a_transfer_fails_alike(
    door: Door, beside: LiveKitAPI, fields: dict[str, Any]
) -> None:
    """A transfer that fails reads the same from the gateway as from LiveKit, to the byte."""
    told = []
    for livekit, identity in ((beside, "direct"), (door.livekit, "through")):
        await create(
            livekit,
            door.stand.trunk,
            participant_identity=identity,
            sip_call_to=NEVER_REPORTS if "ringing_timeout" in fields else ANSWERS,
        )
        asked = {"room_name": ROOM, "transfer_to": tel(ANSWERS), **fields}
        asked.setdefault("participant_identity", identity)
        request = TransferSIPParticipantRequest(**asked)
        asking = livekit.sip.transfer_sip_participant(request, timeout=PATIENCE)
        told.append(read(await failure(asking)))
    assert told[0] == told[1]


@on_newer
async def test_a_newer_livekits_codes_are_passed_on(door: Door, beside: LiveKitAPI) -> None:
    """Busy and unavailable phones are what the LiveKit behind the door calls them: 412, not 429."""
    for phone in (BUSY, UNAVAILABLE):
        direct = await failure(create(beside, door.stand.trunk, sip_call_to=phone))
        through = await failure(create(door.livekit, door.stand.trunk, sip_call_to=phone))
        assert (through.code, through.status) == ("failed_precondition", 412)
        assert read(through)[:3] == read(direct)[:3]
        assert read(through)[4] == read(direct)[4]
    leg = await create(door.livekit, door.stand.trunk, participant_identity="phone")
    error = await failure(door.transfer(leg, tel(BUSY)))
    assert (error.code, error.status) == ("failed_precondition", 412)
    assert error.metadata["sip_status_code"] == "486"
