"""From a finished run to what its judge is given."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from gateway.wire.config import document
from tests.simulation.judge.evidence import Evidence
from tests.simulation.judge.stored import read
from tests.simulation.logs import told
from tests.simulation.plan.configuring import configuration
from tests.simulation.run import Run


def gathered(run: Run, logged: Sequence[str]) -> Evidence:
    """The evidence. `logged`: errors that gateways logged and did not expect."""
    with closing(sqlite3.connect(run.database)) as database:
        stored = read(database)
    return Evidence(
        plan=run.plan,
        end=run.scheduler.now,
        config=document.values_of(document.from_yaml(configuration(run.plan))),
        truth=run.truth,
        stored=stored,
        committed=run.committed,
        told=run.clients.told,
        watched=run.clients.watched,
        received=run.receivers.delivered,
        heard=run.heard,
        errors=[*logged, *(_unhandled(error) for error in run.scheduler.errors())],
        left={gateway.name: gateway.left_over() for gateway in run.gateways if gateway.up},
    )


def _unhandled(error: dict[str, Any]) -> str:
    raised = error.get("exception")
    return f"{error.get('message')} {told(raised) if raised else ''}".strip()
