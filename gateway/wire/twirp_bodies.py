"""Twirp's two encodings of messages."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

MAX_CAUSE = 300


class UndecodableError(Exception):
    """The body is no such message; the text says what is wrong with it, as far as is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How messages stand in bodies."""

    content_type: str
    name: str
    decode: Callable[[bytes, Message], None]
    """Fills the message. Raises UndecodableError."""
    encode: Callable[[Message], bytes]

    @property
    def wire(self) -> str:
        """As logs, metrics and audit records name it."""
        return f"twirp+{self.name}"


def _from_protobuf(body: bytes, message: Message) -> None:
    try:
        message.ParseFromString(body)
    except DecodeError:
        raise UndecodableError from None


def _from_json(body: bytes, message: Message) -> None:
    try:
        # Go reads the first value and leaves what stands behind it.
        fields, _ = _DECODER.raw_decode(body.decode().lstrip(" \t\r\n"))
        if not isinstance(fields, dict):
            raise UndecodableError("the body must be one JSON object")
        json_format.ParseDict(fields, message, ignore_unknown_fields=True)
    except (ValueError, json_format.Error) as wrong:
        raise UndecodableError(str(wrong)[:MAX_CAUSE]) from None
    except RecursionError:
        raise UndecodableError("the body is nested too deeply") from None


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
