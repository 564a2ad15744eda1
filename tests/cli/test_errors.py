"""How refusals reach people: on stderr, with reason, fields and a hint; exit code 1."""

from google.rpc import code_pb2  # type: ignore[import-untyped, unused-ignore]

from gateway.telephony.v1 import calls_pb2
from tests.cli.canned import CannedGateway, Refuse
from tests.cli.conftest import CommandLine


def test_the_token_is_sent(run: CommandLine, gateway: CannedGateway) -> None:
    """GATEWAY_TOKEN travels as a bearer token."""
    gateway.will(calls_pb2.ListTrunksResponse())
    run("calls", "trunks")
    assert gateway.tokens == ["Bearer secret"]


def test_a_refusal_names_reason_and_hint(run: CommandLine, gateway: CannedGateway) -> None:
    """A refusal is two lines on stderr and nothing on stdout, also with --json."""
    gateway.will(Refuse(code_pb2.UNAUTHENTICATED, "UNAUTHENTICATED", "no valid token"))
    result = run("calls", "list", "--json")
    assert (result.code, result.out) == (1, "")
    assert result.err.splitlines() == [
        "error: UNAUTHENTICATED: no valid token",
        "hint: export GATEWAY_TOKEN=$(gateway token TENANT)",
    ]


def test_every_bad_field_is_named(run: CommandLine, gateway: CannedGateway) -> None:
    """Field violations are listed, but none that the message has told already."""
    gateway.will(
        Refuse(
            code_pb2.INVALID_ARGUMENT,
            "INVALID_FIELD",
            "ringing_timeout: must be between 0.1s and 80s",
            violations={
                "ringing_timeout": "must be between 0.1s and 80s",
                "to": "must be E.164",
            },
        )
    )
    result = run("calls", "place", "123")
    assert result.code == 1
    assert result.err.splitlines() == [
        "error: INVALID_FIELD: ringing_timeout: must be between 0.1s and 80s",
        "  to: must be E.164",
    ]


def test_an_error_without_details_shows_its_code(run: CommandLine, gateway: CannedGateway) -> None:
    """What a proxy answers in the gateway's place is told by its status code."""
    gateway.will(Refuse(code_pb2.RESOURCE_EXHAUSTED, message="slow down"))
    assert run("calls", "list").err == "error: RESOURCE_EXHAUSTED: slow down\n"


def test_an_error_message_cannot_steer_the_terminal(
    run: CommandLine, gateway: CannedGateway
) -> None:
    """Control characters in a message are shown as such, never printed."""
    gateway.will(Refuse(code_pb2.NOT_FOUND, "CALL_NOT_FOUND", "no \x1b[2J call"))
    result = run("calls", "get", "x")
    assert "\x1b" not in result.err
    assert "CALL_NOT_FOUND" in result.err


def test_an_unreachable_gateway_is_named() -> None:
    """Where no gateway listens, the message says which address was tried and what sets it."""
    result = CommandLine({"GATEWAY_ADDRESS": "127.0.0.1:1"})("calls", "list")
    assert result.code == 1
    assert "cannot reach the gateway at 127.0.0.1:1:" in result.err
    assert "GATEWAY_ADDRESS" in result.err


def test_a_fault_of_the_gateway_says_where_to_look(
    run: CommandLine, gateway: CannedGateway
) -> None:
    """An internal error shows the id under which the gateway's log has its cause."""
    gateway.will(Refuse(code_pb2.INTERNAL, "INTERNAL", "internal error", {"rpc_id": "rpc_7"}))
    assert "rpc_id: rpc_7" in run("calls", "list").err


def test_the_verdict_on_each_trunk_is_told(run: CommandLine, gateway: CannedGateway) -> None:
    """Where no trunk may carry a call, each is named with its reason."""
    why = {"trunk.berlin": "DISABLED", "trunk.munich": "NO_CALLER_ID"}
    gateway.will(Refuse(code_pb2.FAILED_PRECONDITION, "NO_TRUNK", "no trunk", why))
    lines = run("calls", "place", "+4930123456").err.splitlines()
    assert lines[1:3] == ["  trunk.berlin: DISABLED", "  trunk.munich: NO_CALLER_ID"]
