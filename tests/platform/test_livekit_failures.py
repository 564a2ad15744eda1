"""What LiveKit's codes and texts prove of a dial that failed: the whole table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.outcome import (
    Certainty,
    EndReason,
    Failure,
    HangupSource,
    end_reason,
    worth_dialing_again,
)
from gateway.platform.livekit.failures import cause

TWIRP_CODES = (
    "canceled", "unknown", "invalid_argument", "malformed", "deadline_exceeded", "not_found",
    "bad_route", "already_exists", "permission_denied", "unauthenticated", "resource_exhausted",
    "failed_precondition", "aborted", "out_of_range", "unimplemented", "internal", "unavailable",
    "data_loss", "dataloss",
)  # fmt: skip
GATEWAY, PLATFORM, UNKNOWN = HangupSource.GATEWAY, HangupSource.PLATFORM, HangupSource.UNKNOWN


def failure(code: str, text: str) -> Failure:
    return Failure(cause=cause(code, text), detail=text)


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
    ("failed_precondition", SILENCE, False, EndReason.UNREACHABLE, GATEWAY),
    ("not_found", "update room failed: gone", False, EndReason.TRUNK_FAILURE, PLATFORM),
    ("bad_route", "no response from servers", False, EndReason.NOT_DIALED, PLATFORM),
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
    assert end_reason(failure(code, text), rang=rang) == (reason, source)


@pytest.mark.parametrize("code", [*TWIRP_CODES, "", "something_new"])
@given(text=st.text(max_size=40), rang=st.booleans())
def test_every_twirp_code_has_a_reason(code: str, text: str, *, rang: bool) -> None:
    """Whatever LiveKit says without a SIP status ends as something, never as an answered call."""
    reason, _ = end_reason(failure(code, text), rang=rang)
    assert reason in {
        EndReason.NO_ANSWER,
        EndReason.UNREACHABLE,
        EndReason.TRUNK_FAILURE,
        EndReason.NOT_DIALED,
        EndReason.OUTCOME_UNKNOWN,
    }


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
    told = failure(code, text)
    assert told.proves is Certainty.NOT_DIALED
    assert worth_dialing_again(told) is again


@pytest.mark.parametrize(
    "code", ["unavailable", "internal", "unknown", "", "data_loss", "something_new"]
)
def test_what_may_have_been_dialled_is_not_dialled_again(code: str) -> None:
    """A code that could come from anywhere on the way proves nothing about the phone."""
    told = failure(code, "something else")
    assert told.proves is Certainty.UNKNOWN
    assert not worth_dialing_again(told)
