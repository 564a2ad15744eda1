"""Callers that ring in."""

import pytest
from livekit.protocol import models

from tests.stack.caller import Caller
from tests.stands.phones import ANSWERS, CALLER, HOTLINE, tel
from tests.stands.waiting import eventually

pytestmark = pytest.mark.livekit


def ring_in(caller: Caller, answer_after: float = 0.2) -> str:
    asked = {"from": CALLER, "to": HOTLINE, "trunk_id": "ST_in"}
    return caller.stack.ring_in(caller.room, "phone", answer_after=answer_after, **asked)


async def test_a_caller_rings_and_is_answered(caller: Caller) -> None:
    """The participant is of kind SIP, with the rule, the trunk and both numbers."""
    sip_call_id = ring_in(caller)
    participant = await caller.participant()
    assert participant is not None
    assert participant.kind == models.ParticipantInfo.Kind.SIP
    said = participant.attributes
    assert said["sip.callID"] == sip_call_id
    assert (said["sip.ruleID"], said["sip.trunkID"]) == ("SDR_rule", "ST_in")
    assert (said["sip.phoneNumber"], said["sip.trunkPhoneNumber"]) == (
        CALLER,
        HOTLINE,
    )
    await caller.until("active")


async def test_a_caller_hangs_up(caller: Caller) -> None:
    """One that hangs up leaves the room, answered or not."""
    for answer_after in (0.1, -1):
        sip_call_id = ring_in(caller, answer_after)
        await caller.until("active" if answer_after > 0 else "ringing")
        caller.stack.hang_up_phone(sip_call_id)
        await eventually(caller.gone)
    assert [call["end"] for call in caller.records()] == ["remote", "remote"]


async def test_a_caller_is_transferred(caller: Caller) -> None:
    """An answered caller obeys a REFER, and leaves when it is done."""
    ring_in(caller)
    await caller.until("active")
    await caller.transfer(tel(ANSWERS))
    await eventually(caller.gone)
    (refer,) = caller.record()["refers"]
    assert (refer["to"], refer["outcome"]) == (tel(ANSWERS), "completed")


@pytest.mark.parametrize(("answer_after", "end"), [(-1, "rejected"), (0.1, "bye")])
async def test_a_caller_is_removed(caller: Caller, answer_after: float, end: str) -> None:
    """One that is removed is rejected while it rings, and gets BYE after the answer."""
    ring_in(caller, answer_after)
    await caller.until("active" if answer_after > 0 else "ringing")
    await caller.remove()
    await eventually(caller.ended)
    record = caller.record()
    assert (record["end"], record["end_cause"]) == (end, "participant_removed")
