"""`gateway calls place`."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from google.protobuf.duration_pb2 import Duration

from gateway.telephony.v1 import calls_pb2
from tests.cli.canned import (
    ANSWERED,
    BUSY,
    DRAINING,
    CannedGateway,
    a_call,
    events,
    placed,
)
from tests.cli.conftest import CommandLine
from tests.stands.patience import PATIENCE
from tests.stands.phones import HANGS_UP


def test_place_sends_every_option(run: CommandLine, gateway: CannedGateway) -> None:
    """Each option reaches the gateway in the field that it is named after."""
    gateway.will(placed(a_call("DIALING")))
    options = (
        "--room demo-1 --caller-id +15005550006 --ringing-timeout 1m30s --max-duration 4h "
        "--request-id r1 --trunk demo --label team=sales --label order=4711 --header X-A=1=2 "
        "--digits 12w --identity caller --keep-on-disconnect --wait"
    )
    gateway.answers[0].call.state = calls_pb2.CALL_STATE_ACTIVE
    run("calls", "place", HANGS_UP, *options.split())
    assert gateway.requests == [
        calls_pb2.PlaceCallRequest(
            to=HANGS_UP,
            room="demo-1",
            caller_id="+15005550006",
            ringing_timeout=Duration(seconds=90),
            max_duration=Duration(seconds=4 * 3600),
            request_id="r1",
            trunk_id="demo",
            labels={"team": "sales", "order": "4711"},
            headers={"X-A": "1=2"},
            digits="12w",
            participant=calls_pb2.Participant(identity="caller"),
            keep_on_disconnect=True,
            wait_until_answered=True,
        )
    ]


def test_place_without_options_leaves_every_choice_to_the_gateway(
    run: CommandLine, gateway: CannedGateway
) -> None:
    """What was not asked for is unset in the request, and the answer is one line."""
    gateway.will(placed(a_call("DIALING")))
    result = run("calls", "place", HANGS_UP)
    assert gateway.requests == [calls_pb2.PlaceCallRequest(to=HANGS_UP)]
    assert (result.code, result.out.split()) == (
        0,
        ["call_1", "DIALING", HANGS_UP, "demo-1"],
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30", 30), ("30s", 30), ("1.5s", 1.5), ("0.25", 0.25), ("1m30s", 90), ("2h", 7200), ("0", 0)],
)
def test_durations_may_be_written_as_people_do(
    run: CommandLine, gateway: CannedGateway, text: str, seconds: float
) -> None:
    """A duration arrives exactly, in whichever form it was typed; zero too."""
    gateway.will(placed(a_call("DIALING")))
    run("calls", "place", HANGS_UP, "--ringing-timeout", text)
    assert gateway.requests[0].ringing_timeout.ToTimedelta().total_seconds() == seconds
    assert gateway.requests[0].HasField("ringing_timeout")


NO_DURATION = (
    *("", "soon", "-5", "+5", "1x", "30s1m", "99999999999h", "1.", ".5", "1.5m", "1e1", "30S"),
    *("1_0s", " 30s", "30s ", "30 s", "03s", "1m05s", "\uff13\uff10s", "\u0663s", "1.0000000001s"),
    *("1.0000001", "1,5s", "30s\n", "0x1s", "s", "h", "1m1m"),
)


@pytest.mark.parametrize("text", NO_DURATION)
def test_what_is_no_duration_is_not_sent(
    run: CommandLine, gateway: CannedGateway, text: str
) -> None:
    """A mistyped duration is told at once, with the forms there are."""
    result = run("calls", "place", HANGS_UP, f"--ringing-timeout={text}")
    assert (result.code, gateway.requests) == (2, [])
    assert "not a duration" in result.err


def test_what_is_no_pair_is_not_sent(run: CommandLine, gateway: CannedGateway) -> None:
    """A label without `=` is told at once."""
    result = run("calls", "place", HANGS_UP, "--label", "sales")
    assert (result.code, gateway.requests) == (2, [])
    assert "key=value" in result.err


@pytest.mark.parametrize(("states", "code"), [(ANSWERED, 0), (ANSWERED[:3], 0), (BUSY, 3)])
def test_wait_tells_by_its_exit_code_whether_anyone_answered(
    run: CommandLine, gateway: CannedGateway, states: tuple[str, ...], code: int
) -> None:
    """--wait exits 0 for an answered call and 3 for one that ended without an answer."""
    gateway.will(placed(a_call(*states)))
    result = run("calls", "place", HANGS_UP, "--wait")
    assert result.code == code
    assert states[-1] in result.out


def test_wait_goes_on_where_a_draining_gateway_left_off(
    run: CommandLine, gateway: CannedGateway
) -> None:
    """A call that comes back still ringing is followed until it is answered or over."""
    ringing = a_call("DIALING", "RINGING", sequence=2)
    gateway.will(placed(ringing), DRAINING, events(*ANSWERED)[2:])
    result = run("calls", "place", HANGS_UP, "--wait")
    assert (result.code, "ACTIVE" in result.out) == (0, True)
    assert gateway.requests[-1].after_sequence == 2


@pytest.mark.parametrize(
    ("states", "code", "end"),
    [(ANSWERED, 0, "COMPLETED (by remote)"), (BUSY, 3, "BUSY (by remote) SIP 486 Busy here")],
)
def test_watch_prints_each_event_to_the_end(
    run: CommandLine, gateway: CannedGateway, states: tuple[str, ...], code: int, end: str
) -> None:
    """--watch prints a line per event from the first, with time since create, state and outcome."""
    gateway.will(placed(a_call("DIALING", sequence=7)), events(*states, first=7))
    result = run("calls", "place", HANGS_UP, "--watch")
    lines = result.out.splitlines()
    assert [each.split()[:4] for each in lines] == [
        [f"#{7 + second}", f"{second}.00", "s", state] for second, state in enumerate(states)
    ]
    assert (result.code, lines[-1].endswith(end)) == (code, True)
    assert gateway.requests[-1] == calls_pb2.WatchCallsRequest(call_id="call_1", after_sequence=0)


def test_watch_with_json_prints_one_event_a_line(run: CommandLine, gateway: CannedGateway) -> None:
    """--watch --json prints proto JSON with the original field names and unset fields."""
    gateway.will(placed(a_call("DIALING")), events(*BUSY))
    result = run("calls", "place", HANGS_UP, "--watch", "--json")
    assert [each["call"]["state"] for each in result.json_lines] == [
        "CALL_STATE_DIALING",
        "CALL_STATE_ENDED",
    ]
    assert result.json_lines[0]["call"]["sip_status_code"] == 0


def test_validate_only_shows_the_route(run: CommandLine, gateway: CannedGateway) -> None:
    """--validate-only prints each trunk with its verdict, the caller ID and the timeouts."""
    route = calls_pb2.RouteDecision(
        route_id="germany",
        candidates=[
            calls_pb2.TrunkCandidate(trunk_id="munich", verdict="TRUNK_VERDICT_DISABLED"),
            calls_pb2.TrunkCandidate(trunk_id="berlin", verdict="TRUNK_VERDICT_TAKEN"),
        ],
        caller_id="+4930123456",
        caller_id_cause="next in turn",
        ringing_timeout=calls_pb2.TimeoutDecision(
            asked=Duration(seconds=5), in_force=Duration(seconds=5), source="request"
        ),
    )
    gateway.will(calls_pb2.PlaceCallResponse(route=route))
    result = run("calls", "place", "+49891234567", "--validate-only", "--wait")
    assert result.code == 0
    rows = [each.split() for each in result.out.splitlines()]
    assert [row[:2] for row in rows[1:3]] == [["munich", "DISABLED"], ["berlin", "TAKEN"]]
    assert "+4930123456 (next in turn)" in result.out
    assert "5s (request; asked for 5s)" in result.out


def test_an_override_is_asked_for(run: CommandLine, gateway: CannedGateway) -> None:
    """--override names the rule in the request; a word that is none is refused."""
    gateway.will(calls_pb2.PlaceCallResponse(call=calls_pb2.Call(call_id="call_1")))
    assert run("calls", "place", "+49891234567", "--override", "calling-hours").code == 0
    assert list(gateway.requests[-1].override) == [calls_pb2.OVERRIDE_CALLING_HOURS]
    assert run("calls", "place", "+49891234567", "--override", "do-not-call").code == 2


@pytest.fixture
def ringing_for_ever(gateway: CannedGateway) -> Iterator[CannedGateway]:
    """A gateway whose watch shows a ringing phone and then goes silent."""
    silence = [True]

    def stream() -> Iterator[calls_pb2.CallEvent | calls_pb2.WatchCallsResponse]:
        yield from events("DIALING", "RINGING")
        while silence:
            time.sleep(0.05)

    gateway.will(placed(a_call("DIALING")), stream())
    yield gateway
    silence.clear()


@pytest.mark.usefixtures("ringing_for_ever")
def test_an_interrupted_watch_says_that_the_call_goes_on(run: CommandLine) -> None:
    """Ctrl-C during `place --watch` exits 130 and names the command that ends the call."""
    code, err = interrupted(run, "calls", "place", HANGS_UP, "--watch")
    assert code == 130
    assert "gateway calls hangup call_1" in err


def test_an_interrupted_calls_watch_ends_well(
    run: CommandLine, ringing_for_ever: CannedGateway
) -> None:
    """Ctrl-C is the usual end of `calls watch`: exit code 0, nothing on stderr."""
    ringing_for_ever.answers.popleft()
    assert interrupted(run, "calls", "watch") == (0, "")


def interrupted(run: CommandLine, *words: str) -> tuple[int, str]:
    """Runs the command in its own process, and presses Ctrl-C once it shows RINGING."""
    # Whoever runs the tests in the background may ignore SIGINT, and children would inherit that.
    heeding = ("/usr/bin/env", "--default-signal=INT")
    process = subprocess.Popen(  # noqa: S603
        [*heeding, sys.executable, "-m", "gateway", *words],
        env={**os.environ, **run.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        while "RINGING" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        return process.wait(PATIENCE), process.stderr.read()
