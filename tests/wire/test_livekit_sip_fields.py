"""Every field at the LiveKit door is classed, and the refused ones are refused."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from google.protobuf.message import Message
from livekit.protocol.models import Pagination
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
    CREATE_FIELDS,
    LIST_OUTBOUND_FIELDS,
    MEDIA_FIELDS,
    PAGE_FIELDS,
    TRANSFER_FIELDS,
    FieldRule,
    Fields,
    refuse,
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
}
REFUSED = [name for name, (kind, _) in CREATE_FIELDS.items() if kind is FieldRule.REFUSED]
WELL_KNOWN = "google.protobuf."
DIVERGENCES = Path(__file__).parent.parent.parent / "docs" / "divergences.md"


@pytest.mark.parametrize("message", TABLES, ids=lambda message: message.__name__)
def test_every_field_is_classed(message: type[Message]) -> None:
    """A field of the installed livekit-protocol stands in its table, and no other."""
    assert set(TABLES[message]) == set(message.DESCRIPTOR.fields_by_name)


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
