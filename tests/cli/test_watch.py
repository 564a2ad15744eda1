"""`gateway calls watch`: what was seen, across lost connections."""

from google.rpc import code_pb2  # type: ignore[import-untyped, unused-ignore]

from gateway.telephony.v1 import calls_pb2
from tests.cli.canned import (
    ANSWERED,
    DRAINING,
    GONE,
    STOPPED,
    CannedGateway,
    Refuse,
    a_call,
    events,
    heartbeat,
)
from tests.cli.conftest import CommandLine


def test_watch_of_one_call_ends_with_it(run: CommandLine, gateway: CannedGateway) -> None:
    """The command ends by itself, exit code 0, when the call has ended."""
    gateway.will(events(*ANSWERED))
    result = run("calls", "watch", "call_1", "--after", "0")
    assert result.code == 0
    assert len(result.out.splitlines()) == len(ANSWERED)


def test_a_watch_tells_of_holds(run: CommandLine, gateway: CannedGateway) -> None:
    """When the phone was put on hold, whether it is heard, and when it was resumed."""
    begun, *_, over = events("DIALING", "ACTIVE", "ENDED")
    active = a_call("DIALING", "ACTIVE")
    told = [
        calls_pb2.CallEvent(type="CALL_EVENT_TYPE_HELD", call=active),
        calls_pb2.CallEvent(type="CALL_EVENT_TYPE_RESUMED", call=active),
    ]
    told[0].call.MergeFrom(calls_pb2.Call(held=True, muted=True))
    gateway.will([begun, *told, over])
    _, held, resumed, _ = run("calls", "watch", "call_1").out.splitlines()
    assert held.rstrip().endswith("on hold, not heard")
    assert resumed.rstrip().endswith("off hold")


def test_watch_begins_now_unless_told_otherwise(run: CommandLine, gateway: CannedGateway) -> None:
    """Without --after the request leaves the start unset: from now on."""
    gateway.will([heartbeat(4)])
    run("calls", "watch")
    assert not gateway.requests[0].HasField("after_sequence")


def test_a_lost_watch_goes_on_after_the_last_event(
    run: CommandLine, gateway: CannedGateway
) -> None:
    """Where a gateway went away the watch is opened again after the last sequence: no gap."""
    first, second, third, last = events(*ANSWERED)
    gateway.will([first, second, DRAINING], STOPPED, GONE, [third, GONE], [last])
    result = run("calls", "watch", "call_1", "--after", "0", "--json")
    assert [each["sequence"] for each in result.json_lines] == ["1", "2", "3", "4"]
    assert [each.after_sequence for each in gateway.requests] == [0, 2, 2, 2, 3]
    assert result.err.splitlines() == [
        "connection lost (DRAINING); reconnecting",
        "connection lost (connection reset); reconnecting",
    ]


def test_a_quiet_watch_goes_on_after_the_last_heartbeat(
    run: CommandLine, gateway: CannedGateway
) -> None:
    """What happened while the connection was lost is shown, though no event was seen before."""
    gateway.will([heartbeat(41), GONE], events("DIALING", "ENDED", first=42))
    result = run("calls", "watch")
    assert gateway.requests[1].after_sequence == 41
    assert [each.split()[0] for each in result.out.splitlines()] == ["#42", "#43"]


def test_a_watch_of_all_calls_says_which(run: CommandLine, gateway: CannedGateway) -> None:
    """Watching more than one call, each line names its call and number."""
    gateway.will([*events("DIALING"), *events("DIALING", first=2, call_id="call_2")])
    result = run("calls", "watch")
    assert [("call_1" in each, "call_2" in each) for each in result.out.splitlines()] == [
        (True, False),
        (False, True),
    ]


def test_a_watch_that_never_began_is_an_error(run: CommandLine, gateway: CannedGateway) -> None:
    """A gateway that is away from the beginning is told, not waited for."""
    gateway.will(GONE)
    result = run("calls", "watch")
    assert result.code == 1
    assert "cannot reach the gateway" in result.err


def test_a_watch_does_not_outlive_its_right(run: CommandLine, gateway: CannedGateway) -> None:
    """Another error than a gateway's going away ends the watch, explained."""
    expired = Refuse(code_pb2.OUT_OF_RANGE, "EVENTS_EXPIRED", "events up to 120 are gone")
    gateway.will([heartbeat(3), GONE], expired)
    result = run("calls", "watch")
    assert result.code == 1
    assert "error: EVENTS_EXPIRED: events up to 120 are gone" in result.err
    assert "--after 0" in result.err
