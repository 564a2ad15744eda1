"""Supervises two that act: `python -m tests.workers.supervised ACT MOST_SILENT`."""

import asyncio
import os
import sys

from gateway import logs
from gateway.settings import share_metrics
from gateway.workers.errand import Errand
from gateway.workers.folder import shared_folder


def main() -> None:
    """Ends with the exit code that the supervisor gives."""
    logs.configure()
    command = (sys.executable, "-m", "tests.workers.acting", sys.argv[1])
    with shared_folder() as folder:
        share_metrics(folder)
        from gateway.workers.supervisor import Patience, Supervisor  # noqa: PLC0415

        errand = Errand(number=0, supervisor=os.getpid(), folder=str(folder), count=2, addresses={})
        patience = Patience(first_pause=0.05, most_failures=3, most_silent=int(sys.argv[2]))

        async def run() -> int:
            return await Supervisor(2, command, errand, patience).run()

        sys.exit(asyncio.run(run()))


if __name__ == "__main__":
    main()
