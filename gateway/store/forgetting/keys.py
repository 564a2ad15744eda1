"""The keys of sealed values in audit records.

They are written straight away, and read again in every batch: nobody else writes meanwhile.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import ClauseElement, bindparam, delete, insert, select, text

from gateway.ports.audit import KeyScope, MonthKey
from gateway.store.databases.connection import DriverConnection
from gateway.store.databases.schema import audit_month_keys
from gateway.store.databases.statements import Statement, statement, upsert

EMPTY_MS = 300
"""How long emptying the table waits for its readers: all writers wait with it."""

_keys = audit_month_keys.c
_ONE = statement(
    select(audit_month_keys).where(
        _keys.tenant_id == bindparam("of_tenant"), _keys.month == bindparam("of_month")
    )
)
_ALL = statement(select(audit_month_keys).order_by(_keys.month, _keys.tenant_id))
_ADD = statement(insert(audit_month_keys))


def _secure(dialect: str) -> ClauseElement:
    return text("PRAGMA secure_delete = ON" if dialect == "sqlite" else "SELECT 1")


def _empty(dialect: str) -> ClauseElement:
    """All pages of the table become free, which SQLite overwrites; PostgreSQL takes a new file."""
    if dialect == "sqlite":
        return delete(audit_month_keys)
    return text(f"TRUNCATE {audit_month_keys.name}")


def _wait(milliseconds: int | None) -> Statement:
    """How long this transaction waits for a lock from now on; None: as every one does.

    SQLite has none to wait for here: its writers and readers do not meet.
    """
    value = "DEFAULT" if milliseconds is None else f"'{milliseconds}ms'"

    def said(dialect: str) -> ClauseElement:
        return text("SELECT 1" if dialect == "sqlite" else f"SET LOCAL lock_timeout TO {value}")

    return Statement(said)


_BRIEFLY = _wait(EMPTY_MS)
_AS_EVER = _wait(None)
_SECURE = Statement(_secure)
_EMPTY = Statement(_empty)


def overwrite_deleted(connection: DriverConnection) -> None:
    """What this connection deletes from now on is overwritten in SQLite's pages."""
    connection.row(_SECURE)


class MonthKeyReads(ABC):
    """The reads of `ports.AuditReading` that concern keys."""

    @abstractmethod
    def _asked(self) -> DriverConnection:
        """The connection, ready to be asked."""

    def month_keys(self, scopes: Collection[KeyScope]) -> Mapping[KeyScope, MonthKey]:
        """See `ports.AuditReading`."""
        found = (self._month_key(scope) for scope in scopes)
        return {(key.tenant_id, key.month): key for key in found if key}

    def _month_key(self, scope: KeyScope) -> MonthKey | None:
        row = self._asked().row(_ONE, {"of_tenant": scope[0], "of_month": scope[1]})
        return MonthKey(*row) if row else None

    def every_month_key(self, tenant_id: str | None = None) -> Sequence[MonthKey]:
        """See `ports.AuditReading`."""
        keys = [MonthKey(*row) for row in self._asked().rows(_ALL)]
        return [key for key in keys if tenant_id in (None, key.tenant_id)]


class MonthKeyWrites(MonthKeyReads, ABC):
    """The changes of `ports.MonthKeyWriting`."""

    _connection: DriverConnection
    _month_keys: dict[KeyScope, MonthKey]
    """Of this batch, as far as they are known."""

    @abstractmethod
    def _early(self) -> None:
        """Makes ready to write at once what is not gathered."""

    def _month_key(self, scope: KeyScope) -> MonthKey | None:
        found = self._month_keys.get(scope)
        if found is None:
            row = self._connection.row(_ONE, {"of_tenant": scope[0], "of_month": scope[1]})
            if row:
                found = self._month_keys[scope] = MonthKey(*row)
        return found

    def put_month_key(self, key: MonthKey) -> None:
        """See `ports.MonthKeyWriting`."""
        self._early()
        self._connection.change(upsert(audit_month_keys), _row(key))
        self._month_keys[key.tenant_id, key.month] = key

    def destroy_month_keys(self, scopes: Collection[KeyScope]) -> None:
        """See `ports.MonthKeyWriting`.

        All keys are written anew: a page may have copies of them from when it was split.
        """
        kept = self.every_month_key()
        rows = [
            _row(
                MonthKey(*scope, "", b"")
                if (scope := (key.tenant_id, key.month)) in scopes
                else key
            )
            for key in kept
        ]
        self._early()
        self._month_keys.clear()
        overwrite_deleted(self._connection)
        self._connection.change(_BRIEFLY)
        self._connection.change(_EMPTY)
        self._connection.change(_AS_EVER)
        if rows:
            self._connection.change_each(_ADD, rows)


def _row(key: MonthKey) -> Mapping[str, object]:
    return {
        "tenant_id": key.tenant_id,
        "month": key.month,
        "key_id": key.key_id,
        "wrapped": key.wrapped,
    }
