"""Every list, map and text of every request has a limit, kept before anything loops over it."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from livekit.protocol.sip import CreateSIPParticipantRequest

from gateway.errors import GatewayError, Reason
from gateway.rpc import field_limits as limits
from gateway.rpc.endpoint import Endpoint
from gateway.rpc.field_limits import LIMITS, Limit
from gateway.rpc.sizes import OWN_PACKAGE, check_sizes
from gateway.telephony.v1 import admin_pb2, calls_pb2, webhooks_pb2
from tests.stands.phones import ANSWERS
from tests.stands.rows import livekit_rows, rows
from tests.wire.messages import is_map, is_nested

TEXTS = {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES}
ROWS = [*rows(), *livekit_rows()]


def method(row: Endpoint) -> str:
    return row.method


def descriptor(message: type[Message]) -> Any:
    """Of the message's type."""
    return message.DESCRIPTOR


def name_of(message: Any) -> str:
    """As the table has it."""
    name: str = message.full_name
    return name.removeprefix(OWN_PACKAGE)


def measured_paths(
    message: Descriptor, within: tuple[FieldDescriptor, ...] = ()
) -> Iterator[tuple[FieldDescriptor, ...]]:
    """The way to every field that holds a text or more than one value, at any depth."""
    for field in message.fields:
        way = (*within, field)
        if field.is_repeated or field.type in TEXTS:
            yield way
        if is_nested(field):
            inner: Any = field.message_type
            yield from measured_paths(inner, way)


PATHS = [(row, way) for row in ROWS for way in measured_paths(descriptor(row.request))]


def path_id(value: Any) -> str:
    return method(value) if isinstance(value, Endpoint) else ".".join(f.name for f in value)


@pytest.mark.parametrize(("row", "way"), PATHS, ids=path_id)
def test_every_field_has_a_limit_that_is_kept(
    row: Endpoint, way: tuple[FieldDescriptor, ...]
) -> None:
    """One more than its limit is INVALID_FIELD with the field's name and the limit."""
    field, limit = way[-1], limit_of(way[-1])
    for beyond, maximum in too_much(field, limit):
        message = row.request()
        put(inside(message, way[:-1]), field, beyond)
        with pytest.raises(GatewayError) as refused:
            row.decode(message)
        assert refused.value.reason is Reason.INVALID_FIELD
        assert refused.value.metadata["maximum"] == str(maximum)
        told = refused.value.metadata["field"]
        assert [step.partition("[")[0] for step in told.split(".")] == [f.name for f in way]


@pytest.mark.parametrize(("row", "way"), PATHS, ids=path_id)
def test_a_limit_may_be_reached(row: Endpoint, way: tuple[FieldDescriptor, ...]) -> None:
    """What is just as long as it may be is not refused for its length."""
    field, limit = way[-1], limit_of(way[-1])
    message = row.request()
    put(inside(message, way[:-1]), field, just_enough(field, limit))
    check_sizes(message)


def limit_of(field: FieldDescriptor) -> Limit:
    """What the table has of it; fails where it has nothing."""
    owner: Any = field.containing_type
    return LIMITS[name_of(owner)][field.name]


def inside(message: Any, way: tuple[FieldDescriptor, ...]) -> Any:
    """The message in which the way ends, made as it is gone."""
    for field in way:
        inner = getattr(message, field.name)
        message = inner.add() if field.is_repeated else inner
        message.SetInParent()
    return message


def put(message: Any, field: FieldDescriptor, value: Any) -> None:
    if is_map(field):
        getattr(message, field.name).update(value)
    elif field.is_repeated and field.message_type:
        for _ in range(value):
            getattr(message, field.name).add()
    elif field.is_repeated:
        getattr(message, field.name).extend(value)
    else:
        setattr(message, field.name, value)


def too_much(field: FieldDescriptor, limit: Limit) -> Iterator[tuple[Any, int]]:
    """Values that are each too much in one way, with the limit that is passed."""
    entries = limit.entries + 1
    if is_map(field):
        yield {str(at): "" for at in range(entries)}, limit.entries
        yield {"k" * (limit.key_bytes + 1): ""}, limit.key_bytes
        yield {"k": "ä" * (limit.bytes // 2) + "xx"}, limit.bytes
    elif not field.is_repeated:
        yield "ä" * (limit.bytes // 2) + "xx", limit.bytes
    elif field.message_type:
        yield entries, limit.entries
    elif field.type in TEXTS:
        yield [""] * entries, limit.entries
        yield ["x" * (limit.bytes + 1)], limit.bytes
    else:
        yield [1] * entries, limit.entries


def just_enough(field: FieldDescriptor, limit: Limit) -> Any:
    if is_map(field):
        return {str(at): "x" for at in range(limit.entries - 1)} | {
            "k" * limit.key_bytes: "ä" * (limit.bytes // 2)
        }
    if not field.is_repeated:
        return "ä" * (limit.bytes // 2)
    if field.message_type:
        return limit.entries
    return (["x" * limit.bytes] if field.type in TEXTS else [1]) * limit.entries


def test_the_table_names_only_fields_that_there_are() -> None:
    """A field that was dropped or renamed is not in the table any more."""
    there = {(name_of(way[-1].containing_type), way[-1].name) for _, way in PATHS}
    assert {(name, field) for name, held in LIMITS.items() for field in held} == there


DEAD = webhooks_pb2.WEBHOOK_DELIVERY_STATE_DEAD
KNOWN = [
    ("media.codecs", calls_pb2.PlaceCallRequest(media={"codecs": [{}] * 240_000})),
    ("states", calls_pb2.ListCallsRequest(states=[calls_pb2.CALL_STATE_ENDED] * 1_000_000)),
    ("rights", admin_pb2.CreateApiKeyRequest(rights=[admin_pb2.RIGHT_CALL] * 1_000_000)),
    ("states", webhooks_pb2.ListWebhookDeliveriesRequest(states=[DEAD] * 1_000_000)),
    ("sequences", webhooks_pb2.ReplayWebhookDeliveriesRequest(sequences=[1] * 1_000_000)),
    ("remove_labels", calls_pb2.UpdateCallRequest(remove_labels=["x"] * 300_000)),
    ("labels[k]", calls_pb2.PlaceCallRequest(labels={"k": "x" * 1_000_000})),
    ("labels", calls_pb2.PlaceCallRequest(labels={str(at): "" for at in range(100_000)})),
    ("key", admin_pb2.RevokeApiKeyRequest(key="x" * 20_000)),
    ("config.tenants", admin_pb2.ApplyConfigRequest(config={"tenants": [{}] * 300_000})),
    ("media.codecs", CreateSIPParticipantRequest(media={"codecs": [{}] * 240_000})),
]


@pytest.mark.parametrize(("field", "message"), KNOWN, ids=[field for field, _ in KNOWN])
def test_the_huge_is_refused_without_being_gone_through(field: str, message: Message) -> None:
    """What used to take seconds is refused within some milliseconds."""
    begun = time.thread_time()
    with pytest.raises(GatewayError) as refused:
        check_sizes(message)
    took = time.thread_time() - begun
    assert refused.value.metadata["field"] == field
    assert took < 0.05


def test_lists_are_limited_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many lists that are short enough one by one are too many together."""
    monkeypatch.setattr("gateway.rpc.sizes.MAX_ENTRIES_IN_ALL", 100)
    config = admin_pb2.Config(tenants=[{"rooms": ["x"] * 30} for _ in range(4)])
    with pytest.raises(GatewayError) as refused:
        check_sizes(config)
    assert refused.value.metadata == {"field": "tenants[3].rooms", "maximum": "100"}


def test_a_big_configuration_is_not_too_big() -> None:
    """A thousand tenants, ten thousand trunks and 500,000 prefixes in all are taken."""
    assert limits.MAX_PREFIXES >= 500_000
    prefixes = [f"+{number}" for number in range(500)]
    route = {"route_id": "r", "match": {"prefixes": prefixes}, "targets": [{"trunk_id": "t"}]}
    config = admin_pb2.Config(
        tenants=[{"tenant_id": f"t{at}", "routes": [route]} for at in range(1000)],
        trunks=[{"trunk_id": f"t{at}", "numbers": [{"number": "+1"}]} for at in range(10_000)],
    )
    check_sizes(admin_pb2.ApplyConfigRequest(config=config))


def test_an_ordinary_request_costs_next_to_nothing() -> None:
    """A request with every usual field is looked through in some microseconds."""
    message = calls_pb2.PlaceCallRequest(
        to=ANSWERS, room="acme-1", labels={"order": "1"}, headers={"X-A": "b"}
    )
    check_sizes(message)
    begun = time.thread_time()
    for _ in range(1000):
        check_sizes(message)
    assert (time.thread_time() - begun) / 1000 < 0.001


def test_unknown_fields_are_dropped() -> None:
    """Whoever waits does not keep what nobody reads."""
    unknown = b"\xfa\x3f\xff\xff\x3f" + b"x" * 0xFFFFF
    message = calls_pb2.WatchCallsRequest.FromString(unknown)
    assert message.ByteSize() > 1_000_000
    check_sizes(message)
    assert message.ByteSize() == 0
