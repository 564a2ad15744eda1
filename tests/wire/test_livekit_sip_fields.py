"""Every field at the LiveKit door is classed, and the refused ones are refused."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from google.protobuf.message import Message
from livekit.protocol.agent import Job, JobState
from livekit.protocol.agent_dispatch import (
    AgentDispatch,
    AgentDispatchState,
    CreateAgentDispatchRequest,
    DeleteAgentDispatchRequest,
    ListAgentDispatchRequest,
)
from livekit.protocol.models import Pagination, ParticipantInfo, Room
from livekit.protocol.room import (
    DeleteRoomRequest,
    ListParticipantsRequest,
    ListRoomsRequest,
    RoomParticipantIdentity,
)
from livekit.protocol.sip import (
    CreateSIPParticipantRequest,
    ListSIPOutboundTrunkRequest,
    SIPCodec,
    SIPMediaConfig,
    TransferSIPParticipantRequest,
)

from gateway.errors import GatewayError
from gateway.wire.livekit.fields import (
    CODEC_FIELDS,
    CREATE_DISPATCH_FIELDS,
    CREATE_FIELDS,
    DELETE_ROOM_FIELDS,
    DISPATCH_FIELDS,
    DISPATCH_STATE_TOLD,
    DISPATCH_TOLD,
    JOB_STATE_TOLD,
    JOB_TOLD,
    LIST_OUTBOUND_FIELDS,
    LIST_PARTICIPANTS_FIELDS,
    LIST_ROOMS_FIELDS,
    MEDIA_FIELDS,
    PAGE_FIELDS,
    PARTICIPANT_FIELDS,
    PARTICIPANT_TOLD,
    ROOM_TOLD,
    TRANSFER_FIELDS,
    FieldRule,
    Fields,
    refuse,
    withhold,
    withhold_of_dispatch,
)
from gateway.wire.livekit.requests import create_participant
from tests.stands.phones import ANSWERS

TABLES: Mapping[type[Message], Fields] = {
    CreateSIPParticipantRequest: CREATE_FIELDS,
    SIPMediaConfig: MEDIA_FIELDS,
    SIPCodec: CODEC_FIELDS,
    TransferSIPParticipantRequest: TRANSFER_FIELDS,
    ListSIPOutboundTrunkRequest: LIST_OUTBOUND_FIELDS,
    Pagination: PAGE_FIELDS,
    DeleteRoomRequest: DELETE_ROOM_FIELDS,
    ListRoomsRequest: LIST_ROOMS_FIELDS,
    ListParticipantsRequest: LIST_PARTICIPANTS_FIELDS,
    RoomParticipantIdentity: PARTICIPANT_FIELDS,
    CreateAgentDispatchRequest: CREATE_DISPATCH_FIELDS,
    ListAgentDispatchRequest: DISPATCH_FIELDS,
    DeleteAgentDispatchRequest: DISPATCH_FIELDS,
}
ANSWERS_TOLD: Mapping[type[Message], Fields] = {
    Room: ROOM_TOLD,
    ParticipantInfo: PARTICIPANT_TOLD,
    AgentDispatch: DISPATCH_TOLD,
    AgentDispatchState: DISPATCH_STATE_TOLD,
    Job: JOB_TOLD,
    JobState: JOB_STATE_TOLD,
}
"""What LiveKit answers, as far as the gateway passes it on."""
REFUSED = [name for name, (kind, _) in CREATE_FIELDS.items() if kind is FieldRule.REFUSED]
WELL_KNOWN = "google.protobuf."
DIVERGENCES = Path(__file__).parent.parent.parent / "docs" / "divergences.md"


@pytest.mark.parametrize("message", TABLES, ids=lambda message: message.__name__)
def test_every_field_is_classed(message: type[Message]) -> None:
    """A field of the installed livekit-protocol stands in its table, and no other."""
    assert set(TABLES[message]) == set(message.DESCRIPTOR.fields_by_name)


@pytest.mark.parametrize("message", ANSWERS_TOLD, ids=lambda message: message.__name__)
def test_every_field_of_an_answer_is_classed(message: type[Message]) -> None:
    """A field that LiveKit answers is passed on or withheld, and a new one is decided upon."""
    fields = ANSWERS_TOLD[message]
    assert set(fields) == set(message.DESCRIPTOR.fields_by_name)
    assert {kind for kind, _ in fields.values()} <= {FieldRule.PASSED, FieldRule.WITHHELD}


def test_what_is_withheld_is_not_told() -> None:
    """A secret of a room's is taken from the answer, and so is what this library cannot name."""
    room = Room.FromString(Room(name="acme-1", turn_password="secret").SerializeToString() + NEWER)
    withhold(room, ROOM_TOLD)
    assert room.SerializeToString() == Room(name="acme-1").SerializeToString()


def test_a_dispatch_tells_no_secret_of_its_room() -> None:
    """Nor who the job is for: that may be somebody of another tenant's."""
    room, phone = Room(name="acme-1", turn_password="secret"), ParticipantInfo(identity="phone")
    state = AgentDispatchState(jobs=[Job(id="AJ_1", room=room, participant=phone)])
    dispatch = AgentDispatch.FromString(
        AgentDispatch(id="AD_1", state=state).SerializeToString() + NEWER
    )
    withhold_of_dispatch(dispatch)
    jobs = [Job(id="AJ_1", room=Room(name="acme-1"))]
    assert dispatch == AgentDispatch(id="AD_1", state=AgentDispatchState(jobs=jobs))


NEWER = b"\xfa\x3f\x01x"
"""Field 1023 of a LiveKit to come, with the text `x`."""


def test_every_message_within_is_classed() -> None:
    """A message inside a request has a table of its own, unless it is refused as a whole."""
    classed = {message.DESCRIPTOR.full_name for message in TABLES}
    for message, fields in TABLES.items():
        for field in message.DESCRIPTOR.fields:
            inner = field.message_type
            if inner is None or inner.GetOptions().map_entry:
                continue
            told = inner.full_name in classed or inner.full_name.startswith(WELL_KNOWN)
            assert told or fields[field.name][0] is FieldRule.REFUSED, field.full_name


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_field_is_named(name: str) -> None:
    """A request that sets a refused field is INVALID_FIELD with its name and the reason why."""
    message = CreateSIPParticipantRequest(sip_call_to=ANSWERS, room_name="acme-1")
    field = CreateSIPParticipantRequest.DESCRIPTOR.fields_by_name[name]
    if field.message_type:
        getattr(message, name).SetInParent()
    else:
        setattr(message, name, "x")
    with pytest.raises(GatewayError) as refused:
        create_participant(message)
    assert refused.value.metadata["field"] == name
    assert CREATE_FIELDS[name][1] in refused.value.message


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_field_is_documented(name: str) -> None:
    """Each refused field stands in docs/divergences.md."""
    assert f"`{name}`" in DIVERGENCES.read_text()


def test_what_goes_round_the_rules_is_refused() -> None:
    """Inline trunks, other URIs and headers, and regions are refused; nothing else is."""
    assert set(REFUSED) == {
        "trunk",
        "sip_request_uri",
        "sip_to_header",
        "sip_from_header",
        "to_user_override",
        "destination",
    }
    for message, fields in TABLES.items():
        refuse(message(), fields)
