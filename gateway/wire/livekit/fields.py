"""Every field of the requests at the LiveKit door, and how it is handled.

A field that a newer livekit-protocol adds is in none of these tables and fails a test, so that
a decision is made instead of silently dropping it.
"""

from collections.abc import Mapping
from enum import StrEnum

from google.protobuf.message import Message

from gateway.domain.together import Together
from gateway.errors import invalid_field


class FieldRule(StrEnum):
    """What the gateway does with a field."""

    DECIDED = "the gateway's rules decide what is made of it"
    PASSED = "reaches the leg as it is, once its form was checked"
    REFUSED = "a request that sets it is refused"


_DECIDED, _PASSED, _REFUSED = FieldRule.DECIDED, FieldRule.PASSED, FieldRule.REFUSED

Fields = Mapping[str, tuple[FieldRule, str]]

CREATE_FIELDS: Fields = {
    "sip_trunk_id": (_DECIDED, "empty: routing chooses; else one of the tenant's trunks"),
    "trunk": (_REFUSED, "calls go out on configured trunks only"),
    "sip_request_uri": (_REFUSED, "would bypass routing"),
    "sip_to_header": (_REFUSED, "would show another callee than was dialled"),
    "sip_from_header": (_REFUSED, "would bypass the check of the caller ID"),
    "sip_call_to": (_DECIDED, "the number to ring, by the tenant's routes"),
    "to_user_override": (_REFUSED, "would bypass routing"),
    "sip_number": (_DECIDED, "the caller ID, if the trunk may show it"),
    "room_name": (_DECIDED, "one of the tenant's rooms"),
    "participant_identity": (_DECIDED, "refused while another call has it in the room"),
    "participant_name": (_PASSED, "the caller's wish"),
    "participant_metadata": (_PASSED, "the caller's wish"),
    "participant_attributes": (_PASSED, "without sip., lk. and gateway.; gateway.callId is added"),
    "dtmf": (_PASSED, "digits after the answer"),
    "play_ringtone": (_PASSED, "the old name of play_dialtone"),
    "play_dialtone": (_PASSED, "the caller's wish"),
    "hide_phone_number": (_PASSED, "the caller's wish"),
    "headers": (_DECIDED, "only those that the tenant may send, besides the trunk's"),
    "include_headers": (_PASSED, "the caller's wish"),
    "ringing_timeout": (_DECIDED, "zero is unset; within the tenant's limits"),
    "max_call_duration": (_DECIDED, "zero is unset; counted from the answer"),
    "krisp_enabled": (_PASSED, "the caller's wish"),
    "media_encryption": (_PASSED, "the old place of media.encryption"),
    "media": (_PASSED, "see MEDIA_FIELDS"),
    "wait_until_answered": (_DECIDED, "whether the reply waits; the gateway always does"),
    "display_name": (_PASSED, "unset and empty differ: empty hides the number's name"),
    "destination": (_REFUSED, "regions belong to LiveKit Cloud"),
}

MEDIA_FIELDS: Fields = {
    "only_listed_codecs": (_PASSED, "the caller's wish"),
    "codecs": (_PASSED, "see CODEC_FIELDS"),
    "encryption": (_PASSED, "the caller's wish"),
    "media_timeout": (_PASSED, "zero is unset"),
}

CODEC_FIELDS: Fields = {
    "name": (_PASSED, "an SDP encoding name"),
    "rate": (_PASSED, "its clock rate"),
}

TRANSFER_FIELDS: Fields = {
    "participant_identity": (_DECIDED, "with room_name: an open call of the tenant"),
    "room_name": (_DECIDED, "the room that the token is for"),
    "transfer_to": (_DECIDED, "E.164, tel: or sip: at the tenant's hosts; the trunk's form"),
    "play_dialtone": (_PASSED, "the caller's wish"),
    "headers": (_DECIDED, "only those that the tenant may send"),
    "ringing_timeout": (_DECIDED, "zero is unset; within the tenant's limits"),
}

LIST_OUTBOUND_FIELDS: Fields = {
    "page": (_DECIDED, "see PAGE_FIELDS"),
    "trunk_ids": (_DECIDED, "only these of the tenant's trunks"),
    "numbers": (_DECIDED, "only trunks that show one of these"),
}

PAGE_FIELDS: Fields = {
    "after_id": (_DECIDED, "only trunks whose id comes after it"),
    "limit": (_DECIDED, "at most so many"),
}


def refuse(message: Message, fields: Fields) -> None:
    """Raises INVALID_FIELD if the request sets fields that are refused."""
    with Together() as check:
        for field, _ in message.ListFields():
            check(_check, field.name, *fields.get(field.name, (_PASSED, "")))


def _check(name: str, kind: FieldRule, why: str) -> None:
    if kind is _REFUSED:
        raise invalid_field(name, f"may not be set at this gateway: {why}")
