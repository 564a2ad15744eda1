"""Where the event loop stands when it stands still."""

import asyncio
import threading
import time

import structlog
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from gateway.watchdog import Watchdog, standing
from tests.stands.patience import PATIENCE

STALL = 0.5
"""Seconds."""


def stand_still(seconds: float) -> None:
    """For so long even if the machine does something else meanwhile."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def stalls_beyond(seconds: float) -> float:
    """How many late appointments were counted above a bucket's bound."""
    name = "gateway_loop_stall_seconds"
    all_of_them = REGISTRY.get_sample_value(f"{name}_count") or 0
    return all_of_them - (REGISTRY.get_sample_value(f"{name}_bucket", {"le": str(seconds)}) or 0)


async def stalled(seconds: float) -> list[structlog.typing.EventDict]:
    """What the log says of a loop that stands still; not of what the machine does to it."""
    watchdog = Watchdog(stall_seconds=STALL / 2, hang_seconds=STALL)
    with capture_logs() as logs:
        watchdog.start()
        try:
            await asyncio.sleep(0.1)
            stand_still(seconds)
            await asyncio.sleep(0.1)
        finally:
            watchdog.stop()
    return [line for line in logs if place(line).endswith("stand_still")]


def place(line: structlog.typing.EventDict) -> str:
    """Where the loop was seen; empty where nobody looked."""
    seen: list[str] = line.get("stands") or line.get("stood") or [""]
    return seen[0]


async def test_a_stall_is_told_with_its_place() -> None:
    """The log names the function that held the loop, its file and line, and no value.

    It does so once while the loop stands, should the process not live to see its end.
    """
    before = stalls_beyond(0.25)
    async with asyncio.timeout(PATIENCE):
        while len(told := await stalled(STALL * 2)) < 2:
            pass  # the machine let nobody look at it in time
    hangs, line = told
    assert (hangs["event"], line["event"]) == ("loop_hangs", "loop_stalled")
    assert line["seconds"] > STALL / 2
    assert "tests/test_watchdog.py:" in place(hangs)
    assert "tests/test_watchdog.py:" in place(line)
    assert stalls_beyond(0.25) > before


async def test_it_ends_with_the_gateway() -> None:
    """No thread stays, and stopping twice does no harm."""
    watchdog = Watchdog()
    watchdog.stop()
    watchdog = Watchdog()
    watchdog.start()
    assert any(thread.name == "watchdog" for thread in threading.enumerate())
    watchdog.stop()
    watchdog.stop()
    assert all(thread.name != "watchdog" for thread in threading.enumerate())


def test_a_thread_is_seen_where_it_stands() -> None:
    """Innermost first; of a thread that is not there nothing is told."""
    begun, ends = threading.Event(), threading.Event()

    def stands_here() -> None:
        begun.set()
        ends.wait()

    thread = threading.Thread(target=stands_here)
    thread.start()
    begun.wait()
    while not any(line.endswith(" stands_here") for line in standing(thread.ident or 0)):
        pass  # it may not have come to its wait yet
    seen = standing(thread.ident or 0)
    ends.set()
    thread.join()
    assert "lib/python3" in seen[0] or "threading.py:" in seen[0]
    assert seen[0].endswith(" wait")
    assert standing(1) == []
