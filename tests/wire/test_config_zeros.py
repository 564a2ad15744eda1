"""A zero that is written is a zero: nothing takes it for unset."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration

from gateway.errors import GatewayError
from gateway.telephony.v1 import admin_pb2
from gateway.wire.config.document import check, from_document, from_yaml, to_document

MEANS_ZERO = {
    "Trunk.max_concurrent_calls": "no limit",
    "Trunk.max_calls_per_second": "no limit",
    "DestinationLimit.max_calls_per_day": "no limit",
    "DestinationLimit.max_calls_per_second": "no limit",
    "RouteTarget.priority": "the first of all",
    "NumberFormat.strip": "leaves out none",
    "TrunkOutcome.sip_status_code": "is required, and refused as 0",
}
"""Numbers whose being unset is what 0 says, so that nobody need tell one from the other."""

NUMBERS = {FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64}
NUMBERS |= {FieldDescriptor.CPPTYPE_UINT32, FieldDescriptor.CPPTYPE_UINT64}
NUMBERS |= {FieldDescriptor.CPPTYPE_FLOAT, FieldDescriptor.CPPTYPE_DOUBLE}


def messages(message: Any, seen: set[str]) -> Iterator[Any]:
    """All messages that may stand in one, and itself."""
    if message.full_name in seen or message is Duration.DESCRIPTOR:
        return
    seen.add(message.full_name)
    yield message
    for field in message.fields:
        if field.message_type is not None:
            yield from messages(field.message_type, seen)


def numbers() -> Mapping[str, FieldDescriptor]:
    """Every single number of a configuration."""
    return {
        f"{message.name}.{field.name}": field
        for message in messages(admin_pb2.Config.DESCRIPTOR, set())
        for field in message.fields
        if field.cpp_type in NUMBERS and not field.is_repeated
    }


def test_no_number_hides_its_zero() -> None:
    """Each number tells 0 from unset, unless both are the same to a reader."""
    hidden = {name for name, field in numbers().items() if not field.has_presence}
    assert hidden == set(MEANS_ZERO)


def with_trunk(health: Mapping[str, Any]) -> Mapping[str, Any]:
    trunk = {"trunk_id": "a", "livekit_trunk_id": "ST_a", "numbers": [{"number": "+4930123456"}]}
    return {"trunks": [{**trunk, "health": health}]}


def with_route(name: str, value: Any) -> Mapping[str, Any]:
    tenant = {"tenant_id": "acme", "routes": [{"route_id": "r", "block": True, name: value}]}
    return {"tenants": [tenant]}


def with_timeout(name: str) -> Mapping[str, Any]:
    return {"tenants": [{"tenant_id": "acme", "timeouts": {name: "0s"}}]}


ZEROS: list[tuple[str, Mapping[str, Any]]] = [
    ("tenants[0].routes[0].max_attempts", with_route("max_attempts", 0)),
    ("tenants[0].routes[0].ringing_timeout", with_route("ringing_timeout", "0s")),
    ("tenants[0].timeouts.ringing_timeout", with_timeout("ringing_timeout")),
    ("tenants[0].timeouts.max_ringing_timeout", with_timeout("max_ringing_timeout")),
    ("tenants[0].timeouts.max_duration", with_timeout("max_duration")),
    ("trunks[0].health.window", with_trunk({"window": "0s"})),
    ("trunks[0].health.min_calls", with_trunk({"min_calls": 0})),
    ("trunks[0].health.failure_percent", with_trunk({"failure_percent": 0})),
    ("trunks[0].health.quarantine", with_trunk({"quarantine": "0s"})),
    ("trunks[0].health.probes", with_trunk({"probes": 0})),
]
NAMES = [path.rpartition(".")[2] for path, _ in ZEROS]


@pytest.mark.parametrize(("path", "told"), ZEROS, ids=NAMES)
@pytest.mark.parametrize("form", ["JSON", "binary", "stored"])
def test_a_zero_out_of_range_is_refused(path: str, told: dict[str, Any], form: str) -> None:
    """As proto JSON, in binary, and as it comes out of the store."""
    message = json_format.ParseDict(told, admin_pb2.Config())
    if form == "binary":
        message = admin_pb2.Config.FromString(message.SerializeToString())
    elif form == "stored":
        message = from_document(to_document(message))
    with pytest.raises(GatewayError) as refused:
        check(message)
    assert path in {violation.field for violation in refused.value.violations}


@pytest.mark.parametrize(("path", "told"), ZEROS, ids=NAMES)
def test_a_zero_in_a_file_is_refused_with_its_place(path: str, told: Mapping[str, Any]) -> None:
    """Its line and column are those of the value."""
    text, name = json.dumps(told, indent=1), path.rpartition(".")[2]
    line = next(at for at, row in enumerate(text.splitlines(), 1) if name in row)
    with pytest.raises(GatewayError) as refused:
        from_yaml(text)
    fields = [violation.field for violation in refused.value.violations]
    assert any(field.startswith(f"{path} (line {line}, ") for field in fields), fields


def test_what_is_unset_stays_unset() -> None:
    """`gateway config` writes no default that nobody has written."""
    told = {
        "tenants": [{"tenant_id": "acme", "routes": [{"route_id": "r", "block": True}]}],
        **with_trunk({}),
    }
    message = from_yaml(json.dumps(told))
    again = json_format.MessageToDict(message, preserving_proto_field_name=True)
    assert again == told
    config = check(from_document(to_document(message)))
    assert config.tenants[0].routes[0].max_attempts == 3
    health = config.trunks[0].health
    assert (health.min_calls, health.failure_percent, health.probes) == (10, 50, 2)
