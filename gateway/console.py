"""Lines for people at a terminal: short, coloured, what a reader looks for first.

What is secret has been hidden before, and nothing is left that a terminal would act on.
"""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TextIO

import structlog

from gateway.domain.audit_event import ChainedAuditEvent
from gateway.domain.texts import escaped

CLOCK = "%H:%M:%S"
"""Of the machine's own time zone."""
EVENT_WIDTH = 24
_OUTCOME = ("code", "reason", "sip_status_code", "sip_status")
_TOLD = ("tenant_id", "actor", "call_id", "transfer_id", *_OUTCOME)
"""What is shown of an audit record, if it has it; the record itself says more."""


def renderer(*, colors: bool) -> structlog.typing.Processor:
    """Writes a line of the log."""
    return structlog.dev.ConsoleRenderer(
        colors=colors, pad_event_to=EVENT_WIDTH, sort_keys=False, pad_level=False
    )


def briefly(
    _logger: object, _method: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """An exception as a few lines below the line."""
    found = line.get("exception")
    if isinstance(found, list):
        line["exception"] = "\n".join(text for each in found for text in _exception(each))
    return line


class AuditLines:
    """Each stored audit record as a short line, on stdout by default."""

    def __init__(self, file: TextIO | None = None, *, colors: bool = False) -> None:
        self._lines = structlog.WriteLogger(file or sys.stdout)
        self._render = renderer(colors=colors)

    def __call__(self, records: Sequence[ChainedAuditEvent]) -> None:
        """Writes the records of one commit."""
        for chained in records:
            self._lines.info(str(self._render(None, "", _audited(chained.record))))


def _audited(record: Mapping[str, Any]) -> dict[str, Any]:
    """An audit record as a line of the log."""
    request, decision = record.get("request", {}), record.get("decision", {})
    places = (
        *((name, record) for name in _TOLD),
        *(("to", request), ("trunk_id", decision), ("caller_id", decision)),
    )
    what = record.get("method", "").rpartition("/")[2]
    return {
        "timestamp": datetime.fromisoformat(record["time"]).astimezone().strftime(CLOCK),
        "level": "audit",
        "event": f"{record['kind']} {escaped(what)}".rstrip(),
        **{name: _shown(place[name]) for name, place in places if place.get(name)},
    }


def _shown(value: object) -> object:
    return escaped(value) if isinstance(value, str) else value


def _exception(told: Mapping[str, Any]) -> Sequence[str]:
    frames = [f"  {at['filename']}:{at['lineno']} in {at['name']}" for at in told["frames"]]
    return [*frames, f"{told['exc_type']}: {told['exc_value']}"]
