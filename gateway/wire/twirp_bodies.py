"""Twirp's two encodings of messages."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

MAX_CAUSE = 300
LONG_BYTES = 32 * 1024
"""A message of so much is written as JSON in another thread; see `Encoding.encoded`."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much JSON may hold, however short it is: to look at each value takes time."""

    objects: int
    entries: int
    """Of one object, and of one list."""


ORDINARY = Bounds(objects=1_000, entries=10_000)
LONG = Bounds(objects=200_000, entries=500_000)
"""Of a request that is decoded in another thread."""


class UndecodableError(Exception):
    """The body is no such message; the text says what is wrong with it, as far as is known."""


class Decode(Protocol):
    """Fills the message. Raises UndecodableError."""

    def __call__(
        self, body: bytes, message: Message, *, whole: bool = False, bounds: Bounds = ORDINARY
    ) -> None:
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

    async def encoded(self, message: Message) -> bytes:
        """The body of a message; others go on while a long one is written."""
        if self is JSON and message.ByteSize() > LONG_BYTES:
            return await asyncio.to_thread(self.encode, message)
        return self.encode(message)


def _from_protobuf(
    body: bytes, message: Message, *, whole: bool = False, bounds: Bounds = ORDINARY
) -> None:
    # What is not known has only a number here, which nobody can misspell; and to read takes no
    # time, whatever the body holds.
    del whole, bounds
    try:
        message.ParseFromString(body)
    except DecodeError:
        raise UndecodableError from None


def _from_json(
    body: bytes, message: Message, *, whole: bool = False, bounds: Bounds = ORDINARY
) -> None:
    try:
        fields = _first_value(body.decode(), bounds)
        _Shape(whole, bounds.entries).check(fields, message.DESCRIPTOR)
        json_format.ParseDict(fields, message, ignore_unknown_fields=True)
    except (ValueError, json_format.Error) as wrong:
        raise UndecodableError(str(wrong)[:MAX_CAUSE]) from None
    except RecursionError:
        raise UndecodableError("the body is nested too deeply") from None


def _first_value(text: str, bounds: Bounds) -> Any:
    """What Go reads, which leaves what stands behind it. Raises ValueError."""
    objects = _Objects(bounds)
    decoder = json.JSONDecoder(object_pairs_hook=objects.take, parse_constant=_refuse)
    value, _ = decoder.raw_decode(text.lstrip(" \t\r\n"))
    if "\\ud" in text.lower():
        # Half a surrogate pair is no text; json_format may even fail over it.
        json.dumps(value, ensure_ascii=False).encode()
    return value


@dataclass(frozen=True, slots=True)
class _Shape:
    """Whether JSON would lose something that somebody has meant, where json_format reads it.

    `whole`: see Decode. `entries`: how many a list may have.
    """

    whole: bool
    entries: int

    def check(self, value: Any, message: Any, path: str = "") -> None:
        """Raises ValueError where json_format would drop something.

        That is a field under both of its names, a text or a list in place of a message, and
        the name of an enum value that is none. `path`: where the message stands.
        """
        if message.full_name.startswith("google.protobuf."):
            return
        if not isinstance(value, dict):
            raise ValueError(f"{path or message.name} must be a JSON object")  # noqa: TRY004
        inside = f"{path}." if path else ""
        found = [(_field(message, name), name, inner) for name, inner in value.items()]
        unknown = [name for field, name, _ in found if not field]
        if self.whole and unknown:
            raise ValueError(f"{inside}{unknown[0]} is no field of {message.name}")
        known = [(field, inner) for field, _, inner in found if field]
        if len({field.number for field, _ in known}) != len(known):
            raise ValueError(f"{path or message.name}: a field is given under both of its names")
        for field, inner in known:
            self._check_field(field, inner, inside)

    def _check_field(self, field: Any, value: Any, inside: str) -> None:
        path = f"{inside}{field.name}"
        if isinstance(value, list) and len(value) > self.entries:
            raise ValueError(f"{path}: must be at most {self.entries} entries")
        if field.enum_type is not None:
            for at, each in _values(field, value, path):
                _check_name(each, field.enum_type, at)
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for at, each in _values(field, value, path):
                self.check(each, field.message_type, at)


def _check_name(value: Any, enum: Any, path: str) -> None:
    """An enum value stands by its name or its number; a name that is none is a mistake."""
    if isinstance(value, str) and value not in enum.values_by_name:
        raise ValueError(f"{path}: {value} is no {enum.name}")


def _field(message: Any, name: str) -> Any:
    by_name, by_camelcase = message.fields_by_name, message.fields_by_camelcase_name
    return by_name.get(name) or by_camelcase.get(name)


def _values(field: Any, value: Any, path: str) -> list[tuple[str, Any]]:
    """What stands in a field, one by one, each with its path."""
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


class _Objects:
    """Takes the objects of one JSON text. Raises ValueError where it holds too much."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._count = 0

    def take(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """One object, with each of its fields once."""
        self._count += 1
        if self._count > self._bounds.objects or len(pairs) > self._bounds.entries:
            raise ValueError("the JSON holds too many objects or fields")
        fields = dict(pairs)
        if len(fields) != len(pairs):
            raise ValueError("a field is given twice")
        return fields


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


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
