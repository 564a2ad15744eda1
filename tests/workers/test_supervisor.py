"""Workers are started again, given up, killed and ended together."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.stands.patience import PATIENCE
from tests.stands.processes.gateway import ROOT
from tests.stands.waiting import eventually


class Supervised:
    """A supervisor of two that act, and what they have said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def logged(self, event: str) -> dict[str, Any]:
        """The next line of this event."""
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE):
            while line := await self.process.stderr.readline():
                told: dict[str, Any] = json.loads(line)
                if told["event"] == event:
                    return told
        raise AssertionError(f"it ended without {event}")

    async def acting(self) -> int:
        """The process id of the next one that begins to act."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            return int(await self.process.stdout.readline())

    async def ended(self) -> tuple[int, list[str]]:
        """Its exit code, and the events that it logged until then."""
        async with asyncio.timeout(PATIENCE):
            _, err = await self.process.communicate()
        lines = [json.loads(line) for line in err.splitlines()]
        return self.process.returncode or 0, [line["event"] for line in lines]


@asynccontextmanager
async def supervised(act: str, *, most_silent: float = PATIENCE) -> AsyncIterator[Supervised]:
    """Two workers that act like this; one that shows no life for so many seconds is killed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.workers.supervised", act, f"{most_silent:.0f}"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Supervised(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def is_running(pid: int) -> bool:
    """Whether it has not ended."""
    return Path(f"/proc/{pid}").exists()


async def test_what_keeps_the_first_from_serving_is_told_once() -> None:
    """The second is not started, the first not again, and its exit code is the whole's."""
    async with supervised("fails") as whole:
        await whole.acting()
        assert await whole.ended() == (7, [])


async def test_who_keeps_dying_is_given_up() -> None:
    """It is started again after ever longer pauses; then the others end too, and the code is 1."""

    async def dies(whole: Supervised) -> None:
        await whole.logged("workers_serving")
        os.kill(await whole.acting(), signal.SIGUSR1)

    async with supervised("second_dies") as whole:
        await whole.acting()
        for pause in (0.05, 0.1, 0.2):
            await dies(whole)
            ended = await whole.logged("worker_ended")
            assert (ended["code"], ended["again_in"]) == (3, pause)
        await dies(whole)
        assert await whole.ended() == (1, ["worker_given_up", "workers_stopping"])


async def test_who_hangs_is_killed() -> None:
    """It shows no life while it serves: it is killed, and another serves in its place."""
    async with supervised("second_hangs_once", most_silent=5) as whole:
        await whole.logged("workers_serving")
        assert (await whole.logged("worker_hangs"))["worker"] == 2
        assert (await whole.logged("worker_ended"))["signal"] == "SIGKILL"
        await whole.logged("workers_serving")
        whole.process.send_signal(signal.SIGINT)
        assert await whole.ended() == (0, ["workers_stopping"])


async def test_a_second_signal_waits_for_nobody() -> None:
    """Workers that do not end are killed, and the exit code says by which signal."""
    async with supervised("stays") as whole:
        await whole.logged("workers_serving")
        acting = [await whole.acting(), await whole.acting()]
        whole.process.terminate()
        await whole.logged("workers_stopping")
        whole.process.terminate()
        assert await whole.ended() == (128 + signal.SIGTERM, [])
        assert not any(map(is_running, acting))


async def test_it_can_be_ended_while_it_starts() -> None:
    """A signal before the first worker serves ends it, and well."""
    async with supervised("never_serves") as whole:
        await whole.acting()
        whole.process.terminate()
        assert await whole.ended() == (0, ["workers_stopping"])


async def test_workers_end_with_their_supervisor() -> None:
    """When it is killed they are gone, whatever they do."""
    async with supervised("stays") as whole:
        await whole.logged("workers_serving")
        acting = [await whole.acting(), await whole.acting()]
        whole.process.kill()
        await eventually(lambda: asyncio.sleep(0, not any(map(is_running, acting))))
