"""What calls, events, transfers, trunks and route decisions look like to people."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gateway.cli.output import facts, line, table
from gateway.telephony.v1.admin_pb2 import TrunkTransferMode
from gateway.telephony.v1.calls_pb2 import (
    AgentState,
    AnsweredBy,
    Attempt,
    Call,
    CallAgent,
    CallEvent,
    CallEventType,
    CallState,
    EndReason,
    HangupSource,
    RouteDecision,
    TimeoutDecision,
    TrunkSummary,
    TrunkVerdict,
)
from gateway.telephony.v1.transfers_pb2 import Transfer, TransferMode, TransferState


class EnumType(Protocol):
    """A generated enum."""

    def Name(self, number: int) -> str:  # noqa: N802  (protobuf's name)
        """The value's full name."""
        ...


def word(enum: EnumType, number: int) -> str:
    """The name without its prefix; empty for the unset value."""
    prefix = enum.Name(0).removesuffix("UNSPECIFIED")
    try:
        return "" if number == 0 else enum.Name(number).removeprefix(prefix)
    except ValueError:  # a newer gateway knows more values
        return str(number)


def span(duration: Duration) -> str:
    """A duration as it may be typed: `1.5s`, `1m30s`, `4h`."""
    minutes, seconds = divmod(duration.ToTimedelta().total_seconds(), 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = ((hours, "h"), (minutes, "m"), (round(seconds, 6), "s"))
    return "".join(f"{number:g}{unit}" for number, unit in parts if number) or "0s"


def since(start: Timestamp, end: Timestamp) -> str:
    """The time between two points, in seconds with two digits."""
    seconds = (end.ToNanoseconds() - start.ToNanoseconds()) / 1e9
    return f"{seconds:.2f} s"


def moment(time: Timestamp) -> str:
    """A point in time where the reader lives; empty if unset."""
    if not time.ToNanoseconds():
        return ""
    return f"{time.ToDatetime(tzinfo=UTC).astimezone():%Y-%m-%d %H:%M:%S}"


def sip(code: int, text: str) -> str:
    """The SIP status; empty if there was none."""
    return f"SIP {code} {text}".rstrip() if code else ""


def outcome(call: Call) -> str:
    """How it ended; empty until then."""
    source = word(HangupSource, call.hangup_source)
    by = f"(by {source.lower()})" if source else ""
    parts = (word(EndReason, call.end_reason), by, sip(call.sip_status_code, call.sip_status))
    return " ".join(part for part in parts if part)


def call_line(call: Call) -> Text:
    """A call on one line."""
    state = word(CallState, call.state)
    return line(call.call_id, f"{state:<10}", call.to, call.room, on_hold(call) or outcome(call))


def on_hold(call: Call) -> str:
    """Whether the phone is on hold, and heard."""
    return ("on hold, not heard" if call.muted else "on hold") if call.held else ""


def call_table(calls: Iterable[Call]) -> Table:
    """Calls, one a row."""
    columns = ("CALL", "STATE", "TO", "TRUNK", "ROOM", "CREATED", "LASTED", "OUTCOME")
    return table(columns, (_call_row(call) for call in calls))


def _call_row(call: Call) -> tuple[str, ...]:
    return (
        call.call_id,
        word(CallState, call.state),
        call.to,
        call.trunk_id,
        call.room,
        moment(call.create_time),
        lasted(call),
        outcome(call),
    )


def lasted(call: Call) -> str:
    """From its creation to its end, or till now."""
    end = call.end_time
    if not call.HasField("end_time"):
        end = Timestamp()
        end.FromDatetime(datetime.now(UTC))
    return since(call.create_time, end)


def call_facts(call: Call) -> list[RenderableType]:
    """All there is to know of a call."""
    rows = [
        ("call", call.call_id),
        ("state", word(CallState, call.state)),
        ("outcome", outcome(call)),
        ("not dialled", call.not_dialed_cause),
        ("to", call.to),
        ("caller ID", call.caller_id),
        ("room", call.room),
        ("identity", call.participant_identity),
        ("called for", call.parent_call_id),
        ("agent", agent_text(call.agent) if call.HasField("agent") else ""),
        ("trunk", call.trunk_id),
        ("participant", call.participant_id),
        ("SIP call", " ".join(i for i in (call.sip_call_id, call.sip_call_id_full) if i)),
        ("limits", f"ringing {span(call.ringing_timeout)}, duration {span(call.max_duration)}"),
        ("created", moment(call.create_time)),
        ("rang", moment(call.ring_time)),
        ("answered", moment(call.answer_time)),
        ("answered by", word(AnsweredBy, call.answered_by)),
        ("on hold", because(on_hold(call), moment(call.hold_time))),
        ("was on hold", span(call.held_duration) if call.HasField("held_duration") else ""),
        ("ended", moment(call.end_time)),
        ("labels", ", ".join(f"{key}={call.labels[key]}" for key in sorted(call.labels))),
        ("sandbox", "yes: no phone rings" if call.sandbox else ""),
    ]
    return [facts(rows), *([attempts(call.attempts)] if call.attempts else [])]


def agent_text(agent: CallAgent) -> str:
    """An agent, and where it is."""
    state = because(word(AgentState, agent.state).lower(), agent.missing_cause)
    return f"{agent.agent_name} {state}"


def attempts(tries: Iterable[Attempt]) -> Table:
    """Each try of a call."""
    columns = ("ATTEMPT", "REACHED", "SIP", "BEGAN", "NEXT")
    rows = (
        (
            each.trunk_id,
            word(CallState, each.highest_state),
            sip(each.sip_status_code, each.sip_status),
            moment(each.start_time),
            each.next_attempt,
        )
        for each in tries
    )
    return table(columns, rows)


def event_line(event: CallEvent, *, of_one_call: bool) -> Text:
    """An event on one line: when in the call's life, where it stands, what happened."""
    call = event.call
    which = "" if of_one_call else f"{call.call_id}  {call.to}"
    state = word(CallState, call.state)
    time = since(call.create_time, event.event_time)
    return line(f"#{event.sequence:<5}", f"{time:>9}", which, f"{state:<10}", _happening(event))


def _happening(event: CallEvent) -> str:
    call = event.call
    if event.type == CallEventType.CALL_EVENT_TYPE_CALL_ENDED:
        return outcome(call)
    if event.type == CallEventType.CALL_EVENT_TYPE_CALL_CREATED:
        sandbox = " (sandbox: no phone rings)" if call.sandbox else ""
        return f"{call.to} from {call.caller_id} on {call.trunk_id} into {call.room}{sandbox}"
    if event.type == CallEventType.CALL_EVENT_TYPE_TRANSFER_CHANGED:
        return transfer_text(event.transfer)
    if event.type == CallEventType.CALL_EVENT_TYPE_HELD:
        return on_hold(call)
    if event.type == CallEventType.CALL_EVENT_TYPE_AGENT_CHANGED:
        return agent_text(call.agent)
    if event.type == CallEventType.CALL_EVENT_TYPE_RESUMED:
        return "off hold"
    if event.type == CallEventType.CALL_EVENT_TYPE_ATTEMPT_FAILED and call.attempts:
        return _failure(call)
    return ""


def _failure(call: Call) -> str:
    # The next attempt may stand in the call already; the failed one has its end.
    failed = next((each for each in reversed(call.attempts) if each.HasField("end_time")), None)
    if failed is None:
        return "attempt failed"
    status = sip(failed.sip_status_code, failed.sip_status)
    return f"{failed.trunk_id} failed: {'; '.join(p for p in (status, failed.next_attempt) if p)}"


def transfer_text(transfer: Transfer) -> str:
    """A transfer in a few words."""
    status = sip(transfer.sip_status_code, transfer.sip_status)
    how = "warm transfer" if transfer.mode == TransferMode.TRANSFER_MODE_WARM else "transfer"
    text = f"{how} to {transfer.to} {word(TransferState, transfer.state)} {status}".rstrip()
    return because(because(text, transfer.cause or transfer.hint), transfer.human_call_id)


def transfer_line(transfer: Transfer) -> Text:
    """A transfer on one line."""
    return line(transfer.transfer_id, transfer.call_id, transfer_text(transfer))


def trunk_table(trunks: Iterable[TrunkSummary]) -> Table:
    """A tenant's trunks."""
    rows = (
        (
            each.trunk_id,
            "yes" if each.enabled else "no",
            word(TrunkTransferMode, each.transfer_mode) or "TEL",
            ", ".join(each.numbers),
        )
        for each in trunks
    )
    return table(("TRUNK", "ENABLED", "TRANSFERS", "CALLER IDS"), rows)


def route_tables(route: RouteDecision) -> list[RenderableType]:
    """Why a call goes where it goes: each trunk considered, what is shown, what limits it."""
    columns = ("TRUNK", "VERDICT", "PRIORITY", "WEIGHT", "CAUSE")
    rows = (
        (
            each.trunk_id,
            word(TrunkVerdict, each.verdict),
            str(each.priority),
            str(each.weight),
            each.cause,
        )
        for each in route.candidates
    )
    chosen = [
        ("route", because(route.route_id or "every trunk", route.route_cause)),
        ("dialed number", because(route.dialed_number, "emergency" if route.emergency else "")),
        ("caller ID", because(route.caller_id, route.caller_id_cause)),
        ("at most", f"{route.max_attempts} trunks" if route.max_attempts else ""),
        ("ringing timeout", timeout_text(route, "ringing_timeout")),
        ("setup timeout", timeout_text(route, "setup_timeout")),
        ("max duration", timeout_text(route, "max_duration")),
    ]
    return [table(columns, rows), facts(chosen), *rule_tables(route), *limit_tables(route)]


def rule_tables(route: RouteDecision) -> list[RenderableType]:
    """Each rule on whether the number may be called now; nothing if there was none."""
    rows = [
        (each.rule, "overridden" if each.overridden else "", each.cause) for each in route.rules
    ]
    return [table(("RULE", "", "CAUSE"), rows)] if rows else []


def limit_tables(route: RouteDecision) -> list[RenderableType]:
    """Each limit that was looked at; nothing if there was none."""
    rows = [(each.limit, str(each.used), str(each.maximum)) for each in route.limits]
    return [table(("LIMIT", "USED", "MAXIMUM"), rows)] if rows else []


def because(what: str, why: str) -> str:
    """`what (why)`; without the one or the other where there is none."""
    return f"{what} ({why})" if what and why else what


def timeout_text(route: RouteDecision, name: str) -> str:
    """`5s (request; asked for 5s)`; empty if nothing is in force."""
    if not route.HasField(name):
        return ""
    decision: TimeoutDecision = getattr(route, name)
    asked = f"; asked for {span(decision.asked)}" if decision.HasField("asked") else ""
    return f"{span(decision.in_force)} ({decision.source}{asked})"
