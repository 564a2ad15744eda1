"""The texts of ProtoJSON's numbers, durations and timestamps, as Go's protojson reads them.

What it refuses is refused, and what it accepts has the same value. Python's own parsers accept
more (`1_0`, digits of other scripts, ` 3`, `+3`), and round numbers with too many digits.
"""

import re
from collections.abc import Mapping
from datetime import date

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

INT32 = range(-(2**31), 2**31)
INT64 = range(-(2**63), 2**63)
UINT32 = range(2**32)
UINT64 = range(2**64)

WITHIN: Mapping[int, range] = {
    FieldDescriptor.TYPE_INT32: INT32,
    FieldDescriptor.TYPE_SINT32: INT32,
    FieldDescriptor.TYPE_SFIXED32: INT32,
    FieldDescriptor.TYPE_INT64: INT64,
    FieldDescriptor.TYPE_SINT64: INT64,
    FieldDescriptor.TYPE_SFIXED64: INT64,
    FieldDescriptor.TYPE_UINT32: UINT32,
    FieldDescriptor.TYPE_FIXED32: UINT32,
    FieldDescriptor.TYPE_UINT64: UINT64,
    FieldDescriptor.TYPE_FIXED64: UINT64,
}
"""The range of whole numbers of each kind of field."""

_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_NUMBER = re.compile(
    r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE](?P<sign>[+-]?)0*(?P<shift>[0-9]+))?"
)
_MOST_DIGITS = 20
"""Of a whole number that is written with an exponent, as Go writes it out."""
_NAMED = frozenset({"NaN", "Infinity", "-Infinity"})

_SPAN = re.compile(r"([+-]?)(0|[1-9][0-9]{0,11})?(\.[0-9]{0,9})?s")
MAX_SPAN_SECONDS = 315_576_000_000

_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{1,2}):([0-9]{2}):([0-9]{2})"
    r"(?:([.,])([0-9]+))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)
_NANO_DIGITS = 9
_EPOCH = date(1970, 1, 1).toordinal()
_YEARS_400 = date(401, 1, 1).toordinal() - 1
"""The days after which the calendar repeats; the year 0 is read as the year 400."""
_TIMES = range(-62_135_596_800, 253_402_300_800)


def whole_number(text: str, within: range) -> int:
    """`12`, `-1`, `1e3`, `2.0`: a whole number, however it is written. Raises ValueError."""
    number = int(text) if _PLAIN.fullmatch(text) else _written_out(text)
    if number not in within:
        raise ValueError(f"must be a whole number from {within[0]} to {within[-1]}")
    return number


def _written_out(text: str) -> int:
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError("must be a whole number")
    sign, whole, fraction = found[1], found[2].removeprefix("0"), (found[3] or "").rstrip("0")
    if not whole and not fraction:
        return 0
    shift = _shift(found)
    kept = len(whole) + shift
    if shift >= 0 and len(fraction) <= shift and kept <= _MOST_DIGITS:
        digits = f"{whole}{fraction}".ljust(kept, "0")
    elif shift < 0 < kept and not fraction and not whole[kept:].strip("0"):
        digits = whole[:kept]
    else:
        raise ValueError("must be a whole number")
    return int(sign + digits)


def _shift(found: re.Match[str]) -> int:
    sign, digits = found["sign"] or "", found["shift"] or "0"
    shift = int(sign + digits) if len(digits) <= _MOST_DIGITS else 2**31
    if shift not in INT32:
        raise ValueError("must be a whole number")
    return shift


def double(text: str) -> float:
    """A number of JSON that a double can hold. Raises ValueError."""
    value = float(text) if _NUMBER.fullmatch(text) else float("inf")
    if abs(value) == float("inf"):
        raise ValueError("must be a number")
    return value


def quoted_double(text: str) -> float:
    """The same as a text, which may also be NaN, Infinity or -Infinity. Raises ValueError."""
    return float(text) if text in _NAMED else double(text)


def duration(text: str) -> Duration:
    """`30s`, `1.5s`, `-.5s`: seconds with at most nine digits after the point.

    Raises ValueError.
    """
    found = _SPAN.fullmatch(text)
    if found is None or not (found[2] or found[3]):
        raise ValueError("must be seconds such as 30s or 1.5s")
    seconds, nanos = int(found[2] or 0), int((found[3] or ".").ljust(10, "0")[1:])
    if seconds > MAX_SPAN_SECONDS:
        raise ValueError(f"must be at most {MAX_SPAN_SECONDS} seconds")
    sign = -1 if found[1] == "-" else 1
    return Duration(seconds=sign * seconds, nanos=sign * nanos)


def timestamp(text: str) -> Timestamp:
    """A time of RFC 3339, from the year 1 to 9999, to the nanosecond. Raises ValueError.

    As in Go, hours may have one digit, and a comma may replace the point.
    """
    found = _TIME.fullmatch(text)
    seconds = _seconds(found) if found else None
    if found is None or seconds is None or seconds not in _TIMES:
        raise ValueError("must be a time such as 2026-11-28T09:30:00Z")
    fraction = found[8] or ""
    if found[7] == "." and len(fraction) > _NANO_DIGITS:
        raise ValueError("must have at most nine digits of a second")
    return Timestamp(seconds=seconds, nanos=int(fraction[:_NANO_DIGITS].ljust(_NANO_DIGITS, "0")))


def _seconds(found: re.Match[str]) -> int | None:
    """Since 1970; None for a day or time that does not exist. May also raise ValueError."""
    year, month, day, hour, minute, second = (int(found[at]) for at in range(1, 7))
    away = (int(found[10] or 0), int(found[11] or 0))
    # Some write offsets of 24 hours or 60 minutes, and Go accepts them.
    if hour >= 24 or minute >= 60 or second >= 60 or away[0] > 24 or away[1] > 60:
        return None
    days = date(year or 400, month, day).toordinal() - (0 if year else _YEARS_400) - _EPOCH
    offset = (away[0] * 60 + away[1]) * 60
    local = ((days * 24 + hour) * 60 + minute) * 60 + second
    return local + offset if found[9] == "-" else local - offset
