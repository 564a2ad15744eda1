"""What JSON is taken, and as what, beside Go's protojson, which Twirp's Go servers read with."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.message import Message
from livekit.protocol.sip import (
    CreateSIPParticipantRequest,
    ListSIPOutboundTrunkRequest,
    TransferSIPParticipantRequest,
)

from gateway.cli import options
from gateway.telephony.v1 import admin_pb2, calls_pb2, transfers_pb2, webhooks_pb2
from gateway.wire.scalars import duration
from gateway.wire.twirp.bodies import JSON, LONG, UndecodableError
from gateway.wire.twirp.json_fields import ReadingRules, fields_of
from tests.conformance.texts import EDGE_SPANS, SPANS, TIMES, bodies, scalars, spans

BUILD = Path(__file__).parent / "protojson" / "build.sh"
REFUSED = None
DEEP = b'{"inner": ' * 2000 + b"{}" + b"}" * 2000

Read = Callable[[type[Message], Iterable[bytes]], list[bytes | None]]


@dataclass(frozen=True)
class Difference:
    """A body, and what each makes of it: a message's bytes, or REFUSED."""

    body: bytes
    go: bytes | None
    gateway: bytes | None


@pytest.fixture(scope="module")
def go() -> Read:
    """What Go makes of each body: the message's bytes, or REFUSED."""
    built = subprocess.run([str(BUILD)], stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    assert built.returncode == 0, "the reader could not be built"

    def read(message: type[Message], texts: Iterable[bytes]) -> list[bytes | None]:
        lines = [_encoded(_files(message.DESCRIPTOR.file).SerializeToString())]
        lines += [f"{message.DESCRIPTOR.full_name} {_encoded(text)}" for text in texts]
        asked = "".join(f"{line}\n" for line in lines).encode()
        told = subprocess.run(  # noqa: S603
            [built.stdout.strip()],
            input=asked,
            stdout=subprocess.PIPE,
            stderr=sys.stderr,
            check=True,
        )
        return [_answer(line) for line in told.stdout.decode().splitlines()]

    return read


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _answer(line: str) -> bytes | None:
    word, _, rest = line.partition(" ")
    return base64.b64decode(rest) if word == "taken" else REFUSED


def _files(file: Any) -> FileDescriptorSet:
    """The file and all that it needs, what is needed first."""
    found: dict[str, Any] = {}

    def add(each: Any) -> None:
        for needed in each.dependencies:
            add(needed)
        found.setdefault(each.name, each)

    add(file)
    whole = FileDescriptorSet()
    for each in found.values():
        each.CopyToProto(whole.file.add())
    return whole


def ours(message: type[Message], body: bytes) -> bytes | None:
    """What the gateway makes of it."""
    made = message()
    try:
        JSON.decode(body, made, bounds=LONG)
    except UndecodableError:
        return REFUSED
    return made.SerializeToString(deterministic=True)


def differences(go: Read, message: type[Message], texts: Sequence[bytes]) -> list[Difference]:
    """The bodies of which the two do not make the same."""
    told = go(message, texts)
    assert len(told) == len(texts)
    both = zip(texts, told, strict=True)
    found = (Difference(text, theirs, ours(message, text)) for text, theirs in both)
    return [each for each in found if each.go != each.gateway]


def name_of_no_value(found: Difference) -> bool:
    """The name of an enum value that there is none of: Go leaves it out."""
    return b"_enum" in found.body and found.gateway is REFUSED and found.go is not REFUSED


def bits_of_nan(found: Difference) -> bool:
    """NaN is one value with many patterns of bits."""
    return b'"NaN"' in found.body and REFUSED not in (found.go, found.gateway)


def nested_deeply(found: Difference) -> bool:
    """Go goes 10,000 levels down, Python not."""
    return found.body == DEEP and found.gateway is REFUSED


REASONS: Mapping[str, Callable[[Difference], bool]] = {
    "a name that means nothing was misspelt, and is not dropped in silence": name_of_no_value,
    "the bits of NaN say nothing; no request has such a field": bits_of_nan,
    "no request needs so many levels": nested_deeply,
}
"""Why the gateway differs; docs/divergences.md tells users of the same."""


def test_every_kind_of_field_is_read_as_go_reads_it(go: Read) -> None:
    """Of some ten thousand bodies each is taken by both, with the same value, or by neither."""
    table = list(dict.fromkeys((*bodies(), DEEP)))
    found = differences(go, scalars(), table)
    without = [each for each in found if not any(holds(each) for holds in REASONS.values())]
    assert not without, without[:10]
    for why, holds in REASONS.items():
        assert any(holds(each) for each in found), f"no longer so: {why}"
    taken = sum(answer is not REFUSED for answer in go(scalars(), table))
    assert len(table) > 10 * 1000
    assert taken > 1000


REQUESTS: Mapping[type[Message], Sequence[str]] = {
    calls_pb2.PlaceCallRequest: (
        *(f'{{"ringing_timeout": {json.dumps(text)}}}' for text in (*SPANS, *EDGE_SPANS)),
        '{"max_duration": "1_0s"}',
        '{"media": {"codecs": [{"name": "PCMU", "rate": 8000.0}, {"rate": "8e3"}]}}',
        '{"media": {"codecs": [{"rate": "8_000"}]}}',
        '{"labels": {"a": "b"}, "participant": {}, "display_name": ""}',
        '{"mediaEncryption": 2, "waitUntilAnswered": 1}',
        '{"wait_until_answered": "true"}',
    ),
    calls_pb2.ListCallsRequest: (
        '{"direction": true}',
        '{"direction": 1.0}',
        '{"states": [1, 2.0, "CALL_STATE_ENDED", 77]}',
        '{"page_size": "1e1"}',
        '{"page_size": "\uff11"}',
        *(f'{{"min_create_time": {json.dumps(text)}}}' for text in TIMES),
        '{"min_create_time": "2026-1-1T0:0:0Z"}',
        '{"min_create_time": "2026-01-01T00:00:00+25:00"}',
    ),
    calls_pb2.ListCallEventsRequest: (
        '{"after_sequence": "1_0"}',
        '{"after_sequence": "9007199254740993.0"}',
        '{"after_sequence": 9007199254740993.0}',
        '{"after_sequence": 1.00000000000000000001}',
        '{"after_sequence": true}',
        '{"after_sequence": "9223372036854775808"}',
    ),
    CreateSIPParticipantRequest: (
        '{"ringing_timeout": "1.5e-1s", "sip_call_to": ANSWERS}',
        '{"media": {"encryption": true}}',
        '{"sip_request_uri": {"raw": "sip:a", "values": {}}}',
        '{"sip_request_uri": {"raw": null, "values": {"port": "5_060"}}}',
        '{"sip_request_uri": {"values": {"port": 5060e0}}}',
        '{"headers": {"X-A": 1}}',
    ),
}


@pytest.mark.parametrize("message", REQUESTS, ids=lambda message: message.DESCRIPTOR.name)
def test_requests_are_read_as_go_reads_them(go: Read, message: type[Message]) -> None:
    """The API's and LiveKit's own requests are taken and refused alike."""
    assert not differences(go, message, [text.encode() for text in REQUESTS[message]])


def test_every_request_can_be_read() -> None:
    """No request has a field of a kind that the gateway does not read."""
    files = (calls_pb2, admin_pb2, transfers_pb2, webhooks_pb2)
    services = [each for file in files for each in file.DESCRIPTOR.services_by_name.values()]
    requests = [method.input_type for service in services for method in service.methods]
    door = (CreateSIPParticipantRequest, TransferSIPParticipantRequest, ListSIPOutboundTrunkRequest)
    inside = _with_inner([*requests, *(request.DESCRIPTOR for request in door)])
    assert len(inside) > len(requests) >= 20
    for each in inside:
        assert fields_of({}, each, ReadingRules(strict=True, entries=0)) == {}


def test_the_command_line_reads_seconds_as_json_does() -> None:
    """What is taken as seconds on the command line is taken in JSON, with the same value."""
    taken = 0
    for text in (each for each in spans() if "m" not in each and "h" not in each):
        try:
            span = options.duration(text)
        except typer.BadParameter:
            continue
        taken += 1
        assert duration(text if text.endswith("s") else f"{text}s").ToTimedelta() == span, text
    assert taken > 20


def _with_inner(messages: Iterable[Any]) -> set[Any]:
    found: set[Any] = set()
    left = list(messages)
    while left:
        message = left.pop()
        if message not in found and message.file.package != "google.protobuf":
            found.add(message)
            left += [field.message_type for field in message.fields if field.message_type]
    return {each for each in found if not each.GetOptions().map_entry}
