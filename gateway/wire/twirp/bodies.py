"""Twirp's two encodings of messages."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

from gateway.wire.twirp.json_fields import ReadingRules, Repeating, WrittenNumber, fields_of

MAX_CAUSE = 300
LONG_BYTES = 32 * 1024
"""A message of this size is encoded as JSON in another thread; see `Encoding.encoded`."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many values JSON may hold, however short it is: processing each takes time."""

    objects: int
    entries: int
    """Of one object, and of one list."""


ORDINARY = Bounds(objects=1_000, entries=10_000)
LONG = Bounds(objects=200_000, entries=500_000)
"""Of a request that is decoded in another thread."""


class UndecodableError(Exception):
    """The body cannot be decoded; the text says what is wrong with it, as far as is known."""


class Decode(Protocol):
    """Fills the message. Raises UndecodableError."""

    def __call__(
        self, body: bytes, message: Message, *, strict: bool = False, bounds: Bounds = ORDINARY
    ) -> None:
        """`strict`: an unknown field with a name is refused, not ignored."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """An encoding of messages in bodies."""

    content_type: str
    name: str
    decode: Decode
    encode: Callable[[Message], bytes]

    @property
    def wire(self) -> str:
        """As logs, metrics and audit records name it."""
        return f"twirp+{self.name}"

    async def encoded(self, message: Message) -> bytes:
        """The body of a message; other requests continue while a long one is encoded."""
        if self is JSON and message.ByteSize() > LONG_BYTES:
            return await asyncio.to_thread(self.encode, message)
        return self.encode(message)


def _from_protobuf(
    body: bytes, message: Message, *, strict: bool = False, bounds: Bounds = ORDINARY
) -> None:
    # Unknown fields have only numbers here, which cannot be misspelt; and decoding is fast,
    # whatever the body holds.
    del strict, bounds
    try:
        message.ParseFromString(body)
    except DecodeError:
        raise UndecodableError from None


def _from_json(
    body: bytes, message: Message, *, strict: bool = False, bounds: Bounds = ORDINARY
) -> None:
    try:
        value = _first_value(_text(body), bounds)
        fields = fields_of(value, message.DESCRIPTOR, ReadingRules(strict, bounds.entries))
        message.MergeFrom(type(message)(**fields))
    except ValueError as wrong:
        raise UndecodableError(str(wrong)[:MAX_CAUSE]) from None
    except RecursionError:
        raise UndecodableError("the body is nested too deeply") from None


def _text(body: bytes) -> str:
    """The body up to the first byte that is not text: anything may follow the first value."""
    try:
        return body.decode()
    except UnicodeDecodeError as broken:
        return body[: broken.start].decode()


def _first_value(text: str, bounds: Bounds) -> Any:
    """The value that Go reads, which ignores anything after it. Raises ValueError."""
    objects = _Objects(bounds)
    decoder = json.JSONDecoder(
        object_pairs_hook=objects.take,
        parse_int=WrittenNumber,
        parse_float=WrittenNumber,
        parse_constant=_refuse,
    )
    value, _ = decoder.raw_decode(text.lstrip(" \t\r\n"))
    if "\\ud" in text.lower():
        # Half a surrogate pair is not valid text.
        json.dumps(value, ensure_ascii=False, default=lambda number: number.text).encode()
    return value


def _to_json(message: Message) -> bytes:
    return json_format.MessageToJson(
        message,
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
        indent=None,
        ensure_ascii=False,
    ).encode()


class _Objects:
    """Builds the objects of one JSON text. Raises ValueError if it holds too many values."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._count = 0

    def take(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """One object; it records which names occur more than once."""
        self._count += 1
        if self._count > self._bounds.objects or len(pairs) > self._bounds.entries:
            raise ValueError("the JSON holds too many objects or fields")
        fields = dict(pairs)
        return fields if len(fields) == len(pairs) else Repeating(pairs)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


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
