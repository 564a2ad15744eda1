"""LiveKit's SIP requests → the domain's requests."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TypeVar

from google.protobuf.message import Message
from livekit.protocol.sip import (
    CreateSIPParticipantRequest,
    ListSIPOutboundTrunkRequest,
    SIPHeaderOptions,
    SIPMediaEncryption,
    TransferSIPParticipantRequest,
)

from gateway.domain.calls.call import Codec, IncludeHeaders, LegOptions, MediaEncryption
from gateway.domain.calls.requests import CallRef, PlaceCall, TransferCall
from gateway.domain.numbers.internal import is_internal
from gateway.domain.tenant import TrunkNumber
from gateway.domain.together import Together, passed
from gateway.errors import FieldViolation, GatewayError, Reason, invalid_field
from gateway.service.api.livekit.sip import ListOutboundTrunks
from gateway.wire.fields_v1 import span_of
from gateway.wire.livekit.fields import CREATE_FIELDS, TRANSFER_FIELDS, refuse

_INCLUDE_HEADERS: Mapping[int, IncludeHeaders] = {
    SIPHeaderOptions.SIP_NO_HEADERS: IncludeHeaders.NONE,
    SIPHeaderOptions.SIP_X_HEADERS: IncludeHeaders.X_HEADERS,
    SIPHeaderOptions.SIP_ALL_HEADERS: IncludeHeaders.ALL,
}
_ENCRYPTION: Mapping[int, MediaEncryption] = {
    SIPMediaEncryption.SIP_MEDIA_ENCRYPT_DISABLE: MediaEncryption.DISABLED,
    SIPMediaEncryption.SIP_MEDIA_ENCRYPT_ALLOW: MediaEncryption.ALLOWED,
    SIPMediaEncryption.SIP_MEDIA_ENCRYPT_REQUIRE: MediaEncryption.REQUIRED,
}
V = TypeVar("V")


def create_participant(message: CreateSIPParticipantRequest) -> PlaceCall:
    """CreateSIPParticipantRequest; `trunk_id` may still be LiveKit's."""
    with Together() as check:
        check(refuse, message, CREATE_FIELDS)
        check(_required, "sip_call_to", message.sip_call_to, "missing sip callee number")
        check(_required, "room_name", message.room_name, "missing room name")
        leg = check(_leg, message)
        ringing_timeout = check(_span, message, "ringing_timeout")
        max_duration = check(_span, message, "max_call_duration")
    return PlaceCall(
        to=message.sip_call_to,
        caller_id=message.sip_number,
        room=message.room_name,
        identity=message.participant_identity or _identity_of(message.sip_call_to),
        leg=passed(leg),
        ringing_timeout=ringing_timeout,
        max_duration=max_duration,
        wait_until_answered=message.wait_until_answered,
        trunk_id=message.sip_trunk_id,
    )


def _identity_of(callee: str) -> str:
    """As LiveKit names a leg; any other callee is refused for itself."""
    number = callee.isascii() and callee.removeprefix("+").isdecimal()
    return f"sip_{callee}" if number or is_internal(callee) else ""


def _leg(message: CreateSIPParticipantRequest) -> LegOptions:
    media = message.media
    with Together() as check:
        include_headers = check(
            _known, "include_headers", _INCLUDE_HEADERS, message.include_headers
        )
        encryption = check(_encryption, message)
        media_timeout = check(_span, media, "media_timeout", field="media.media_timeout")
    return LegOptions(
        participant_name=message.participant_name,
        participant_metadata=message.participant_metadata,
        participant_attributes=dict(message.participant_attributes),
        digits=message.dtmf,
        play_dialtone=message.play_dialtone or message.play_ringtone,
        headers=dict(message.headers),
        include_headers=passed(include_headers),
        krisp_enabled=message.krisp_enabled,
        media_encryption=passed(encryption),
        codecs=tuple(Codec(codec.name, codec.rate) for codec in media.codecs),
        only_listed_codecs=media.only_listed_codecs,
        media_timeout=media_timeout,
        hide_phone_number=message.hide_phone_number,
        display_name=message.display_name if message.HasField("display_name") else None,
    )


def _encryption(message: CreateSIPParticipantRequest) -> MediaEncryption:
    """The new field where it is set, else the old one."""
    if message.media.HasField("encryption"):
        return _known("media.encryption", _ENCRYPTION, message.media.encryption)
    return _known("media_encryption", _ENCRYPTION, message.media_encryption)


def transfer_participant(message: TransferSIPParticipantRequest) -> TransferCall:
    """TransferSIPParticipantRequest; LiveKit answers it at its outcome."""
    with Together() as check:
        check(refuse, message, TRANSFER_FIELDS)
        check(_required, "room_name", message.room_name, "twirp error unknown: Missing room name")
        check(
            _required,
            "participant_identity",
            message.participant_identity,
            "twirp error unknown: Missing participant identity",
        )
        check(_required, "transfer_to", message.transfer_to, "missing transfer to")
        ringing_timeout = check(_span, message, "ringing_timeout")
    return TransferCall(
        call=CallRef(room=message.room_name, identity=message.participant_identity),
        to=_target(message.transfer_to),
        ringing_timeout=ringing_timeout,
        play_dialtone=message.play_dialtone,
        headers=dict(message.headers),
        wait_until_settled=True,
    )


def _target(value: str) -> str:
    """LiveKit also takes URIs in angle brackets."""
    return value[1:-1] if value.startswith("<") and value.endswith(">") else value


def list_outbound_trunks(message: ListSIPOutboundTrunkRequest) -> ListOutboundTrunks:
    """ListSIPOutboundTrunkRequest."""
    if message.page.limit < 0:
        raise invalid_field("page.limit", "must not be negative")
    return ListOutboundTrunks(
        trunk_ids=tuple(message.trunk_ids),
        numbers=tuple(TrunkNumber(number) for number in message.numbers),
        paged=message.HasField("page"),
        after_id=message.page.after_id,
        limit=message.page.limit,
    )


def _span(message: Message, name: str, *, field: str = "") -> timedelta | None:
    """A Duration; zero counts as unset, as with LiveKit."""
    return span_of(message, name, field=field) or None


def _known(name: str, values: Mapping[int, V], number: int) -> V:
    if number not in values:
        raise invalid_field(name, "is not a value that this gateway knows", value=str(number))
    return values[number]


def _required(name: str, value: str, missing: str) -> None:
    """Raises INVALID_FIELD in LiveKit's own words."""
    if not value:
        raise GatewayError(
            Reason.INVALID_FIELD,
            missing,
            {"field": name},
            violations=(FieldViolation(name, missing),),
        )
