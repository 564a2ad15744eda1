"""Proto values that need care: enums by short names, optional messages, durations, timestamps."""

from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.errors import invalid_field
from gateway.wire.scalars import MAX_SPAN_SECONDS

E = TypeVar("E", bound=Enum)


def span_of(message: Message, name: str, *, field: str = "") -> timedelta | None:
    """A Duration field; None where it is unset. Raises INVALID_FIELD for a malformed one."""
    if not message.HasField(name):
        return None
    value: Duration = getattr(message, name)
    if not _is_well_formed(value):
        raise invalid_field(
            field or name,
            "is not a well-formed Duration",
            value=f"{value.seconds}s {value.nanos}ns",
        )
    try:
        # Below a microsecond LiveKit keeps no time either; rounding up keeps 1 ns above zero.
        return timedelta(seconds=value.seconds, microseconds=-(-value.nanos // 1000))
    except OverflowError:
        raise invalid_field(field or name, "is too long", value=f"{value.seconds}s") from None


def time_of(message: Message, name: str) -> datetime | None:
    """A Timestamp field; None where it is unset. Raises INVALID_FIELD for a malformed one."""
    if not message.HasField(name):
        return None
    value: Timestamp = getattr(message, name)
    try:
        return value.ToDatetime(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise invalid_field(name, "is not a well-formed Timestamp") from None


def put_span(target: Duration, value: timedelta | None) -> None:
    """Sets a Duration field of a message, unless the value is None."""
    if value is not None:
        target.FromTimedelta(value)


def put_time(target: Timestamp, value: datetime | None) -> None:
    """Sets a Timestamp field of a message, unless the value is None."""
    if value is not None:
        target.FromDatetime(value)


def enum_of(descriptor: EnumDescriptor, number: int, values: type[E], field: str) -> E | None:
    """The domain's value for an enum field; None for the unspecified one."""
    if number == 0:
        return None
    known = descriptor.values_by_number.get(number)
    if known is None:
        raise invalid_field(field, "is not a value that this gateway knows", value=str(number))
    return values[known.name.removeprefix(prefix_of(descriptor))]


@cache
def number_of(descriptor: EnumDescriptor, value: Enum | None) -> Any:
    """The proto's number for a domain value."""
    if value is None:
        return 0
    return descriptor.values_by_name[prefix_of(descriptor) + value.name].number


def prefix_of(descriptor: EnumDescriptor) -> str:
    """`CALL_STATE_` for CallState, taken from the name of its zero value."""
    zero: str = descriptor.values_by_number[0].name
    return zero.removesuffix("UNSPECIFIED")


def _is_well_formed(value: Duration) -> bool:
    same_sign = value.seconds == 0 or value.nanos == 0 or (value.seconds < 0) == (value.nanos < 0)
    return same_sign and abs(value.nanos) < 10**9 and abs(value.seconds) <= MAX_SPAN_SECONDS
