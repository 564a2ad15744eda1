"""Refusals and lists cut to what their wires can carry.

gRPC's details are sent in a trailer, in base64, which repeats the message. Clients accept at most
16 KiB of trailers by default, and refuse some above 8 KiB: a larger error arrives as
RESOURCE_EXHAUSTED without saying what was wrong.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from google.protobuf.message import Message

from gateway.domain.cutting import cut
from gateway.errors import FieldViolation, GatewayError
from gateway.service.api.paging.answer_size import MAX_ANSWER_BYTES

MAX_MESSAGE_BYTES = 512
"""gRPC encodes a non-ASCII byte as three bytes."""
MAX_BODY_MESSAGE_BYTES = 2560
"""For messages sent in a body; only there must the message name every violation itself."""
MAX_METADATA_BYTES = 1280
MAX_KEY_BYTES = 128
MAX_VALUE_BYTES = 320
MAX_VIOLATIONS_BYTES = 2048
MAX_FIELD_BYTES = 256
MAX_DESCRIPTION_BYTES = 512

_OVERHEAD = 8
"""Bytes that an entry of a message takes in addition to its own, at most."""

M = TypeVar("M", bound=Message)


def fitted(error: GatewayError, message_bytes: int = MAX_MESSAGE_BYTES) -> GatewayError:
    """The same refusal with texts and lists cut; its reason and first violation are always kept.

    `metadata_left_out` and `violations_left_out` in its metadata say how many are missing.
    """
    metadata = _metadata(error.metadata)
    violations = _violations(error.violations)
    left_out = {
        "metadata_left_out": len(error.metadata) - len(metadata),
        "violations_left_out": len(error.violations) - len(violations),
    }
    return replace(
        error,
        message=cut(error.message, message_bytes),
        metadata=metadata | {name: str(count) for name, count in left_out.items() if count},
        violations=violations,
    )


def _metadata(told: Mapping[str, str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    left = MAX_METADATA_BYTES
    for key, value in told.items():
        short = cut(key, MAX_KEY_BYTES), cut(value, MAX_VALUE_BYTES)
        left -= _bytes_of(*short)
        if left < 0:
            break
        kept[short[0]] = short[1]
    return kept


def _violations(found: Iterable[FieldViolation]) -> tuple[FieldViolation, ...]:
    kept: list[FieldViolation] = []
    left = MAX_VIOLATIONS_BYTES
    for one in found:
        short = FieldViolation(
            cut(one.field, MAX_FIELD_BYTES), cut(one.description, MAX_DESCRIPTION_BYTES)
        )
        left -= _bytes_of(short.field, short.description)
        if left < 0:
            break
        kept.append(short)
    return tuple(kept)


def _bytes_of(*texts: str) -> int:
    return sum(len(text.encode(errors="replace")) for text in texts) + _OVERHEAD


def within(messages: Iterable[M], limit: int = MAX_ANSWER_BYTES) -> list[M]:
    """As many of the first messages as fit into `limit` bytes of a response; at least one."""
    kept: list[M] = []
    for message in messages:
        limit -= message.ByteSize() + _OVERHEAD
        if kept and limit < 0:
            break
        kept.append(message)
    return kept
