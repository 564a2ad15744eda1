"""What can be asked of the audit log."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from gateway.domain.audit_event import AuditEvent, AuditKind, ChainedAuditEvent

MOST_LOOKED_AT = 2_000
"""Records that one question looks at, so that none takes long, whatever it asks for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which audit records to list; unset criteria match every record."""

    tenant_id: str | None = None
    """Empty: those of no tenant."""
    call_id: str = ""
    actor: str = ""
    method: str = ""
    outcome: str = ""
    number: str = ""
    """As the log has it, redacted."""
    kinds: frozenset[AuditKind] = frozenset()
    min_time: datetime | None = None
    max_time: datetime | None = None
    """Only records before it."""
    before: tuple[datetime, int] | None = None
    """Only records older than this (time, position): where the last page ended."""
    limit: int = 1000


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """An audit record with its place in the order in which the records were stored."""

    position: int
    time: datetime
    chained: ChainedAuditEvent
    opened: Mapping[str, Any] | None = None
    """The record with its sealed values, where somebody who may read them has asked."""
    forgotten: bool = False
    """Its sealed values cannot be read any more: the key was destroyed."""


@dataclass(frozen=True, slots=True)
class FoundRecords:
    """The newest records that fit."""

    records: Sequence[FoundRecord]
    looked_until: tuple[datetime, int] | None = None
    """Where the search ended before the limit or the log's beginning was reached: go on there."""


KeyScope = tuple[str, str]
"""A tenant's id, empty for records of no tenant, and a month such as `2026-11`, in UTC."""


@dataclass(frozen=True, slots=True)
class MonthKey:
    """The key under which personal values in records of a tenant and a month are sealed."""

    tenant_id: str
    month: str
    key_id: str
    """Empty: it was destroyed, and no other was made since."""
    wrapped: bytes = field(repr=False)
    """Opens only with the master key."""

    @property
    def is_destroyed(self) -> bool:
        """Nothing that was sealed with it can be read any more."""
        return not self.key_id


class AuditReading(Protocol):
    """What can be asked."""

    def audit(self, query: AuditQuery) -> Sequence[ChainedAuditEvent]:
        """The newest records that fit, oldest first; as many as there are up to the limit."""
        ...

    def audit_of_call(
        self, call_id: str, tenant_id: str | None, limit: int
    ) -> Sequence[ChainedAuditEvent]:
        """The oldest records that name the call, oldest first. `tenant_id`: None: of any."""
        ...

    def audit_page(self, query: AuditQuery) -> FoundRecords:
        """The newest records that fit, newest first by (time, position).

        MUST look at no more than MOST_LOOKED_AT records, or those of the page, whatever the log
        holds.
        """
        ...

    def audit_after(self, query: AuditQuery, position: int) -> tuple[Sequence[FoundRecord], int]:
        """Records that fit, stored after `position`, in order, and how far this looked.

        Every record up to there that fits is among them. MUST look at no more than
        MOST_LOOKED_AT records. No record is stored later at an earlier position.
        """
        ...

    def audit_position(self) -> int:
        """The position of the newest record, of any tenant; 0 before the first."""
        ...

    def audit_logs(self) -> Sequence[str]:
        """The log ids there are, by first use."""
        ...

    def audit_log(self, log_id: str, after: int, limit: int = 1000) -> Sequence[ChainedAuditEvent]:
        """One log's records with a sequence above `after`, in order."""
        ...

    def month_keys(self, scopes: Collection[KeyScope]) -> Mapping[KeyScope, MonthKey]:
        """Those of these keys that there are, destroyed ones too."""
        ...

    def every_month_key(self, tenant_id: str | None = None) -> Sequence[MonthKey]:
        """All keys, oldest month first, destroyed ones too. `tenant_id` None: of any."""
        ...


class MonthKeyWriting(Protocol):
    """What changes the keys."""

    def put_month_key(self, key: MonthKey) -> None:
        """Inserts or replaces it. MUST leave one key a tenant and month, whoever else makes one."""
        ...

    def destroy_month_keys(self, scopes: Collection[KeyScope]) -> None:
        """Destroys these keys; ones that there are not, or no more, are ignored.

        Readers that keep the keys in use are waited for only briefly: other writers wait meanwhile.
        MUST leave no copy of them in the database's own files but in what undoes the transaction
        until `Store.scrub`.
        """
        ...


class KeysAtHand(Protocol):
    """What sealing needs of a transaction."""

    def month_keys(self, scopes: Collection[KeyScope]) -> Mapping[KeyScope, MonthKey]:
        """See `AuditReading`."""
        ...

    def put_month_key(self, key: MonthKey) -> None:
        """See `MonthKeyWriting`."""
        ...


class AuditSealing(Protocol):
    """Seals the personal values of records in the transaction that stores them."""

    def sealed(self, event: AuditEvent, keys: KeysAtHand) -> AuditEvent:
        """The record as it may be stored. Raises NotSealableError if its key does not open."""
        ...
