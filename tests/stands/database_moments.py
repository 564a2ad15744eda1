"""Interferes with stores and their connections, at a moment of theirs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from gateway.ports import OutcomeUnknownError, Store, Transaction
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


class LosesOneAnswer:
    """The store, whose first commit is kept and not answered."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lost = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def transact(self, change: Callable[[Transaction], Any], *, brief: bool = False) -> Any:
        """See Store."""
        result = await self._store.transact(change, brief=brief)
        if not self._lost:
            self._lost = True
            raise OutcomeUnknownError("the commit's answer was lost")
        return result
