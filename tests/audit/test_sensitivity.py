"""The protos say what is personal, and the audit log hides all of it.

Ours by `debug_redact`, LiveKit's by its own option, besides what is named here. A field that is
added is in none of these and fails, so that somebody decides.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from livekit.protocol.logger_pb import options

from gateway.audit.records import Described
from gateway.audit.redaction import Redact, describe, hidden, last4, sealed
from gateway.rpc.endpoint import Endpoint
from gateway.telephony.v1 import admin_pb2
from tests.stands.rows import livekit_rows, rows
from tests.test_completeness import FILES

_SENSITIVITY: Any = options.sensitivity
Path = tuple[FieldDescriptor, ...]
"""From a request to one of its fields."""

NUMBER, TEXT = "+15005550137", "m4rk"
_NUMBERS = {"to", "caller_id", "number", "numbers", "sip_call_to", "sip_number", "transfer_to"}

IMPERSONAL = frozenset(
    {
        *("actor", "agent_name", "allowed_addresses", "call_id", "cause", "caller_id_cause"),
        *("checkpoint", "checkpoints", "description", "destination", "dispatch_id", "event_id"),
        *("field", "hash", "hint", "human_call_id", "key", "last_error", "limit", "log_id"),
        *("message", "method", "missing_cause", "new_trunk_id", "next_attempt", "next_page_token"),
        *("not_dialed_cause", "number_hash", "outcome", "page_token", "parent_call_id"),
        *("participant_id", "place", "previous_hash", "reason", "remove_labels", "request_id"),
        *("route_cause", "route_id", "rule", "sip_call_id", "sip_call_id_full", "source"),
        *("tenant_id", "transfer_id", "trunk_id", "verifier_keys", "webhook_id"),
        # Of what a configuration makes in LiveKit.
        *("error", "inbound_error", "livekit_id"),
        # Of a configuration: what it changes stands in a record with its numbers redacted.
        *("after", "before", "path"),
        # Of a codec.
        "name",
    }
)
"""Names of our fields that say nothing of a person: ids, words of ours, and what is to be none."""

NUMBERS_OF_A_TRUNK = ("gateway.telephony.v1.TrunkSummary.numbers",)
"""The operator's own."""

NAMED_HERE = {
    *("identity", "participant_identity", "room", "room_name", "names"),
    *("dtmf", "numbers", "sip_call_to", "sip_number", "transfer_to"),
}
"""LiveKit's fields without a mark that are as personal as those of ours that have one."""
NOT_OF_A_PERSON = {
    *("after_id", "agent_name", "deployment", "dispatch_id", "name", "sip_trunk_id", "trunk_ids"),
}
REFUSED = {
    *("destination", "sip_request_uri", "sip_to_header", "sip_from_header"),
    *("to_user_override", "trunk"),
}
"""A request that sets one has no other record than its refusal."""


def is_marked(field: FieldDescriptor) -> bool:
    """Whether its proto says that it is personal or secret."""
    told: Any = field.GetOptions()
    return bool(told.debug_redact or told.Extensions[_SENSITIVITY])


def holds_text(field: FieldDescriptor) -> bool:
    """A text, or a map with texts."""
    kind = field.message_type
    if kind is None:
        return field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES)
    if kind.GetOptions().map_entry:
        return holds_text(kind.fields_by_name["value"])
    return kind.full_name == "google.protobuf.Struct"


def every_message() -> Iterator[Any]:
    """Ours, but for a configuration and what is in it."""
    left_out: set[str] = set()

    def leave_out(kind: Any) -> None:
        if kind.full_name not in left_out:
            left_out.add(kind.full_name)
            for field in kind.fields:
                if field.message_type is not None:
                    leave_out(field.message_type)

    leave_out(admin_pb2.Config.DESCRIPTOR)
    for file in FILES:
        for kind in file.message_types_by_name.values():
            if kind.full_name not in left_out:
                yield kind


def test_every_field_of_ours_is_marked_or_says_nothing_of_a_person() -> None:
    """A new text needs `[debug_redact = true]`, or a name that is known to be harmless."""
    texts = [field for kind in every_message() for field in kind.fields if holds_text(field)]
    undecided = {
        field.full_name for field in texts if not is_marked(field) and field.name not in IMPERSONAL
    }
    assert undecided == set(NUMBERS_OF_A_TRUNK)
    both = {field.name for field in texts if is_marked(field)} & IMPERSONAL
    assert both == {"name"}, "Participant.name is a person's, Codec.name is not"
    assert {field.name for field in texts} >= IMPERSONAL


def paths(kind: Any, before: Path = ()) -> Iterator[Path]:
    """Every text that a request can have, however deep."""
    for field in kind.fields:
        path = (*before, field)
        if holds_text(field):
            yield path
        elif field.message_type is not None and field.message_type not in (
            step.containing_type for step in path
        ):
            yield from paths(field.message_type, path)


def marked(row: Endpoint) -> list[Path]:
    """Those of its request that must not stand in a record."""
    found = list(paths(row.request.DESCRIPTOR))
    if not row.service.startswith("livekit."):
        return [path for path in found if is_marked(path[-1])]
    taken = [path for path in found if path[0].name not in REFUSED]
    names = {path[-1].name for path in taken if not is_marked(path[-1])}
    assert names <= NAMED_HERE | NOT_OF_A_PERSON, "decide whether they are personal"
    return [path for path in taken if is_marked(path[-1]) or path[-1].name in NAMED_HERE]


def put(message: Message, path: Path, value: str) -> None:
    """Sets one field, and nothing else."""
    field, *rest = path
    inner = getattr(message, field.name)
    if rest:
        is_list = field.is_repeated
        put(inner.add() if is_list else inner, tuple(rest), value)
    elif field.message_type is not None:
        inner["key"] = value
    elif field.is_repeated:
        inner.append(value)
    else:
        setattr(message, field.name, value)


NEEDED = {
    "sip_call_to": "+15005550100",
    "transfer_to": "tel:+15005550100",
    **dict.fromkeys(("room_name", "room", "participant_identity", "identity"), "other"),
}
"""Without these LiveKit's requests are refused before they are read."""


def recorded(row: Endpoint, path: Path, value: str, redact: Redact) -> Described:
    """What a record has of a request with only this."""
    needed = NEEDED if row.service.startswith("livekit.") else {}
    names = row.request.DESCRIPTOR.fields_by_name
    message: Any = row.request(**{name: needed[name] for name in needed if name in names})
    put(message, path, value)
    return describe(row.decode(message), redact)


ROWS = [
    row for row in [*rows(), *livekit_rows()] if row.request is not admin_pb2.ApplyConfigRequest
]
FIELDS = [(row, path) for row in ROWS for path in marked(row)]


@pytest.mark.parametrize("redact", [last4, sealed, hidden], ids=lambda one: one.__name__)
def test_what_is_marked_is_hidden(redact: Redact) -> None:
    """However a request comes, no record of it has what its proto says is personal or secret."""
    assert len(FIELDS) > 40
    left = []
    for row, path in FIELDS:
        value = NUMBER if path[-1].name in _NUMBERS else TEXT
        if value in recorded(row, path, value, redact).text:
            left.append(f"{row.method}: {'.'.join(step.name for step in path)}")
    assert left == []
