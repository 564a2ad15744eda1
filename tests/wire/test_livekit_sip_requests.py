"""LiveKit's requests mean what LiveKit takes them for."""

from datetime import timedelta

import pytest
from google.protobuf.duration_pb2 import Duration
from livekit.protocol.sip import (
    CreateSIPParticipantRequest,
    ListSIPOutboundTrunkRequest,
    SIPCodec,
    SIPHeaderOptions,
    SIPMediaConfig,
    SIPMediaEncryption,
    TransferSIPParticipantRequest,
)

from gateway.domain.calls.call import Codec, IncludeHeaders, LegOptions, MediaEncryption
from gateway.domain.calls.requests import CallRef, PlaceCall, TransferCall
from gateway.errors import GatewayError
from gateway.wire.livekit.requests import (
    create_participant,
    list_outbound_trunks,
    transfer_participant,
)
from tests.stands.phones import ANSWERS, OWN, tel

TO = ANSWERS
ALLOW, REQUIRE = (
    SIPMediaEncryption.SIP_MEDIA_ENCRYPT_ALLOW,
    SIPMediaEncryption.SIP_MEDIA_ENCRYPT_REQUIRE,
)


LEG = LegOptions(
    participant_name="Bob",
    participant_metadata="m",
    participant_attributes={"a": "1"},
    digits="w1",
    play_dialtone=True,
    headers={"X-A": "1"},
    include_headers=IncludeHeaders.X_HEADERS,
    krisp_enabled=True,
    media_encryption=MediaEncryption.REQUIRED,
    codecs=(Codec("PCMU", 8000),),
    only_listed_codecs=True,
    media_timeout=timedelta(seconds=5),
    hide_phone_number=True,
    display_name="",
)


def create(**fields: object) -> PlaceCall:
    """What a request with these fields asks for."""
    given: dict[str, object] = {"sip_call_to": TO, "room_name": "acme-1", **fields}
    return create_participant(CreateSIPParticipantRequest(**given))  # type: ignore[arg-type]


def transfer(**fields: object) -> TransferCall:
    """What a transfer with these fields asks for."""
    given: dict[str, object] = {
        "room_name": "acme-1",
        "participant_identity": "callee",
        "transfer_to": TO,
        **fields,
    }
    return transfer_participant(TransferSIPParticipantRequest(**given))  # type: ignore[arg-type]


def test_every_field_of_a_create() -> None:
    """Each field that is not refused arrives where our own request has it."""
    asked = create(
        sip_trunk_id="acme-main",
        sip_number=OWN,
        participant_identity="callee",
        participant_name="Bob",
        participant_metadata="m",
        participant_attributes={"a": "1"},
        dtmf="w1",
        play_dialtone=True,
        hide_phone_number=True,
        headers={"X-A": "1"},
        include_headers=SIPHeaderOptions.SIP_X_HEADERS,
        ringing_timeout=Duration(seconds=20, nanos=500_000_000),
        max_call_duration=Duration(seconds=60),
        krisp_enabled=True,
        media=SIPMediaConfig(
            only_listed_codecs=True,
            codecs=[SIPCodec(name="PCMU", rate=8000)],
            encryption=REQUIRE,
            media_timeout=Duration(seconds=5),
        ),
        wait_until_answered=True,
        display_name="",
    )
    assert asked == PlaceCall(
        to=TO,
        caller_id=OWN,
        room="acme-1",
        identity="callee",
        leg=LEG,
        ringing_timeout=timedelta(seconds=20.5),
        max_duration=timedelta(seconds=60),
        wait_until_answered=True,
        trunk_id="acme-main",
    )


def test_a_create_with_nothing_said() -> None:
    """Unset fields leave everything to the gateway, and the identity is LiveKit's default."""
    expected = PlaceCall(to=TO, room="acme-1", identity=f"sip_{TO}")
    assert create() == expected
    zero = Duration()
    media = SIPMediaConfig(media_timeout=zero)
    assert create(ringing_timeout=zero, max_call_duration=zero, media=media) == expected


def test_old_names() -> None:
    """play_ringtone and media_encryption count where the new fields are unset."""
    assert create(play_ringtone=True).leg.play_dialtone
    assert create(media_encryption=ALLOW).leg.media_encryption is MediaEncryption.ALLOWED
    both = create(media_encryption=ALLOW, media=SIPMediaConfig(encryption=REQUIRE))
    assert both.leg.media_encryption is MediaEncryption.REQUIRED


def test_every_field_of_a_transfer() -> None:
    """Each field of a transfer arrives, and the reply waits for the outcome."""
    asked = transfer(
        play_dialtone=True, headers={"X-A": "1"}, ringing_timeout=Duration(nanos=700_000_000)
    )
    assert asked == TransferCall(
        call=CallRef(room="acme-1", identity="callee"),
        to=TO,
        ringing_timeout=timedelta(seconds=0.7),
        play_dialtone=True,
        headers={"X-A": "1"},
        wait_until_settled=True,
    )
    assert transfer(ringing_timeout=Duration()).ringing_timeout is None


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        (TO, TO),
        (tel(TO), tel(TO)),
        (f"<TEL:{TO}>", f"TEL:{TO}"),
        ("sip:bob@pbx.example.com", "sip:bob@pbx.example.com"),
        ("<sips:bob@pbx.example.com>", "sips:bob@pbx.example.com"),
    ],
)
def test_forms_of_targets(told: str, meant: str) -> None:
    """URIs may stand in angle brackets."""
    assert transfer(transfer_to=told).to == meant


@pytest.mark.parametrize(
    ("fields", "name", "message"),
    [
        ({"room_name": ""}, "room_name", "twirp error unknown: Missing room name"),
        (
            {"participant_identity": ""},
            "participant_identity",
            "twirp error unknown: Missing participant identity",
        ),
        ({"transfer_to": ""}, "transfer_to", "missing transfer to"),
    ],
)
def test_what_a_transfer_needs(fields: dict[str, object], name: str, message: str) -> None:
    """What is missing is told in LiveKit's words."""
    with pytest.raises(GatewayError, match=message) as refused:
        transfer(**fields)
    assert refused.value.metadata["field"] == name


def test_values_nobody_knows() -> None:
    """An enum value or page that cannot be meant is refused by its field's name."""
    for fields, name in (
        ({"include_headers": 9}, "include_headers"),
        ({"media_encryption": 9}, "media_encryption"),
        ({"media": SIPMediaConfig(encryption=9)}, "media.encryption"),  # type: ignore[arg-type]
    ):
        with pytest.raises(GatewayError) as refused:
            create(**fields)
        assert refused.value.metadata["field"] == name
    request = ListSIPOutboundTrunkRequest()
    request.page.limit = -1
    with pytest.raises(GatewayError, match=r"page\.limit"):
        list_outbound_trunks(request)
