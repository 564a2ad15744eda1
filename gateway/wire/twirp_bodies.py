"""Twirp's two encodings of messages."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

MAX_CAUSE = 300


class UndecodableError(Exception):
    """The body is no such message; the text says what is wrong with it, as far as is known."""


class Decode(Protocol):
    """Fills the message. Raises UndecodableError."""

    def __call__(self, body: bytes, message: Message, *, whole: bool = False) -> None:
        """`whole`: a field that is not known is refused where it has a name, not passed over."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How messages stand in bodies."""

    content_type: str
    name: str
    decode: Decode
    encode: Callable[[Message], bytes]

    @property
    def wire(self) -> str:
        """As logs, metrics and audit records name it."""
        return f"twirp+{self.name}"


def _from_protobuf(body: bytes, message: Message, *, whole: bool = False) -> None:
    del whole  # what is not known has only a number here, which nobody can misspell
    try:
        message.ParseFromString(body)
    except DecodeError:
        raise UndecodableError from None


def _from_json(body: bytes, message: Message, *, whole: bool = False) -> None:
    try:
        fields = _first_value(body.decode())
        _check_shape(fields, message.DESCRIPTOR, whole=whole)
        json_format.ParseDict(fields, message, ignore_unknown_fields=True)
    except (ValueError, json_format.Error) as wrong:
        raise UndecodableError(str(wrong)[:MAX_CAUSE]) from None
    except RecursionError:
        raise UndecodableError("the body is nested too deeply") from None


def _first_value(text: str) -> Any:
    """What Go reads, which leaves what stands behind it. Raises ValueError."""
    value, _ = _DECODER.raw_decode(text.lstrip(" \t\r\n"))
    if "\\ud" in text.lower():
        # Half a surrogate pair is no text; json_format may even fail over it.
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _check_shape(value: Any, message: Any, path: str = "", *, whole: bool) -> None:
    """Raises ValueError where json_format would drop something that somebody has meant.

    That is a field under both of its names, a text or a list in place of a message, and the
    name of an enum value that is none. `path`: where the message stands.
    """
    if message.full_name.startswith("google.protobuf."):
        return
    if not isinstance(value, dict):
        raise ValueError(f"{path or message.name} must be a JSON object")  # noqa: TRY004
    inside = f"{path}." if path else ""
    found = [(_field(message, name), name, inner) for name, inner in value.items()]
    unknown = [name for field, name, _ in found if not field]
    if whole and unknown:
        raise ValueError(f"{inside}{unknown[0]} is no field of {message.name}")
    known = [(field, inner) for field, _, inner in found if field]
    if len({field.number for field, _ in known}) != len(known):
        raise ValueError(f"{path or message.name}: a field is given under both of its names")
    for field, inner in known:
        if field.enum_type is not None:
            for at, each in _values(field, inner, inside):
                _check_name(each, field.enum_type, at)
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for at, each in _values(field, inner, inside):
                _check_shape(each, field.message_type, at, whole=whole)


def _check_name(value: Any, enum: Any, path: str) -> None:
    """An enum value stands by its name or its number; a name that is none is a mistake."""
    if isinstance(value, str) and value not in enum.values_by_name:
        raise ValueError(f"{path}: {value} is no {enum.name}")


def _field(message: Any, name: str) -> Any:
    by_name, by_camelcase = message.fields_by_name, message.fields_by_camelcase_name
    return by_name.get(name) or by_camelcase.get(name)


def _values(field: Any, value: Any, inside: str) -> list[tuple[str, Any]]:
    """What stands in a field, one by one, each with its path."""
    path = f"{inside}{field.name}"
    if field.is_repeated and isinstance(value, list):
        return [(f"{path}[{at}]", each) for at, each in enumerate(value) if each is not None]
    return [] if value is None else [(path, value)]


def _to_json(message: Message) -> bytes:
    return json_format.MessageToJson(
        message,
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
        indent=None,
        ensure_ascii=False,
    ).encode()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field is given twice")
    return fields


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refuse)

PROTOBUF = Encoding(
    content_type="application/protobuf",
    name="protobuf",
    decode=_from_protobuf,
    encode=lambda message: message.SerializeToString(),
)
JSON = Encoding(
    content_type="application/json",
    name="json",
    decode=_from_json,
    encode=_to_json,
)
ENCODINGS: Mapping[str, Encoding] = {each.content_type: each for each in (PROTOBUF, JSON)}
