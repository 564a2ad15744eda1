"""One virtual clock, and the loops that run on it, one callback at a time."""

import heapq
from collections.abc import Callable
from random import Random
from typing import Any

from tests.simulation.engine.loop import NodeLoop, Timer, set_running

Due = tuple[float, int, NodeLoop, Timer]


class StuckError(Exception):
    """Callbacks follow each other without end, and no time passes."""


class Scheduler:
    """Runs what is ready, then lets time pass to the next timer.

    Which loop goes next is decided by `chance`, so every order in which processes may run can
    occur. Within a loop callbacks keep their order, as asyncio promises.
    """

    MOST_STEPS_AT_ONCE = 1_000_000

    def __init__(self, chance: Random, begin: float = 0.0) -> None:
        self.now = begin
        """The virtual time, in seconds."""
        self.steps = 0
        self._random = chance.random
        self.timers: list[Due] = []
        self.order = 0
        """How many timers there were: those of the same moment keep their order."""
        self._ready: list[NodeLoop] = []
        self.readied = self._ready.append
        """For loops: there is something to run."""
        self.loops: list[NodeLoop] = []
        self._fate = self.loop("fate")

    def loop(self, name: str) -> NodeLoop:
        """A new process."""
        loop = NodeLoop(self, name)  # type: ignore[abstract]  # what nobody calls
        self.loops.append(loop)
        return loop

    def later(self, seconds: float, do: Callable[[], Any]) -> None:
        """From outside of every process: nothing there can keep it from happening."""
        self._fate.call_later(seconds, do)

    def at_time(self, when: float, do: Callable[[], Any]) -> None:
        """The same, at a time."""
        self._fate.call_at(when, do)

    def run(self, until: float, over: Callable[[], bool] = lambda: False) -> None:
        """Runs everything up to this time, or until `over`, asked whenever time passes."""
        while True:
            if self._ready:
                self._run_ready()
            if over() or not self.timers or self.timers[0][0] > until:
                break
            self._let_time_pass()
        self.now = max(self.now, until) if not over() else self.now

    def _run_ready(self) -> None:
        """Until nothing is."""
        ready, draw, runs = self._ready, self._random, set_running
        begun, current = self.steps, None
        try:
            while ready:
                loop = ready[int(draw() * len(ready))] if len(ready) > 1 else ready[0]
                if loop is not current:
                    runs(loop)
                    current = loop
                self.steps += 1
                if not loop.step():
                    self.forget(loop)  # it may be forgotten already
                if self.steps - begun > self.MOST_STEPS_AT_ONCE:
                    raise StuckError(f"at {self.now:.6f} s: {ready}")
        finally:
            runs(None)

    def _let_time_pass(self) -> None:
        """To the next timer; those that are due at the same moment become ready together."""
        timers = self.timers
        when = timers[0][0]
        self.now = max(self.now, when)
        while timers and timers[0][0] <= when:
            _, _, loop, handle = heapq.heappop(timers)
            if not handle._cancelled:  # noqa: SLF001  a call for each of very many
                loop.due(handle)

    def forget(self, loop: NodeLoop) -> None:
        """For loops: nothing of it is to run any more, or not for now."""
        if loop.listed:
            loop.listed = False
            self._ready.remove(loop)

    def errors(self) -> list[dict[str, Any]]:
        """What was raised and handled by nobody, in every loop."""
        for loop in self.loops:
            loop.let_go()
        return [error for loop in self.loops for error in loop.errors]
