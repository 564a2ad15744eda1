"""Which ends of calls a room is told of, and how."""

import pytest
from google.protobuf import json_format

from gateway.domain.calls.advance import advance
from gateway.domain.calls.call import Call, CallState
from gateway.domain.calls.observation import LegGone, SetApart
from gateway.domain.hold import APART, DEAF, OPEN, Hold, Mask
from gateway.domain.warm.farewell import farewell
from gateway.telephony.v1 import calls_pb2
from tests.stands.clocks import NOON
from tests.stands.values import on_trunk

HIDDEN = Mask(deaf=True, hidden=True)
ANSWERED = on_trunk("call_1", state=CallState.ACTIVE, answer_time=NOON)


def on_hold(hold: Hold | None) -> Call:
    return on_trunk("call_1", state=CallState.ACTIVE, answer_time=NOON, hold=hold)


@pytest.mark.parametrize(
    ("hold", "told"),
    [
        (None, False),
        (Hold(wanted=DEAF, seen=DEAF), False),
        (Hold(wanted=APART, seen=APART), True),
        (Hold(transfer=HIDDEN, seen=OPEN, confirmed=False), True),
        (Hold(seen=HIDDEN, confirmed=False), True),
    ],
    ids=["never held", "heard on hold", "muted", "about to be hidden", "about to be shown"],
)
def test_the_end_of_a_hidden_leg_is_told(hold: Hold | None, *, told: bool) -> None:
    """Also of one that may be hidden; of any other the platform tells."""
    before = on_hold(hold)
    assert (farewell(before, advance(before, LegGone(NOON)).call) is not None) is told


def test_it_is_an_event_as_receivers_know_it() -> None:
    """Proto JSON, with what names the leg and why it ended, and no number."""
    before = on_hold(Hold(wanted=APART, seen=APART))
    text = farewell(before, advance(before, LegGone(NOON)).call)
    event = json_format.Parse(text or "", calls_pb2.CallEvent())
    assert event.type == calls_pb2.CALL_EVENT_TYPE_CALL_ENDED
    assert (event.call.call_id, event.call.state) == ("call_1", calls_pb2.CALL_STATE_ENDED)
    assert event.call.end_reason == calls_pb2.END_REASON_COMPLETED
    assert event.call.hangup_source == calls_pb2.HANGUP_SOURCE_UNKNOWN
    assert (event.call.to, event.call.caller_id) == ("", "")


def test_only_the_end_is_told() -> None:
    """Not what changes before, and not twice."""
    before = on_hold(Hold(wanted=APART, seen=APART))
    ended = advance(before, LegGone(NOON)).call
    shown = advance(before, SetApart(NOON, OPEN)).call
    assert farewell(before, shown) is None
    assert farewell(ended, ended) is None
