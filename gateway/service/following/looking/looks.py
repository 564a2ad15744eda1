"""How many looks at legs a gateway takes a second, and which call's turn it is."""

import asyncio
import math
from collections import deque
from enum import Enum
from functools import partial

from gateway.service.following.looking.alarm import Queue, Turn
from gateway.service.following.looking.hearing import Hearing

TOLD_SHARE = 0.1
"""Of all looks, for legs of whose end LiveKit tells by itself."""
OTHERS_TURN = 10
"""However many are ahead, every tenth turn goes to the legs behind them."""
BURST_SECONDS = 0.5
"""What was not used for so long may be used at once."""
TICK_SECONDS = 0.01
"""Turns come together in steps of this, and not one by one."""
MOST_OWED_SECONDS = 0.05
"""Looks that wait for no turn delay the next turn by no more."""


class Line(Enum):
    """Who waits with whom; each line is served in the order of arrival."""

    FIRST = "first"
    """Calls that are dialled, ring or are to end."""
    ANSWERED = "answered"
    TOLD = "told"
    """Answered calls of whose end LiveKit tells: a look is for the notice that is lost."""


class Looks:
    """Gives followers their turns to look, no more than `rate` a second; 0: as many as they want.

    While notices are not relied upon, the calls of `Line.TOLD` wait with the other answered ones.
    """

    def __init__(self, rate: float, hearing: Hearing) -> None:
        self._hearing = hearing
        self._meter = _Meter(rate)
        self._told = _Meter(rate * TOLD_SHARE)
        self._first, self._answered, self._tolds = deque[Turn](), deque[Turn](), deque[Turn]()
        lines = {
            Line.FIRST: self._first,
            Line.ANSWERED: self._answered,
            Line.TOLD: self._tolds,
        }
        self._queues: dict[Line, Queue] = {
            line: partial(self._wait, waiting) for line, waiting in lines.items()
        }
        self._firsts = 0
        """How many turns in a row went to `Line.FIRST`."""
        self._timer: asyncio.TimerHandle | None = None

    def queue(self, line: Line) -> Queue:
        """Where to wait in this line: a turn is set to True; one that is done before takes none."""
        return self._queues[line]

    def spend(self) -> None:
        """A look that cannot wait for its turn is taken: it counts."""
        self._meter.take(_now())

    def _wait(self, line: deque[Turn], turn: Turn) -> None:
        line.append(turn)
        if self._timer is None:
            self._serve()

    def _serve(self) -> None:
        self._timer = None
        now = _now()
        while (line := self._next(now)) is not None:
            is_told = line is self._tolds
            wait = self._meter.wait(now)
            if is_told:
                wait = max(wait, self._told.wait(now))
            if wait > 0:
                self._timer = asyncio.get_running_loop().call_later(
                    max(wait, TICK_SECONDS), self._serve
                )
                return
            self._meter.take(now)
            if is_told:
                self._told.take(now)
            self._firsts = self._firsts + 1 if line is self._first else 0
            line.popleft().set_result(True)

    def _next(self, now: float) -> deque[Turn] | None:
        """The line whose turn it is."""
        first, answered, told = self._first, self._answered, self._tolds
        for line in (first, answered, told):
            while line and line[0].done():
                line.popleft()
        if told and not self._hearing.reliable:
            answered.extend(told)
            told.clear()
        others: deque[Turn] | None = None
        if told and (not answered or self._told.wait(now) <= 0):
            others = told
        elif answered:
            others = answered
        if first and (others is None or self._firsts < OTHERS_TURN - 1):
            return first
        return others


class _Meter:
    """Lets `rate` a second pass, evenly but for bursts; 0: all."""

    def __init__(self, rate: float) -> None:
        self._each = 1 / rate if rate else 0.0
        self._paid = -math.inf
        """Until then all that passed is paid for."""

    def wait(self, now: float) -> float:
        """Seconds until another may pass; not above 0: now."""
        return self._paid - now

    def take(self, now: float) -> None:
        """One passes."""
        begun = max(self._paid, now - BURST_SECONDS)
        self._paid = min(begun + self._each, now + max(MOST_OWED_SECONDS, self._each))


def _now() -> float:
    return asyncio.get_running_loop().time()
