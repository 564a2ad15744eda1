"""Where stored audit records go beside the store."""

import sys
from collections.abc import Sequence
from typing import TextIO

import structlog

from gateway.domain.audit_event import ChainedAuditEvent


class LineSink:
    """Each stored record as one structured JSON line, on stdout unless told otherwise."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._line = structlog.wrap_logger(
            structlog.PrintLogger(file or sys.stdout),
            processors=[structlog.processors.JSONRenderer(sort_keys=True, ensure_ascii=False)],
        )

    def __call__(self, records: Sequence[ChainedAuditEvent]) -> None:
        """Writes the records of one commit."""
        for chained in records:
            self._line.info("audit", **{**chained.record, "hash": chained.hash})
