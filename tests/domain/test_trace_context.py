"""W3C Trace Context, as it arrives."""

import pytest

from gateway.domain.rpc import MAX_STATE, trace_context

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_it_says_which_span_is_whose() -> None:
    """The trace, the span, and whether it is recorded."""
    told = trace_context(f"00-{TRACE}-{SPAN}-01", "vendor=1")
    assert told is not None
    assert (told.trace_id, told.span_id, told.sampled) == (TRACE, SPAN, True)
    assert told.tracestate == "vendor=1"


def test_a_later_version_is_read_as_far_as_it_is_known() -> None:
    """What it adds is left out, and passed on as the version that is known."""
    told = trace_context(f"cc-{TRACE}-{SPAN}-00-what-the-future-adds")
    assert told is not None
    assert (told.traceparent, told.sampled) == (f"00-{TRACE}-{SPAN}-00", False)


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "nonsense",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE[:-1]}\x00-{SPAN}-01",
    ],
)
def test_what_has_another_form_is_ignored(traceparent: str) -> None:
    """The request begins a trace of its own."""
    told = trace_context(traceparent)
    assert told is None or told.traceparent == f"00-{TRACE}-{SPAN}-01"


@pytest.mark.parametrize("state", ["a=" + "b" * MAX_STATE, "a=1," * 40, "a=\r\nx: y", "a=ü"])
def test_a_state_that_cannot_be_passed_on_is_left_out(state: str) -> None:
    """Too long, too many members, or what no header can hold: the trace goes on without it."""
    told = trace_context(f"00-{TRACE}-{SPAN}-01", state)
    assert told is not None
    assert told.tracestate == ""
