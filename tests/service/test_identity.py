"""Who is calling: what a token may be, and what it gives."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from livekit import api

from gateway.domain.rpc import Caller, DoorGrant
from gateway.domain.tenant import Config, Right
from gateway.errors import GatewayError, Reason
from gateway.service.access.directory import Directory
from gateway.service.access.identity import (
    LEEWAY_SECONDS,
    MAX_TOKEN_BYTES,
    Identity,
    require,
)
from gateway.store.store import SqlStore
from tests.service.signing import (
    ALL_GRANTS,
    CALL_GRANT,
    NOW,
    OTHER_SECRET,
    SEAL,
    SECRET,
    a_key,
    bearer,
    part,
    refused,
    signed,
    unsigned,
    who,
)
from tests.stands.clocks import NOON, HandClock


async def test_a_valid_token(identity: Identity) -> None:
    """A token signed with a stored key names its tenant and gives the key's rights."""
    until = NOON + timedelta(seconds=60)
    rights = frozenset({Right.CALL})
    expected = Caller(
        "GWcall", "acme", rights, grants=frozenset({DoorGrant.SIP}), expire_time=until
    )
    assert who(identity, bearer()) == expected


async def test_a_token_of_livekits_own_sdk(identity: Identity, clock: HandClock) -> None:
    """Whatever a LiveKit SDK signs with a key of ours, for 6 h by itself, is a token of ours."""
    clock.go_to(datetime.now(UTC))
    token = (
        api.AccessToken("GWcall", SECRET)
        .with_identity("agent")
        .with_grants(api.VideoGrants(room="acme-1", room_admin=True))
        .with_sip_grants(api.SIPGrants(call=True))
        .to_jwt()
    )
    caller = who(identity, f"bearer {token}")
    assert (caller.rights, caller.room) == (frozenset({Right.CALL}), "acme-1")
    assert caller.administers("acme-1")
    assert not caller.administers("acme-2")


@pytest.mark.parametrize(
    ("key", "grants"),
    [("GWcall", {}), ("GWoperator", {"call": True, "admin": True})],
)
async def test_who_sees_trunks(identity: Identity, key: str, grants: dict[str, bool]) -> None:
    """Trunks are seen with either SIP grant, by keys that may call, and else by nobody."""
    assert DoorGrant.SIP in who(identity, bearer(sip={"call": True})).grants
    assert DoorGrant.SIP in who(identity, bearer(sip={"admin": True})).grants
    assert not who(identity, bearer(iss=key, sip=grants)).grants


async def test_video_grants_count_only_with_the_right_to_call(identity: Identity) -> None:
    """A key that may call opens rooms as LiveKit's grants say; they are no rights of ours."""
    video = {"roomCreate": True, "roomList": True, "roomAdmin": "yes", "roomJoin": True}
    caller = who(identity, bearer(sip={}, video=video))
    assert caller.grants == {DoorGrant.ROOM_CREATE, DoorGrant.ROOM_LIST}
    assert not caller.rights
    assert not who(identity, bearer(iss="GWoperator", video=video)).grants


NO_TIMES: list[Any] = [
    *(None, True, "soon", str(NOW + 60), [NOW], {}, -1, -1e308, 1e308, int("9" * 400)),
    *(float("nan"), float("inf"), float("-inf"), 253_402_300_800),
]
REFUSED = [
    ("nothing", lambda: ""),
    ("no scheme", lambda: bearer().removeprefix("Bearer ")),
    ("another scheme", lambda: bearer().replace("Bearer", "Basic")),
    ("no token", lambda: "Bearer "),
    ("no JWT", lambda: "Bearer abc"),
    ("unknown key", lambda: bearer(iss="GWunknown")),
    ("revoked key", lambda: bearer(iss="GWrevoked")),
    ("no key", lambda: bearer(iss=None)),
    ("wrong secret", lambda: bearer(OTHER_SECRET)),
    ("expired", lambda: bearer(exp=NOW - LEEWAY_SECONDS - 1)),
    ("no expiry", lambda: bearer(exp=None)),
    ("expiry that is no time", lambda: bearer(exp="soon")),
    ("not yet valid", lambda: bearer(nbf=NOW + LEEWAY_SECONDS + 1)),
    ("alg none", unsigned),
    ("another algorithm", lambda: bearer(SECRET * 2, "HS512")),
    ("expired key", lambda: bearer(iss="GWexpired")),
    ("a key that is no text", lambda: signed({"iss": ["GWcall"]})),
    ("issued later", lambda: bearer(iat=NOW + LEEWAY_SECONDS + 1)),
    *[(f"exp {exp!r:.12}", lambda exp=exp: signed({"exp": exp})) for exp in NO_TIMES],
    *[(f"nbf {at!r:.12}", lambda at=at: signed({"nbf": at})) for at in NO_TIMES],
    *[(f"iat {at!r:.12}", lambda at=at: signed({"iat": at})) for at in NO_TIMES],
    ("room that is no text", lambda: bearer(video={"room": 7})),
    ("room of half a character", lambda: bearer(video={"room": "\ud800"})),
    ("room with NUL", lambda: bearer(video={"room": "a\x00"})),
    ("room of 1 KiB", lambda: bearer(video={"room": "a" * 1024})),
    ("a bottomless header", lambda: f"Bearer {part('[' * 1500)}.{part('{}')}.x"),
    ("bottomless claims", lambda: f"Bearer {part('{}')}.{part('[' * 1500)}.x"),
    ("two in one", lambda: f"{bearer()}, {bearer()}"),
    ("signature cut off", lambda: bearer().rsplit(".", 1)[0] + "."),
]


@pytest.mark.parametrize(
    "authorization", [row[1] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
async def test_what_is_no_token(identity: Identity, authorization: Any) -> None:
    """Every other authorization is UNAUTHENTICATED, and a token is not told what is wrong."""
    error = refused(identity, authorization())
    assert error.message in {
        "the token is not valid",
        "needs 'authorization: Bearer <token>'",
    }
    assert not error.metadata


@pytest.mark.parametrize(
    ("authorization", "cause"),
    [
        ("Bearer abc", "the token is not a JWT"),
        (bearer(iss=None), "the token names no key (iss)"),
        (bearer(iss="LK\x1b[2J"), "there is no key LK\\x1b[2J, or it was revoked"),
        (bearer(iss="GWrevoked"), "there is no key GWrevoked, or it was revoked"),
        (bearer(iss="GWexpired"), "the key GWexpired has expired"),
        (bearer(OTHER_SECRET), "the token is signed with another secret than its key's"),
        (bearer(SECRET * 2, "HS512"), "the token is not signed with HS256"),
        (bearer(exp=NOW - 75), "the token expired 75 s ago"),
        (bearer(nbf=NOW + 75), "the token is valid only in 75 s (nbf, iat)"),
        (bearer(exp=None), "the token has no exp"),
        (signed({"exp": "soon"}), "exp is not a time"),
        (bearer(iss="GWoffice"), "the key GWoffice may not be used from 11.1.2.3"),
        (bearer(video={"room": 7}), "video.room is not a string"),
    ],
)
async def test_why_is_for_the_log(identity: Identity, authorization: str, cause: str) -> None:
    """An operator finds out what the caller is not told; the token itself is in neither."""
    error = refused(identity, authorization, peer="ipv4:11.1.2.3:40312")
    assert (error.message, error.metadata) == ("the token is not valid", {})
    assert error.cause == cause
    assert not any(part in error.cause for part in authorization.split(" ")[1].split("."))


async def test_one_credential_a_request(identity: Identity) -> None:
    """Two authorizations are refused, even the same twice: which counts is anybody's guess."""
    for second in (bearer(), bearer(iss="GWadmin"), "", "Basic abc"):
        assert "not several" in refused(identity, bearer(), second).message
    assert "needs" in refused(identity).message


async def test_a_long_token_is_not_read(
    identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is longer than MAX_TOKEN_BYTES is refused before it is decoded."""
    pad = "x" * MAX_TOKEN_BYTES
    whole = bearer(sub=pad)
    monkeypatch.setattr(jwt, "decode", None)
    assert refused(identity, whole).message == "the token is not valid"


async def test_other_bytes_than_ascii(identity: Identity) -> None:
    """A header that is no ASCII is no token, whatever its engine made of it."""
    for text in ("\udcff\udcfe.a.b", "\u00e4.a.b", "\x00"):
        refused(identity, f"Bearer {text}")


@pytest.mark.parametrize("changes", [{"exp": NOW - 59}, {"nbf": NOW + 60}, {"iat": NOW + 60}])
async def test_clocks_may_differ_as_at_livekit(identity: Identity, changes: dict[str, Any]) -> None:
    """A client's clock may be wrong by a minute, and what its token begins does not end at once."""
    caller = who(identity, bearer(**changes))
    assert caller.key == "GWcall"
    assert identity.holds(caller)


GRANTS = [
    ("GWadmin", ALL_GRANTS, {Right.CALL, Right.TENANT_ADMIN}),
    ("GWadmin", CALL_GRANT, {Right.CALL}),
    ("GWadmin", {"admin": True}, {Right.TENANT_ADMIN}),
    ("GWadmin", {}, set()),
    ("GWadmin", None, set()),
    ("GWadmin", "call", set()),
    ("GWadmin", {"call": "yes"}, set()),
    ("GWcall", ALL_GRANTS, {Right.CALL}),
    ("GWnight", CALL_GRANT, {Right.CALL, Right.OVERRIDE_CALLING_HOURS}),
    ("GWnight", {"admin": True}, set()),
    ("GWoperator", ALL_GRANTS, {Right.OPERATOR}),
    ("GWoperator", CALL_GRANT, set()),
]


@pytest.mark.parametrize(("key", "sip", "rights"), GRANTS)
async def test_grants_only_narrow(
    identity: Identity, key: str, sip: object, rights: set[Right]
) -> None:
    """A token gives on the rights of its key that it names, and no others."""
    assert who(identity, bearer(iss=key, sip=sip)).rights == rights


@pytest.mark.parametrize(
    ("video", "room"), [({"room": "acme-1"}, "acme-1"), ({}, ""), (None, "")], ids=str
)
async def test_a_token_may_be_for_one_room(identity: Identity, video: object, room: str) -> None:
    """The room of a token's video grant is all that it may see."""
    assert who(identity, bearer(video=video)).room == room


async def test_a_key_that_is_revoked_later(store: SqlStore) -> None:
    """A revoked key is refused as soon as the directory has seen it."""
    directory = Directory(store, lambda _: Config())
    identity = Identity(directory, SEAL, HandClock())
    await store.transact(lambda tx: tx.put_key(a_key("GWlater", Right.CALL)))
    await directory.refresh()
    assert who(identity, bearer(iss="GWlater"))
    await store.transact(lambda tx: tx.put_key(a_key("GWlater", Right.CALL, revoke_time=NOON)))
    await directory.refresh()
    with pytest.raises(GatewayError, match="not valid"):
        who(identity, bearer(iss="GWlater"))


@pytest.mark.parametrize("right", Right)
def test_a_missing_right(right: Right) -> None:
    """Without a right the refusal names it; with it there is none."""
    require(Caller("GWkey", "acme", frozenset({right})), right)
    with pytest.raises(GatewayError) as refused:
        require(Caller("GWkey", "acme", frozenset(set(Right) - {right})), right)
    assert refused.value.reason is Reason.PERMISSION_DENIED
    assert refused.value.metadata == {"right": right.value}
