"""What the gateways log, as lines of the history."""

import logging
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog

from tests.simulation.engine.history import History
from tests.simulation.nodes.tasks import who

UNEXPECTED = frozenset(
    {"internal_error", "follower_failed", "chore_failed", "webhook_not_handled", "not_readable"}
)
"""What a gateway logs of an error that it did not expect."""
_NOT_TOLD = frozenset({"event", "exc_info", "stack_info", "tenant_id"})


class Logs:
    """Tells the history of warnings and errors, and keeps the errors that nobody expected."""

    def __init__(self, history: History) -> None:
        self.errors: list[str] = []
        self._history = history

    def __call__(self, _logger: object, _method: str, entry: MutableMapping[str, Any]) -> Any:
        """As structlog's last processor."""
        name = entry["event"]
        # What is bound to a task comes in the order of addresses.
        about = {
            key: value
            for key, value in sorted(entry.items())
            if key not in _NOT_TOLD and isinstance(value, str | int | float)
        }
        self._history.tell(who.get(), f"log {name}", **about)
        if name in UNEXPECTED:
            self.errors.append(f"{who.get()}: {name} {about} {_raised(entry.get('exc_info'))}")
        raise structlog.DropEvent


@contextmanager
def logged_to(history: History) -> Iterator[Logs]:
    """All gateways log to this history within."""
    logs = Logs(history)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, logs],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        cache_logger_on_first_use=False,
    )
    try:
        yield logs
    finally:
        structlog.reset_defaults()


def _raised(info: object) -> str:
    """The exception that was logged, and where it came from."""
    error = sys.exc_info()[1] if info is True else info
    if isinstance(error, tuple):
        error = error[1]
    return told(error) if isinstance(error, BaseException) else ""


def told(error: BaseException) -> str:
    """An exception and the functions that it went through, the same on every machine."""
    frames = traceback.extract_tb(error.__traceback__)
    path = " < ".join(frame.name for frame in reversed(frames[-8:]))
    return f"{error!r} in {path}"
