"""Requests to LiveKit, field by field.

Every field of the two requests that reach a phone has its class here, so that a new one in a
newer livekit-protocol is noticed and decided upon, not overlooked.
"""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from google.protobuf.duration_pb2 import Duration
from livekit.protocol.sip import (
    CreateSIPParticipantRequest,
    SIPCodec,
    SIPHeaderOptions,
    SIPMediaConfig,
    SIPMediaEncryption,
    SIPOutboundConfig,
    SIPTransport,
    TransferSIPParticipantRequest,
)

from gateway.domain.calls.call import IncludeHeaders, LegOptions, MediaEncryption
from gateway.domain.calls.leg import CALL_ID_ATTRIBUTE, Dial, Refer
from gateway.domain.numbers import hosts
from gateway.domain.tenant import InlineTrunk, SipTransport
from gateway.platform.lifetime import lifetime


class FieldUse(StrEnum):
    """What the gateway does with a field of LiveKit's."""

    SENT = "sent as the dial or refer says"
    DECIDED = "always the gateway's own value"
    NEVER = "never sent"


_SENT, _DECIDED, _NEVER = FieldUse.SENT, FieldUse.DECIDED, FieldUse.NEVER

CREATE_FIELDS: Mapping[str, tuple[FieldUse, str]] = {
    "sip_trunk_id": (_SENT, "routing chose it; empty for an inline trunk"),
    "trunk": (_SENT, "an inline trunk, as INLINE_FIELDS say"),
    "sip_request_uri": (_NEVER, "would bypass routing"),
    "sip_to_header": (_NEVER, "would show another callee than was dialled"),
    "sip_from_header": (_NEVER, "would bypass the check of the caller ID"),
    "sip_call_to": (_SENT, "the number dialled"),
    "to_user_override": (_NEVER, "would bypass routing"),
    "sip_number": (_SENT, "the caller ID; LiveKit would pick one at random"),
    "room_name": (_SENT, "the call's room"),
    "participant_identity": (_SENT, "the call's identity; unset it would hold the number"),
    "participant_name": (_SENT, "the caller's wish"),
    "participant_metadata": (_SENT, "the caller's wish"),
    "participant_attributes": (_SENT, "the caller's, and gateway.callId"),
    "dtmf": (_SENT, "the caller's digits"),
    "play_ringtone": (_NEVER, "the old name of play_dialtone"),
    "play_dialtone": (_SENT, "the caller's wish"),
    "hide_phone_number": (_SENT, "the caller's wish"),
    "headers": (_SENT, "the trunk's and the caller's"),
    "include_headers": (_SENT, "the caller's wish"),
    "ringing_timeout": (_SENT, "what is left of the call's budget"),
    "max_call_duration": (_DECIDED, "a net below the gateway's own clock"),
    "krisp_enabled": (_SENT, "the caller's wish"),
    "media_encryption": (_SENT, "for servers that do not know media.encryption"),
    "media": (_SENT, "codecs, encryption and media timeout"),
    "wait_until_answered": (_DECIDED, "only the waiting reply carries the SIP status"),
    "display_name": (_SENT, "unset and empty differ: empty hides the number's name"),
    "destination": (_NEVER, "LiveKit Cloud only"),
}

INLINE_FIELDS: Mapping[str, tuple[FieldUse, str]] = {
    "hostname": (_SENT, "the carrier's address"),
    "destination_country": (_NEVER, "LiveKit Cloud only"),
    "transport": (_SENT, "as configured"),
    "auth_username": (_SENT, "as configured"),
    "auth_password": (_SENT, "read for this request where the configuration points at"),
    "headers_to_attributes": (_NEVER, "attributes say what the caller and the gateway say"),
    "attributes_to_headers": (_NEVER, "headers are the trunk's and the caller's"),
    "from_host": (_SENT, "as configured"),
}

TRANSFER_FIELDS: Mapping[str, tuple[FieldUse, str]] = {
    "participant_identity": (_SENT, "the call's identity"),
    "room_name": (_SENT, "the call's room"),
    "transfer_to": (_SENT, "the target's URI"),
    "play_dialtone": (_SENT, "the caller's wish"),
    "headers": (_SENT, "the caller's"),
    "ringing_timeout": (_SENT, "how long the gateway wants LiveKit to listen"),
}

_INCLUDE_HEADERS: Mapping[IncludeHeaders, SIPHeaderOptions] = {
    IncludeHeaders.NONE: SIPHeaderOptions.SIP_NO_HEADERS,
    IncludeHeaders.X_HEADERS: SIPHeaderOptions.SIP_X_HEADERS,
    IncludeHeaders.ALL: SIPHeaderOptions.SIP_ALL_HEADERS,
}

# LiveKit takes DISABLE for unset: the trunk's own setting then holds.
_ENCRYPTION: Mapping[MediaEncryption, SIPMediaEncryption] = {
    MediaEncryption.DISABLED: SIPMediaEncryption.SIP_MEDIA_ENCRYPT_DISABLE,
    MediaEncryption.ALLOWED: SIPMediaEncryption.SIP_MEDIA_ENCRYPT_ALLOW,
    MediaEncryption.REQUIRED: SIPMediaEncryption.SIP_MEDIA_ENCRYPT_REQUIRE,
}


_TRANSPORT: Mapping[SipTransport, SIPTransport] = {
    SipTransport.AUTO: SIPTransport.SIP_TRANSPORT_AUTO,
    SipTransport.UDP: SIPTransport.SIP_TRANSPORT_UDP,
    SipTransport.TCP: SIPTransport.SIP_TRANSPORT_TCP,
    SipTransport.TLS: SIPTransport.SIP_TRANSPORT_TLS,
}


def create_request(dial: Dial, password: str = "") -> CreateSIPParticipantRequest:
    """The request that rings the phone. `password`: of an inline trunk."""
    options = dial.options
    request = CreateSIPParticipantRequest(
        sip_trunk_id=dial.livekit_trunk_id,
        sip_call_to=dial.to,
        sip_number=dial.caller_id,
        room_name=dial.room,
        participant_identity=dial.identity,
        participant_name=options.participant_name,
        participant_metadata=options.participant_metadata,
        participant_attributes={
            **options.participant_attributes,
            CALL_ID_ATTRIBUTE: dial.call_id,
        },
        dtmf=options.digits,
        play_dialtone=options.play_dialtone,
        hide_phone_number=options.hide_phone_number,
        headers=dict(dial.headers),
        include_headers=_INCLUDE_HEADERS[options.include_headers],
        ringing_timeout=_duration(dial.ringing_timeout),
        max_call_duration=_duration(lifetime(dial)),
        krisp_enabled=options.krisp_enabled,
        media_encryption=_ENCRYPTION[options.media_encryption],
        media=_media(options),
        wait_until_answered=True,
    )
    if options.display_name is not None:
        request.display_name = options.display_name
    if dial.inline is not None:
        request.trunk.CopyFrom(_trunk(dial.inline, password))
    return request


def _trunk(inline: InlineTrunk, password: str) -> SIPOutboundConfig:
    return SIPOutboundConfig(
        hostname=hosts.canonical(inline.hostname),
        transport=_TRANSPORT[inline.transport],
        auth_username=inline.username,
        auth_password=password,
        from_host=hosts.canonical(inline.from_host),
    )


def transfer_request(refer: Refer) -> TransferSIPParticipantRequest:
    """The request that sends a REFER."""
    return TransferSIPParticipantRequest(
        participant_identity=refer.identity,
        room_name=refer.room,
        transfer_to=refer.target,
        play_dialtone=refer.play_dialtone,
        headers=dict(refer.headers),
        ringing_timeout=_duration(refer.ringing_timeout),
    )


def _media(options: LegOptions) -> SIPMediaConfig | None:
    """None where the caller asked for nothing, so that the trunk's own media hold."""
    media = SIPMediaConfig(
        only_listed_codecs=options.only_listed_codecs,
        codecs=[SIPCodec(name=codec.name, rate=codec.rate) for codec in options.codecs],
    )
    if options.media_encryption is not MediaEncryption.DISABLED:
        media.encryption = _ENCRYPTION[options.media_encryption]
    if options.media_timeout is not None:
        media.media_timeout.CopyFrom(_duration(options.media_timeout))
    return media if media.ByteSize() else None


def _duration(span: timedelta) -> Duration:
    """Exact to the microsecond."""
    duration = Duration()
    duration.FromTimedelta(span)
    return duration
