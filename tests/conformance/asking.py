"""How cases say what they ask."""

import json
from dataclasses import replace
from typing import Any

from tests.conformance.case import Ask
from tests.conformance.exchange import Request
from tests.conformance.target import EncodingName, Rpc, Target

UNKNOWN_FIELD = 500
"""A field number that no message of a target has."""


def rpc(encoding: EncodingName = "json", **changes: Any) -> Ask:
    """The target's own request, changed so."""
    return lambda target: replace(_request(target, target.rpc, encoding), **changes)


def provoking(code: str, encoding: EncodingName) -> Ask:
    """The request that the target answers with this error."""
    return lambda target: _request(target, target.errors[code], encoding)


def at(path: str, **changes: Any) -> Ask:
    """The target's own request, sent to another path; see `filled`."""
    return lambda target: rpc(path=filled(path, target), **changes)(target)


def filled(path: str, target: Target) -> str:
    """A path with {prefix}, {service}, {method} and their variants {short} and {swapped}."""
    return path.format(
        prefix=target.prefix,
        service=target.service,
        method=target.rpc.method,
        short=target.service.rpartition(".")[2],
        swapped=target.rpc.method.swapcase(),
    )


def typed(content_type: str | None, encoding: EncodingName = "json") -> Ask:
    """The target's own request under this content type."""
    return rpc(encoding, content_type=content_type)


def saying(body: bytes, encoding: EncodingName = "json", **changes: Any) -> Ask:
    """A body of its own to the target's method."""
    return rpc(encoding, body=body, **changes)


def with_fields(**fields: Any) -> Ask:
    """The target's JSON request with these fields beside its own."""
    return lambda target: rpc(body=_json(json.loads(target.rpc.json) | fields))(target)


def in_lower_camel(target: Target) -> Request:
    """The target's JSON request with its names as JavaScript writes them."""
    fields = json.loads(target.rpc.json)
    return rpc(body=_json({lower_camel(name): fields[name] for name in fields}))(target)


def of_wrong_type(target: Target) -> Request:
    """The target's JSON request with a list of lists in place of each value."""
    return rpc(body=_json({name: [[[]]] for name in json.loads(target.rpc.json)}))(target)


def with_field_twice(target: Target) -> Request:
    """The target's JSON request with its first field written once more."""
    name, value = next(iter(json.loads(target.rpc.json).items()))
    again = f"{{{json.dumps(name)}: {json.dumps(value)}, ".encode()
    return rpc(body=again + target.rpc.json.strip()[1:])(target)


def under_both_names(target: Target) -> Request:
    """The target's JSON request with every field under its JSON name as well."""
    fields = json.loads(target.rpc.json)
    return with_fields(**{lower_camel(name): fields[name] for name in fields})(target)


def has_two_word_name(target: Target) -> bool:
    """Whether a field of the target's request has two different names."""
    return any(lower_camel(name) != name for name in json.loads(target.rpc.json))


def of_size(encoding: EncodingName, *, beyond: int, **changes: Any) -> Ask:
    """The target's request, grown by a field it does not know to its limit and `beyond`."""

    def ask(target: Target) -> Request:
        grow = _grown_json if encoding == "json" else _grown_protobuf
        body = grow(target.rpc.body(encoding), target.max_body_bytes + beyond)
        return rpc(encoding, body=body, **changes)(target)

    return ask


def lower_camel(name: str) -> str:
    """`page_size` → `pageSize`."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def varint(number: int) -> bytes:
    """As protobuf writes it."""
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def unknown_field(content: bytes) -> bytes:
    """A length-delimited protobuf field that no target knows."""
    return varint(UNKNOWN_FIELD << 3 | 2) + varint(len(content)) + content


def _request(target: Target, rpc: Rpc, encoding: EncodingName) -> Request:
    return Request(
        path=target.path(rpc.method),
        content_type=f"application/{encoding}",
        headers=target.headers if rpc.headers is None else rpc.headers,
        body=rpc.body(encoding),
    )


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _grown_json(body: bytes, size: int) -> bytes:
    fields = json.loads(body) | {"conformance_padding": ""}
    missing = size - len(_json(fields))
    return _json(fields | {"conformance_padding": "x" * missing})


def _grown_protobuf(body: bytes, size: int) -> bytes:
    content = b"x" * (size - len(body))
    while len(grown := body + unknown_field(content)) > size:
        content = content[:-1]
    return grown
