"""Where audit records go besides the database, as the settings say."""

import asyncio
import sys
from collections.abc import Sequence

from gateway.audit.forms import Form, ocsf_line, record_line
from gateway.audit.outlets import Outlet, Write
from gateway.audit.settings import AuditForm
from gateway.audit.sinks import FileSink, LineSink, OtlpSink
from gateway.console import AuditLines
from gateway.metrics import AUDIT_LINES, AUDIT_WAITING
from gateway.settings import Settings

CLOSE_SECONDS = 5.0
"""How long a stopping gateway lets its sinks take what waits for them."""


class _Counts:
    """The metrics of one sink."""

    def __init__(self, name: str) -> None:
        self._written = AUDIT_LINES.labels(name, "written")
        self._lost = AUDIT_LINES.labels(name, "lost")
        self._waiting = AUDIT_WAITING.labels(name)

    def written(self, records: int) -> None:
        """See `outlets.Counts`."""
        self._written.inc(records)

    def lost(self, records: int) -> None:
        """See `outlets.Counts`."""
        self._lost.inc(records)

    def waiting(self, records: int) -> None:
        """See `outlets.Counts`."""
        self._waiting.set(records)


def outlets_of(settings: Settings) -> Sequence[Outlet]:
    """Standard output always; a file and a collector if they are set."""
    form = ocsf_line if settings.audit_form is AuditForm.OCSF else record_line
    outlets = [Outlet("stdout", _lines(settings, form), _Counts("stdout"))]
    if settings.audit_file:
        most, kept = settings.audit_file_bytes, settings.audit_files
        file = FileSink(settings.audit_file, form, most_bytes=most, kept=kept)
        outlets.append(Outlet("file", file, _Counts("file"), file.close))
    if settings.audit_otlp_url:
        otlp = OtlpSink(settings.audit_otlp_url, form, settings.otlp_headers_of_audit)
        outlets.append(Outlet("otlp", otlp, _Counts("otlp")))
    return outlets


async def close_outlets(outlets: Sequence[Outlet]) -> None:
    """Lets each write what it can."""
    await asyncio.gather(*(asyncio.to_thread(one.close, CLOSE_SECONDS) for one in outlets))


def _lines(settings: Settings, form: Form) -> Write:
    """Standard output: short lines for people at a terminal."""
    log_form = settings.log_form
    if log_form.for_people(sys.stdout):
        return AuditLines(colors=log_form.colors(sys.stdout))
    return LineSink(form=form)
