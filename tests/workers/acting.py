"""What workers do wrong: `python -m tests.workers.acting ACT CHANNEL`, for a supervisor."""

import asyncio
import os
import signal
import sys
import time

from gateway.workers.errand import Report

PORTS = {"http_port": 1}


async def serves(report: Report) -> int:
    """Until SIGTERM."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    living = asyncio.create_task(report.keep(PORTS))
    await stopped.wait()
    living.cancel()
    return 0


async def fails(_report: Report) -> int:
    """Before it serves."""
    return 7


async def never_serves(_report: Report) -> int:
    """Nor does it end."""
    await asyncio.Event().wait()
    return 0


async def stays(report: Report) -> int:
    """Whatever it is told."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    await report.keep(PORTS)
    return 0


async def second_dies(report: Report) -> int:
    """At SIGUSR1, which it takes once it serves; the first does well."""
    if report.errand.number == 1:
        return await serves(report)
    dies = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, dies.set)
    living = asyncio.create_task(report.keep(PORTS))
    await dies.wait()
    living.cancel()
    return 3


async def second_hangs_once(report: Report) -> int:
    """The one in its place does well."""
    once = report.folder / "hung"
    if report.errand.number == 1 or once.exists():
        return await serves(report)
    once.touch()
    living = asyncio.create_task(report.keep(PORTS))
    await asyncio.sleep(0.01)
    living.cancel()
    while True:
        time.sleep(60)  # noqa: ASYNC251  that is what hangs


ACTS = {
    act.__name__: act
    for act in (serves, fails, never_serves, stays, second_dies, second_hangs_once)
}


def main() -> None:
    """Says on stdout who it is, then acts."""
    report = Report(int(sys.argv[2]))
    report.end_with_supervisor()
    sys.stdout.write(f"{os.getpid()}\n")
    sys.stdout.flush()
    sys.exit(asyncio.run(ACTS[sys.argv[1]](report)))


if __name__ == "__main__":
    main()
