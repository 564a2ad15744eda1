"""The process's own log on stderr, each event with the RPC it belongs to.

A JSON object on each line, or short lines for people at a terminal. All log output, including that
of libraries, takes this form, and all of it is redacted: no token or secret, numbers as in the
audit log, nothing that a terminal would act on.
"""

import logging
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TextIO

import structlog

from gateway import console
from gateway.audit.redaction import Redact, keep, text
from gateway.domain.texts import HIDDEN, cleaned, without_secrets

MAX_LOGGED = 1024
"""Bytes of one text in a line."""
MAX_ENTRIES = 100
"""Of a list in a line; the first ones are kept."""
MAX_DEPTH = 8
MAX_NUMBER = 2**63
_SECRET_NAMES = frozenset({"authorization", "token", "secret", "password", "digits"})
_OWN = frozenset({"level", "timestamp"})
# aiohttp's own errors quote what could not be read of a request: its headers, with their tokens.
_QUOTING = frozenset(
    {
        "BadHttpMessage",
        "BadHttpMethod",
        "BadStatusLine",
        "ContentLengthError",
        "HttpProcessingError",
        "InvalidHeader",
        "InvalidURLError",
        "LineTooLong",
        "PayloadEncodingError",
        "TransferEncodingError",
    }
)


class LogFormat(StrEnum):
    """How the log and the audit lines are written."""

    AUTO = "auto"
    """For people at a terminal, else as JSON."""
    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """From which level on lines are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class LogForm:
    """How lines are written, as far as the environment says it."""

    log_format: LogFormat = LogFormat.AUTO
    level: LogLevel = LogLevel.INFO
    colored: bool = True
    """At a terminal."""

    def for_people(self, file: TextIO) -> bool:
        """Whether lines that go there are short ones."""
        told = self.log_format
        return told is LogFormat.CONSOLE or (told is LogFormat.AUTO and file.isatty())

    def colors(self, file: TextIO) -> bool:
        """Whether lines that go there have colours."""
        return self.colored and file.isatty()


class _Redaction:
    """The last processing of a line before it is written."""

    def __init__(self) -> None:
        self.numbers: Redact = keep

    def __call__(
        self, _logger: object, _method: str, line: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        return {
            self._text(name): value if name in _OWN else self._entry(name, value)
            for name, value in line.items()
        }

    def _entry(self, name: str, value: object, depth: int = 0) -> object:
        if name.lower() in _SECRET_NAMES:
            return HIDDEN
        return self._safe(value, depth)

    def _safe(self, value: object, depth: int) -> object:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return value if -MAX_NUMBER < value < MAX_NUMBER else "[out of range]"
        if depth < MAX_DEPTH and isinstance(value, Mapping):
            if value.get("exc_type") in _QUOTING:
                value = {**value, "exc_value": HIDDEN, "exc_notes": []}
            entries = list(value.items())[:MAX_ENTRIES]
            return {self._text(str(k)): self._entry(str(k), v, depth + 1) for k, v in entries}
        if isinstance(value, set | frozenset):
            value = sorted(value, key=str)
        if depth < MAX_DEPTH and isinstance(value, list | tuple):
            return [self._safe(inner, depth + 1) for inner in list(value)[:MAX_ENTRIES]]
        return self._text(value if isinstance(value, str) else str(value))

    def _text(self, value: str) -> str:
        # Cut first: what is left out needs no search for secrets.
        return cleaned(text(without_secrets(value[: 4 * MAX_LOGGED]), self.numbers), MAX_LOGGED)


_redaction = _Redaction()


def redact_numbers(redact: Redact) -> None:
    """From now on numbers are logged as `redact` writes them."""
    _redaction.numbers = redact


def configure(form: LogForm | None = None, *, worker: int | None = None) -> None:
    """To be called before anything is logged; takes in the logs of libraries as well.

    `worker`: the number that each line has, if this process is one of several.
    """
    form = form or LogForm()
    people = form.for_people(sys.stderr)
    level = logging.getLevelNamesMapping()[form.level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        *([_Worker(worker)] if worker else []),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt=console.CLOCK if people else "iso", utc=not people),
    ]
    ending: list[structlog.typing.Processor] = [
        # Locals of a traceback would carry tokens and digits into the log.
        structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        ),
        _redaction,
        *(
            [console.briefly, console.renderer(colors=form.colors(sys.stderr))]
            if people
            else [structlog.processors.JSONRenderer()]
        ),
    ]
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    _take_in_libraries(
        [structlog.stdlib.add_logger_name, *shared], ending, max(level, logging.WARNING)
    )


class _Worker:
    """Names the worker in each line."""

    def __init__(self, number: int) -> None:
        self._number = number

    def __call__(
        self, _logger: object, _method: str, line: structlog.typing.EventDict
    ) -> structlog.typing.EventDict:
        return {"worker": self._number, **line}


class _Lines(logging.StreamHandler[Any]):
    """The handler that is ours."""


def _take_in_libraries(
    before: list[structlog.typing.Processor],
    ending: list[structlog.typing.Processor],
    level: int,
) -> None:
    """aiohttp, asyncio, grpc, sqlalchemy, alembic and Python's warnings, from `level` on."""
    handler = _Lines(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    root = logging.getLogger()
    for earlier in [one for one in root.handlers if isinstance(one, _Lines)]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(capture=True)


def take_in_crashes() -> None:
    """Logs uncaught errors like any other line: of this thread, of others, of finalizers."""
    log = structlog.get_logger()

    def crashed(_kind: object, error: BaseException, _trace: object) -> None:
        log.critical("crashed", exc_info=error)

    def thread_crashed(told_of: threading.ExceptHookArgs) -> None:
        if told_of.exc_value is not None and told_of.exc_type is not SystemExit:
            name = told_of.thread.name if told_of.thread else ""
            log.critical("thread_crashed", thread=name, exc_info=told_of.exc_value)

    def unraisable(told_of: "sys.UnraisableHookArgs") -> None:
        log.error("not_raised", text=told_of.err_msg or "", exc_info=told_of.exc_value)

    sys.excepthook = crashed
    threading.excepthook = thread_crashed
    sys.unraisablehook = unraisable
