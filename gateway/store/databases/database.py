"""One database, as the store uses it; what follows here holds of one that cannot call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gateway.store.databases.connection import DriverConnection, DriverConnections

READERS = 4
"""How many reads run side by side."""
POLL_SECONDS = 0.25


class Listener(Protocol):
    """Hears that processes have stored events."""

    pause: float
    """Seconds after which to look even though nothing was heard."""
    source: int | None
    """The file descriptor that is readable when there is something to hear."""

    def heard(self) -> Mapping[str, int] | None:
        """The sequences that tenants have reached since the last time; None: look at all.

        Raises StoreUnavailableError when nothing will be heard any more.
        """
        ...

    def close(self) -> None:
        """Stops listening."""
        ...


class Polling:
    """Hears nothing, and looks often."""

    pause = POLL_SECONDS
    source: int | None = None

    def heard(self) -> Mapping[str, int] | None:
        """See `Listener`."""
        return None

    def close(self) -> None:
        """See `Listener`."""


@dataclass(frozen=True, slots=True)
class Database:
    """One database, opened twice.

    A transaction of `writing` excludes all other writers, of whichever process, from its
    begin; one of `reading` sees one moment and cannot write.
    """

    writing: DriverConnections
    reading: DriverConnections
    at_hand: DriverConnections | None = field(default=None, kw_only=True)
    """Like `writing`, but whoever would have to wait for another process fails at once.

    Where there are such, a few rows are read and written by their keys in no time, but for the
    commit.
    """

    def dispose(self) -> None:
        """Closes all connections."""
        if self.at_hand is not None:
            self.at_hand.dispose()
        self.reading.dispose()
        self.writing.dispose()

    def announce(
        self, connection: DriverConnection, log_id: str, newest: Mapping[str, int]
    ) -> None:
        """Tells listeners, if the transaction commits, which sequences it has reached."""

    def listener(self, log_id: str) -> Listener:
        """Hears of what is stored from now on by others than `log_id`."""
        del log_id
        return Polling()

    def transaction_id(self, connection: DriverConnection) -> str:
        """What `committed` needs to know of a transaction of `writing`."""
        del connection
        return ""

    def committed(self, connection: DriverConnection, transaction_id: str) -> bool:
        """Whether a transaction that is over was committed, where its end was not heard."""
        del connection, transaction_id
        return False
