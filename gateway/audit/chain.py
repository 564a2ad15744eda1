"""The log of each process by itself: complete, in order, and every record as it was written.

Logs of before there was a tree are chained as well: a record's hash is SHA-256 over the hash
before it (64 hexadecimal digits; zeros for a log's first) followed by the record's canonical
text, in UTF-8. None is chained any more; those that are stored are verified as ever.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from gateway.audit.records import canonical
from gateway.audit.tree.hashing import hash_leaf
from gateway.domain.audit_event import ChainedAuditEvent

RETENTION = "audit retention"
"""The method of a record that says which records are kept no longer."""
KEPT_FROM = "kept_from"
"""In its request: the first leaf that is kept."""
NO_HASH = "0" * 64
"""The previous hash of a log's first record."""


def record_hash(previous_hash: str, text: str) -> str:
    """The hash of the record whose canonical text is `text`."""
    return sha256((previous_hash + text).encode()).hexdigest()


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
    a log show only there, in the tree, or by comparison with an exported copy.
    """
    proof = LogsProof()
    problems = [
        Problem(record.log_id, record.sequence, message)
        for record in records
        for message in proof.add(record)
    ]
    return problems + (proof.missing() if all_logs else [])


class LogsProof:
    """Fed with the records of any logs, each log in its order."""

    def __init__(self) -> None:
        self._newest: dict[str, ChainedAuditEvent] = {}
        self._highest: dict[str, int] = {}
        self._hashes: set[tuple[str, str]] = set()
        """Of chained logs, whose heads others may name."""
        self._is_cut = False
        self._known: list[tuple[str, str, str]] = []

    def add(self, link: ChainedAuditEvent) -> Sequence[str]:
        """What is wrong with the next record of its log."""
        place, record = self._place(link), _record_in(link)
        found = (place, _content(link, record), "" if place else self._join(link))
        self._newest[link.log_id] = link
        self._highest[link.log_id] = max(link.sequence, self._highest.get(link.log_id, 0))
        if link.previous_hash:
            self._hashes.add((link.log_id, link.hash))
        known = record.get("known_logs")
        if isinstance(known, Mapping):
            self._known += [(link.log_id, log_id, head) for log_id, head in known.items()]
        return [message for message in found if message]

    def cut(self) -> None:
        """The first records are kept no longer, so logs may begin anywhere."""
        self._is_cut = True

    def _place(self, link: ChainedAuditEvent) -> str:
        """What is wrong with the record's position."""
        highest = self._highest.get(link.log_id, 0)
        if self._is_cut and not highest:
            return ""
        if link.sequence <= highest:
            return f"reordered or repeated: it comes after #{highest}"
        if link.sequence > highest + 1:
            last = link.sequence - 1
            gone = f"#{last} is" if last == highest + 1 else f"#{highest + 1} to #{last} are"
            return f"removed: {gone} missing before it"
        return ""

    def _join(self, link: ChainedAuditEvent) -> str:
        """Whether the record is chained to the one before it, if its log is."""
        newest = self._newest.get(link.log_id)
        if newest is None and self._is_cut:
            return ""
        if newest is None:
            expected = NO_HASH if link.previous_hash else ""
        else:
            expected = newest.hash if newest.previous_hash else ""
        if link.previous_hash == expected:
            return ""
        return "changed: it is not chained to the record before it"

    def missing(self) -> list[Problem]:
        """Ends of logs that another log names and that are missing.

        Of a log that is not chained, and of any in tiles, the tree proves the end.
        """
        if self._is_cut:
            return []
        return [
            Problem(log_id, self._highest.get(log_id, 0), _removed_end(head, witness))
            for witness, log_id, head in self._known
            if (log_id, head) not in self._hashes and not self._is_unchained(log_id)
        ]

    def _is_unchained(self, log_id: str) -> bool:
        newest = self._newest.get(log_id)
        return newest is not None and not newest.previous_hash


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
    if link.hash != _hash_of(link, record):
        return "changed: its content does not give its hash"
    if (record.get("log_id"), record.get("sequence")) != (link.log_id, link.sequence):
        return "reordered: its content names another log or sequence"
    return ""


def _hash_of(link: ChainedAuditEvent, record: Mapping[str, Any]) -> str | None:
    """None if the gateway could not have written this content."""
    try:
        text = canonical(record)
        if link.previous_hash:
            return record_hash(link.previous_hash, text)
        return hash_leaf(text.encode()).hex() if text == link.text else None
    except (TypeError, ValueError):
        return None
