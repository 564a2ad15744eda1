"""LiveKit's webhooks: which are believed, and what is read in them."""

import base64
import hashlib
import json
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from google.protobuf import json_format
from hypothesis import assume, given
from hypothesis import strategies as st
from livekit.protocol.models import DisconnectReason, ParticipantInfo, Room
from livekit.protocol.webhook import WebhookEvent

from gateway.domain.calls.inbound import Change, Notice
from gateway.domain.calls.leg import Leg
from gateway.domain.calls.observation import LeaveReason, LegIds, LegStatus
from gateway.platform.livekit.notices import LiveKitNotices
from gateway.platform.livekit.replies import SAID, leg_told
from gateway.ports import NotGenuineError, NotInTimeError, NotReadableError
from tests.stands.clocks import RealClock, SteppingClock
from tests.stands.livekit.notices import BODY, KEY, LEFT, SECRET, digest, signed
from tests.stands.phones import CALLER, HOTLINE

WEBHOOKS = LiveKitNotices(KEY, SECRET, RealClock())


def proven(authorization: str, body: bytes) -> Notice:
    """Both steps: who signed, then what."""
    return WEBHOOKS.read(WEBHOOKS.signed(authorization), body)


def read(event: dict[str, Any]) -> Notice:
    body = json.dumps(event).encode()
    return proven(signed(body), body)


def test_what_livekit_signs_is_read() -> None:
    """Room, identity, identifiers, rule, trunk, numbers and reason of a participant that left."""
    leg = Leg(
        LegStatus.HANGUP,
        LegIds("PA_1", "SCL_1", "abc"),
        call_id="call_1",
        room="acme-1",
        identity="sip_+15005550177",
        rule_id="SDR_1",
        livekit_trunk_id="ST_1",
        far_number=CALLER,
        own_number=HOTLINE,
    )
    time = datetime(2026, 1, 1, tzinfo=UTC)
    told = Notice("EV_1", time, Change.LEFT, leg, LeaveReason.CLIENT_INITIATED)
    assert proven(signed(), BODY) == told
    assert proven(f"Bearer {signed()}", BODY) == told


@pytest.mark.parametrize("reason", LeaveReason)
def test_every_reason_of_livekit_is_known(reason: LeaveReason) -> None:
    """The names are LiveKit's own."""
    told = read(LEFT | {"participant": {"kind": "SIP", "disconnectReason": reason.value}})
    assert told.reason is reason


def test_a_leg_that_left_before_its_media_were_connected_has_left() -> None:
    """LiveKit has another name for that."""
    told = read(LEFT | {"event": "participant_connection_aborted"})
    assert told == read(LEFT)


@pytest.mark.parametrize(
    "event",
    [
        {"event": "room_finished"},
        {"event": "participant_updated"},
        {"event": "something_newer"},
        {"event": "participant_left", "participant": {"kind": "AGENT"}},
        {"event": "participant_left", "participant": {"kind": "SOMETHING_NEWER"}},
        {"event": "participant_joined", "participant": {"kind": "SIP", "identity": "a\0b"}},
    ],
)
def test_what_is_no_phone_is_nothing(event: dict[str, Any]) -> None:
    """Other events and other participants are read, and say nothing."""
    told = read(LEFT | event)
    assert told.notice_id == "EV_1"
    assert told.change is Change.OTHER or told.leg is None


OVER = {
    "event": "room_finished",
    "id": "EV_1",
    "createdAt": "1767225600",
    "room": {"name": "acme-1"},
}


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("ROOM_END_API_DELETE", LeaveReason.ROOM_DELETED),
        ("ROOM_END_SUPERSEDED", LeaveReason.ROOM_CLOSED),
        (3, LeaveReason.SERVER_SHUTDOWN),
    ],
)
def test_a_room_that_took_its_phones_along(reason: str | int, said: LeaveReason) -> None:
    """A newer LiveKit says why a room has ended."""
    told = read(OVER | {"roomEndReason": reason})
    assert (told.change, told.ended_room, told.reason) == (Change.ROOM_OVER, "acme-1", said)
    assert told.leg is None


@pytest.mark.parametrize(
    "event",
    [
        OVER,
        OVER | {"roomEndReason": "ROOM_END_IDLE_TIMEOUT"},
        OVER | {"roomEndReason": "ROOM_END_OPEN_FAILED"},
        OVER | {"roomEndReason": "ROOM_END_OF_A_NEWER_KIND"},
        OVER | {"roomEndReason": 99},
        OVER | {"roomEndReason": 1, "room": {"name": "a\0b"}},
    ],
)
def test_a_room_that_says_nothing_of_phones(event: dict[str, Any]) -> None:
    """An older LiveKit says no reason, and a room that was idle had no phones in it."""
    assert read(event).change is Change.OTHER


def test_the_moment_of_the_answer_is_read() -> None:
    """Milliseconds since 1970; anything else, or nothing, is no moment."""
    said: dict[str, str] = LEFT["participant"]["attributes"]  # type: ignore[index]  # a dict
    for text, expected in {
        "1767225600250": datetime(2026, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC),
        "1767225600": None,
        "-1767225600250": None,
        "99999999999999": None,
        "soon": None,
        "": None,
    }.items():
        participant = LEFT["participant"] | {"attributes": said | {"lk.sip.answerTime": text}}  # type: ignore[operator]  # a dict
        told = read(LEFT | {"participant": participant}).leg
        assert told is not None
        assert told.answered_at == expected


def test_a_newer_livekit_is_understood() -> None:
    """Fields and names that are not known here are passed over."""
    participant = LEFT["participant"] | {"newer": {"a": [1]}, "disconnectReason": "NEWER"}  # type: ignore[operator]  # a dict
    told = read(LEFT | {"newer": 1, "participant": participant})
    assert told.leg is not None
    assert told.leg.ids.sip_call_id == "SCL_1"
    assert told.reason is LeaveReason.UNKNOWN_REASON


def test_a_clock_may_be_a_little_off() -> None:
    """A token from a clock that is some seconds ahead or behind is taken."""
    now = time.time()
    proven(signed(nbf=now + 10, exp=now + 310), BODY)
    proven(signed(nbf=now - 310, exp=now - 10), BODY)


def test_a_token_is_judged_by_the_clock_that_is_believed() -> None:
    """Whatever the machine's shows: what is good now is taken, what was good then is not."""
    clock = SteppingClock()
    clock.step(-3600)
    webhooks = LiveKitNotices(KEY, SECRET, clock)
    then = clock.now().timestamp()
    assert webhooks.signed(signed(nbf=then, exp=then + 300))
    for token in (signed(), signed(exp="soon"), signed(nbf=[])):
        with pytest.raises(NotGenuineError):
            webhooks.signed(token)


FORGED = [
    pytest.param("", id="unsigned"),
    pytest.param("Bearer", id="no token"),
    pytest.param("not a token", id="garbage"),
    pytest.param("\udcff", id="bytes that are no text"),
    pytest.param(base64.b64encode(b"[" * 4000).decode() + ".e30.AA", id="a deep header"),
    pytest.param(signed(secret="another secret that is long enough"), id="another secret"),
    pytest.param(signed(iss="other"), id="another key"),
    pytest.param(signed(drop="iss"), id="no key"),
    pytest.param(signed(exp=time.time() - timedelta(minutes=10).seconds), id="expired"),
    pytest.param(signed(drop="exp"), id="valid for ever"),
    pytest.param(signed(nbf=time.time() + 3600), id="not yet valid"),
    pytest.param(signed(drop="sha256"), id="no digest"),
    pytest.param(signed(sha256=""), id="an empty digest"),
    pytest.param(signed(sha256=["x"]), id="a digest that is no text"),
    pytest.param(signed(sha256="\ud800"), id="a digest that cannot be encoded"),
    pytest.param(signed(sha256=hashlib.sha256(BODY).hexdigest()), id="a digest in hex"),
    pytest.param(signed(b"{}"), id="another body's"),
    pytest.param(
        jwt.encode(
            {"iss": KEY, "exp": time.time() + 300, "sha256": digest(BODY)}, "", algorithm="none"
        ),
        id="no algorithm",
    ),
    pytest.param(
        jwt.encode(
            {"iss": KEY, "exp": time.time() + 300, "sha256": digest(BODY)},
            SECRET + SECRET,
            algorithm="HS512",
        ),
        id="another algorithm",
    ),
]


@pytest.mark.parametrize("authorization", FORGED)
def test_what_livekit_has_not_signed_is_refused(authorization: str) -> None:
    """Nothing is believed that does not carry LiveKit's signature of just this body."""
    with pytest.raises(NotGenuineError):
        proven(authorization, BODY)


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_a_body_with_any_byte_changed_is_refused(at: int, by: int) -> None:
    """The digest is of the raw bytes: not one of them may differ."""
    changed = bytearray(BODY)
    changed[at] ^= by
    with pytest.raises(NotGenuineError):
        proven(signed(), bytes(changed))


TOKEN = signed()
COUNTING = [at for at in range(len(TOKEN) - 1) if TOKEN[at] != "." and TOKEN[at + 1] != "."]
"""The last character of a part may stand for bits that do not count."""


@given(st.sampled_from(COUNTING), st.characters(codec="utf-8"))
def test_a_token_with_any_character_changed_is_refused(at: int, new: str) -> None:
    """A changed header, payload or signature is not LiveKit's."""
    assume(TOKEN[at] != new)
    with pytest.raises(NotGenuineError):
        proven(TOKEN[:at] + new + TOKEN[at + 1 :], BODY)


@given(st.binary() | st.recursive(st.none() | st.text(), st.lists).map(lambda v: repr(v).encode()))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """Whatever LiveKit signs, reading it ends in a notice or in NotReadableError."""
    with suppress(NotReadableError):
        assert proven(signed(body), body).leg is None


@pytest.mark.parametrize(
    "body", [b"", b"1", b"[" * 100_000, b'{"createdAt":"99999999999999999"}', b'{"event":1}']
)
def test_what_is_no_event_is_not_readable(body: bytes) -> None:
    """A signed body that is no webhook is told apart from a forged one."""
    with pytest.raises(NotReadableError):
        proven(signed(body), body)


PARTICIPANTS = st.builds(
    ParticipantInfo,
    sid=st.text(max_size=5),
    identity=st.text(max_size=5),
    kind=st.sampled_from(ParticipantInfo.Kind.values()),
    disconnect_reason=st.sampled_from(DisconnectReason.values()),
    attributes=st.dictionaries(st.sampled_from([*SAID, "other"]), st.text(max_size=5)),
    metadata=st.text(max_size=5),
)


@given(
    PARTICIPANTS,
    st.sampled_from(["participant_joined", "participant_left", "room_started"]),
    st.integers(0, 2**33),
    st.tuples(st.booleans(), st.booleans()),
)
def test_what_protobuf_writes_is_read_as_protobuf_reads_it(
    participant: ParticipantInfo, event: str, created_at: int, form: tuple[bool, bool]
) -> None:
    """Whichever of its forms of JSON the sender has chosen."""
    room = Room(name="acme-1", sid="RM_1")
    sent = WebhookEvent(
        event=event, id="EV_1", created_at=created_at, room=room, participant=participant
    )
    names, numbers = form
    body = json_format.MessageToJson(
        sent, preserving_proto_field_name=names, use_integers_for_enums=numbers
    ).encode()
    told = proven(signed(body), body)
    assert (told.notice_id, told.time.timestamp()) == ("EV_1", created_at)
    if event == "room_started":
        assert told.leg is None
        return
    assert told.leg == leg_told(participant, "acme-1")
    assert told.reason is LeaveReason(DisconnectReason.Name(participant.disconnect_reason))


@pytest.mark.parametrize(
    "changed",
    [
        {"id": 5},
        {"createdAt": 1.5},
        {"createdAt": True},
        {"room": "acme-1"},
        {"room": {"name": "half \ud800"}},
        {"participant": []},
        {"participant": {"kind": 1.5}},
        {"participant": {"kind": 2**40}},
        {"participant": {"sid": 5}},
        {"participant": {"identity": "half \ud800"}},
        {"participant": {"attributes": {"sip.callID": 5}}},
    ],
)
def test_a_field_of_another_type_is_not_readable(changed: dict[str, Any]) -> None:
    """It is refused as a whole; nothing is made of the other fields."""
    with pytest.raises(NotReadableError):
        read(LEFT | changed)


def test_a_null_stands_for_nothing() -> None:
    """As in protobuf's JSON."""
    told = read(LEFT | {"id": None, "room": None, "createdAt": None})
    assert (told.notice_id, told.time.timestamp()) == ("", 0)
    assert told.leg is not None
    assert told.leg.room == ""


def test_a_token_that_signs_no_body_is_no_notice_at_any_time() -> None:
    """Participants have tokens of the same signer: an expired one is no notice that came late."""
    past = time.time() - 3600
    for drop in ("sha256", ""):
        with pytest.raises(NotGenuineError) as refused:
            WEBHOOKS.signed(signed(exp=past, drop=drop))
        assert isinstance(refused.value, NotInTimeError) is (drop == "")
