"""An event loop on which nothing waits, and its clock."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from functools import wraps
from selectors import SelectorKey, SelectSelector
from typing import Any, ParamSpec

from tests.stands.clocks import NOON

P = ParamSpec("P")


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time stands while anything can run, then jumps to what comes next.

    What is given to an executor runs at once and holds the loop up. Where nothing can ever
    come, it raises RuntimeError instead of waiting.
    """

    def __init__(self) -> None:
        self._now = 0.0
        super().__init__(_Jumping(self._jump))

    def time(self) -> float:
        return self._now

    def run_in_executor(  # type: ignore[override]  # the library's own has no executor's type
        self, _executor: object, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  it is the caller's
            done.set_exception(error)
        return done

    def _jump(self, seconds: float) -> None:
        self._now += seconds


def in_no_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """A test that runs where time costs nothing. Its fixtures belong to no loop."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


class LoopClock:
    """See `ports.Clock`: it is noon when the loop begins."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self._loop.time())

    def elapsed(self) -> float:
        return self._loop.time()


class _Jumping(SelectSelector):
    def __init__(self, jump: Callable[[float], None]) -> None:
        super().__init__()
        self._jump = jump

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("everything waits for ever")
        if not ready and timeout:
            self._jump(timeout)
        return ready
