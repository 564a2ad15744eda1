"""CreateSIPParticipant: an unmodified LiveKit library gets what it expects of LiveKit."""

import asyncio
import time
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from livekit.api import LiveKitAPI, SipCallError
from livekit.protocol.sip import SIPNamedDest, SIPOutboundConfig, SIPRequestDest

from gateway.telephony.v1 import calls_pb2
from tests.livekit_door.door import ROOM, Door, door_of, failure, seen, span
from tests.stands.patience import LATE
from tests.stands.phones import (
    ANSWERS,
    BUSY,
    CARRIER_FAILS,
    DECLINES,
    OWN,
    RINGS_FOR_EVER,
    UNAVAILABLE,
    UNKNOWN,
)
from tests.stands.stand import Stand, configuration, reason_name

REQUEST_ID = "X-Livekit-Request-Id"


async def test_waiting_for_the_answer(door: Door) -> None:
    """With wait_until_answered the reply comes at the answer, with LiveKit's ids."""
    info = await door.create(ANSWERS, wait_until_answered=True, participant_identity="callee")
    assert (info.participant_identity, info.room_name) == ("callee", ROOM)
    (call,) = await door.calls()
    assert call.state == calls_pb2.CALL_STATE_ACTIVE
    assert (info.participant_id, info.sip_call_id) == (call.participant_id, call.sip_call_id)
    assert info.participant_id
    assert info.sip_call_id


async def test_not_waiting_still_tells_the_ids(door: Door) -> None:
    """Without waiting the reply comes at once, while the phone rings, with LiveKit's ids."""
    info = await door.create(RINGS_FOR_EVER)
    assert info.participant_id
    assert info.sip_call_id
    (call,) = await door.calls()
    assert call.state < calls_pb2.CALL_STATE_ACTIVE
    assert info.participant_identity == f"sip_{RINGS_FOR_EVER}" == call.participant_identity


UNANSWERED = [
    pytest.param(BUSY, 486, "Busy Here", ("resource_exhausted", 429), id="busy"),
    pytest.param(DECLINES, 603, "Decline", ("permission_denied", 403), id="declined"),
    pytest.param(UNKNOWN, 404, "Not Found", ("not_found", 404), id="unknown-number"),
    pytest.param(UNAVAILABLE, 480, None, ("resource_exhausted", 429), id="unavailable"),
    pytest.param(CARRIER_FAILS, 503, None, ("failed_precondition", 412), id="carrier-failure"),
]


@pytest.mark.parametrize(("to", "status", "text", "expected"), UNANSWERED)
async def test_a_refused_call_is_a_sip_call_error(
    door: Door, to: str, status: int, text: str | None, expected: tuple[str, int]
) -> None:
    """Who waits for a call that is refused gets LiveKit's error with the SIP status."""
    error = await failure(door.create(to, wait_until_answered=True))
    assert isinstance(error, SipCallError)
    assert seen(error) == expected
    assert error.sip_status_code == status
    assert text is None or error.sip_status == text
    assert error.metadata["error_details"]
    (call,) = await door.calls()
    assert error.metadata["call_id"] == call.call_id
    assert error.metadata["end_reason"] == reason_name(call)


async def test_no_answer(door: Door) -> None:
    """A phone that rings until the ringing timeout is LiveKit's `sip request timed out`."""
    begun = time.monotonic()
    asked = door.create(RINGS_FOR_EVER, wait_until_answered=True, ringing_timeout=span(3))
    error = await failure(asked)
    assert 2.9 < time.monotonic() - begun < 3 + LATE
    assert seen(error) == ("canceled", 408)
    assert error.message == "twirp error unknown: sip request timed out"
    assert not isinstance(error, SipCallError)


async def test_a_408_is_not_repeated_by_http_clients(door: Door) -> None:
    """A 408 says Retry-After: OkHttp would otherwise send the request again and ring twice."""
    fields = {
        "sip_call_to": RINGS_FOR_EVER,
        "room_name": ROOM,
        "wait_until_answered": True,
        "ringing_timeout": "3s",
    }
    headers = {"Authorization": f"Bearer {door.token()}"}
    session = door.livekit._session  # noqa: SLF001
    assert session is not None
    url = f"{door.url}/twirp/livekit.SIP/CreateSIPParticipant"
    async with session.post(url, json=fields, headers=headers) as reply:
        assert (reply.status, reply.headers["Retry-After"]) == (408, "1")


async def test_zero_durations_are_unset(door: Door) -> None:
    """Durations of zero mean the defaults, as at LiveKit."""
    zero = Duration()
    await door.create(
        ANSWERS, ringing_timeout=zero, max_call_duration=zero, wait_until_answered=True
    )
    (call,) = await door.calls()
    assert call.ringing_timeout.seconds == 30
    assert call.max_duration.seconds == 4 * 3600


async def test_what_is_asked_for_reaches_the_call(door: Door) -> None:
    """Caller ID, trunk, timeouts and identity are in force as the request says."""
    await door.create(
        RINGS_FOR_EVER,
        sip_trunk_id="acme-mute",
        sip_number=OWN,
        participant_identity="callee",
        ringing_timeout=span(12.5),
        max_call_duration=span(60),
    )
    (call,) = await door.calls()
    assert (call.trunk_id, call.caller_id) == ("acme-mute", OWN)
    assert call.ringing_timeout.ToTimedelta().total_seconds() == 12.5
    assert call.max_duration.seconds == 60


async def test_trunks_by_livekits_id(door: Door) -> None:
    """A LiveKit trunk id chooses the tenant's trunk that stands for it."""
    await door.create(RINGS_FOR_EVER, sip_trunk_id=door.stand.trunk)
    (call,) = await door.calls()
    assert call.trunk_id == "acme-main"


@pytest.mark.parametrize("door", ["sandbox"], indirect=True)
async def test_extensions_and_sip_users(door: Door) -> None:
    """What a PBX trunk calls is dialled as with LiveKit, and its leg is named as there."""
    config = configuration(door.stand.trunk)
    config["trunks"][0] |= {"livekit_trunk_id": "sandbox-00", "callees": CALLEES}
    await door.stand.apply(config)
    for callee in ("200", "alice"):
        info = await door.create(callee, wait_until_answered=True)
        assert info.participant_identity == f"sip_{callee}"


CALLEES = {"extensions": ["2*"], "sip_users": ["alice"]}


@pytest.mark.parametrize("trunk_id", ["globex-main", "ST_nobody"])
async def test_other_trunks_do_not_exist(door: Door, trunk_id: str) -> None:
    """Another tenant's trunk, and one of nobody, is LiveKit's not_found, and nothing is dialled."""
    error = await failure(door.create(ANSWERS, sip_trunk_id=trunk_id))
    assert seen(error) == ("not_found", 404)
    assert error.message == "requested sip trunk does not exist"
    assert error.metadata["reason"] == "TRUNK_NOT_FOUND"
    assert not await door.calls()


REFUSED: dict[str, Any] = {
    "trunk": SIPOutboundConfig(hostname="sip.example.com"),
    "sip_request_uri": SIPRequestDest(),
    "sip_to_header": SIPNamedDest(),
    "sip_from_header": SIPNamedDest(),
    "to_user_override": "x",
}


@pytest.mark.parametrize("field", REFUSED)
async def test_fields_that_go_round_the_rules(door: Door, field: str) -> None:
    """A field that would go round routing or the caller ID's owner is refused by its name."""
    error = await failure(door.create(ANSWERS, **{field: REFUSED[field]}))
    assert seen(error) == ("invalid_argument", 400)
    assert error.metadata["field"] == field
    assert field in error.message
    assert not await door.calls()


WRONG = [
    pytest.param({"sip_call_to": ""}, "sip_call_to", "missing sip callee number", id="no-number"),
    pytest.param({"room_name": ""}, "room_name", "missing room name", id="no-room"),
    pytest.param({"sip_call_to": "0100"}, "sip_call_to", "E.164", id="no-e164"),
    pytest.param({"sip_call_to": "+49030123456789"}, "sip_call_to", "+4930123456789", id="zero"),
    pytest.param({"sip_number": "Bob"}, "sip_number", "E.164", id="caller-id"),
    pytest.param({"dtmf": "x"}, "dtmf", "dtmf: must", id="digits"),
    pytest.param({"participant_identity": "a\r\nb"}, "participant_identity", "control", id="crlf"),
    pytest.param({"max_call_duration": span(0.5)}, "max_call_duration", "between", id="duration"),
    pytest.param({"include_headers": 9}, "include_headers", "not a value", id="enum"),
]


@pytest.mark.parametrize(("fields", "name", "text"), WRONG)
async def test_a_bad_field_is_named_as_livekit_names_it(
    door: Door, fields: dict[str, Any], name: str, text: str
) -> None:
    """Bad input is invalid_argument and names LiveKit's field."""
    error = await failure(door.create(ANSWERS, **fields))
    assert seen(error) == ("invalid_argument", 400)
    assert error.metadata["field"] == name
    assert text in error.message


MANY_WRONG: list[tuple[str, dict[str, Any], list[str], list[str]]] = [
    (
        "CreateSIPParticipant",
        {"sip_request_uri": {"user": "x"}, "to_user_override": "x", "include_headers": 7},
        ["sip_request_uri", "to_user_override", "sip_call_to", "room_name", "include_headers"],
        ["missing sip callee number", "missing room name"],
    ),
    (
        "CreateSIPParticipant",
        {
            "sip_call_to": "030",
            "room_name": "a\n",
            "participant_identity": "b\n",
            "sip_number": "x",
            "dtmf": "x",
        },
        ["sip_number", "room_name", "participant_identity", "dtmf", "sip_call_to"],
        ["dtmf: must be at most 64"],
    ),
    (
        "CreateSIPParticipant",
        {"sip_trunk_id": "ST_nobody", "sip_call_to": "a\u0001", "room_name": "acme-1", "dtmf": "?"},
        ["dtmf", "sip_call_to"],
        ["dtmf: must be at most 64"],
    ),
    (
        "TransferSIPParticipant",
        {"headers": {"To": "x"}},
        ["room_name", "participant_identity", "transfer_to"],
        ["Missing room name", "missing transfer to"],
    ),
    (
        "TransferSIPParticipant",
        {
            "room_name": "acme-1",
            "participant_identity": "a\n",
            "transfer_to": "sip:bob@a..b",
            "headers": {"To": "x"},
            "ringing_timeout": "-1s",
        },
        ["participant_identity", "transfer_to", "headers[To]", "ringing_timeout"],
        ["transfer_to: is not a SIP or tel URI: a host must not have an empty label"],
    ),
]


@pytest.mark.parametrize(("method", "fields", "names", "texts"), MANY_WRONG)
async def test_every_bad_field_is_named(
    door: Door, method: str, fields: dict[str, Any], names: list[str], texts: list[str]
) -> None:
    """All that are found at once, by LiveKit's names, in meta and message."""
    token = f"Bearer {door.token(video={'roomAdmin': True, 'room': 'acme-1'})}"
    status, error = await door.post(method, fields, Authorization=token)
    assert (status, error["code"]) == (400, "invalid_argument")
    assert error["meta"]["field"].split(",") == names
    assert error["meta"]["mistakes"] == str(len(names))
    assert not [text for text in texts if text not in error["msg"]]


async def test_a_room_of_somebody_else(door: Door) -> None:
    """A room that the tenant may not use is `unauthenticated`, as LiveKit says of grants."""
    error = await failure(door.create(ANSWERS, room_name="globex-1"))
    assert seen(error) == ("unauthenticated", 401)
    assert error.message.startswith("permissions denied")
    assert error.metadata["reason"] == "ROOM_NOT_ALLOWED"


async def test_a_wrong_secret_or_key(door: Door) -> None:
    """A token of an unknown key, or signed with a wrong secret, is `unauthenticated`."""
    for key, secret in ((door.key, "x" * 40), ("GWnobody", door.secret)):
        stranger = LiveKitAPI(door.url, key, secret)
        error = await failure(stranger.sip.create_sip_participant(door.request(ANSWERS)))
        await stranger.aclose()
        assert seen(error) == ("unauthenticated", 401)
        assert error.metadata["reason"] == "UNAUTHENTICATED"


async def test_a_missing_grant(door: Door) -> None:
    """A token without sip.call is `unauthenticated`, never permission_denied."""
    fields = {"sip_call_to": ANSWERS, "room_name": ROOM}
    token = door.token(sip={"admin": True})
    status, told = await door.post("CreateSIPParticipant", fields, Authorization=f"Bearer {token}")
    assert (status, told["code"]) == (401, "unauthenticated")
    assert told["msg"].startswith("permissions denied")
    assert told["meta"]["reason"] == "PERMISSION_DENIED"


async def test_a_repeated_request_dials_once(door: Door) -> None:
    """The same X-Livekit-Request-Id gives the same participant, also while the first waits."""
    fields = {"sip_call_to": ANSWERS, "room_name": ROOM, "wait_until_answered": True}
    header = {REQUEST_ID: "r-1"}
    first, second = await asyncio.gather(
        door.post("CreateSIPParticipant", fields, **header),
        door.post("CreateSIPParticipant", fields, **header),
    )
    assert first == second
    assert first[0] == 200
    assert len(await door.calls()) == 1
    status, told = await door.post(
        "CreateSIPParticipant", {**fields, "sip_call_to": BUSY}, **header
    )
    assert (status, told["code"]) == (409, "already_exists")
    assert told["meta"]["reason"] == "REQUEST_ID_REUSED"


async def test_a_request_id_that_is_none(door: Door) -> None:
    """A malformed X-Livekit-Request-Id is invalid_argument and names the header."""
    fields = {"sip_call_to": ANSWERS, "room_name": ROOM}
    status, told = await door.post("CreateSIPParticipant", fields, **{REQUEST_ID: "a b"})
    assert (status, told["code"]) == (400, "invalid_argument")
    assert told["meta"]["field"] == REQUEST_ID


async def test_an_identity_in_use(door: Door) -> None:
    """A second call under an identity is refused; LiveKit would cut the first one off."""
    await door.create(RINGS_FOR_EVER)
    error = await failure(door.create(RINGS_FOR_EVER))
    assert seen(error) == ("already_exists", 409)
    assert error.metadata["reason"] == "IDENTITY_IN_USE"


async def test_json_as_node_sends_it(door: Door) -> None:
    """Camel case, unknown fields and Durations as texts are understood, and answered in JSON."""
    status, told = await door.post(
        "CreateSIPParticipant",
        {
            "sipCallTo": RINGS_FOR_EVER,
            "roomName": ROOM,
            "ringingTimeout": "20s",
            "fromTheFuture": 1,
        },
        Content_Type="application/json;charset=UTF-8",
    )
    assert status == 200
    assert set(told) == {"participant_id", "participant_identity", "room_name", "sip_call_id"}


async def test_it_is_recorded_under_livekits_name(door: Door) -> None:
    """The audit log has the intent and the refusal under LiveKit's method, and no number."""
    await failure(door.create(BUSY, wait_until_answered=True))
    (call,) = await door.calls()
    intent, _, outcome = await door.stand.audit(call.call_id)
    assert (intent["method"], intent["wire"]) == (
        "livekit.SIP/CreateSIPParticipant",
        "twirp+protobuf",
    )
    assert intent["request_id"]
    assert outcome["reason"] == "BUSY"


@pytest.mark.parametrize("method", ["CreateSIPOutboundTrunk", "ListSIPDispatchRule", "Nothing"])
async def test_other_methods_are_no_route(door: Door, method: str) -> None:
    """What the gateway does not serve of livekit.SIP is bad_route."""
    status, told = await door.post(method, {})
    assert (status, told["code"]) == (404, "bad_route")


async def test_giving_up_ends_the_call(door: Door) -> None:
    """A caller who waits and leaves ends the call: nobody is there to take it."""
    asked = asyncio.create_task(door.create(RINGS_FOR_EVER, wait_until_answered=True))
    while not await door.calls():
        await asyncio.sleep(0.02)
    asked.cancel()
    (call,) = await door.calls()
    ended = await door.stand.acme.ended(call.call_id)
    assert reason_name(ended) == "CANCELED"


async def test_a_hang_up_elsewhere_is_heard(door: Door) -> None:
    """A call that is hung up while it rings is LiveKit's canceled for who waits for it."""
    asked = asyncio.create_task(failure(door.create(RINGS_FOR_EVER, wait_until_answered=True)))
    while not await door.calls():
        await asyncio.sleep(0.02)
    (call,) = await door.calls()
    await door.stand.acme.hang_up(call.call_id)
    assert seen(await asked) == ("canceled", 408)


async def test_every_tenant_has_its_own(door: Door) -> None:
    """Another tenant's key neither dials on the first one's trunks nor lists them."""
    stand: Stand = door.stand
    async with door_of(stand, "globex") as other:
        error = await failure(other.create(ANSWERS, room_name="globex-1", sip_trunk_id="acme-main"))
        assert seen(error) == ("not_found", 404)


async def test_configured_emergency_numbers(door: Door) -> None:
    """The tenant's own are refused like known ones, as numbers and in every form of a target."""
    stand: Stand = door.stand
    info = await door.create(ANSWERS, wait_until_answered=True)
    await stand.apply(configuration(stand.trunk, default_country="US", emergency_numbers=["988"]))
    dialed = await failure(door.create("", sip_call_to="988"))
    assert dialed.metadata["reason"] == "EMERGENCY_NUMBER"
    at = "@pbx.example.com"
    for to in ("tel:988", "tel:9-8-8", "<tel:988>", f"sip:988{at}", f"sip:*67988{at}"):
        handed = await failure(door.transfer(info, to))
        assert handed.metadata["reason"] == "EMERGENCY_NUMBER", to
