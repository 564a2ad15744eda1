"""What LiveKit and the carriers behind it say is brought into range where it comes in."""

import pytest
from livekit.api import ServerError
from livekit.protocol.models import ParticipantInfo
from livekit.protocol.sip import (
    SIPParticipantInfo,
    SIPStatus,
    SIPTransferStatus,
    TransferSIPParticipantResponse,
)

from gateway.domain.calls.leg import PickedUp, Refused
from gateway.platform.livekit.replies import (
    cause_of,
    dial_failed,
    leg_told,
    picked_up,
    refer_failed,
    referred,
)

PHRASE = "Busy\r\nX: \x9b31m\u202e\u2028" + "x" * 60_000


def failed(code: str, phrase: str = PHRASE) -> ServerError:
    facts = {"sip_status_code": code, "sip_status": phrase}
    return ServerError("resource_exhausted", phrase, status=429, metadata=facts)


def is_safe(text: str, most: int = 256) -> bool:
    return text.isprintable() and len(text.encode()) <= most


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        *(("486", 486), ("100", 100), ("699", 699), ("0", 0), ("", 0), ("99", 0), ("700", 0)),
        *((str(2**31), 0), (str(2**63), 0), ("9" * 5000, 0), ("-486", 0), ("٤٨٦", 0), ("486.0", 0)),
    ],
)
def test_a_sip_status_is_in_range(code: str, kept: int) -> None:
    """Of dials and transfers; what is none counts as if there were none."""
    dialled, handed = dial_failed(failed(code)), refer_failed(failed(code))
    for reply in (dialled, handed):
        assert isinstance(reply, Refused)
        assert reply.failure.sip_status_code == kept
        assert is_safe(reply.failure.sip_status)
        assert is_safe(reply.failure.detail, 1024)


@pytest.mark.parametrize(("code", "kept"), [(603, 603), (2**31 - 1, 0), (-5, 0)])
def test_a_transfers_status_is_in_range(code: int, kept: int) -> None:
    """As LiveKit's newer answer has it."""
    response = TransferSIPParticipantResponse(
        transfer_id="t",
        status=SIPTransferStatus.STS_TRANSFER_FAILED,
        sip_status=SIPStatus(code=code, status=PHRASE),  # type: ignore[arg-type]
    )
    reply = referred(response)
    assert isinstance(reply, Refused)
    assert reply.failure.sip_status_code == kept
    assert is_safe(reply.failure.sip_status)


def test_ids_and_attributes_are_bounded() -> None:
    """Whatever a participant says of itself; a NUL in them would fail on PostgreSQL."""
    nasty = "\x00" + PHRASE
    names = ["sip.callID", "sip.callIDFull", "sip.ruleID", "sip.trunkID", "sip.phoneNumber"]
    said = dict.fromkeys([*names, "sip.trunkPhoneNumber", "gateway.callId"], nasty)
    info = ParticipantInfo(sid=nasty, identity="x", kind=ParticipantInfo.Kind.SIP, attributes=said)
    leg = leg_told(info, "room")
    assert leg is not None
    texts = [leg.ids.participant_id, leg.ids.sip_call_id, leg.ids.sip_call_id_full, leg.call_id]
    texts += [leg.rule_id, leg.livekit_trunk_id, leg.far_number, leg.own_number]
    assert all(map(is_safe, texts))
    reply = picked_up(SIPParticipantInfo(participant_id=nasty, sip_call_id=nasty))
    assert isinstance(reply, PickedUp)
    assert is_safe(reply.ids.participant_id + reply.ids.sip_call_id, 512)


@pytest.mark.parametrize("room", ["a\x00b", "r" * 3000])
def test_nobody_has_such_a_place(room: str) -> None:
    """A room that no database and no LiveKit could hold is no leg's."""
    info = ParticipantInfo(identity="x", kind=ParticipantInfo.Kind.SIP)
    assert leg_told(info, room) is None


def test_causes_for_the_log_are_bounded() -> None:
    """Errors, whoever wrote them."""
    assert is_safe(cause_of(failed("486")), 1024)
    assert is_safe(cause_of(ValueError(PHRASE)), 1024)
