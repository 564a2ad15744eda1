"""Page tokens: opaque, of one question, and never a fault of the gateway."""

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.calls.call import CallState, Direction
from gateway.errors import GatewayError, Reason
from gateway.ports import CallQuery
from gateway.service.api.paging.pages import call_pages
from tests.stands.clocks import NOON
from tests.stands.values import a_call

QUERY = CallQuery(tenant_id="acme", states=frozenset({CallState.ACTIVE, CallState.RINGING}))
LAST = a_call("call_1", create_time=NOON + timedelta(microseconds=1))


def test_a_token_says_where_to_go_on() -> None:
    """The page after the last call begins behind that call, to the microsecond."""
    token = call_pages(QUERY)
    assert token.read(token.write(LAST)) == (LAST.create_time, "call_1")


def test_the_first_page_has_none() -> None:
    """Without a token the list begins at its beginning."""
    assert call_pages(QUERY).read("") is None


def test_pages_may_change_their_size() -> None:
    """A token holds for pages of another size."""
    token = call_pages(QUERY).write(LAST)
    assert call_pages(replace(QUERY, limit=7)).read(token)


OTHERS = [
    {"tenant_id": "globex"},
    {"states": frozenset({CallState.ACTIVE})},
    {"direction": Direction.INBOUND},
    {"room": "acme-1"},
    {"labels": (("team", "a"),)},
    {"min_create_time": NOON},
    {"max_create_time": NOON},
]


@pytest.mark.parametrize("change", OTHERS, ids=lambda change: next(iter(change)))
def test_another_questions_token_is_refused(change: dict[str, Any]) -> None:
    """A token of other criteria would skip calls; it is INVALID_FIELD."""
    with pytest.raises(GatewayError, match="other criteria") as refused:
        call_pages(replace(QUERY, **change)).read(call_pages(QUERY).write(LAST))
    assert refused.value.metadata["field"] == "page_token"


def forged(time: str) -> str:
    text = f"{call_pages(QUERY).question} {time} call_1"
    return base64.urlsafe_b64encode(text.encode()).decode()


FORGED = [
    "x", "abc=", "ä", "\x00", forged("yesterday"), forged("0001-01-01T00:00:00+14:00"),
    forged("9999-12-31T23:59:59-14:00"),
]  # fmt: skip


@pytest.mark.parametrize("token", FORGED, ids=ascii)
def test_a_forged_token_is_refused(token: str) -> None:
    """What this gateway did not write is INVALID_FIELD, whatever it is."""
    with pytest.raises(GatewayError) as refused:
        call_pages(QUERY).read(token)
    assert refused.value.reason is Reason.INVALID_FIELD


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_any_text_is_read_or_refused(token: str) -> None:
    """No token makes the gateway fail."""
    try:
        assert call_pages(QUERY).read(token) is None
    except GatewayError as refused:
        assert refused.reason is Reason.INVALID_FIELD  # noqa: PT017  not every text is refused


@pytest.mark.parametrize(
    "position",
    [
        "{time} call_1\0",
        "{time} ",
        "{time} call_1'--",
        "{time} " + "c" * 65,
        "{time} \u202ecall",
        "9999-12-31T23:59:59-23:59 call_1",
        "0001-01-01T00:00:00+23:59 call_1",
        "-1 call_1",
        "{time}",
        "{time} call_1 call_2",
    ],
)
def test_a_forged_position_is_refused(position: str) -> None:
    """Also where whoever forges it knows what the question's own digest is."""
    tokens = call_pages(QUERY)
    text = f"{tokens.question} {position.format(time=NOON.isoformat())}"
    with pytest.raises(GatewayError) as refused:
        tokens.read(base64.urlsafe_b64encode(text.encode()).decode())
    assert refused.value.reason is Reason.INVALID_FIELD
    assert refused.value.metadata["field"] == "page_token"
