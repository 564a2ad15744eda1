"""Profiles of a process while something goes on, by py-spy."""

import asyncio
import contextlib
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from rich.console import Console

from tests.bench.measure import Told
from tests.bench.rounds import Measured

CALLERS = 16
RATE = 200
"""Samples a second."""
STARTED = b"Sampling"


class ProfileError(RuntimeError):
    """The process could not be looked into."""


async def keep(console: Console, told: Told, one: Measured, name: str) -> None:
    """If profiles are wanted: one more turn, of which nothing counts but where the time goes."""
    if told.profiles is None:
        return
    async with profiled(one.pids[0], told.profiles, name) as file:
        await one.load(CALLERS, told.seconds)
    console.print(f"profile: {file}")


@contextlib.asynccontextmanager
async def profiled(pid: int, folder: Path, name: str) -> AsyncIterator[Path]:
    """Keeps in `folder` what holds the interpreter's lock until the end: stacks and their counts.

    The file is what flame graph programs read, and speedscope. Needs the right to trace.
    """
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    file = folder / f"{re.sub('[^0-9A-Za-z]+', '-', name)}.txt"
    program = Path(sys.executable).with_name("py-spy")
    process = await asyncio.create_subprocess_exec(
        *(str(program), "record", "--pid", str(pid), "--gil", "--subprocesses"),
        *("--rate", str(RATE), "--format", "raw", "--output", str(file), "--duration", "unlimited"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        said = b""
        while STARTED not in said:
            more = await process.stdout.readline()
            said += more
            if not more:
                raise ProfileError(f"py-spy: {said.decode(errors='replace').strip()}")
        yield file
        process.send_signal(signal.SIGINT)
        rest, _ = await process.communicate()
        if process.returncode:
            raise ProfileError(f"py-spy: {rest.decode(errors='replace').strip()}")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
