"""The requests that reach a phone, field by field."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from google.protobuf.message import Message
from livekit.protocol.sip import (
    CreateSIPParticipantRequest,
    SIPHeaderOptions,
    SIPMediaEncryption,
    SIPOutboundConfig,
    SIPTransport,
    TransferSIPParticipantRequest,
)

from gateway.domain.calls.call import Codec, IncludeHeaders, LegOptions, MediaEncryption
from gateway.domain.calls.leg import Dial, Refer
from gateway.domain.tenant import InlineTrunk, SipTransport
from gateway.platform.livekit.requests import (
    CREATE_FIELDS,
    INLINE_FIELDS,
    TRANSFER_FIELDS,
    FieldUse,
    create_request,
    transfer_request,
)
from tests.stands.phones import ANSWERS, OWN, tel

INLINE = InlineTrunk(
    hostname="sip.carrier.example:5061",
    transport=SipTransport.TLS,
    username="acme",
    password_from="env:CARRIER_PASSWORD",
    from_host="acme.example",
)
DIAL = Dial(
    call_id="call_1",
    livekit_trunk_id="ST_1",
    inline=INLINE,
    to=ANSWERS,
    caller_id=OWN,
    room="room",
    identity="callee",
    ringing_timeout=timedelta(seconds=2, microseconds=250_001),
    max_duration=timedelta(hours=1),
    headers={"X-Order": "7"},
    options=LegOptions(
        participant_name="Callee",
        participant_metadata="{}",
        participant_attributes={"order": "7"},
        digits="w1",
        play_dialtone=True,
        include_headers=IncludeHeaders.X_HEADERS,
        krisp_enabled=True,
        media_encryption=MediaEncryption.REQUIRED,
        codecs=(Codec("PCMU", 8000),),
        only_listed_codecs=True,
        media_timeout=timedelta(seconds=90),
        hide_phone_number=True,
        display_name="Shop",
    ),
)
PLAIN_DIAL = Dial(
    call_id="call_1",
    livekit_trunk_id="ST_1",
    to=ANSWERS,
    caller_id=OWN,
    room="room",
    identity="callee",
    ringing_timeout=timedelta(seconds=30),
    max_duration=timedelta(hours=23, minutes=59),
)
REFER = Refer(
    room="room",
    identity="callee",
    target=tel(ANSWERS),
    ringing_timeout=timedelta(milliseconds=63_500),
    play_dialtone=True,
    headers={"X-Order": "7"},
)

Fields = Mapping[str, tuple[FieldUse, str]]

CLASSED = [
    pytest.param(CreateSIPParticipantRequest, CREATE_FIELDS, id="create"),
    pytest.param(SIPOutboundConfig, INLINE_FIELDS, id="inline"),
    pytest.param(TransferSIPParticipantRequest, TRANSFER_FIELDS, id="transfer"),
]


@pytest.mark.parametrize(("kind", "fields"), CLASSED)
def test_every_field_of_livekits_is_classed(kind: type[Message], fields: Fields) -> None:
    """A field that livekit-protocol knows and the gateway has not decided upon fails this."""
    assert set(fields) == {field.name for field in kind.DESCRIPTOR.fields}
    assert all(why for _, why in fields.values())


FULL = [
    pytest.param(create_request(DIAL), CREATE_FIELDS, id="create"),
    pytest.param(create_request(DIAL, "open sesame").trunk, INLINE_FIELDS, id="inline"),
    pytest.param(transfer_request(REFER), TRANSFER_FIELDS, id="transfer"),
]


@pytest.mark.parametrize(("sent", "fields"), FULL)
def test_the_classes_are_true(sent: Message, fields: Fields) -> None:
    """A request that uses everything sets each field that is sent or decided, and no other."""
    never = {name for name, (kind, _) in fields.items() if kind is FieldUse.NEVER}
    assert {field.name for field, _ in sent.ListFields()} == set(fields) - never


def test_a_dial_reaches_livekit_as_it_is() -> None:
    """Everything that a dial says stands in the request."""
    request = create_request(DIAL)
    assert (request.sip_trunk_id, request.sip_call_to) == ("ST_1", ANSWERS)
    assert (request.sip_number, request.dtmf) == (OWN, "w1")
    assert (request.room_name, request.participant_identity) == ("room", "callee")
    assert dict(request.participant_attributes) == {"order": "7", "gateway.callId": "call_1"}
    assert dict(request.headers) == {"X-Order": "7"}
    assert request.include_headers == SIPHeaderOptions.SIP_X_HEADERS
    assert request.media_encryption == SIPMediaEncryption.SIP_MEDIA_ENCRYPT_REQUIRE
    assert request.media.encryption == SIPMediaEncryption.SIP_MEDIA_ENCRYPT_REQUIRE
    assert request.media.media_timeout.ToTimedelta() == timedelta(seconds=90)
    assert [(codec.name, codec.rate) for codec in request.media.codecs] == [("PCMU", 8000)]


def test_fractions_of_a_second_are_kept() -> None:
    """Spans reach LiveKit to the microsecond."""
    assert create_request(DIAL).ringing_timeout.ToTimedelta() == DIAL.ringing_timeout
    assert transfer_request(REFER).ringing_timeout.ToTimedelta() == REFER.ringing_timeout


def test_livekits_limit_lies_beyond_the_gateways() -> None:
    """LiveKit counts from the join: it is given the ringing and a minute on top, at most a day."""
    beyond = create_request(DIAL).max_call_duration.ToTimedelta()
    assert beyond == DIAL.max_duration + DIAL.ringing_timeout + timedelta(seconds=60)
    assert create_request(PLAIN_DIAL).max_call_duration.ToTimedelta() == timedelta(hours=24)


def test_what_is_not_asked_for_is_left_to_the_trunk() -> None:
    """A plain dial sends no media, no display name, and no encryption of its own."""
    request = create_request(PLAIN_DIAL)
    assert not request.HasField("media")
    assert not request.HasField("display_name")
    assert request.media_encryption == SIPMediaEncryption.SIP_MEDIA_ENCRYPT_DISABLE


def test_the_callers_attributes_do_not_rename_the_call() -> None:
    """`gateway.callId` is always the call's own."""
    forged = LegOptions(participant_attributes={"gateway.callId": "call_2"})
    request = create_request(replace(PLAIN_DIAL, options=forged))
    assert request.participant_attributes["gateway.callId"] == "call_1"


def test_an_inline_trunk_reaches_livekit() -> None:
    """Address, credentials and caller ID stand in the request, and no id of a stored trunk."""
    request = create_request(replace(PLAIN_DIAL, livekit_trunk_id="", inline=INLINE), "open sesame")
    assert request.trunk == SIPOutboundConfig(
        hostname="sip.carrier.example:5061",
        transport=SIPTransport.SIP_TRANSPORT_TLS,
        auth_username="acme",
        auth_password="open sesame",
        from_host="acme.example",
    )
    assert (request.sip_trunk_id, request.sip_number) == ("", PLAIN_DIAL.caller_id)


def test_an_inline_trunks_hosts_are_sent_as_they_are_judged() -> None:
    """In their canonical form, however the configuration writes them."""
    inline = replace(INLINE, hostname="SIP.Carrier.Example.:5061", from_host="[2001:DB8:0::1]")
    request = create_request(replace(PLAIN_DIAL, livekit_trunk_id="", inline=inline), "x")
    assert request.trunk.hostname == "sip.carrier.example:5061"
    assert request.trunk.from_host == "[2001:db8::1]"


def test_a_stored_trunk_sends_no_other() -> None:
    """A dial on a trunk that LiveKit has stored says nothing of carriers."""
    assert not create_request(PLAIN_DIAL).HasField("trunk")
