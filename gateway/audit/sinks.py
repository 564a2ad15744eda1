"""Where stored audit records go besides the store: lines, a file, a collector of logs.

Each blocks as long as it takes, and raises what keeps it from writing; see `outlets`.
"""

import http.client
import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

import structlog

from gateway.audit.forms import Form, record_line
from gateway.domain.audit_event import ChainedAuditEvent

OTLP_SECONDS = 10.0
"""How long a collector may take to answer."""
_TRY_AGAIN = frozenset({429, 502, 503, 504})
"""Statuses after which OTLP has the same sent again."""
_INFO = 9


class NotTakenError(Exception):
    """A sink will not take these records, however often they are sent."""


class LineSink:
    """Each stored record as one structured JSON line, on stdout by default."""

    def __init__(self, file: TextIO | None = None, form: Form = record_line) -> None:
        self._lines = structlog.WriteLogger(file or sys.stdout)
        self._form = form

    def __call__(self, records: Sequence[ChainedAuditEvent]) -> None:
        """Writes the records of one commit."""
        self._lines.info("\n".join(map(self._form, records)))


class FileSink:
    """Lines in a file that only its owner can read; full ones become `PATH.1` and so on."""

    def __init__(self, path: Path, form: Form, *, most_bytes: int, kept: int) -> None:
        self._file = _Rotating(path, maxBytes=most_bytes, backupCount=kept, delay=True)
        self._form = form

    def __call__(self, records: Sequence[ChainedAuditEvent]) -> None:
        """Appends the records of one commit. Raises OSError."""
        for record in records:
            self._file.emit(logging.makeLogRecord({"msg": self._form(record)}))

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class _Rotating(RotatingFileHandler):
    """Raises what keeps it from writing, and lets nobody else read."""

    def _open(self) -> Any:
        return open(
            self.baseFilename,
            "a",
            encoding="utf-8",
            opener=lambda path, flags: os.open(path, flags, 0o600),
        )

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802, ARG002
        raise  # noqa: PLE0704  it is called where an exception is handled


class OtlpSink:
    """Sends records as logs to an OpenTelemetry collector: OTLP over HTTP, in JSON."""

    def __init__(self, url: str, form: Form, headers: Mapping[str, str]) -> None:
        self._parts = urlsplit(url)
        self._form = form
        self._headers = {"Content-Type": "application/json", **headers}

    def __call__(self, records: Sequence[ChainedAuditEvent]) -> None:
        """Raises OSError if it may be tried again, else NotTakenError."""
        status, answer = self._post(json.dumps(self._body(records)).encode())
        if status in _TRY_AGAIN:
            raise OSError(f"the collector answered {status}")
        if not 200 <= status < 300:
            raise NotTakenError(f"the collector answered {status}")
        if rejected := _rejected(answer):
            raise NotTakenError(f"the collector rejected {rejected}")

    def _post(self, body: bytes) -> tuple[int, bytes]:
        is_secure = self._parts.scheme == "https"
        kind = http.client.HTTPSConnection if is_secure else http.client.HTTPConnection
        connection = kind(self._parts.netloc, timeout=OTLP_SECONDS)
        try:
            connection.request("POST", self._parts.path, body, self._headers)
            response = connection.getresponse()
            return response.status, response.read(64 * 1024)
        except http.client.HTTPException as error:
            raise OSError(f"the collector answers no HTTP: {error!r}") from error
        finally:
            connection.close()

    def _body(self, records: Sequence[ChainedAuditEvent]) -> dict[str, Any]:
        logs = {
            "scope": {"name": "gateway.audit"},
            "logRecords": [self._log(record) for record in records],
        }
        resource = {"attributes": [_attribute("service.name", "call-gateway")]}
        return {"resourceLogs": [{"resource": resource, "scopeLogs": [logs]}]}

    def _log(self, chained: ChainedAuditEvent) -> dict[str, Any]:
        record = chained.record
        time = datetime.fromisoformat(record["time"]).timestamp()
        names = ("kind", "tenant_id", "method", "call_id", "code")
        told = {
            "timeUnixNano": str(round(time * 1_000_000) * 1000),
            "severityNumber": _INFO,
            "severityText": "INFO",
            "eventName": "audit",
            "body": {"stringValue": self._form(chained)},
            "attributes": [_attribute(name, record[name]) for name in names if record.get(name)],
        }
        if trace_id := record.get("trace_id"):
            told["traceId"] = trace_id
        return told


def _attribute(name: str, value: object) -> dict[str, Any]:
    return {"key": name, "value": {"stringValue": str(value)}}


def _rejected(answer: bytes) -> int:
    """How many of them the collector has refused, as far as it says so."""
    try:
        partial = json.loads(answer or b"{}").get("partialSuccess") or {}
        return int(partial.get("rejectedLogRecords", 0))
    except (ValueError, AttributeError, TypeError):
        return 0
