"""How audit records are written and chained, and the proof that none was changed.

A record's hash is SHA-256 over the hash before it (64 hexadecimal digits; zeros for a log's
first) followed by the record's canonical text, in UTF-8. Anyone can recompute it from an
exported log with any JSON library and SHA-256.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from enum import Enum
from hashlib import sha256
from typing import Any

from gateway.domain.audit_event import AuditEvent, ChainedAuditEvent
from gateway.domain.replacing import replace

NO_HASH = "0" * 64
"""The previous hash of a log's first record."""

_FIELDS = tuple(f.name for f in fields(AuditEvent))
_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode


_quoted: Callable[[str], str] = json.encoder.encode_basestring


def canonical(record: Any) -> str:
    """The one way to write `record`: keys sorted by code point, no spaces, no escapes but JSON's.

    Raises TypeError or ValueError for values without one canonical form in JSON.
    """
    return _encode(record)


def record_hash(previous_hash: str, text: str) -> str:
    """The hash of the record whose canonical text is `text`."""
    return sha256((previous_hash + text).encode()).hexdigest()


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
    told = {name: getattr(event, name) for name in _FIELDS}
    kept = {name: value for name, value in told.items() if value or value == timedelta()}
    parts = {name: text_of(value) for name, value in (kept | more).items()}
    return "{" + ",".join(f'"{name}":{parts[name]}' for name in sorted(parts)) + "}"


def text_of(value: Any) -> str:
    """The canonical text of one value. Raises TypeError or ValueError if it has none."""
    match value:
        case Described():
            return value.text
        case str():
            return _quoted(value)
        case _:
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
    utc = time.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='microseconds')}Z"


def _seconds(span: timedelta) -> str:
    sign = "-" if span < timedelta() else ""
    seconds, rest = divmod(abs(span) // timedelta(microseconds=1), 1_000_000)
    fraction = f".{rest:06d}".rstrip("0") if rest else ""
    return f"{sign}{seconds}{fraction}s"


@dataclass(frozen=True, slots=True)
class Chain:
    """A log as far as it has been written: the next record comes after `head`."""

    log_id: str
    sequence: int = 0
    head: str = NO_HASH
    known_logs: Mapping[str, str] = field(default_factory=dict)
    """Heads of the other logs, for the first record to name, so that cut ends are detected too."""

    def append(self, event: AuditEvent) -> tuple["Chain", ChainedAuditEvent]:
        """The log with `event` appended, and its record."""
        sequence = self.sequence + 1
        known = {"known_logs": self.known_logs} if sequence == 1 else {}
        text = record_text(event, log_id=self.log_id, sequence=sequence, **known)
        head = record_hash(self.head, text)
        chained = ChainedAuditEvent(self.log_id, sequence, self.head, head, text)
        return replace(self, sequence=sequence, head=head), chained


@dataclass(frozen=True, slots=True)
class Problem:
    """One place where a log differs from what was written."""

    log_id: str
    sequence: int
    message: str

    def __str__(self) -> str:
        return f"{self.log_id} #{self.sequence}: {self.message}"


def verify(records: Iterable[ChainedAuditEvent], *, all_logs: bool = True) -> list[Problem]:
    """What is wrong with `records`: each log from its first record, in its stored order.

    Logs may be mixed. `all_logs`: every existing log was given, so it is also a problem if a log
    or an end is missing that another log's first record names. Records removed from the end of
    a log show only there, or by comparison with an exported copy.
    """
    proof = _Proof()
    for record in records:
        proof.add(record)
    return proof.problems + (proof.missing() if all_logs else [])


class _Proof:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._newest: dict[str, ChainedAuditEvent] = {}
        self._highest: dict[str, int] = {}
        self._hashes: set[tuple[str, str]] = set()
        self._known: list[tuple[str, str, str]] = []

    def add(self, link: ChainedAuditEvent) -> None:
        place, record = self._place(link), _record_in(link)
        for message in (place, _content(link, record), "" if place else self._join(link)):
            if message:
                self.problems.append(Problem(link.log_id, link.sequence, message))
        self._newest[link.log_id] = link
        self._highest[link.log_id] = max(link.sequence, self._highest.get(link.log_id, 0))
        self._hashes.add((link.log_id, link.hash))
        known = record.get("known_logs")
        if isinstance(known, Mapping):
            self._known += [(link.log_id, log_id, head) for log_id, head in known.items()]

    def _place(self, link: ChainedAuditEvent) -> str:
        """What is wrong with the record's position."""
        highest = self._highest.get(link.log_id, 0)
        if link.sequence <= highest:
            return f"reordered or repeated: it comes after #{highest}"
        if link.sequence > highest + 1:
            last = link.sequence - 1
            gone = f"#{last} is" if last == highest + 1 else f"#{highest + 1} to #{last} are"
            return f"removed: {gone} missing before it"
        return ""

    def _join(self, link: ChainedAuditEvent) -> str:
        """Whether the record is chained to the one before it."""
        newest = self._newest.get(link.log_id)
        if link.previous_hash == (newest.hash if newest else NO_HASH):
            return ""
        return "changed: it is not chained to the record before it"

    def missing(self) -> list[Problem]:
        """Ends of logs that another log names and that are missing."""
        return [
            Problem(log_id, self._highest.get(log_id, 0), _removed_end(head, witness))
            for witness, log_id, head in self._known
            if (log_id, head) not in self._hashes
        ]


def _removed_end(head: str, witness: str) -> str:
    return f"removed or changed: no record after it has the hash {head} that {witness} names"


def _record_in(link: ChainedAuditEvent) -> Mapping[str, Any]:
    """Nothing where it is no longer a record."""
    try:
        record = link.record
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def _content(link: ChainedAuditEvent, record: Mapping[str, Any]) -> str:
    """What is wrong with the record by itself."""
    if link.hash != _hash_of(link.previous_hash, record):
        return "changed: its content does not give its hash"
    if (record.get("log_id"), record.get("sequence")) != (link.log_id, link.sequence):
        return "reordered: its content names another log or sequence"
    return ""


def _hash_of(previous_hash: str, record: Mapping[str, Any]) -> str | None:
    """None if the gateway could not have written this content."""
    try:
        return record_hash(previous_hash, canonical(record))
    except (TypeError, ValueError):
        return None
