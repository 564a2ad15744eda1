"""How long a token and its key are good for, where from, and what is remembered of them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain.tenant import Right
from gateway.errors import GatewayError, Reason
from gateway.ports import Transaction
from gateway.service.access.directory import Directory
from gateway.service.access.identity import LEEWAY_SECONDS, MAX_LIFE, MAX_REMEMBERED, Identity
from gateway.store.store import SqlStore
from tests.service.signing import NOW, OTHER_SECRET, SEAL, a_key, bearer, refused, signed, who
from tests.stands.clocks import NOON, HandClock

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
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
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
    {"exp": NOW + LEEWAY_SECONDS + 1, "nbf": NOW - LIFE},
    {"exp": NOW + LEEWAY_SECONDS + 1, "iat": NOW - LIFE},
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


async def test_another_longest_life(directory: Directory, clock: HandClock) -> None:
    """The limit is the operator's."""
    identity = Identity(directory, SEAL, clock, max_life=timedelta(hours=1))
    assert who(identity, bearer(exp=NOW + 3600))
    assert refused(identity, bearer(exp=NOW + 7200)).metadata == {"maximum": "3600s"}


async def test_a_remembered_token_expires(identity: Identity, clock: HandClock) -> None:
    """That a token was good a moment ago does not make it good now; so with its key."""
    token, brief = bearer(), bearer(iss="GWbrief")
    assert who(identity, token)
    assert who(identity, brief)
    clock.go_on(30)
    assert who(identity, token)
    assert "not valid" in refused(identity, brief).message
    clock.go_on(30 + LEEWAY_SECONDS)
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


async def test_who_was_used(directory: Directory, clock: HandClock) -> None:
    """Every request that is let in tells its key, and no other does."""
    used: list[str] = []
    identity = Identity(directory, SEAL, clock, used=used.append)
    token = bearer(iss="GWoffice")
    who(identity, token)
    who(identity, token)
    refused(identity, token, peer="ipv4:11.1.2.3:1")
    refused(identity, bearer(OTHER_SECRET))
    assert used == ["GWoffice", "GWoffice"]


async def test_an_identity_holds_until_its_token_expires(
    identity: Identity, clock: HandClock
) -> None:
    """What is begun before `exp` ends then, what is begun behind it when the token is no good."""
    caller, brief = who(identity, bearer()), who(identity, bearer(iss="GWbrief"))
    assert brief.expire_time == NOON + timedelta(seconds=30)
    assert (identity.holds(caller), identity.holds(brief)) == (True, True)
    clock.go_on(30)
    assert (identity.holds(caller), identity.holds(brief)) == (True, False)
    clock.go_on(30)
    assert not identity.holds(caller)
    late = who(identity, bearer())
    clock.go_on(LEEWAY_SECONDS - 1)
    assert identity.holds(late)
    clock.go_on(1)
    assert not identity.holds(late)
    refused(identity, bearer())


async def test_an_identity_holds_until_its_key_is_revoked(
    identity: Identity, directory: Directory, store: SqlStore
) -> None:
    """As soon as the directory has seen the revocation; another key's is nothing to it."""
    caller = who(identity, bearer())
    for key, holds in (("GWadmin", True), ("GWcall", False)):
        await store.transact(revoking(key))
        await directory.refresh()
        assert identity.holds(caller) is holds
