"""Wrong input, a field at a time: refused by name before anything is dialled."""

import time
from typing import Any

import jwt
import pytest
from google.protobuf.duration_pb2 import Duration
from structlog.testing import capture_logs

from gateway.service.access.identity import LEEWAY_SECONDS
from gateway.telephony.v1 import calls_pb2
from tests.stands.phones import ANSWERS, RINGS_FOR_EVER
from tests.stands.stand import Client, Stand, refusal, span

BREAKS = ["\r\nX-Forged: 1", "\n", "\x00"]


def request(**fields: Any) -> calls_pb2.PlaceCallRequest:
    """A good request with some fields replaced."""
    return calls_pb2.PlaceCallRequest(**{"to": ANSWERS, **fields})


WRONG = [
    ("to", request(to="")),
    ("to", request(to="5005550100")),
    ("to", request(to="+1500555010012345")),
    ("to", request(to="+115005550100")),
    ("to", request(to="+49030123456789")),
    ("to", request(to="+15550100")),
    ("to", request(to="sip:bob@example.com")),
    ("caller_id", request(caller_id="anonymous")),
    ("caller_id", request(caller_id="+4402079460958")),
    ("request_id", request(request_id="x" * 129)),
    ("request_id", request(request_id="a b")),
    ("room", request(room="acme-" + "x" * 252)),
    ("participant.identity", request(participant={"identity": "x" * 257})),
    ("participant.name", request(participant={"name": "x" * 257})),
    ("participant.metadata", request(participant={"metadata": "x" * 65537})),
    ("participant.attributes", request(participant={"attributes": {"sip.callID": "x"}})),
    ("participant.attributes", request(participant={"attributes": {"gateway.callId": "x"}})),
    ("participant.attributes", request(participant={"attributes": {"lk.x": "x"}})),
    ("ringing_timeout", request(ringing_timeout=span(0))),
    ("ringing_timeout", request(ringing_timeout=span(-1))),
    ("ringing_timeout", request(ringing_timeout=span(80.001))),
    ("setup_timeout", request(setup_timeout=span(31))),
    ("max_duration", request(max_duration=span(0.5))),
    ("max_duration", request(max_duration=span(82801))),
    ("digits", request(digits="12x")),
    ("digits", request(digits="1" * 65)),
    ("headers[From]", request(headers={"From": "me"})),
    ("headers[P-Asserted-Identity]", request(headers={"P-Asserted-Identity": "me"})),
    ("headers", request(headers={"X A": "v"})),
    ("headers[X-Long]", request(headers={"X-Long": "x" * 1025})),
    ("include_headers", request(include_headers=7)),
    ("media_encryption", request(media_encryption=9)),
    ("media.codecs[0].name", request(media={"codecs": [{"name": "PC MU", "rate": 8000}]})),
    ("media.media_timeout", request(media={"media_timeout": span(601)})),
    ("display_name", request(display_name="x" * 129)),
    ("display_name", request(display_name='"x" <sip:y>')),
    ("labels", request(labels={str(n): "" for n in range(33)})),
    ("labels", request(labels={"": "x"})),
    ("labels[k]", request(labels={"k": "x" * 300_000})),
    ("media.codecs", request(media={"codecs": [{}] * 17})),
    ("trunk_id", request(trunk_id="x" * 20_000)),
    ("labels[k]", request(labels={"k": "x" * 257})),
    *[("to", request(to=f"+15005550100{text}")) for text in BREAKS],
    *[("caller_id", request(caller_id=f"+15005550199{text}")) for text in BREAKS],
    *[("headers[X-A]", request(headers={"X-A": f"a{text}"})) for text in BREAKS],
    *[("headers", request(headers={f"X-A{text}": "a"})) for text in BREAKS],
    *[("display_name", request(display_name=f"a{text}")) for text in BREAKS],
    *[("digits", request(digits=f"1{text}")) for text in BREAKS],
    *[("room", request(room=f"acme-{text}")) for text in BREAKS],
    *[("participant.identity", request(participant={"identity": f"a{text}"})) for text in BREAKS],
]


async def test_each_wrong_field_is_named(stand: Stand) -> None:
    """INVALID_FIELD names the field, nothing is stored, and nothing reaches the platform."""
    for field, wrong in WRONG:
        refused = await refusal(stand.acme.call("PlaceCall", wrong))
        told = (refused.code, refused.reason, refused.fields)
        assert told == ("invalid_argument", "INVALID_FIELD", (field,)), wrong
        assert field in refused.message
        assert refused.metadata["field"] == field
    assert await stand.acme.events() == []


async def test_a_malformed_duration_is_named(stand: Stand) -> None:
    """A Duration whose parts have different signs is INVALID_FIELD, where it can be written."""
    if stand.wire == "twirp+json":
        pytest.skip("JSON has no way to write it")
    wrong = request(ringing_timeout=Duration(seconds=1, nanos=-1))
    refused = await refusal(stand.acme.call("PlaceCall", wrong))
    assert (refused.reason, refused.fields) == ("INVALID_FIELD", ("ringing_timeout",))


async def test_limits_stand_in_the_refusal(stand: Stand) -> None:
    """A Duration out of range is refused with its limits, never clamped."""
    refused = await refusal(stand.acme.place(ANSWERS, ringing_timeout=span(81)))
    told = {key: refused.metadata[key] for key in ("minimum", "maximum", "value")}
    assert told == {"minimum": "0.1s", "maximum": "80s", "value": "81s"}


REFUSED = [
    pytest.param({"room": "globex-1"}, "permission_denied", "ROOM_NOT_ALLOWED", id="room"),
    pytest.param(
        {"caller_id": "+15005550197"}, "permission_denied", "CALLER_ID_NOT_OWNED", id="number"
    ),
    pytest.param({"trunk_id": "globex-main"}, "not_found", "TRUNK_NOT_FOUND", id="others-trunk"),
    pytest.param({"trunk_id": "none"}, "not_found", "TRUNK_NOT_FOUND", id="no-such-trunk"),
    pytest.param({"trunk_id": "acme-off"}, "failed_precondition", "NO_TRUNK", id="disabled"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "code", "reason"), REFUSED)
async def test_what_a_tenant_may_not_do_is_refused(
    stand: Stand, fields: dict[str, Any], code: str, reason: str
) -> None:
    """A room, caller ID or trunk that is not the tenant's is refused with its reason."""
    refused = await refusal(stand.acme.place(ANSWERS, **fields))
    assert (refused.code, refused.reason) == (code, reason)
    told = {key: value for key, value in refused.metadata.items() if key not in fields}
    assert "globex" not in str(told)
    assert await stand.acme.events() == []


async def test_an_identity_in_use_is_refused(stand: Stand) -> None:
    """A second call with the identity of an open call in the room would cut it: refused."""
    participant = calls_pb2.Participant(identity="caller")
    first = await stand.acme.place(RINGS_FOR_EVER, room="acme-1", participant=participant)
    refused = await refusal(
        stand.acme.place(RINGS_FOR_EVER, room="acme-1", participant=participant)
    )
    assert (refused.code, refused.reason) == ("already_exists", "IDENTITY_IN_USE")
    await stand.acme.hang_up(first.call_id)
    second = await stand.acme.place(RINGS_FOR_EVER, room="acme-1", participant=participant)
    await stand.acme.hang_up(second.call_id)


async def test_validating_dials_nothing(stand: Stand) -> None:
    """With validate_only the route comes back, every trunk with its verdict, and no call."""
    response = await stand.acme.call(
        "PlaceCall", request(validate_only=True, ringing_timeout=span(12.5))
    )
    assert not response.HasField("call")
    verdicts = {
        candidate.trunk_id: calls_pb2.TrunkVerdict.Name(candidate.verdict)
        for candidate in response.route.candidates
    }
    assert verdicts == {
        "acme-main": "TRUNK_VERDICT_TAKEN",
        "acme-mute": "TRUNK_VERDICT_NOT_NEEDED",
        "acme-off": "TRUNK_VERDICT_DISABLED",
    }
    assert response.route.ringing_timeout.in_force == span(12.5)
    assert response.route.max_duration.source == "default"
    assert await stand.acme.events() == []


def token(key: str, secret: str, **claims: Any) -> str:
    """A token as an SDK would sign it."""
    body = {"iss": key, "exp": int(time.time()) + 60, "sip": {"call": True}, **claims}
    return jwt.encode(body, secret, algorithm="HS256")


async def test_callers_without_a_good_token_are_refused(stand: Stand) -> None:
    """No token, an unknown or revoked key, a wrong secret or an expired token: the same answer."""
    admin = stand.gateway.administration.admin
    created = await admin.create_key("acme")
    revoked = await admin.create_key("acme")
    await admin.revoke_key(revoked.key.key)
    await stand.gateway.administration.directory.refresh()
    key, secret = created.key.key, created.secret
    good = Client(stand.acme.wire, token(key, secret))
    assert (await good.call("ListTrunks", calls_pb2.ListTrunksRequest())).trunks

    for bad in (
        "",
        "garbage",
        token("GWunknown", secret),
        token(key, secret + "x"),
        token(key, secret, exp=int(time.time()) - LEEWAY_SECONDS - 1),
        token(revoked.key.key, revoked.secret),
        jwt.encode({"iss": key, "sip": {"call": True}}, secret, algorithm="HS256"),
        jwt.encode({"iss": key, "exp": int(time.time()) + 60}, "", algorithm="none"),
    ):
        client = Client(stand.acme.wire, bad)
        refused = await refusal(client.call("ListTrunks", calls_pb2.ListTrunksRequest()))
        assert (refused.code, refused.reason) == ("unauthenticated", "UNAUTHENTICATED")


async def test_the_log_says_why_a_token_is_refused(stand: Stand) -> None:
    """The operator can tell a wrong clock from a wrong key; callers and log lines have no more."""
    created = await stand.gateway.administration.admin.create_key("acme")
    await stand.gateway.administration.directory.refresh()
    late = token(created.key.key, created.secret, exp=int(time.time()) - 3 * LEEWAY_SECONDS)
    with capture_logs() as logged:
        listing = Client(stand.acme.wire, late).call("ListTrunks", calls_pb2.ListTrunksRequest())
        refused = await refusal(listing)
    (line,) = [each for each in logged if each["event"] == "refused"]
    assert line["cause"].startswith("the token expired 18")
    assert not any(part in str(logged) for part in late.split("."))
    assert "expired" not in f"{refused.message} {refused.metadata}"


async def test_a_token_without_the_grant_is_refused(stand: Stand) -> None:
    """A key's right CALL needs the token's sip.call grant: a room token may not dial."""
    created = await stand.gateway.administration.admin.create_key("acme")
    await stand.gateway.administration.directory.refresh()
    grants = {"sip": {}, "video": {"roomJoin": True, "room": "acme-1"}}
    client = Client(stand.acme.wire, token(created.key.key, created.secret, **grants))
    refused = await refusal(client.place(ANSWERS))
    assert (refused.code, refused.reason) == ("permission_denied", "PERMISSION_DENIED")
    assert refused.metadata["right"] == "CALL"
