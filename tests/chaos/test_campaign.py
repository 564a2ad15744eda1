"""A short fault campaign; `make chaos` runs longer ones."""

from pathlib import Path

import pytest

from tests.chaos.campaign import campaign

pytestmark = [pytest.mark.livekit, pytest.mark.postgres]

SECONDS = 20


async def test_every_promise_is_kept(tmp_path: Path) -> None:
    """Whatever goes down: no call lost, dialled twice, left in a room, stuck or unaudited."""
    faults: list[str] = []
    verdict, webhooks = await campaign(SECONDS, 4711, tmp_path, faults.append)
    assert verdict.broken == {}, faults
    assert verdict.calls > 0
    assert webhooks > 0
    assert faults
