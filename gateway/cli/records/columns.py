"""The columns of a call in a CSV file, and how their values are written.

Times are RFC 3339 in UTC, spans are seconds. What is unknown or was never reached is empty.
"""

import json
import re
from collections.abc import Callable, Mapping

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.telephony.v1.calls_pb2 import (
    AgentState,
    AnsweredBy,
    Call,
    CallDirection,
    CallState,
    EndReason,
    HangupSource,
)

Value = str | float | int | None

_NUMBER = re.compile(r"[+-]?[0-9]+")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula."""


def safe(text: str) -> str:
    """The text, with a `'` before what a spreadsheet would otherwise run.

    A number of digits alone, such as +15005550100, runs nothing and stays as it is.
    """
    if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _word(enum: type, prefix: str, name: str) -> Callable[[Call], Value]:
    """The short name of an enum's value; empty for the unspecified one."""

    def word(call: Call) -> Value:
        number = getattr(call, name)
        if not number:
            return None
        known = enum.DESCRIPTOR.values_by_number.get(number)  # type: ignore[attr-defined]
        return str(known.name).removeprefix(prefix) if known else str(number)

    return word


def _agent_state(call: Call) -> Value:
    state = call.agent.state
    return AgentState.Name(state).removeprefix("AGENT_STATE_") if state else None


def _text(name: str) -> Callable[[Call], Value]:
    return lambda call: getattr(call, name) or None


def _time(name: str) -> Callable[[Call], Value]:
    return lambda call: getattr(call, name).ToJsonString() if call.HasField(name) else None


def _span(name: str) -> Callable[[Call], Value]:
    return lambda call: getattr(call, name).ToNanoseconds() / 1e9 if call.HasField(name) else None


def _flag(name: str) -> Callable[[Call], Value]:
    return lambda call: "true" if getattr(call, name) else "false"


def _between(begin: Timestamp, end: Timestamp) -> float:
    return round((end.ToNanoseconds() - begin.ToNanoseconds()) / 1e9, 6)


def _setup(call: Call) -> Value:
    """From the acceptance to the ringing."""
    return _between(call.create_time, call.ring_time) if call.HasField("ring_time") else None


def _ringing(call: Call) -> Value:
    """From the ringing to the answer, or to the end without one."""
    if not call.HasField("ring_time"):
        return None
    for name in ("answer_time", "end_time"):
        if call.HasField(name):
            return _between(call.ring_time, getattr(call, name))
    return None


def _talk(call: Call) -> Value:
    """From the answer to the end; 0 for a call that ended without an answer."""
    if not call.HasField("end_time"):
        return None
    return _between(call.answer_time, call.end_time) if call.HasField("answer_time") else 0


def _labels(call: Call) -> Value:
    if not call.labels:
        return None
    return json.dumps(dict(call.labels), sort_keys=True, ensure_ascii=False)


COLUMNS: Mapping[str, Callable[[Call], Value]] = {
    "call_id": _text("call_id"),
    "direction": _word(CallDirection, "CALL_DIRECTION_", "direction"),
    "state": _word(CallState, "CALL_STATE_", "state"),
    "end_reason": _word(EndReason, "END_REASON_", "end_reason"),
    "hangup_source": _word(HangupSource, "HANGUP_SOURCE_", "hangup_source"),
    "sip_status_code": _text("sip_status_code"),
    "sip_status": _text("sip_status"),
    "not_dialed_cause": _text("not_dialed_cause"),
    "to": _text("to"),
    "caller_id": _text("caller_id"),
    "trunk_id": _text("trunk_id"),
    "attempts": lambda call: len(call.attempts),
    "create_time": _time("create_time"),
    "ring_time": _time("ring_time"),
    "answer_time": _time("answer_time"),
    "end_time": _time("end_time"),
    "setup_seconds": _setup,
    "ringing_seconds": _ringing,
    "talk_seconds": _talk,
    "held_seconds": _span("held_duration"),
    "ringing_timeout_seconds": _span("ringing_timeout"),
    "max_duration_seconds": _span("max_duration"),
    "room": _text("room"),
    "participant_identity": _text("participant_identity"),
    "participant_id": _text("participant_id"),
    "sip_call_id": _text("sip_call_id"),
    "sip_call_id_full": _text("sip_call_id_full"),
    "parent_call_id": _text("parent_call_id"),
    "labels": _labels,
    "sandbox": _flag("sandbox"),
    "answered_by": _word(AnsweredBy, "ANSWERED_BY_", "answered_by"),
    "agent_name": lambda call: call.agent.agent_name or None,
    "agent_state": _agent_state,
}
"""By its name in the first line, in order. New ones are added at the end."""

SAID_OTHERWISE = frozenset({"agent", "held_duration", "ringing_timeout", "max_duration"})
"""Fields of a call whose columns have other names."""
LEFT_OUT = frozenset({"sequence", "end_room_on_hangup", "held", "muted", "hold_time"})
"""Fields of a call that only matter while it lasts, or to those who watch it."""


def row(call: Call) -> list[Value]:
    """The call's values, in the order of the columns."""
    values = (column(call) for column in COLUMNS.values())
    return [safe(value) if isinstance(value, str) else value for value in values]
