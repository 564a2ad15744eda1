"""How audit records are written: one text for each, and each process's count of its own.

The SHA-256 of a record's text, behind a zero byte, is its hash: that of its leaf in the tree of
all records. Anyone can recompute it from an exported log.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from operator import attrgetter, itemgetter
from typing import Any

from gateway.audit.tree.hashing import hash_leaf
from gateway.domain.audit_event import AuditEvent, AuditKind, ChainedAuditEvent

_FIELDS = tuple(f.name for f in fields(AuditEvent))
_values = attrgetter(*_FIELDS)
_NO_TIME = timedelta()
"""Of what has no value only this is told: how long a request took."""
_encoder: Any = json.encoder
_quoted: Callable[[str], str] = _encoder.encode_basestring
_parts: Callable[[Any, int], Sequence[str]] = _encoder.c_make_encoder(
    markers=None,
    default=json.JSONEncoder().default,
    encoder=_quoted,
    indent=None,
    key_separator=":",
    item_separator=",",
    sort_keys=True,
    skipkeys=False,
    allow_nan=False,
)
"""What `json.JSONEncoder.encode` makes for each text anew; that takes longer than the text."""


def canonical(record: Any) -> str:
    """The one way to write `record`: keys sorted by code point, no spaces, no escapes but JSON's.

    Raises TypeError or ValueError for values without one canonical form in JSON.
    """
    return "".join(_parts(record, 0))


class Described(dict[str, Any]):
    """What is told of a request or decision, in JSON's own types: a record takes it as it is."""

    __slots__ = ("_text",)

    @property
    def text(self) -> str:
        """Its canonical text, written once. Nothing may be changed after that."""
        try:
            return self._text
        except AttributeError:
            self._text: str = canonical(self)
            return self._text


NOTHING = Described()


def record_text(event: AuditEvent, **more: Any) -> str:
    """The canonical text of the record of `event`, with the keys of `more`.

    Keys of the event without a value are left out.
    """
    values = (*_values(event), *more.values())
    told = [
        head + (_quoted(value) if type(value) is str else text_of(value))
        for at, head in _places(tuple(more))
        if (value := values[at]) or at >= len(_FIELDS) or value == _NO_TIME
    ]
    return "{" + ",".join(told) + "}"


@cache
def _places(more: tuple[str, ...]) -> Sequence[tuple[int, str]]:
    """Where the value of each key is, and how the key is written, in the order of the keys."""
    names = (*_FIELDS, *more)
    return tuple(sorted(((at, f'"{name}":') for at, name in enumerate(names)), key=itemgetter(1)))


def text_of(value: Any) -> str:
    """The canonical text of one value. Raises TypeError or ValueError if it has none."""
    kind = type(value)
    if kind is str:
        return _quoted(value)
    if kind is Described:
        found: str = value.text
        return found
    if kind is int:
        return str(value)
    if kind is datetime:
        return f'"{_rfc3339(value)}"'
    if kind is AuditKind:
        return f'"{value.value}"'
    if kind is timedelta:
        return f'"{_seconds(value)}"'
    return canonical(plain(value))


def plain(value: Any) -> Any:
    """`value` in JSON's own types. Raises TypeError or ValueError if it has no canonical form."""
    match value:
        case Enum():
            return value.value
        case None | str() | int() | float():
            return value
        case Described():
            return value
        case datetime():
            return _rfc3339(value)
        case timedelta():
            return _seconds(value)
        case Mapping():
            return {_key(key): plain(item) for key, item in value.items()}
        case AbstractSet():
            return sorted((plain(item) for item in value), key=str)
        case Sequence() if not isinstance(value, bytes | bytearray | memoryview):
            return [plain(item) for item in value]
    raise TypeError(f"an audit record cannot hold a {type(value).__name__}")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str(plain(key))
    raise TypeError(f"an audit record's keys are strings, not {type(key).__name__}")


def _rfc3339(time: datetime) -> str:
    if time.tzinfo is None:
        raise ValueError("an audit record's times have a zone")
    utc = time if time.tzinfo is UTC else time.astimezone(UTC)
    return f"{utc.isoformat(timespec='microseconds').removesuffix('+00:00')}Z"


def _seconds(span: timedelta) -> str:
    sign = "-" if span < timedelta() else ""
    told = abs(span) if sign else span
    rest = told.microseconds
    fraction = f".{rest:06d}".rstrip("0") if rest else ""
    return f"{sign}{86400 * told.days + told.seconds}{fraction}s"


@dataclass(frozen=True, slots=True)
class Log:
    """The records of one process, as far as they have been written."""

    log_id: str
    sequence: int = 0

    def append(self, event: AuditEvent) -> tuple["Log", ChainedAuditEvent]:
        """The log with `event` appended, and its record."""
        sequence = self.sequence + 1
        text = record_text(event, log_id=self.log_id, sequence=sequence)
        hashed = hash_leaf(text.encode()).hex()
        record = ChainedAuditEvent(self.log_id, sequence, "", hashed, text)
        return Log(self.log_id, sequence), record


def leaf_of(record: ChainedAuditEvent) -> bytes:
    """The hash of the record's leaf, recomputed from its text."""
    return hash_leaf(record.text.encode())
