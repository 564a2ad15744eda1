"""Where stored audit records go besides the store."""

import sys
from collections.abc import Sequence
from typing import Any, TextIO

import structlog

from gateway.domain.audit_event import ChainedAuditEvent
from gateway.domain.texts import UNSAFE


class LineSink:
    """Each stored record as one structured JSON line, on stdout by default."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._line = structlog.wrap_logger(
            structlog.PrintLogger(file or sys.stdout),
            processors=[
                structlog.processors.JSONRenderer(sort_keys=True, ensure_ascii=False),
                _obeyed_by_nobody,
            ],
        )

    def __call__(self, records: Sequence[ChainedAuditEvent]) -> None:
        """Writes the records of one commit."""
        for chained in records:
            self._line.info("audit", **{**chained.record, "hash": chained.hash})


def _obeyed_by_nobody(_logger: object, _method: str, line: Any) -> str:
    r"""The line with the unsafe characters of its strings in JSON's own escapes, as in `\u202e`.

    It parses to the same, so its hash is still that of the record.
    """
    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", str(line))
