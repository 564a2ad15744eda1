"""Logs as they were written before there was a tree: each record chained to the one before."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gateway.audit.chain import NO_HASH, record_hash
from gateway.audit.records import record_text
from gateway.domain.audit_event import AuditEvent, ChainedAuditEvent


@dataclass(frozen=True)
class Chain:
    """A log as far as it has been written: the next record comes after `head`."""

    log_id: str
    sequence: int = 0
    head: str = NO_HASH
    known_logs: Mapping[str, str] = field(default_factory=dict)

    def append(self, event: AuditEvent) -> tuple["Chain", ChainedAuditEvent]:
        """The log with `event` appended, and its record."""
        sequence = self.sequence + 1
        known = {"known_logs": self.known_logs} if sequence == 1 else {}
        text = record_text(event, log_id=self.log_id, sequence=sequence, **known)
        head = record_hash(self.head, text)
        chained = ChainedAuditEvent(self.log_id, sequence, self.head, head, text)
        return replace(self, sequence=sequence, head=head), chained
