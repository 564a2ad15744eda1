"""`gateway calls list|get|hangup|hold|resume|transfer|trunks`."""

from datetime import timedelta

import pytest

from gateway.telephony.v1 import admin_pb2, calls_pb2, transfers_pb2
from tests.cli.canned import ANSWERED, BUSY, CannedGateway, a_call, a_transfer
from tests.cli.conftest import CommandLine
from tests.stands.phones import HANGS_UP, TRANSFERS_LATE


def test_list_shows_a_row_per_call(run: CommandLine, gateway: CannedGateway) -> None:
    """Each call has its row: state, number, room, how long it lasted and how it ended."""
    calls = [a_call(*ANSWERED, call_id="call_2"), a_call(*BUSY)]
    gateway.will(calls_pb2.ListCallsResponse(calls=calls))
    result = run("calls", "list")
    _, second, first = (each.rstrip() for each in result.out.splitlines())
    assert second.split()[:5] == ["call_2", "ENDED", HANGS_UP, "demo", "demo-1"]
    assert second.endswith("3.00 s  COMPLETED (by remote)")
    assert first.endswith("1.00 s  BUSY (by remote) SIP 486 Busy here")


def test_list_narrows(run: CommandLine, gateway: CannedGateway) -> None:
    """States, room and labels are asked of the gateway, in any case of letters."""
    gateway.will(calls_pb2.ListCallsResponse())
    words = "--state ringing --state ACTIVE --room demo-1 --label team=sales --limit 5"
    run("calls", "list", *words.split())
    assert gateway.requests == [
        calls_pb2.ListCallsRequest(
            states=["CALL_STATE_RINGING", "CALL_STATE_ACTIVE"],
            room="demo-1",
            labels={"team": "sales"},
            page_size=5,
        )
    ]


def test_list_reads_as_many_pages_as_the_limit_takes(
    run: CommandLine, gateway: CannedGateway
) -> None:
    """Pages are joined into one answer, and no more is read than was asked for."""
    page = calls_pb2.ListCallsResponse(calls=[a_call("DIALING")] * 1000, next_page_token="next")
    rest = calls_pb2.ListCallsResponse(calls=[a_call("DIALING")] * 2, next_page_token="more")
    gateway.will(page, rest)
    result = run("calls", "list", "--limit", "1002", "--json")
    assert len(result.json["calls"]) == 1002
    assert [(each.page_size, each.page_token) for each in gateway.requests] == [
        (1000, ""),
        (2, "next"),
    ]


def test_get_shows_each_attempt(run: CommandLine, gateway: CannedGateway) -> None:
    """One call is shown with its attempts, and why another trunk was tried."""
    call = a_call(*ANSWERED, labels={"team": "sales"}, sandbox=True)
    call.attempts.add(
        trunk_id="munich", sip_status_code=503, sip_status="Busy", next_attempt="code in its list"
    )
    call.attempts.add(trunk_id="berlin")
    gateway.will(calls_pb2.GetCallResponse(call=call))
    result = run("calls", "get", "call_1")
    assert gateway.requests == [calls_pb2.GetCallRequest(call_id="call_1")]
    assert "SIP 503 Busy" in result.out
    assert "code in its list" in result.out
    assert "team=sales" in result.out
    assert "no phone rings" in result.out


def test_a_carriers_text_cannot_steer_the_terminal(
    run: CommandLine, gateway: CannedGateway
) -> None:
    """Control characters in a SIP status are shown as such, never printed."""
    call = a_call(*BUSY, sip_status="\x1b[2J[red]gone\r\n")
    gateway.will(calls_pb2.GetCallResponse(call=call))
    result = run("calls", "get", "call_1")
    assert "\x1b" not in result.out
    assert "[red]gone" in result.out


def test_a_value_of_a_newer_gateway_is_shown_as_its_number(
    run: CommandLine, gateway: CannedGateway
) -> None:
    """An end reason that this command line does not know yet does not break it."""
    call = a_call(*BUSY)
    call.end_reason = 99  # type: ignore[assignment]
    gateway.will(calls_pb2.GetCallResponse(call=call))
    assert "99" in run("calls", "get", "call_1").out


def test_get_as_json_has_every_field(run: CommandLine, gateway: CannedGateway) -> None:
    """--json prints the call with the proto's own field names, also fields that are unset."""
    gateway.will(calls_pb2.GetCallResponse(call=a_call("DIALING")))
    call = run("calls", "get", "call_1", "--json").json
    assert call["call_id"] == "call_1"
    assert call["end_reason"] == "END_REASON_UNSPECIFIED"
    assert call["sandbox"] is False


def test_hangup_returns_the_ended_call(run: CommandLine, gateway: CannedGateway) -> None:
    """The call is shown as it ended; --end-room reaches the gateway."""
    gateway.will(calls_pb2.HangUpCallResponse(call=a_call(*ANSWERED)))
    result = run("calls", "hangup", "call_1", "--end-room")
    assert gateway.requests == [calls_pb2.HangUpCallRequest(call_id="call_1", end_room=True)]
    assert (result.code, "ENDED" in result.out) == (0, True)


def test_hold_and_resume_tell_how_the_call_is(run: CommandLine, gateway: CannedGateway) -> None:
    """Whether it is on hold, and heard; --mute reaches the gateway."""
    active = ANSWERED[:3]
    gateway.will(
        calls_pb2.HoldCallResponse(call=a_call(*active, held=True)),
        calls_pb2.HoldCallResponse(call=a_call(*active, held=True, muted=True)),
        calls_pb2.ResumeCallResponse(call=a_call(*active)),
    )
    held, muted = run("calls", "hold", "call_1"), run("calls", "hold", "call_1", "--mute")
    resumed = run("calls", "resume", "call_1")
    assert [held.code, muted.code, resumed.code] == [0, 0, 0]
    assert held.out.rstrip().endswith("on hold")
    assert muted.out.rstrip().endswith("on hold, not heard")
    assert "on hold" not in resumed.out
    assert gateway.requests == [
        calls_pb2.HoldCallRequest(call_id="call_1"),
        calls_pb2.HoldCallRequest(call_id="call_1", mute=True),
        calls_pb2.ResumeCallRequest(call_id="call_1"),
    ]


def test_a_call_is_placed_with_its_agent(run: CommandLine, gateway: CannedGateway) -> None:
    """Each option of the agent reaches the gateway; without any there is none."""
    gateway.will(
        calls_pb2.PlaceCallResponse(call=a_call("DIALING")),
        calls_pb2.PlaceCallResponse(call=a_call("DIALING")),
    )
    words = "--agent front-desk --agent-metadata vip --join-timeout 5 --on-missing keep"
    result = run(
        "calls", "place", HANGS_UP, *words.split(), "--on-left", "end-call", "--dial-at-once"
    )
    assert (result.code, run("calls", "place", HANGS_UP).code) == (0, 0)
    asked, without = gateway.requests
    assert asked.agent == calls_pb2.AgentRequest(
        agent_name="front-desk",
        metadata="vip",
        join_timeout=timedelta(seconds=5),
        on_missing="ON_MISSING_KEEP",
        on_left="ON_LEFT_END_CALL",
    )
    assert (asked.dial_at_once, without.HasField("agent")) == (True, False)


def test_list_asks_who_has_answered(run: CommandLine, gateway: CannedGateway) -> None:
    """`--answered-by` narrows the list."""
    gateway.will(calls_pb2.ListCallsResponse())
    assert run("calls", "list", "--answered-by", "voicemail").code == 0
    (asked,) = gateway.requests
    assert [*asked.answered_by] == [calls_pb2.ANSWERED_BY_VOICEMAIL]


@pytest.mark.parametrize(
    ("state", "words", "code"),
    [("PENDING", (), 0), ("CONSULTING", ("--wait",), 0), ("FAILED", ("--wait",), 3)],
)
def test_a_warm_transfer_tells_how_far_it_is(
    run: CommandLine, gateway: CannedGateway, state: str, words: tuple[str, ...], code: int
) -> None:
    """Its options reach the gateway; a human who was not reached is exit code 3."""
    begun = transfers_pb2.Transfer(mode="TRANSFER_MODE_WARM", to=HANGS_UP, cause="BUSY")
    begun.MergeFrom(transfers_pb2.Transfer(state=f"TRANSFER_STATE_{state}"))
    gateway.will(calls_pb2.StartWarmTransferResponse(transfer=begun))
    options = ("--leaves", "agent", "--consult-timeout", "90", "--on-timeout", "hang-up")
    asking = ("--warm", "--caller-hears", "music", *options, *words)
    result = run("calls", "transfer", "call_1", HANGS_UP, *asking)
    (asked,) = gateway.requests
    assert (asked.leaves, asked.consult_timeout.seconds) == ("agent", 90)
    assert asked.caller_hears == transfers_pb2.CALLER_HEARS_MUSIC
    assert asked.on_failure == transfers_pb2.ON_FAILURE_HANG_UP
    assert asked.wait_until_answered == bool(words)
    assert (result.code, f"warm transfer to {HANGS_UP} {state} (BUSY)" in result.out) == (
        code,
        True,
    )


@pytest.mark.parametrize(
    "words",
    [
        ("--caller-hears", "music"),
        ("--leaves", "agent"),
        ("--consult-timeout", "90"),
        ("--complete-on-answer",),
    ],
)
def test_a_forgotten_warm_transfers_nothing(
    run: CommandLine, gateway: CannedGateway, words: tuple[str, ...]
) -> None:
    """A cold transfer instead could not be taken back."""
    result = run("calls", "transfer", "call_1", HANGS_UP, *words)
    assert (result.code, gateway.requests) == (1, [])
    assert "need --warm" in result.err


def test_a_warm_transfer_is_completed_or_canceled(run: CommandLine, gateway: CannedGateway) -> None:
    """By its id."""
    done = transfers_pb2.Transfer(transfer_id="transfer_1", state="TRANSFER_STATE_COMPLETED")
    gateway.will(
        transfers_pb2.CompleteWarmTransferResponse(transfer=done),
        transfers_pb2.CancelWarmTransferResponse(transfer=done),
    )
    for name in ("complete", "cancel"):
        result = run("calls", name, "transfer_1")
        assert (result.code, "COMPLETED" in result.out) == (0, True)
    assert [type(one).__name__ for one in gateway.requests] == [
        "CompleteWarmTransferRequest",
        "CancelWarmTransferRequest",
    ]


@pytest.mark.parametrize(
    ("state", "words", "code"),
    [
        ("PENDING", (), 0),
        ("COMPLETED", ("--wait",), 0),
        ("FAILED", ("--wait",), 3),
        ("OUTCOME_UNKNOWN", ("--wait",), 3),
    ],
)
def test_transfer_tells_its_outcome(
    run: CommandLine, gateway: CannedGateway, state: str, words: tuple[str, ...], code: int
) -> None:
    """A transfer's state is printed; with --wait the exit code says whether it completed."""
    gateway.will(a_transfer(state))
    result = run("calls", "transfer", "call_1", TRANSFERS_LATE, *words)
    assert (result.code, result.out.split()[-1]) == (code, state)


def test_transfer_sends_its_options(run: CommandLine, gateway: CannedGateway) -> None:
    """Timeout, what follows it, and request id reach the gateway."""
    gateway.will(a_transfer("COMPLETED"))
    words = "--ringing-timeout 20 --on-timeout hang-up --request-id t1 --wait"
    run("calls", "transfer", "call_1", TRANSFERS_LATE, *words.split())
    (request,) = gateway.requests
    assert request.ringing_timeout.seconds == 20
    assert request.on_timeout == transfers_pb2.ON_TIMEOUT_HANG_UP
    assert (request.request_id, request.wait_until_settled) == ("t1", True)


def test_trunks_lists_caller_ids(run: CommandLine, gateway: CannedGateway) -> None:
    """Each trunk is shown with the numbers that the tenant may show."""
    trunk = calls_pb2.TrunkSummary(
        trunk_id="berlin",
        numbers=["+4930123456", "+4930123457"],
        transfer_mode=admin_pb2.TRUNK_TRANSFER_MODE_SIP,
        enabled=True,
    )
    gateway.will(calls_pb2.ListTrunksResponse(trunks=[trunk]))
    row = run("calls", "trunks").out.splitlines()[1]
    assert row.split() == ["berlin", "yes", "SIP", "+4930123456,", "+4930123457"]


NO_NUMBER = ("1_0", " 1", "+1", "-1", "01", "\uff11", "1.0", "1e1", "", "9223372036854775808")


@pytest.mark.parametrize("text", NO_NUMBER)
@pytest.mark.parametrize("words", ["calls watch --after", "calls list --limit"])
def test_what_is_no_whole_number_is_not_sent(
    run: CommandLine, gateway: CannedGateway, words: str, text: str
) -> None:
    """A number is plain digits; what only Python takes for one is told at once."""
    *command, option = words.split()
    result = run(*command, f"{option}={text}")
    assert (result.code, gateway.requests) == (2, [])
    assert "not a whole number" in result.err
