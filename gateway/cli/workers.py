"""`gateway serve --workers`: several processes that are one gateway to the outside."""

import asyncio
import os
import signal
import sys
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import structlog
import typer

from gateway.cli.database import settings_told
from gateway.cli.output import CommandError
from gateway.cli.serving import run, started
from gateway.workers.errand import Errand, Report
from gateway.workers.folder import shared_folder
from gateway.workers.lines import keep_lines_whole
from gateway.workers.ports import TakenError, kept

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gateway.build import Gateway
    from gateway.settings import Settings

COMMAND = (sys.executable, "-m", "gateway", "serve", "--channel")
LOOK_SECONDS = 1.0
"""How often a worker looks whether it is broken."""

log = structlog.get_logger()


def supervise(settings: "Settings") -> None:
    """Runs the workers until they are told to stop. Raises CommandError if they cannot start."""
    if not settings.is_live:
        hint = "--workers 1 serves it; LIVEKIT_URL and no GATEWAY_PLATFORM=sandbox use LiveKit"
        raise CommandError("the sandbox plays its phones in one process, not in several", hint)
    with ExitStack() as stack:
        try:
            addresses = stack.enter_context(kept(settings.addresses))
            folder = stack.enter_context(shared_folder())
        except TakenError as taken:
            hint = f"GATEWAY_{taken.name.upper()} sets another address"
            raise CommandError(str(taken), hint) from taken
        except OSError as error:
            hint = "TMPDIR names a directory where it can be made"
            raise CommandError(f"there is no folder for the workers: {error}", hint) from error
        keep_lines_whole(folder)
        code = _supervised(settings, addresses, folder)
    raise typer.Exit(code)


def _supervised(settings: "Settings", addresses: "Mapping[str, str]", folder: "Path") -> int:
    from gateway import logs  # noqa: PLC0415
    from gateway.settings import share_metrics  # noqa: PLC0415

    logs.configure(settings.log_form)  # for the lines as they are written from now on
    share_metrics(folder)
    from gateway.workers.supervisor import Supervisor  # noqa: PLC0415  imports the metrics

    count = settings.workers
    errand = Errand(
        number=0, supervisor=os.getpid(), folder=str(folder), count=count, addresses=addresses
    )

    async def run() -> int:
        return await Supervisor(count, COMMAND, errand).run()

    return asyncio.run(run())


def serve_worker(channel: int) -> None:
    """Serves as one of several, for the supervisor at the other end of the channel."""
    from gateway import logs  # noqa: PLC0415

    report = Report(channel)
    report.end_with_supervisor()
    keep_lines_whole(report.folder)
    told = settings_told()
    changes: dict[str, Any] = {**report.errand.addresses, "workers": report.errand.count}
    if told.audit_file:  # each worker its own: they would rotate it under each other
        path = told.audit_file
        changes["audit_file"] = path.with_stem(f"{path.stem}.{report.errand.number}")
    settings = told.model_copy(update=changes)
    logs.configure(settings.log_form, worker=report.errand.number)
    logs.take_in_crashes()
    run(settings, _serving(settings, report))


async def _serving(settings: "Settings", report: Report) -> None:
    """Until SIGTERM, however often it comes, or until it is broken: then the exit code is 1."""
    from gateway.workers.gathering import gathered  # noqa: PLC0415

    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    loop.add_signal_handler(signal.SIGINT, stopped.set)
    gateway = await started(settings, gathered(report.folder))
    living = asyncio.create_task(report.keep(gateway.ports))
    try:
        broken = await _breaks(gateway, stopped)
    finally:
        await gateway.stop()
        living.cancel()
    if broken:
        raise typer.Exit(1)


async def _breaks(gateway: "Gateway", stopped: asyncio.Event) -> bool:
    """Waits for either: False if it was told to stop, True if only a new process helps."""
    while not gateway.is_broken:
        with suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), LOOK_SECONDS)
            return False
    log.error("worker_broken", text="a background task has stopped")
    return True
