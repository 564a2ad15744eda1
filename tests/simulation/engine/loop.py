"""A process in miniature: an event loop of its own, which can be killed and frozen."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from heapq import heappush
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from tests.simulation.engine.scheduler import Scheduler

T = TypeVar("T")
set_running = asyncio._set_running_loop  # noqa: SLF001  there for makers of loops


class Handle(asyncio.Handle):
    """One callback; asyncio's own asks its loop whether to remember where it was made."""

    __slots__ = ()

    def __init__(
        self,
        callback: Callable[..., Any],
        args: tuple[Any, ...],
        loop: "NodeLoop",
        context: Context | None,
    ) -> None:
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = self._source_traceback = None


class Timer(asyncio.TimerHandle):
    """The same at a time."""

    __slots__ = ()

    def __init__(
        self,
        when: float,
        callback: Callable[..., Any],
        args: tuple[Any, ...],
        loop: "NodeLoop",
        context: Context | None,
    ) -> None:
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = self._source_traceback = None
        self._when = when
        self._scheduled = False


@contextmanager
def running(loop: "NodeLoop") -> Iterator[None]:
    """Within it this is the running loop."""
    set_running(loop)
    try:
        yield
    finally:
        set_running(None)


class NodeLoop(asyncio.AbstractEventLoop):
    """What asyncio needs of a loop, on the scheduler's clock.

    A killed loop never runs again: no `finally` is entered and no lock is released, as in a
    process that is killed. A frozen one runs nothing until it is woken, and then finds that time
    has passed.
    """

    def __init__(self, scheduler: "Scheduler", name: str) -> None:
        self.name = name
        self.dead = False
        self.frozen = False
        self.listed = False
        """The scheduler knows that something is ready."""
        self.errors: list[dict[str, Any]] = []
        self.context = copy_context()
        """In which its first task runs, and so all others."""
        self.pause: Callable[[], float] = lambda: 0.0
        """How long work in another thread takes, in seconds."""
        self.scheduler = scheduler
        self._list = scheduler.readied
        self.ready: deque[Handle | Timer] = deque()
        self._tasks: dict[asyncio.Task[Any], None] = {}
        self._most_tasks = 100
        """With more of them, those that are done are let go."""
        self._doomed: tuple[int, Callable[[], None]] | None = None

    def __repr__(self) -> str:
        return f"<loop of {self.name}>"

    # What happens to a process.

    def begin(self, story: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Starts a task from outside of any loop."""
        return self.create_task(story, context=self.context)

    def kill(self) -> None:
        """At once, between two callbacks."""
        self.dead = True
        self.scheduler.forget(self)

    def doom(self, steps: int, then: Callable[[], None]) -> None:
        """After this many callbacks of the loop `then` is called, whatever is under way."""
        self._doomed = (steps, then)

    def freeze(self) -> None:
        """Until `wake`."""
        self.frozen = True
        self.scheduler.forget(self)

    def wake(self) -> None:
        """What has become due meanwhile is due at once."""
        self.frozen = False
        if self.ready and not (self.listed or self.dead):
            self.listed = True
            self._list(self)

    def bury(self) -> None:
        """Ends the tasks of a loop when nothing matters any more, so that no collector has to."""
        self.dead = self.frozen = False
        self._doomed = None
        for _ in range(100):
            for task in self._tasks:
                task.cancel()
            with running(self):
                while self.ready:
                    self.step()
            self.let_go()
            if not self._tasks:
                break
        self.kill()
        self.ready.clear()

    # What the scheduler calls.

    def step(self) -> bool:
        """Runs one callback, while this is the running loop; False if none is left."""
        handle = self.ready.popleft()
        if not handle._cancelled:  # noqa: SLF001  a call for each of very many
            try:
                handle._context.run(handle._callback, *handle._args)  # noqa: SLF001
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:  # noqa: BLE001  as asyncio does
                self.call_exception_handler({"message": "in a callback", "exception": error})
            if self._doomed is not None:
                self._count_down(*self._doomed)
        return bool(self.ready) and not (self.dead or self.frozen)

    def _count_down(self, steps: int, then: Callable[[], None]) -> None:
        self._doomed = (steps - 1, then) if steps > 1 else None
        if self._doomed is None:
            then()

    def due(self, handle: Timer) -> None:
        """A timer's time has come."""
        if not self.dead:
            self.ready.append(handle)
            if not (self.listed or self.frozen):
                self.listed = True
                self._list(self)

    # What asyncio calls. The library's types bind arguments in a way that need not be repeated.

    def time(self) -> float:
        return self.scheduler.now

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = Handle(callback, args, self, context)
        self.ready.append(handle)
        if not (self.listed or self.dead or self.frozen):
            self.listed = True
            self._list(self)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    def call_later(  # type: ignore[override]
        self,
        delay: float,
        callback: Callable[..., Any],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        scheduler = self.scheduler
        when = scheduler.now + delay
        handle = Timer(when, callback, args, self, context)
        scheduler.order += 1
        heappush(scheduler.timers, (when, scheduler.order, self, handle))
        return handle

    def call_at(  # type: ignore[override]
        self,
        when: float,
        callback: Callable[..., Any],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        scheduler = self.scheduler
        handle = Timer(when, callback, args, self, context)
        scheduler.order += 1
        heappush(scheduler.timers, (when, scheduler.order, self, handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It is skipped when its time comes."""

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Any,
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(coro, loop=self, name=name or "task", context=context)
        self._tasks[task] = None
        if len(self._tasks) > self._most_tasks:
            self.let_go()
            self._most_tasks = 2 * len(self._tasks) + 100
        return task

    def let_go(self) -> None:
        """Keeps no task that is done: then asyncio reports what it raised and nobody asked for."""
        self._tasks = {task: None for task in self._tasks if not task.done()}

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Another thread's work: done in one go, after the time that it takes."""
        del executor
        future = self.create_future()
        self.call_later(self.pause(), _work, future, func, args)
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.errors.append(context)

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return not self.dead

    def is_closed(self) -> bool:
        return False


def _work(future: "asyncio.Future[Any]", func: Callable[..., Any], args: tuple[Any, ...]) -> None:
    try:
        result = func(*args)
    except Exception as error:  # noqa: BLE001  it belongs to whoever waits
        if not future.done():
            future.set_exception(error)
    else:
        if not future.done():
            future.set_result(result)
