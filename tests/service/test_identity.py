"""Who is calling: what a token may be, and what it gives."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from livekit import api

from gateway.domain.tenant import Caller, Config, Right
from gateway.errors import GatewayError, Reason
from gateway.ports import ApiKey, Transaction
from gateway.service.directory import Directory
from gateway.service.identity import (
    LEEWAY_SECONDS,
    MAX_LIFE,
    MAX_REMEMBERED,
    MAX_TOKEN_BYTES,
    Identity,
    require,
)
from gateway.service.seal import Seal
from gateway.store.store import SqlStore
from tests.store.values import NOON

NOW = int(NOON.timestamp())
PEER = "ipv4:10.0.0.7:40312"
SECRET = "a secret of more than thirty-two bytes"
OTHER_SECRET = "another secret of more than 32 bytes"
SEAL = Seal(["the master key"])
CALL_GRANT = {"call": True}
ALL_GRANTS = {"call": True, "admin": True}


def a_key(key: str, *rights: Right, tenant_id: str = "acme", **changes: Any) -> ApiKey:
    return ApiKey(
        key=key,
        tenant_id=tenant_id,
        rights=frozenset(rights),
        sealed_secret=SEAL.close(SECRET, key),
        create_time=NOON,
        **changes,
    )


KEYS = (
    a_key("GWcall", Right.CALL),
    a_key("GWadmin", Right.CALL, Right.TENANT_ADMIN),
    a_key("GWoperator", Right.OPERATOR, tenant_id=""),
    a_key("GWrevoked", Right.CALL, revoke_time=NOON),
    a_key("GWexpired", Right.CALL, expire_time=NOON),
    a_key("GWbrief", Right.CALL, expire_time=NOON + timedelta(seconds=30)),
    a_key("GWoffice", Right.CALL, allowed_addresses=("10.0.0.0/8", "2001:db8::/32")),
)


class Hands:
    """A clock that shows what the test says."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        return self.time

    def elapsed(self) -> float:
        return self.time.timestamp()


@pytest.fixture
def clock() -> Hands:
    """At noon."""
    return Hands()


@pytest_asyncio.fixture
async def directory(store: SqlStore) -> Directory:
    """Knows the keys above."""

    def put(tx: Any) -> None:
        for key in KEYS:
            tx.put_key(key)

    await store.transact(put)
    directory = Directory(store, lambda _: Config())
    await directory.refresh()
    return directory


@pytest.fixture
def identity(directory: Directory, clock: Hands) -> Identity:
    """Knows the keys above."""
    return Identity(directory, SEAL, clock)


def who(identity: Identity, *authorizations: str, peer: str = PEER) -> Caller:
    return identity.authenticate(authorizations, peer)


def refused(identity: Identity, *authorizations: str, peer: str = PEER) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        who(identity, *authorizations, peer=peer)
    assert caught.value.reason is Reason.UNAUTHENTICATED
    return caught.value


def claims(**changes: Any) -> dict[str, Any]:
    values = {"iss": "GWcall", "exp": NOW + 60, "sip": CALL_GRANT} | changes
    return {name: value for name, value in values.items() if value is not None}


def bearer(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    return f"Bearer {jwt.encode(claims(**changes), secret, algorithm=algorithm)}"


def unsigned() -> str:
    return f"Bearer {jwt.encode(claims(), '', algorithm='none')}"


async def test_a_valid_token(identity: Identity) -> None:
    """A token signed with a stored key names its tenant and gives the key's rights."""
    until = NOON + timedelta(seconds=60)
    rights = frozenset({Right.CALL})
    expected = Caller("GWcall", "acme", rights, sees_trunks=True, expire_time=until)
    assert who(identity, bearer()) == expected


async def test_a_token_of_livekits_own_sdk(identity: Identity, clock: Hands) -> None:
    """Whatever a LiveKit SDK signs with a key of ours, for 6 h by itself, is a token of ours."""
    clock.time = datetime.now(UTC)
    token = (
        api.AccessToken("GWcall", SECRET)
        .with_identity("agent")
        .with_grants(api.VideoGrants(room="acme-1", room_admin=True))
        .with_sip_grants(api.SIPGrants(call=True))
        .to_jwt()
    )
    caller = who(identity, f"bearer {token}")
    assert (caller.rights, caller.room) == (frozenset({Right.CALL}), "acme-1")
    assert caller.room_admin


@pytest.mark.parametrize(
    ("key", "grants"),
    [("GWcall", {}), ("GWoperator", {"call": True, "admin": True})],
)
async def test_who_sees_trunks(identity: Identity, key: str, grants: dict[str, bool]) -> None:
    """Trunks are seen with either SIP grant, by keys that may call, and else by nobody."""
    assert who(identity, bearer(sip={"call": True})).sees_trunks
    assert who(identity, bearer(sip={"admin": True})).sees_trunks
    assert not who(identity, bearer(iss=key, sip=grants)).sees_trunks


def part(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def signed(changes: dict[str, Any]) -> str:
    """Also with what an honest library would not sign."""
    body = json.dumps(claims() | changes).encode()
    return f"Bearer {jwt.api_jws.encode(body, SECRET, algorithm='HS256')}"


NO_TIMES: list[Any] = [
    *(None, True, "soon", str(NOW + 60), [NOW], {}, -1, -1e308, 1e308, int("9" * 400)),
    *(float("nan"), float("inf"), float("-inf"), 253_402_300_800),
]
SAFE_AGE = LEEWAY_SECONDS - 3
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
    ("not yet valid", lambda: bearer(nbf=NOW + 60)),
    ("alg none", unsigned),
    ("another algorithm", lambda: bearer(SECRET * 2, "HS512")),
    ("expired key", lambda: bearer(iss="GWexpired")),
    ("a key that is no text", lambda: signed({"iss": ["GWcall"]})),
    ("issued later", lambda: bearer(iat=NOW + 60)),
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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["room", "call", "admin", "x"]), inner, max_size=3)
    ),
    max_leaves=5,
)
CLAIMS = st.dictionaries(
    st.sampled_from(["exp", "nbf", "iat", "sub", "aud", "jti", "iss", "sip", "video", "crit"]), JSON
)


@given(changes=CLAIMS)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_claims_at_all(identity: Identity, changes: dict[str, Any]) -> None:
    """Whatever its key's holder signs is a caller with the key's rights, or UNAUTHENTICATED."""
    try:
        caller = who(identity, signed(changes))
    except GatewayError as error:
        assert error.reason is Reason.UNAUTHENTICATED  # noqa: PT017  either of two
    else:
        assert (caller.key, caller.tenant_id) == ("GWcall", "acme")


LIFE = int(MAX_LIFE.total_seconds())
TOO_LONG = [
    {"exp": NOW + LIFE + LEEWAY_SECONDS + 1},
    {"exp": 32_503_680_000},
    {"exp": NOW + 60, "nbf": NOW - LIFE},
    {"exp": NOW + 60, "iat": NOW - LIFE},
]


@pytest.mark.parametrize("changes", TOO_LONG, ids=str)
async def test_a_token_has_a_longest_life(identity: Identity, changes: dict[str, Any]) -> None:
    """It is measured from now, `nbf` and `iat`; who holds the secret is told the limit."""
    error = refused(identity, bearer(**changes))
    assert error.metadata == {"maximum": f"{LIFE}s"}
    assert f"{LIFE}s" in error.message
    assert "not valid" in refused(identity, bearer(OTHER_SECRET, **changes)).message


async def test_a_token_may_be_good_for_its_longest_life(identity: Identity) -> None:
    """Up to the limit a token is good."""
    assert who(identity, bearer(exp=NOW + LIFE, nbf=NOW, iat=NOW))


async def test_another_longest_life(directory: Directory, clock: Hands) -> None:
    """The limit is the operator's."""
    identity = Identity(directory, SEAL, clock, max_life=timedelta(hours=1))
    assert who(identity, bearer(exp=NOW + 3600))
    assert refused(identity, bearer(exp=NOW + 7200)).metadata == {"maximum": "3600s"}


async def test_a_remembered_token_expires(identity: Identity, clock: Hands) -> None:
    """That a token was good a moment ago does not make it good now; so with its key."""
    token, brief = bearer(), bearer(iss="GWbrief")
    assert who(identity, token)
    assert who(identity, brief)
    clock.time += timedelta(seconds=30)
    assert who(identity, token)
    assert "not valid" in refused(identity, brief).message
    clock.time += timedelta(seconds=30 + LEEWAY_SECONDS)
    assert "not valid" in refused(identity, token).message


async def test_little_is_remembered(identity: Identity) -> None:
    """Neither the number of tokens nor their length fills the memory."""
    for number in range(MAX_REMEMBERED + 10):
        who(identity, bearer(jti=str(number), sub="x" * 2000))
    kept = identity._verified  # noqa: SLF001  what is kept is what this is about
    assert len(kept) == MAX_REMEMBERED
    assert {len(key) for key in kept} == {32}


def revoking(key: str) -> Callable[[Transaction], None]:
    return lambda tx: tx.put_key(a_key(key, Right.CALL, revoke_time=NOON))


PLACES = [
    ("ipv4:10.1.2.3:40312", True),
    ("ipv6:[2001:db8::7]:40312", True),
    ("ipv6:%5B2001:db8::7%5D:40312", True),
    ("ipv6:[::ffff:10.1.2.3]:40312", True),
    ("ipv4:10.1.2.3", True),
    ("ipv6:[2001:db8::7]", True),
    ("ipv4:11.1.2.3:40312", False),
    ("ipv6:[2001:db9::7]:40312", False),
    ("ipv6:[::a01:203]:40312", False),
    ("unix:/run/gateway", False),
    ("", False),
]


@pytest.mark.parametrize(("peer", "allowed"), PLACES)
async def test_a_key_may_be_bound_to_addresses(
    identity: Identity, peer: str, *, allowed: bool
) -> None:
    """From elsewhere it is as an unknown one, also once its token is known."""
    token = bearer(iss="GWoffice")
    assert who(identity, token).key == "GWoffice"
    if allowed:
        assert who(identity, token, peer=peer).key == "GWoffice"
    else:
        assert refused(identity, token, peer=peer).message == "the token is not valid"
    assert who(identity, bearer(), peer=peer).key == "GWcall"


async def test_who_was_used(directory: Directory, clock: Hands) -> None:
    """Every request that is let in tells its key, and no other does."""
    used: list[str] = []
    identity = Identity(directory, SEAL, clock, used=used.append)
    token = bearer(iss="GWoffice")
    who(identity, token)
    who(identity, token)
    refused(identity, token, peer="ipv4:11.1.2.3:1")
    refused(identity, bearer(OTHER_SECRET))
    assert used == ["GWoffice", "GWoffice"]


async def test_an_identity_holds_until_its_token_expires(identity: Identity, clock: Hands) -> None:
    """At `exp`, or when the key expires before that, the caller is nobody any more."""
    caller, brief = who(identity, bearer()), who(identity, bearer(iss="GWbrief"))
    assert brief.expire_time == NOON + timedelta(seconds=30)
    assert (identity.holds(caller), identity.holds(brief)) == (True, True)
    clock.time += timedelta(seconds=30)
    assert (identity.holds(caller), identity.holds(brief)) == (True, False)
    clock.time += timedelta(seconds=30)
    assert not identity.holds(caller)


async def test_an_identity_holds_until_its_key_is_revoked(
    identity: Identity, directory: Directory, store: SqlStore
) -> None:
    """As soon as the directory has seen the revocation; another key's is nothing to it."""
    caller = who(identity, bearer())
    for key, holds in (("GWadmin", True), ("GWcall", False)):
        await store.transact(revoking(key))
        await directory.refresh()
        assert identity.holds(caller) is holds


async def test_clocks_may_differ_a_little(identity: Identity) -> None:
    """A token that expired a moment ago still holds."""
    assert who(identity, bearer(exp=NOW - SAFE_AGE)).key == "GWcall"


GRANTS = [
    ("GWadmin", ALL_GRANTS, {Right.CALL, Right.TENANT_ADMIN}),
    ("GWadmin", CALL_GRANT, {Right.CALL}),
    ("GWadmin", {"admin": True}, {Right.TENANT_ADMIN}),
    ("GWadmin", {}, set()),
    ("GWadmin", None, set()),
    ("GWadmin", "call", set()),
    ("GWadmin", {"call": "yes"}, set()),
    ("GWcall", ALL_GRANTS, {Right.CALL}),
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
    identity = Identity(directory, SEAL, Hands())
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
