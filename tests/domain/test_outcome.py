"""From LiveKit's answers to why a call ended: the whole table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.outcome import (
    Certainty,
    EndReason,
    Failure,
    HangupSource,
    certainty,
    end_reason,
    why_not_dialed,
    worth_dialing_again,
)

TWIRP_CODES = (
    "canceled", "unknown", "invalid_argument", "malformed", "deadline_exceeded", "not_found",
    "bad_route", "already_exists", "permission_denied", "unauthenticated", "resource_exhausted",
    "failed_precondition", "aborted", "out_of_range", "unimplemented", "internal", "unavailable",
    "data_loss", "dataloss",
)  # fmt: skip
REMOTE, GATEWAY = HangupSource.REMOTE, HangupSource.GATEWAY
PLATFORM, UNKNOWN = HangupSource.PLATFORM, HangupSource.UNKNOWN

BY_STATUS = [
    (486, "Busy Here", EndReason.BUSY, REMOTE),
    (600, "Busy Everywhere", EndReason.BUSY, REMOTE),
    (603, "Decline", EndReason.DECLINED, REMOTE),
    (603, "", EndReason.DECLINED, REMOTE),
    (480, "Temporarily Unavailable", EndReason.UNREACHABLE, REMOTE),
    (408, "Request Timeout", EndReason.UNREACHABLE, REMOTE),
    (410, "Gone", EndReason.UNREACHABLE, REMOTE),
    (504, "Server Time-out", EndReason.UNREACHABLE, REMOTE),
    (404, "Not Found", EndReason.INVALID_NUMBER, REMOTE),
    (484, "Address Incomplete", EndReason.INVALID_NUMBER, REMOTE),
    (604, "Does Not Exist Anywhere", EndReason.INVALID_NUMBER, REMOTE),
    (403, "Forbidden", EndReason.CARRIER_REFUSED, PLATFORM),
    (607, "Unwanted", EndReason.CARRIER_REFUSED, PLATFORM),
    (608, "Rejected", EndReason.CARRIER_REFUSED, PLATFORM),
    (603, "32203 Call blocked", EndReason.CARRIER_REFUSED, PLATFORM),
    (603, "No geo permission for this country", EndReason.CARRIER_REFUSED, PLATFORM),
    (503, "Trunk CPS limit exceeded", EndReason.TRUNK_LIMIT, PLATFORM),
    (503, "concurrent call limit exceeded", EndReason.TRUNK_LIMIT, PLATFORM),
    (403, "Max account calls in progress", EndReason.TRUNK_LIMIT, PLATFORM),
    (603, "Call limit exceeded", EndReason.TRUNK_LIMIT, PLATFORM),
    (500, "Server Internal Error", EndReason.TRUNK_FAILURE, PLATFORM),
    (501, "Not Implemented", EndReason.TRUNK_FAILURE, PLATFORM),
    (502, "Bad Gateway", EndReason.TRUNK_FAILURE, PLATFORM),
    (503, "Service Unavailable", EndReason.TRUNK_FAILURE, PLATFORM),
    (401, "Unauthorized", EndReason.TRUNK_FAILURE, PLATFORM),
    (407, "Proxy Authentication Required", EndReason.TRUNK_FAILURE, PLATFORM),
    (488, "Not Acceptable Here", EndReason.TRUNK_FAILURE, PLATFORM),
    (301, "Moved Permanently", EndReason.REJECTED, REMOTE),
    (302, "Moved Temporarily", EndReason.REJECTED, REMOTE),
    (400, "Bad Request", EndReason.REJECTED, REMOTE),
    (402, "Payment Required", EndReason.CARRIER_REFUSED, PLATFORM),
    (438, "Invalid Identity Header", EndReason.CARRIER_REFUSED, PLATFORM),
    (428, "Use Identity Header", EndReason.CARRIER_REFUSED, PLATFORM),
    (429, "", EndReason.TRUNK_LIMIT, PLATFORM),
    (606, "Not Acceptable", EndReason.REJECTED, REMOTE),
]


@pytest.mark.parametrize(
    ("code", "status", "reason", "source"),
    BY_STATUS,
    ids=[f"{code} {status}" for code, status, _, _ in BY_STATUS],
)
def test_a_sip_status_speaks_first(
    code: int, status: str, reason: EndReason, source: HangupSource
) -> None:
    """Each SIP status has its reason and source, whatever LiveKit's code and text say."""
    for rang in (True, False):
        told = Failure(code, status, "canceled", "sip request timed out")
        assert end_reason(told, rang=rang) == (reason, source)


def test_a_carrier_that_gave_up_is_no_refusal() -> None:
    """A 487 that nobody here asked for: the callee was not there, and did not decline."""
    gave_up = Failure(487, "Request Terminated", "aborted")
    assert end_reason(gave_up, rang=True) == (EndReason.NO_ANSWER, REMOTE)
    assert end_reason(gave_up, rang=False) == (EndReason.UNREACHABLE, REMOTE)


NO_CREDENTIALS = "sip server required auth, but no username or password was provided"
WRONG_CREDENTIALS = "max auth retry attempts reached for SIP invite"
SILENCE = "transaction failed to complete (0 intermediate responses)"

BY_CODE = [
    ("canceled", "sip request timed out", True, EndReason.NO_ANSWER, GATEWAY),
    ("canceled", "sip request timed out", False, EndReason.UNREACHABLE, GATEWAY),
    ("canceled", SILENCE, False, EndReason.UNREACHABLE, GATEWAY),
    ("deadline_exceeded", "request timed out", True, EndReason.NO_ANSWER, GATEWAY),
    ("deadline_exceeded", "request timed out", False, EndReason.UNREACHABLE, GATEWAY),
    ("failed_precondition", NO_CREDENTIALS, False, EndReason.TRUNK_FAILURE, PLATFORM),
    ("failed_precondition", WRONG_CREDENTIALS, False, EndReason.TRUNK_FAILURE, PLATFORM),
    ("failed_precondition", "dial tcp: refused", False, EndReason.TRUNK_FAILURE, PLATFORM),
    ("failed_precondition", "no common codec", True, EndReason.TRUNK_FAILURE, PLATFORM),
    ("failed_precondition", "service shutting down", True, EndReason.TRUNK_FAILURE, PLATFORM),
    (
        "failed_precondition",
        "no numbers on outbound trunk",
        False,
        EndReason.TRUNK_FAILURE,
        PLATFORM,
    ),
    ("invalid_argument", "lookup nowhere: no such host", False, EndReason.TRUNK_FAILURE, PLATFORM),
    ("not_found", "requested sip trunk does not exist", False, EndReason.TRUNK_FAILURE, PLATFORM),
    ("unavailable", "no response from servers", False, EndReason.NOT_DIALED, PLATFORM),
    ("unavailable", "cpu exhausted", False, EndReason.NOT_DIALED, PLATFORM),
    ("unavailable", "failed to listen on udp port", False, EndReason.NOT_DIALED, PLATFORM),
    ("internal", "update room failed: timeout", False, EndReason.NOT_DIALED, PLATFORM),
    ("internal", "sip not connected (redis required)", False, EndReason.NOT_DIALED, PLATFORM),
    ("unauthenticated", "permissions denied", False, EndReason.NOT_DIALED, PLATFORM),
    ("unavailable", "no response from servers", True, EndReason.OUTCOME_UNKNOWN, UNKNOWN),
    ("internal", "something broke", False, EndReason.OUTCOME_UNKNOWN, UNKNOWN),
    ("unavailable", "upstream connect error", True, EndReason.OUTCOME_UNKNOWN, UNKNOWN),
    ("unknown", "", False, EndReason.OUTCOME_UNKNOWN, UNKNOWN),
]


@pytest.mark.parametrize(
    ("code", "text", "rang", "reason", "source"),
    BY_CODE,
    ids=[f"{code}, {text}{', rang' * rang}" for code, text, rang, _, _ in BY_CODE],
)
def test_without_a_sip_status_code_and_text_speak(
    code: str, text: str, *, rang: bool, reason: EndReason, source: HangupSource
) -> None:
    """LiveKit's own failures have their reason; only ringing tells no answer from silence."""
    assert end_reason(Failure(code=code, message=text), rang=rang) == (reason, source)


@pytest.mark.parametrize("text", ["", "Some text", "CPS limit exceeded", "call blocked"])
@pytest.mark.parametrize("rang", [True, False], ids=["rang", "silent"])
def test_every_final_status_has_a_reason(text: str, *, rang: bool) -> None:
    """All of 300 to 699 end as something that is known, with and without a text."""
    for code in range(300, 700):
        reason, source = end_reason(Failure(code, text), rang=rang)
        assert reason not in {EndReason.OUTCOME_UNKNOWN, EndReason.NOT_DIALED, EndReason.COMPLETED}
        assert source in {REMOTE, PLATFORM}


@pytest.mark.parametrize("code", [*TWIRP_CODES, "", "something_new"])
@given(text=st.text(max_size=40), rang=st.booleans())
def test_every_twirp_code_has_a_reason(code: str, text: str, *, rang: bool) -> None:
    """Whatever LiveKit says without a SIP status ends as something, never as an answered call."""
    reason, _ = end_reason(Failure(code=code, message=text), rang=rang)
    assert reason in {
        EndReason.NO_ANSWER,
        EndReason.UNREACHABLE,
        EndReason.TRUNK_FAILURE,
        EndReason.NOT_DIALED,
        EndReason.OUTCOME_UNKNOWN,
    }


@given(st.integers(300, 699), st.sampled_from(TWIRP_CODES), st.text(max_size=40))
def test_a_sip_status_settles_a_dial(status: int, code: str, text: str) -> None:
    """A phone whose SIP side has answered is not ringing any more."""
    assert certainty(Failure(status, "", code, text)) is Certainty.SETTLED


NEVER_DIALLED = [
    ("unavailable", "cpu exhausted", True),
    ("unavailable", "twirp error unknown: CPU exhausted", True),
    ("unavailable", "failed to listen on udp port", True),
    ("unavailable", "no response from servers", True),
    ("internal", "sip not connected (redis required)", False),
    ("internal", "update room failed: timeout", False),
    ("unauthenticated", "invalid token", False),
    ("not_found", "requested sip trunk does not exist", False),
    ("malformed", "the json request could not be decoded", False),
    ("bad_route", "no handler for path", False),
]


@pytest.mark.parametrize(
    ("code", "text", "again"), NEVER_DIALLED, ids=[text for _, text, _ in NEVER_DIALLED]
)
def test_what_means_never_dialled(code: str, text: str, *, again: bool) -> None:
    """These are said before any INVITE leaves; those that pass by themselves are tried again."""
    failure = Failure(code=code, message=text)
    assert certainty(failure) is Certainty.NOT_DIALED
    assert worth_dialing_again(failure) is again


@pytest.mark.parametrize(
    "code", ["unavailable", "internal", "unknown", "", "data_loss", "something_new"]
)
def test_what_may_have_been_dialled_is_not_dialled_again(code: str) -> None:
    """A code that could come from anywhere on the way proves nothing about the phone."""
    failure = Failure(code=code, message="something else")
    assert certainty(failure) is Certainty.UNKNOWN
    assert not worth_dialing_again(failure)


@given(st.sampled_from(TWIRP_CODES), st.integers(300, 699) | st.just(0), st.text(max_size=40))
def test_only_what_never_left_is_dialled_again(code: str, status: int, text: str) -> None:
    """Trying again is never worth it where a phone might have rung."""
    failure = Failure(status, "", code, text)
    if worth_dialing_again(failure):
        assert certainty(failure) is Certainty.NOT_DIALED


@pytest.mark.parametrize(
    ("code", "text", "told"),
    [
        ("unavailable", "cpu exhausted", "LiveKit: cpu exhausted"),
        ("unavailable", "no response from servers", "LiveKit: no response from servers"),
        ("malformed", "", "LiveKit: malformed"),
        (
            "unauthenticated",
            "HTTP 401 without a Twirp error",
            "PLATFORM_REFUSED_KEY: LiveKit refused the gateway's key",
        ),
        ("bad_route", "HTTP 404", "no LiveKit answers at LiveKit's address: HTTP 404"),
    ],
)
def test_why_nothing_was_dialled(code: str, text: str, told: str) -> None:
    """In LiveKit's words, or in ours where they say nothing to whoever reads them."""
    assert why_not_dialed(Failure(code=code, message=text)) == told
