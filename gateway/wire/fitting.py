"""Refusals and lists cut to what their wires carry.

gRPC's details travel in a trailer, in base64 and beside the message once more. Clients take at
most 16 KiB of trailers by default, and refuse some of more than 8 KiB: what is above that
arrives as RESOURCE_EXHAUSTED without a word of what was wrong.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from google.protobuf.message import Message

from gateway.domain.cutting import cut
from gateway.errors import FieldViolation, GatewayError
from gateway.service.api.paging.answer_size import MAX_ANSWER_BYTES

MAX_MESSAGE_BYTES = 512
"""gRPC writes a byte beyond ASCII as three."""
MAX_BODY_MESSAGE_BYTES = 2560
"""Where the message travels in a body; only there it has to name every violation itself."""
MAX_METADATA_BYTES = 1280
MAX_KEY_BYTES = 128
MAX_VALUE_BYTES = 320
MAX_VIOLATIONS_BYTES = 2048
MAX_FIELD_BYTES = 256
MAX_DESCRIPTION_BYTES = 512

_OVERHEAD = 8
"""Bytes that an entry of a message takes beside its own, at most."""

M = TypeVar("M", bound=Message)


def fitted(error: GatewayError, message_bytes: int = MAX_MESSAGE_BYTES) -> GatewayError:
    """The same refusal with texts and lists cut; its reason and first violation always stay.

    `metadata_left_out` and `violations_left_out` in its metadata say how many there were more.
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
    """As many of the first messages as fit into `limit` bytes of a response; one at least."""
    kept: list[M] = []
    for message in messages:
        limit -= message.ByteSize() + _OVERHEAD
        if kept and limit < 0:
            break
        kept.append(message)
    return kept
