"""Interferes with the connections of every store, at a moment of theirs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from gateway.store.databases.connection import DriverConnection


@contextmanager
def before_every(moment: str, do: Callable[[DriverConnection], None]) -> Iterator[None]:
    """Calls `do` before each `begin`, `commit` or `execute`; what it raises is raised there."""
    method = getattr(DriverConnection, moment)

    def interfered(connection: DriverConnection, *given: Any) -> Any:
        do(connection)
        return method(connection, *given)

    with patch.object(DriverConnection, moment, interfered):
        yield
