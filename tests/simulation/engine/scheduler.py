"""One virtual clock, and the loops that run on it, one callback at a time."""

import asyncio
import heapq
from collections.abc import Callable
from random import Random
from typing import Any

from tests.simulation.engine.loop import NodeLoop

Due = tuple[float, int, NodeLoop, asyncio.TimerHandle]


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
        self._timers: list[Due] = []
        self._order = 0
        self._ready: list[NodeLoop] = []
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
        at_once = 0
        while True:
            while self._ready:
                self._step()
                at_once += 1
                if at_once > self.MOST_STEPS_AT_ONCE:
                    raise StuckError(f"at {self.now:.6f} s: {self._ready}")
            at_once = 0
            if over() or not self._timers or self._timers[0][0] > until:
                break
            self._let_time_pass()
        self.now = max(self.now, until) if not over() else self.now

    def _step(self) -> None:
        ready = self._ready
        at = int(self._random() * len(ready)) if len(ready) > 1 else 0
        loop = ready[at]
        self.steps += 1
        if not loop.step():
            self.forget(loop)  # it may have changed its place, or be forgotten already

    def _let_time_pass(self) -> None:
        """To the next timer; those that are due at the same moment become ready together."""
        timers = self._timers
        when = timers[0][0]
        self.now = max(self.now, when)
        while timers and timers[0][0] <= when:
            _, _, loop, handle = heapq.heappop(timers)
            loop.due(handle)

    def at(self, when: float, loop: NodeLoop, handle: asyncio.TimerHandle) -> None:
        """For loops: a timer."""
        self._order += 1
        heapq.heappush(self._timers, (when, self._order, loop, handle))

    def readied(self, loop: NodeLoop) -> None:
        """For loops: there is something to run."""
        self._ready.append(loop)

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
