"""The audit tree of a gateway that stops: whatever fails, the rest is stopped."""

import asyncio
from typing import Any

import pytest

from gateway.build import publishing
from gateway.build.publishing import AuditTree
from tests.stands.patience import PATIENCE


class Part:
    """A part that fails, or never ends; and a connection that is closed."""

    def __init__(self, failure: Exception | None = None) -> None:
        self._failure = failure
        self.is_closed = False

    async def take_up(self) -> None:
        if self._failure:
            raise self._failure
        await asyncio.Event().wait()

    async def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize("failure", [None, RuntimeError("broken")], ids=["hangs", "fails"])
async def test_a_tree_that_cannot_be_signed_stops(
    failure: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within its time, without an error, and with its connections closed."""
    assert publishing.STOP_SECONDS == 3
    monkeypatch.setattr(publishing, "STOP_SECONDS", 0.05)
    part: Any = Part(failure)
    async with asyncio.timeout(PATIENCE):
        await AuditTree(part, part, part, [part]).stop()
    assert part.is_closed
