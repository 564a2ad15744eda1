"""Tokens for LiveKit: what they allow, and how long they are kept."""

import jwt
import pytest
from livekit.api import TokenVerifier

from gateway.platform.livekit import tokens as livekit_tokens
from gateway.platform.livekit.tokens import RENEWAL, VALIDITY, Grant, Tokens
from tests.platform.fake_livekit import API_KEY, API_SECRET
from tests.stands.clocks import HandClock

GRANTS = [
    (Grant.DIAL, "", {"call"}),
    (Grant.TRANSFER, "room", {"call", "room_admin", "room"}),
    (Grant.ROOM_ADMIN, "room", {"room_admin", "room"}),
    (Grant.END_ROOM, "", {"room_create"}),
    (Grant.LIST_ROOMS, "", {"room_list"}),
]


@pytest.mark.parametrize(("grant", "room", "allowed"), GRANTS)
def test_a_token_allows_no_more_than_its_request(
    grant: Grant, room: str, allowed: set[str]
) -> None:
    """Each token has the grants that LiveKit asks for, and no others."""
    token = Tokens(API_KEY, API_SECRET).token(grant, room)
    claims = TokenVerifier(API_KEY, API_SECRET).verify(token)
    assert claims.sip is not None
    assert claims.video is not None
    given = {"call": claims.sip.call, "room": claims.video.room == "room"}
    for name in ("room_admin", "room_create", "room_list", "room_join", "room_record"):
        given[name] = bool(getattr(claims.video, name))
    assert {name for name, has in given.items() if has} == allowed
    assert not claims.sip.admin


def test_a_token_is_kept_while_it_is_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token is signed once, and again well before it expires."""
    signed = count_signatures(monkeypatch)
    clock = HandClock()
    tokens = Tokens(API_KEY, API_SECRET, clock.timestamp)
    tokens.token(Grant.DIAL)
    clock.go_on(RENEWAL.total_seconds() - 1)
    tokens.token(Grant.DIAL)
    assert len(signed) == 1
    clock.go_on(2)
    tokens.token(Grant.DIAL)
    assert len(signed) == 2
    assert RENEWAL < VALIDITY


def test_a_clock_that_is_set_back_makes_no_stale_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the machine's time was corrected backwards tokens are signed anew."""
    signed = count_signatures(monkeypatch)
    clock = HandClock()
    tokens = Tokens(API_KEY, API_SECRET, clock.timestamp)
    tokens.token(Grant.DIAL)
    clock.step(-3600)
    tokens.token(Grant.DIAL)
    assert len(signed) == 2


def test_a_token_is_of_the_time_that_is_believed() -> None:
    """Whatever the machine's clock shows: LiveKit's is right, and refuses what is not good yet."""
    clock = HandClock()
    token = Tokens(API_KEY, API_SECRET, clock.timestamp).token(Grant.DIAL)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["nbf"], claims["exp"]) == (
        clock.timestamp(),
        clock.timestamp() + VALIDITY.total_seconds(),
    )


def test_the_store_of_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rooms there are, only those used last keep their tokens."""
    monkeypatch.setattr(livekit_tokens, "MOST_KEPT", 2)
    signed = count_signatures(monkeypatch)
    tokens = Tokens(API_KEY, API_SECRET)
    for room in ("a", "b", "a", "c", "a", "b"):
        tokens.token(Grant.ROOM_ADMIN, room)
    assert signed == ["a", "b", "c", "b"]


def count_signatures(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The rooms for which tokens were signed, in order."""
    signed: list[str] = []

    def sign(_tokens: Tokens, _grant: Grant, room: str, _now: float) -> str:
        signed.append(room)
        return "token"

    monkeypatch.setattr(Tokens, "_sign", sign)
    return signed
