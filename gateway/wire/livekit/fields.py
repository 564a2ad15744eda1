"""Every field of the requests at the LiveKit door, and how it is handled.

A field that a newer livekit-protocol adds is in none of these tables and fails a test, so that
a decision is made instead of silently dropping it.
"""

from collections.abc import Mapping
from enum import StrEnum

from google.protobuf.message import Message
from livekit.protocol.agent_dispatch import AgentDispatch

from gateway.domain.together import Together
from gateway.errors import invalid_field


class FieldRule(StrEnum):
    """What the gateway does with a field."""

    DECIDED = "the gateway's rules decide what is made of it"
    PASSED = "reaches the leg as it is, once its form was checked"
    REFUSED = "a request that sets it is refused"
    WITHHELD = "LiveKit's answer has it, and the gateway's does not"


_DECIDED, _PASSED, _REFUSED = FieldRule.DECIDED, FieldRule.PASSED, FieldRule.REFUSED
_WITHHELD = FieldRule.WITHHELD

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

DELETE_ROOM_FIELDS: Fields = {"room": (_DECIDED, "one of the tenant's rooms")}

LIST_ROOMS_FIELDS: Fields = {"names": (_DECIDED, "only the tenant's rooms")}

LIST_PARTICIPANTS_FIELDS: Fields = {"room": (_DECIDED, "the room that the token is for")}

PARTICIPANT_FIELDS: Fields = {
    "room": (_DECIDED, "the room that the token is for"),
    "identity": (_DECIDED, "nobody of another tenant's calls"),
    "revoke_token_ts": (_PASSED, "for RemoveParticipant of who is no call"),
}

CREATE_DISPATCH_FIELDS: Fields = {
    "agent_name": (_DECIDED, "one of the tenant's agents"),
    "room": (_DECIDED, "the room that the token is for"),
    "metadata": (_PASSED, "the caller's wish"),
    "restart_policy": (_PASSED, "the caller's wish"),
    "deployment": (_PASSED, "the caller's wish"),
    "attributes": (_PASSED, "without sip., lk. and gateway."),
}

DISPATCH_FIELDS: Fields = {
    "dispatch_id": (_DECIDED, "none of another tenant's calls"),
    "room": (_DECIDED, "the room that the token is for"),
}

ROOM_TOLD: Fields = {
    **dict.fromkeys(
        (
            *("sid", "name", "empty_timeout", "departure_timeout", "max_participants"),
            *("creation_time", "creation_time_ms", "enabled_codecs", "metadata"),
            *("num_participants", "num_publishers", "active_recording", "version"),
        ),
        (_PASSED, "as LiveKit tells it"),
    ),
    "turn_password": (_WITHHELD, "a secret between LiveKit and who joins the room"),
}

PARTICIPANT_TOLD: Fields = dict.fromkeys(
    (
        *("sid", "identity", "state", "tracks", "metadata", "joined_at", "joined_at_ms", "name"),
        *("version", "permission", "region", "is_publisher", "kind", "attributes"),
        *("disconnect_reason", "kind_details", "data_tracks", "client_protocol", "capabilities"),
    ),
    (_PASSED, "as LiveKit tells it"),
)


DISPATCH_TOLD: Fields = dict.fromkeys(
    (
        *("id", "agent_name", "room", "metadata", "state", "restart_policy", "deployment"),
        "attributes",
    ),
    (_PASSED, "as LiveKit tells it"),
)

DISPATCH_STATE_TOLD: Fields = dict.fromkeys(
    ("jobs", "created_at", "deleted_at"), (_PASSED, "as LiveKit tells it")
)

JOB_TOLD: Fields = {
    **dict.fromkeys(
        (
            *("id", "dispatch_id", "type", "room", "namespace", "metadata", "agent_name", "state"),
            *("enable_recording", "deployment", "attributes", "enable_redaction"),
        ),
        (_PASSED, "as LiveKit tells it"),
    ),
    "participant": (_WITHHELD, "may be a phone of another tenant's call; ListParticipants tells"),
}

JOB_STATE_TOLD: Fields = dict.fromkeys(
    (
        *("status", "error", "started_at", "ended_at", "updated_at", "participant_identity"),
        *("worker_id", "agent_id", "reason"),
    ),
    (_PASSED, "as LiveKit tells it"),
)


def withhold(message: Message, fields: Fields) -> None:
    """Takes from an answer what is not told; also what a newer LiveKit tells and nobody classed."""
    message.DiscardUnknownFields()
    for field, _ in message.ListFields():
        if fields.get(field.name, (_WITHHELD, ""))[0] is _WITHHELD:
            message.ClearField(field.name)


def withhold_of_dispatch(dispatch: AgentDispatch) -> None:
    """The same of a dispatch, and of the jobs in it."""
    withhold(dispatch, DISPATCH_TOLD)
    if dispatch.HasField("state"):
        withhold(dispatch.state, DISPATCH_STATE_TOLD)
    for job in dispatch.state.jobs:
        withhold(job, JOB_TOLD)
        if job.HasField("room"):
            withhold(job.room, ROOM_TOLD)
        if job.HasField("state"):
            withhold(job.state, JOB_STATE_TOLD)


def refuse(message: Message, fields: Fields) -> None:
    """Raises INVALID_FIELD if the request sets fields that are refused."""
    with Together() as check:
        for field, _ in message.ListFields():
            check(_check, field.name, *fields.get(field.name, (_PASSED, "")))


def _check(name: str, kind: FieldRule, why: str) -> None:
    if kind is _REFUSED:
        raise invalid_field(name, f"may not be set at this gateway: {why}")
