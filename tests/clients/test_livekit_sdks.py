"""LiveKit's own libraries, unmodified: told the gateway's address and a tenant's key, they work."""

from collections.abc import Mapping

import pytest

from gateway.telephony.v1 import calls_pb2
from tests.agents.agents import Agents
from tests.clients.programs import code, run
from tests.clients.served import Served

CLIENTS = [
    pytest.param(("python-livekit", "gateway"), id="python-livekit"),
    pytest.param(
        ("python-livekit", "livekit_gateway"),
        id="python-livekit-real-livekit",
        marks=pytest.mark.livekit,
    ),
    # With the requests of LiveKit's command line, `lk`.
    pytest.param(("http", "gateway"), id="http"),
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


@pytest.fixture(params=[each for each in CLIENTS if each.id != "java-livekit"])
def of_rooms(request: pytest.FixtureRequest) -> tuple[str, Served]:
    """The programs that also ask for rooms and who is in them."""
    client, gateway = request.param
    return client, request.getfixturevalue(gateway)


@pytest.fixture(
    params=[
        pytest.param(("python-livekit", "gateway"), id="python-livekit"),
        pytest.param(("http", "gateway"), id="http"),
        *(
            pytest.param(
                (client, "livekit_gateway"),
                id=f"{client}-real-livekit",
                marks=[pytest.mark.livekit, *marks],
            )
            for client, marks in (
                ("python-livekit", ()),
                ("http", ()),
                ("go-livekit", (pytest.mark.slow,)),
                ("node-livekit", (pytest.mark.slow,)),
            )
        ),
    ]
)
def of_agents(request: pytest.FixtureRequest) -> tuple[str, Served, Agents | None]:
    """The programs that dispatch agents, and who really comes."""
    client, gateway = request.param
    is_real = gateway == "livekit_gateway"
    agents = request.getfixturevalue("livekit_agents") if is_real else None
    return client, request.getfixturevalue(gateway), agents


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


def test_transfers_to_a_sip_address(of_rooms: tuple[str, Served]) -> None:
    """The same for a SIP URI of a host that the tenant may use."""
    client, gateway = of_rooms
    environment = gateway.livekit_environment()
    assert run(client, "transfer_sip", environment) == {"transferred": True}
    assert gateway.end_in(environment["ROOM"]) == calls_pb2.END_REASON_TRANSFERRED


def test_polls_a_call_until_it_is_answered(of_rooms: tuple[str, Served]) -> None:
    """GetParticipant tells `sip.callStatus` of a call that nobody waits for."""
    client, gateway = of_rooms
    assert run(client, "poll", gateway.livekit_environment()) == {"status": "active"}


def test_dispatches_an_agent_and_dials(of_agents: tuple[str, Served, Agents | None]) -> None:
    """CreateDispatch and CreateSIPParticipant: agent and phone meet, until DeleteDispatch."""
    client, gateway, agents = of_agents
    environment = gateway.livekit_environment()
    told = run(client, "agent", environment)
    assert (told["joined"], told["left"]) == (["agent", "phone"], ["phone"])
    assert gateway.call_in(environment["ROOM"]).state == calls_pb2.CALL_STATE_ACTIVE
    if agents is not None:
        (job,) = agents.jobs(environment["ROOM"])
        assert (job["dispatch_id"], job["metadata"]) == (told["dispatch"], "+15005550100")


def test_dials_a_second_person_into_the_room(of_rooms: tuple[str, Served]) -> None:
    """Two calls in one room, as ListParticipants tells."""
    client, gateway = of_rooms
    environment = gateway.livekit_environment()
    assert run(client, "second", environment) == {"participants": ["phone", "second"]}
    states = {call.state for call in gateway.calls_in(environment["ROOM"])}
    assert states == {calls_pb2.CALL_STATE_ACTIVE}


def test_puts_somebody_out_of_the_room(of_rooms: tuple[str, Served]) -> None:
    """RemoveParticipant ends one call, and the other goes on."""
    client, gateway = of_rooms
    environment = gateway.livekit_environment()
    assert run(client, "remove", environment) == {"participants": ["phone"]}
    assert ends(gateway, environment) == {
        "second": calls_pb2.END_REASON_REMOVED,
        "phone": calls_pb2.END_REASON_UNSPECIFIED,
    }


def test_deletes_the_room_when_one_hangs_up(of_rooms: tuple[str, Served]) -> None:
    """DeleteRoom ends the other call as well."""
    client, gateway = of_rooms
    environment = gateway.livekit_environment()
    assert run(client, "delete_room", environment) == {"rooms": []}
    assert ends(gateway, environment) == {
        "second": calls_pb2.END_REASON_COMPLETED,
        "phone": calls_pb2.END_REASON_ROOM_DELETED,
    }


def ends(gateway: Served, environment: Mapping[str, str]) -> dict[str, int]:
    """Why each call in the room ended, by its participant."""
    calls = gateway.calls_in(environment["ROOM"])
    return {call.participant_identity: call.end_reason for call in calls}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_key_is_the_librarys_own_error(met: tuple[str, Served], wrong: str) -> None:
    """Whoever signs with another key or secret reads UNAUTHENTICATED, HTTP status 401."""
    client, gateway = met
    told = run(client, "bad_key", {**gateway.livekit_environment(), **WRONG[wrong]})
    assert code(told["code"]) == "UNAUTHENTICATED"
    assert told.get("status", 401) == 401
