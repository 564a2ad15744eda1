"""Who is calling: what a token may be, and what it gives."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
import pytest_asyncio
from livekit import api

from gateway.domain.tenant import Caller, Config, Right
from gateway.errors import GatewayError, Reason
from gateway.ports import ApiKey
from gateway.service.directory import Directory
from gateway.service.identity import LEEWAY_SECONDS, Identity, require
from gateway.service.seal import Seal
from gateway.store.store import SqlStore
from tests.store.values import NOON

SECRET = "a secret of more than thirty-two bytes"
OTHER_SECRET = "another secret of more than 32 bytes"
SEAL = Seal(["the master key"])
CALL_GRANT = {"call": True}
ALL_GRANTS = {"call": True, "admin": True}


def authenticate(identity: Identity, authorization: str) -> Caller:
    """Who sends this header from a usual address."""
    return identity.authenticate([authorization], "ipv4:10.0.0.7:40312")


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
)


@pytest_asyncio.fixture
async def identity(store: SqlStore) -> AsyncIterator[Identity]:
    """Knows the keys above."""

    def put(tx: Any) -> None:
        for key in KEYS:
            tx.put_key(key)

    await store.transact(put)
    directory = Directory(store, lambda _: Config())
    await directory.refresh()
    yield Identity(directory, SEAL)


def claims(**changes: Any) -> dict[str, Any]:
    values = {"iss": "GWcall", "exp": int(time.time()) + 60, "sip": CALL_GRANT} | changes
    return {name: value for name, value in values.items() if value is not None}


def bearer(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    return f"Bearer {jwt.encode(claims(**changes), secret, algorithm=algorithm)}"


def unsigned() -> str:
    return f"Bearer {jwt.encode(claims(), '', algorithm='none')}"


async def test_a_valid_token(identity: Identity) -> None:
    """A token signed with a stored key names its tenant and gives the key's rights."""
    expected = Caller("GWcall", "acme", frozenset({Right.CALL}), sees_trunks=True)
    caller = authenticate(identity, bearer())
    assert replace(caller, expire_time=None) == expected
    assert caller.expire_time is not None


async def test_a_token_of_livekits_own_sdk(identity: Identity) -> None:
    """Whatever a LiveKit SDK signs with a key of ours is a token of ours."""
    token = (
        api.AccessToken("GWcall", SECRET)
        .with_identity("agent")
        .with_ttl(timedelta(minutes=5))
        .with_grants(api.VideoGrants(room="acme-1", room_admin=True))
        .with_sip_grants(api.SIPGrants(call=True))
        .to_jwt()
    )
    caller = authenticate(identity, f"bearer {token}")
    assert (caller.rights, caller.room) == (frozenset({Right.CALL}), "acme-1")
    assert caller.room_admin


@pytest.mark.parametrize(
    ("key", "grants"),
    [("GWcall", {}), ("GWoperator", {"call": True, "admin": True})],
)
async def test_who_sees_trunks(identity: Identity, key: str, grants: dict[str, bool]) -> None:
    """Trunks are seen with either SIP grant, by keys that may call, and else by nobody."""
    assert authenticate(identity, bearer(sip={"call": True})).sees_trunks
    assert authenticate(identity, bearer(sip={"admin": True})).sees_trunks
    assert not authenticate(identity, bearer(iss=key, sip=grants)).sees_trunks


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
    ("expired", lambda: bearer(exp=int(time.time()) - LEEWAY_SECONDS - 1)),
    ("no expiry", lambda: bearer(exp=None)),
    ("expiry that is no time", lambda: bearer(exp="soon")),
    ("not yet valid", lambda: bearer(nbf=int(time.time()) + 60)),
    ("alg none", unsigned),
    ("another algorithm", lambda: bearer(SECRET * 2, "HS512")),
    ("signature cut off", lambda: bearer().rsplit(".", 1)[0] + "."),
]


@pytest.mark.parametrize(
    "authorization", [row[1] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
async def test_what_is_no_token(identity: Identity, authorization: Any) -> None:
    """Every other authorization is UNAUTHENTICATED, and a token is not told what is wrong."""
    with pytest.raises(GatewayError) as refused:
        authenticate(identity, authorization())
    assert refused.value.reason is Reason.UNAUTHENTICATED
    assert refused.value.message in {
        "the token is not valid",
        "needs 'authorization: Bearer <token>'",
    }
    assert not refused.value.metadata


async def test_clocks_may_differ_a_little(identity: Identity) -> None:
    """A token that expired a moment ago still holds."""
    assert authenticate(identity, bearer(exp=int(time.time()) - SAFE_AGE)).key == "GWcall"


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
    assert authenticate(identity, bearer(iss=key, sip=sip)).rights == rights


@pytest.mark.parametrize(
    ("video", "room"), [({"room": "acme-1"}, "acme-1"), ({}, ""), (None, "")], ids=str
)
async def test_a_token_may_be_for_one_room(identity: Identity, video: object, room: str) -> None:
    """The room of a token's video grant is all that it may see."""
    assert authenticate(identity, bearer(video=video)).room == room


async def test_a_key_that_is_revoked_later(store: SqlStore) -> None:
    """A revoked key is refused as soon as the directory has seen it."""
    directory = Directory(store, lambda _: Config())
    identity = Identity(directory, SEAL)
    await store.transact(lambda tx: tx.put_key(a_key("GWlater", Right.CALL)))
    await directory.refresh()
    assert authenticate(identity, bearer(iss="GWlater"))
    await store.transact(lambda tx: tx.put_key(a_key("GWlater", Right.CALL, revoke_time=NOON)))
    await directory.refresh()
    with pytest.raises(GatewayError, match="not valid"):
        authenticate(identity, bearer(iss="GWlater"))


@pytest.mark.parametrize("right", Right)
def test_a_missing_right(right: Right) -> None:
    """Without a right the refusal names it; with it there is none."""
    require(Caller("GWkey", "acme", frozenset({right})), right)
    with pytest.raises(GatewayError) as refused:
        require(Caller("GWkey", "acme", frozenset(set(Right) - {right})), right)
    assert refused.value.reason is Reason.PERMISSION_DENIED
    assert refused.value.metadata == {"right": right.value}
