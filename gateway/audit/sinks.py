"""Where stored audit records go besides the store."""

import sys
from collections.abc import Sequence
from typing import TextIO

import structlog

from gateway.domain.audit_event import ChainedAuditEvent
from gateway.domain.texts import UNSAFE


class LineSink:
    """Each stored record as one structured JSON line, on stdout by default."""

    def __init__(self, file: TextIO | None = None) -> None:
        self._lines = structlog.WriteLogger(file or sys.stdout)

    def __call__(self, records: Sequence[ChainedAuditEvent]) -> None:
        """Writes the records of one commit."""
        self._lines.info("\n".join(map(_line, records)))


def _line(chained: ChainedAuditEvent) -> str:
    r"""The record's own text, and its hash, with unsafe characters in JSON's own escapes.

    It parses to the same (`\u202e`), so its hash is still that of the record.
    """
    text = UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", chained.text)
    return f'{{"event":"audit","hash":"{chained.hash}",{text[1:]}'
