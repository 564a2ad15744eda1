"""LiveKit's own libraries, unmodified: told the gateway's address and a tenant's key, they work."""

import pytest

from gateway.telephony.v1 import calls_pb2
from tests.clients.programs import code, run
from tests.clients.served import Served

CLIENTS = [
    pytest.param(("python-livekit", "gateway"), id="python-livekit"),
    pytest.param(
        ("python-livekit", "livekit_gateway"),
        id="python-livekit-real-livekit",
        marks=pytest.mark.livekit,
    ),
    # The first time, the others are built.
    pytest.param(("go-livekit", "gateway"), id="go-livekit", marks=pytest.mark.slow),
    pytest.param(("java-livekit", "gateway"), id="java-livekit", marks=pytest.mark.slow),
    pytest.param(("node-livekit", "gateway"), id="node-livekit", marks=pytest.mark.slow),
]

WRONG = {
    "unknown-key": {"LIVEKIT_API_KEY": "nobodys"},
    "wrong-secret": {"LIVEKIT_API_SECRET": "not the secret of this key, but as long as one"},
}

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(params=CLIENTS)
def met(request: pytest.FixtureRequest) -> tuple[str, Served]:
    """A program and the gateway that it takes for LiveKit."""
    client, gateway = request.param
    return client, request.getfixturevalue(gateway)


def test_waits_for_the_answer(met: tuple[str, Served]) -> None:
    """CreateSIPParticipant with wait_until_answered returns the participant of an answered call."""
    client, gateway = met
    environment = gateway.livekit_environment()
    assert run(client, "answered", environment) == {"participant": "phone"}
    assert gateway.call_in(environment["ROOM"]).state == calls_pb2.CALL_STATE_ACTIVE


def test_reads_the_sip_status_of_a_busy_phone(met: tuple[str, Served]) -> None:
    """A busy phone is the library's own SIP error, with LiveKit's code and the carrier's status."""
    client, gateway = met
    told = run(client, "busy", gateway.livekit_environment())
    assert (told["sip_status_code"], told["sip_status"]) == (486, "Busy Here")
    assert code(told["code"]) == "RESOURCE_EXHAUSTED"


def test_an_address_may_end_with_a_slash(met: tuple[str, Served]) -> None:
    """As at LiveKit, also for libraries that make two slashes of it."""
    client, gateway = met
    environment = gateway.livekit_environment()
    environment["LIVEKIT_URL"] += "/"
    assert run(client, "busy", environment)["sip_status_code"] == 486


def test_transfers_an_answered_call(met: tuple[str, Served]) -> None:
    """TransferSIPParticipant succeeds when the call has been handed over."""
    client, gateway = met
    environment = gateway.livekit_environment()
    assert run(client, "transfer", environment) == {"transferred": True}
    assert gateway.end_in(environment["ROOM"]) == calls_pb2.END_REASON_TRANSFERRED


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_key_is_the_librarys_own_error(met: tuple[str, Served], wrong: str) -> None:
    """Whoever signs with another key or secret reads UNAUTHENTICATED, HTTP status 401."""
    client, gateway = met
    told = run(client, "bad_key", {**gateway.livekit_environment(), **WRONG[wrong]})
    assert code(told["code"]) == "UNAUTHENTICATED"
    assert told.get("status", 401) == 401
