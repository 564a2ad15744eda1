"""From a finished run to what its judge is given."""

from collections.abc import Sequence
from contextlib import closing
import sqlite3
from typing import Any

from gateway.domain.calls.call import CallState, EventType
from gateway.domain.calls.transfer import TransferState
from gateway.domain.outcome import EndReason
from gateway.wire.config import document
from tests.simulation.clients import told as clients_told
from tests.simulation.judge import evidence, stored
from tests.simulation.judge.evidence import Delivered, Evidence, Seen, Told
from tests.simulation.logs import told
from tests.simulation.nodes.clock import BEGIN
from tests.simulation.plan.configuring import configuration
from tests.simulation.plan.doings import Verb
from tests.simulation.run import Run

_METHODS = {
    clients_told.PLACE: "PlaceCall",
    Verb.HANG_UP: "HangUpCall",
    Verb.TRANSFER: "TransferCall",
    Verb.UPDATE: "UpdateCall",
    Verb.GET: "GetCall",
}
_ERRORS = {
    clients_told.LOST: evidence.LOST,
    clients_told.NOT_CONNECTED: evidence.NOT_SENT,
    clients_told.DEADLINE: evidence.LEFT,
    clients_told.LEFT: evidence.LEFT,
}


def gathered(run: Run, logged: Sequence[str]) -> Evidence:
    """The evidence. `logged`: errors that gateways logged and did not expect."""
    with closing(sqlite3.connect(run.database)) as database:
        kept = stored.read(database)
    end = run.scheduler.now
    return Evidence(
        plan=run.plan,
        config=document.values_of(document.from_yaml(configuration(run.plan))),
        truth=run.truth,
        stored=kept,
        end=end,
        told=sorted((_told(one, end) for one in run.clients.told), key=lambda one: one.told),
        watched={
            watcher: [_seen(one) for one in events]
            for watcher, events in run.clients.watched.items()
        },
        delivered=[_delivered(one) for one in run.receivers.received],
        heard=run.heard,
        errors=[*logged, *(_unhandled(error) for error in run.scheduler.errors())],
        left={gateway.name: gateway.left_over() for gateway in run.gateways if gateway.up},
        epoch=BEGIN,
    )


def _told(one: clients_told.Told, end: float) -> Told:
    return Told(
        method=_METHODS[one.what],
        number=one.number,
        tenant=one.tenant,
        gateway=int(one.gateway.rpartition("-")[2]),
        asked=one.asked,
        told=end if one.told is None else one.told,
        error=evidence.LOST if one.told is None else _ERRORS.get(one.reason, one.reason),
        call_id=one.call_id,
        state=CallState[one.state] if one.state else None,
        end_reason=EndReason[one.end_reason] if one.end_reason else None,
        transfer_id=one.transfer.transfer_id if one.transfer else "",
        transfer_state=TransferState[one.transfer_state] if one.transfer_state else None,
    )


def _seen(one: clients_told.Seen) -> Seen:
    return Seen(
        time=one.time,
        sequence=one.sequence,
        event_id=one.event_id,
        type=EventType[one.type],
        call_id=one.call_id,
        state=CallState[one.state],
        end_reason=EndReason[one.end_reason] if one.end_reason else None,
    )


def _delivered(one: clients_told.Received) -> Delivered:
    return Delivered(
        time=one.time,
        tenant=one.tenant,
        webhook=one.webhook,
        sequence=one.sequence,
        call_id=one.call_id,
        ok=200 <= one.status < 300,
    )


def _unhandled(error: dict[str, Any]) -> str:
    raised = error.get("exception")
    return f"{error.get('message')} {told(raised) if raised else ''}".strip()
