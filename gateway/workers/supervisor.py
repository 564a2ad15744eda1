"""Starts workers, starts them again, and ends them together."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog
from prometheus_client.multiprocess import mark_process_dead

from gateway.metrics import WORKER_RESTARTS
from gateway.workers.errand import Errand
from gateway.workers.process import Process

STOPS = (signal.SIGINT, signal.SIGTERM)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How workers that end are started again, and when one counts as hanging."""

    first_pause: float = 0.5
    """Seconds before a worker is started again; twice as long after each further failure."""
    longest_pause: float = 30.0
    most_failures: int = 9
    """So many times in a row it is started again; then the supervisor gives up."""
    steady_seconds: float = 60.0
    """Who has served so long begins a new row."""
    most_silent: int = 15
    """Seconds without a sign of life after which a worker that serves is killed."""

    def pause(self, failures: int) -> float:
        """Seconds before the next start, after so many failures in a row."""
        return float(min(self.first_pause * 2 ** (failures - 1), self.longest_pause))


@dataclass(frozen=True, slots=True)
class _Ended:
    """How one process ended. `code`: minus the signal's number if one ended it."""

    code: int
    pid: int = 0
    served_seconds: float = 0.0
    hung: bool = False

    @property
    def stopped_well(self) -> bool:
        """Whether it ended as a worker does that is told to stop."""
        return self.code == 0 or (self.code == -signal.SIGTERM and not self.served_seconds)


class Supervisor:
    """Keeps `count` workers. `command`: what starts one; `errand`: what each is told."""

    def __init__(
        self, count: int, command: Sequence[str], errand: Errand, patience: Patience | None = None
    ) -> None:
        self._count = count
        self._command = command
        self._errand = errand
        self._patience = patience or Patience()
        self._running: dict[int, Process] = {}
        self._first_serves = asyncio.Event()
        self._stopping = asyncio.Event()
        self._killed_by = 0

    async def run(self) -> int:
        """Runs until SIGTERM or SIGINT, then returns the exit code; 0: all ended well.

        The first worker starts alone: what keeps it from serving is told once, and its exit code
        is returned. A second signal kills what still runs; the code is 128 and its number.
        """
        loop = asyncio.get_running_loop()
        for number in STOPS:
            loop.add_signal_handler(number, self._stop, number)
        kept = [asyncio.create_task(self._keep(1))]
        serves = asyncio.create_task(self._first_serves.wait())
        try:
            await asyncio.wait({kept[0], serves}, return_when=asyncio.FIRST_COMPLETED)
            if not kept[0].done():
                others = range(2, self._count + 1)
                kept += [asyncio.create_task(self._keep(number)) for number in others]
            codes = await asyncio.gather(*kept)
        finally:
            serves.cancel()
            self._send(signal.SIGKILL)
        return 128 + self._killed_by if self._killed_by else max(codes)

    def _stop(self, number: signal.Signals | None = None) -> None:
        """Lets all finish; the second time ends them at once."""
        if self._stopping.is_set() and number is not None:
            self._killed_by = number
            self._send(signal.SIGKILL)
            return
        log.info("workers_stopping", workers=len(self._running))
        self._stopping.set()
        self._send(signal.SIGTERM)

    def _send(self, number: signal.Signals) -> None:
        for process in self._running.values():
            process.send(number)

    async def _keep(self, number: int) -> int:
        """Runs one worker until all stop; the exit code that it gives the whole."""
        failures = 0
        while not self._stopping.is_set():
            ended = await self._once(number)
            if self._stopping.is_set():
                return 0 if ended.stopped_well else 1
            if not self._first_serves.is_set():
                return ended.code if ended.code > 0 else 1
            failures = 1 if self._was_steady(ended) else failures + 1
            if failures > self._patience.most_failures:
                log.critical("worker_given_up", worker=number, failures=failures)
                self._stop()
                return 1
            await self._pause(number, ended, self._patience.pause(failures))
        return 0

    async def _once(self, number: int) -> _Ended:
        """One process from its start to its end."""
        try:
            process = await Process.start(self._command, replace(self._errand, number=number))
        except OSError as error:
            log.error("worker_not_started", worker=number, cause=str(error))
            return _Ended(code=1)
        self._running[number] = process
        if self._stopping.is_set():
            process.send(signal.SIGTERM)
        try:
            code = await process.ended(self._patience.most_silent, self._serves)
        finally:
            del self._running[number]
            mark_process_dead(process.pid, self._errand.folder)  # type: ignore[no-untyped-call]
        return _Ended(code, process.pid, process.served_seconds, process.hung)

    def _serves(self) -> None:
        """One more does."""
        self._first_serves.set()
        running = self._running.values()
        if len(running) == self._count and all(each.serves for each in running):
            log.info("workers_serving", workers=self._count, **self._running[1].ports)

    def _was_steady(self, ended: _Ended) -> bool:
        return ended.served_seconds >= self._patience.steady_seconds

    async def _pause(self, number: int, ended: _Ended, seconds: float) -> None:
        """Before the next start; no longer than until all stop."""
        WORKER_RESTARTS.labels("hung" if ended.hung else "ended").inc()
        by = {"signal": signal.Signals(-ended.code).name} if ended.code < 0 else {}
        log.error(
            "worker_ended", worker=number, pid=ended.pid, code=ended.code, again_in=seconds, **by
        )
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)
