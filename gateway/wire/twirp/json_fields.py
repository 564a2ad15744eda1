"""A value of JSON → the fields of a message, as Go's protojson reads them.

This is stricter in one thing only: an unknown name of an enum value is refused, whereas Go's
servers leave the field unset.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.domain.fields import printable
from gateway.wire.scalars import (
    INT32,
    WITHIN,
    double,
    duration,
    quoted_double,
    timestamp,
    whole_number,
)


@dataclass(frozen=True, slots=True)
class WrittenNumber:
    """A number as it was written: a float would lose digits and its form."""

    text: str


class Repeating(dict[str, Any]):
    """An object in which names occur more than once."""

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.twice = {
            name for name, times in Counter(name for name, _ in pairs).items() if times > 1
        }


@dataclass(frozen=True, slots=True)
class ReadingRules:
    """How a value is read."""

    strict: bool
    """An unknown field name is refused, not ignored."""
    entries: int
    """How many a list may have."""


Scalar = Callable[[Any], Any]
"""The value of a field for one of JSON. Raises ValueError with what it must be."""
Read = Callable[[Any, str, ReadingRules], Any]
"""The same with the path of the field, which the error begins with."""


def fields_of(value: Any, message: Any, reading: ReadingRules, path: str = "") -> dict[str, Any]:
    """The arguments of the message's constructor. Raises ValueError with a path and the mistake.

    `message`: its descriptor. `path`: where it stands.
    """
    return _reader(message).read(value, path, reading)


@cache
def _reader(message: Descriptor) -> "_Message":
    return _Message(message)


class _Message:
    """Reads one kind of message. Raises TypeError for a kind of field that no request has."""

    def __init__(self, message: Descriptor) -> None:
        self._name = message.name
        fields = [_Field(field) for field in message.fields]
        by_name = {field.name: field for field in fields}
        self._fields = {**by_name, **{field.json_name: field for field in fields}}

    def read(self, value: Any, path: str, reading: ReadingRules) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError(f"{path or self._name} must be a JSON object")  # noqa: TRY004
        inside = f"{path}." if path else ""
        twice = _twice(value)
        read: dict[str, Any] = {}
        seen: set[str] = set()
        for name, inner in value.items():
            field = self._fields.get(name)
            if field is None:
                if reading.strict:
                    raise ValueError(f"{inside}{name} is not a field of {self._name}")
                continue
            if field.name in seen or name in twice:
                raise ValueError(f"{inside}{field.name} is given twice")
            seen.add(field.name)
            if inner is None:
                continue
            if field.oneof in seen:
                raise ValueError(
                    f"{inside}{field.name} is given together with another field of its oneof"
                )
            if field.oneof:
                seen.add(field.oneof)
            read[field.name] = field.read(inner, f"{inside}{field.name}", reading)
        return read


class _Field:
    """Reads one field; null is not its own to read."""

    def __init__(self, field: FieldDescriptor) -> None:
        self.name: str = field.name
        self.json_name: str = field.json_name
        choice = field.containing_oneof
        self.oneof = f"oneof {choice.name}" if choice and len(choice.fields) > 1 else ""
        self.read = _read_of(field)


def _read_of(field: FieldDescriptor) -> Read:
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        key, value = message.fields
        if key.type != key.TYPE_STRING:
            raise TypeError(f"{field.full_name}: only strings are read as keys")
        return partial(_map, _one_of(value))
    return partial(_list, _one_of(field)) if field.is_repeated else _one_of(field)


def _one_of(field: FieldDescriptor) -> Read:
    """How one value is read, whatever it stands in."""
    if field.enum_type is not None:
        return partial(_told, partial(_enum, field.enum_type))
    message = field.message_type
    if message is None:
        return partial(_told, _SCALARS[field.type])
    if message in _TEXTS:
        return partial(_told, _TEXTS[message])
    if message.full_name.startswith("google.protobuf."):
        raise TypeError(f"{field.full_name}: {message.full_name} is not read")
    return lambda value, path, reading: fields_of(value, message, reading, path)


def _told(scalar: Scalar, value: Any, path: str, _reading: ReadingRules) -> Any:
    try:
        return scalar(value)
    except ValueError as wrong:
        raise ValueError(f"{path}: {wrong}") from None


def _list(one: Read, value: Any, path: str, reading: ReadingRules) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{path}: must be a list")  # noqa: TRY004
    if len(value) > reading.entries:
        raise ValueError(f"{path}: must be at most {reading.entries} entries")
    return [one(each, f"{path}[{at}]", reading) for at, each in enumerate(value)]


def _map(one: Read, value: Any, path: str, reading: ReadingRules) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{path}: must be a JSON object")  # noqa: TRY004
    if _twice(value):
        raise ValueError(f"{path}: a key is given twice")
    return {key: one(each, f"{path}[{key}]", reading) for key, each in value.items()}


def _twice(value: dict[str, Any]) -> Collection[str]:
    return value.twice if isinstance(value, Repeating) else ()


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("must be a string")


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("must be true or false")


def _whole(within: range, value: Any) -> int:
    if isinstance(value, (str, WrittenNumber)):
        return whole_number(value if isinstance(value, str) else value.text, within)
    raise ValueError("must be a whole number")


def _double(value: Any) -> float:
    if isinstance(value, WrittenNumber):
        return double(value.text)
    return quoted_double(_text(value))


def _enum(enum: EnumDescriptor, value: Any) -> int:
    """By its name or its number, which may be of a newer version."""
    if isinstance(value, WrittenNumber):
        return whole_number(value.text, INT32)
    known = enum.values_by_name.get(_text(value))
    if known is None:
        raise ValueError(f"{printable(value)} is not a value of {enum.name}")
    number: int = known.number
    return number


_SCALARS: Mapping[int, Scalar] = {
    FieldDescriptor.TYPE_STRING: _text,
    FieldDescriptor.TYPE_BOOL: _truth,
    FieldDescriptor.TYPE_DOUBLE: _double,
    **{kind: partial(_whole, within) for kind, within in WITHIN.items()},
}
_TEXTS: Mapping[Descriptor, Scalar] = {
    Duration.DESCRIPTOR: lambda value: duration(_text(value)),
    Timestamp.DESCRIPTOR: lambda value: timestamp(_text(value)),
}
