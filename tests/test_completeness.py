"""Nothing is left out: the proto, the domain, the tables and the tests name the same things."""

import re
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from pathlib import Path

import pytest
from google.protobuf.descriptor import EnumDescriptor, FileDescriptor, MethodDescriptor

from gateway.domain.agents.call_agent import AgentState, OnLeft, OnMissing
from gateway.domain.audit_event import AuditKind
from gateway.domain.calls.call import (
    CallState,
    Direction,
    EventType,
    IncludeHeaders,
    MediaEncryption,
    Override,
)
from gateway.domain.calls.delivery import DeliveryState
from gateway.domain.calls.observation import AnsweredBy
from gateway.domain.calls.transfer import (
    CallerHears,
    OnFailure,
    OnTimeout,
    TransferMode,
    TransferState,
)
from gateway.domain.declaring.record import InboundAction, InboundState
from gateway.domain.outcome import CarrierReason, EndReason, HangupSource
from gateway.domain.route_decision import Verdict
from gateway.domain.routing.trunk_health import Health
from gateway.domain.tenant import NumberKind, Right, SipTransport, TransferSupport
from gateway.errors import Reason
from gateway.rpc.endpoint import StreamEndpoint, UnaryEndpoint
from gateway.wire.codes import CODES
from gateway.wire.fields_v1 import prefix_of
from tests.stands.rows import rows

ROOT = Path(__file__).parent.parent
PROTO = ROOT / "proto" / "gateway" / "telephony" / "v1"

FILES: list[FileDescriptor] = [
    import_module(f"gateway.telephony.v1.{path.stem}_pb2").DESCRIPTOR
    for path in sorted(PROTO.glob("*.proto"))
]
METHODS: list[MethodDescriptor] = [
    method
    for file in FILES
    for service in file.services_by_name.values()
    for method in service.methods
]
ENUMS: dict[str, EnumDescriptor] = {
    name: enum for file in FILES for name, enum in file.enum_types_by_name.items()
}

MIRRORED: dict[str, type[Enum]] = {
    "AnsweredBy": AnsweredBy,
    "AuditKind": AuditKind,
    "CallDirection": Direction,
    "AgentState": AgentState,
    "CallerHears": CallerHears,
    "CarrierReason": CarrierReason,
    "CallEventType": EventType,
    "CallState": CallState,
    "EndReason": EndReason,
    "ErrorReason": Reason,
    "HangupSource": HangupSource,
    "InboundAction": InboundAction,
    "InboundState": InboundState,
    "IncludeHeaders": IncludeHeaders,
    "MediaEncryption": MediaEncryption,
    "NumberKind": NumberKind,
    "OnFailure": OnFailure,
    "OnLeft": OnLeft,
    "OnMissing": OnMissing,
    "OnTimeout": OnTimeout,
    "Override": Override,
    "Right": Right,
    "SipTransport": SipTransport,
    "TransferMode": TransferMode,
    "TransferState": TransferState,
    "TrunkHealthState": Health,
    "TrunkTransferMode": TransferSupport,
    "TrunkVerdict": Verdict,
    "WebhookDeliveryState": DeliveryState,
}
"""Each enum of the proto and the domain's."""

UNMIRRORED = {"Weekday"}
"""The domain counts ISO weekdays, 1 to 7, as the proto does."""

SAID_OTHERWISE = {"NumberKind": {"NONE"}}
"""What the proto has a word for and the domain says by an empty set."""

SAID_BY_UNSPECIFIED = {
    "InboundAction": "NONE",
    "IncludeHeaders": "NONE",
    "MediaEncryption": "DISABLED",
}
"""What the domain has a word for and the proto says by leaving the field unset."""


def full_name(method: MethodDescriptor) -> str:
    return f"{method.containing_service.full_name}/{method.name}"


def test_every_proto_file_is_generated() -> None:
    """Each proto file has its module, and the walk below finds services and enums."""
    assert len(FILES) == len(list(PROTO.glob("*.proto"))) > 0
    assert METHODS
    assert ENUMS


def test_every_rpc_has_one_row() -> None:
    """The engines serve exactly the RPCs of the proto, each once."""
    served = [f"{row.service}/{row.name}" for row in rows()]
    assert sorted(served) == sorted(full_name(method) for method in METHODS)


@pytest.mark.parametrize("method", METHODS, ids=full_name)
def test_a_row_fits_its_rpc(method: MethodDescriptor) -> None:
    """A row has its RPC's own messages, and streams where the RPC streams."""
    (row,) = (row for row in rows() if f"{row.service}/{row.name}" == full_name(method))
    assert row.request.DESCRIPTOR is method.input_type
    assert row.response.DESCRIPTOR is method.output_type
    assert isinstance(row, StreamEndpoint if method.server_streaming else UnaryEndpoint)
    assert not method.client_streaming


@pytest.mark.parametrize("method", METHODS, ids=full_name)
def test_every_rpc_has_a_behaviour_test(method: MethodDescriptor) -> None:
    """Some test of tests/behaviour names the RPC."""
    named = re.compile(rf"\b{method.name}\b")
    tests = (ROOT / "tests" / "behaviour").glob("test_*.py")
    assert any(named.search(path.read_text()) for path in tests)


def test_every_reason_has_a_code() -> None:
    """The table of codes has a row for each reason, and for nothing else."""
    assert set(CODES) == set(Reason)


def test_every_enum_is_mirrored() -> None:
    """A new enum of the proto is put into the table above."""
    assert set(ENUMS) == set(MIRRORED) | UNMIRRORED


@pytest.mark.parametrize("name", MIRRORED)
def test_an_enum_names_the_same_things(name: str) -> None:
    """Proto and domain have the same words, and the proto's zero is UNSPECIFIED."""
    enum = ENUMS[name]
    prefix = prefix_of(enum)
    words = [value.name.removeprefix(prefix) for value in enum.values if value.number]
    assert enum.values_by_number[0].name == f"{prefix}UNSPECIFIED"
    assert all(value.name.startswith(prefix) for value in enum.values)
    told = {value.name for value in MIRRORED[name]} - {SAID_BY_UNSPECIFIED.get(name)}
    assert set(words) - SAID_OTHERWISE.get(name, set()) == told


@pytest.mark.parametrize("name", MIRRORED)
def test_a_value_is_called_what_it_is(name: str) -> None:
    """Where the domain's value is a text, it is its name: logs and records say the same words."""
    for value in MIRRORED[name]:
        assert value.value == value.name or isinstance(value.value, int)


def commented_values(text: str) -> Iterator[tuple[str, str]]:
    """Each value of a proto enum with the comment above it."""
    comment: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("//"):
            comment.append(stripped.removeprefix("//").strip())
        elif found := re.match(r"(ERROR_REASON_\w+) = \d+;", stripped):
            yield found[1], " ".join(comment)
            comment = []
        else:
            comment = []


COMMENTS = dict(commented_values((PROTO / "errors.proto").read_text()))


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_explained(reason: Reason) -> None:
    """The comment begins with the gRPC code, and has an example with the reason's own name."""
    comment = COMMENTS[f"ERROR_REASON_{reason.value}"]
    assert comment.startswith(f"{CODES[reason].grpc.name}. ")
    assert f'Example: {{reason: "{reason.value}"' in comment
