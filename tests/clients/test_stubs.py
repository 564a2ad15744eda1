"""Programs with stubs: each language places, watches and ends calls, reads refusals."""

import pytest

from tests.clients.programs import code, run, short
from tests.clients.served import Served

CLIENTS = [
    # The first time, they are built.
    pytest.param("python-grpc", marks=pytest.mark.slow),
    pytest.param("python-aio", marks=pytest.mark.slow),
    pytest.param("go-grpc", marks=pytest.mark.slow),
    pytest.param("go-twirp", marks=pytest.mark.slow),
    pytest.param("java-grpc", marks=pytest.mark.slow),
    pytest.param("rust-grpc", marks=pytest.mark.slow),
    pytest.param("ts-connect", marks=pytest.mark.slow),
    pytest.param("ts-grpc", marks=pytest.mark.slow),
    pytest.param("ts-twirp", marks=pytest.mark.slow),
]

pytestmark = [pytest.mark.timeout(900), pytest.mark.parametrize("client", CLIENTS)]


def test_waits_for_the_answer(gateway: Served, client: str) -> None:
    """A waiting PlaceCall answers with the call ACTIVE once the phone is picked up."""
    told = run(client, "answered", gateway.stubs_environment())
    assert short(told["state"], "CallState") == "ACTIVE"


def test_watches_a_call_to_its_end(gateway: Served, client: str) -> None:
    """A watch from sequence 0 tells every stage of the call in order, and ends with the call."""
    told = run(client, "watch", gateway.stubs_environment())
    assert [short(name, "CallEventType") for name in told["types"]] == [
        "CALL_CREATED",
        "CALL_RINGING",
        "CALL_ANSWERED",
        "CALL_ENDED",
    ]
    assert told["sequences"] == sorted(set(told["sequences"]))
    assert short(told["end_reason"], "EndReason") == "COMPLETED"


def test_reads_why_a_request_was_refused(gateway: Served, client: str) -> None:
    """A refusal has its code, its reason and the field at fault where the language looks for them.

    Twirp's errors name no domain.
    """
    told = run(client, "refused", gateway.stubs_environment())
    assert code(told["code"]) == "INVALID_ARGUMENT"
    assert told["reason"] == "INVALID_FIELD"
    assert told["fields"] == ["to"]
    assert "twirp" in client or told["domain"] == "telephony.gateway"


def test_hangs_up_a_ringing_call(gateway: Served, client: str) -> None:
    """A call that is hung up while the phone rings has ended as CANCELED when the answer comes."""
    told = run(client, "hangup", gateway.stubs_environment())
    assert short(told["state"], "CallState") == "ENDED"
    assert short(told["end_reason"], "EndReason") == "CANCELED"
