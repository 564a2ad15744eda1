"""From how a dial failed to why the call ended: the whole table."""

from itertools import product

import pytest

from gateway.domain.outcome import (
    Cause,
    Certainty,
    EndReason,
    Failure,
    HangupSource,
    end_reason,
    why_not_dialed,
    worth_dialing_again,
)

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
    """Each SIP status has its reason and source, whatever else is known of the cause."""
    for rang, cause in product((True, False), Cause):
        told = Failure(code, status, cause)
        assert end_reason(told, rang=rang) == (reason, source)


def test_a_carrier_that_gave_up_is_no_refusal() -> None:
    """A 487 that nobody here asked for: the callee was not there, and did not decline."""
    gave_up = Failure(487, "Request Terminated")
    assert end_reason(gave_up, rang=True) == (EndReason.NO_ANSWER, REMOTE)
    assert end_reason(gave_up, rang=False) == (EndReason.UNREACHABLE, REMOTE)


BY_CAUSE = [
    (Cause.TIMED_OUT, True, EndReason.NO_ANSWER, GATEWAY),
    (Cause.TIMED_OUT, False, EndReason.UNREACHABLE, GATEWAY),
    (Cause.SILENCE, True, EndReason.NO_ANSWER, GATEWAY),
    (Cause.SILENCE, False, EndReason.UNREACHABLE, GATEWAY),
    (Cause.TRUNK_UNUSABLE, True, EndReason.TRUNK_FAILURE, PLATFORM),
    (Cause.TRUNK_UNUSABLE, False, EndReason.TRUNK_FAILURE, PLATFORM),
    (Cause.NO_SUCH_TRUNK, True, EndReason.TRUNK_FAILURE, PLATFORM),
    (Cause.NO_SUCH_TRUNK, False, EndReason.TRUNK_FAILURE, PLATFORM),
    (Cause.UNKNOWN, True, EndReason.OUTCOME_UNKNOWN, UNKNOWN),
    (Cause.UNKNOWN, False, EndReason.OUTCOME_UNKNOWN, UNKNOWN),
    (Cause.REFER_REFUSED, True, EndReason.OUTCOME_UNKNOWN, UNKNOWN),
    (Cause.REFER_REFUSED, False, EndReason.OUTCOME_UNKNOWN, UNKNOWN),
    *[
        (cause, rang, *ended)
        for cause in (
            Cause.PLATFORM_FULL,
            Cause.PLATFORM_FAILED,
            Cause.KEY_REFUSED,
            Cause.NO_PLATFORM,
        )
        for rang, ended in (
            (True, (EndReason.OUTCOME_UNKNOWN, UNKNOWN)),
            (False, (EndReason.NOT_DIALED, PLATFORM)),
        )
    ],
]


@pytest.mark.parametrize(
    ("cause", "rang", "reason", "source"),
    BY_CAUSE,
    ids=[f"{cause}{', rang' * rang}" for cause, rang, _, _ in BY_CAUSE],
)
def test_without_a_sip_status_the_cause_speaks(
    cause: Cause, *, rang: bool, reason: EndReason, source: HangupSource
) -> None:
    """Only ringing tells no answer from silence, and a dial of ours from another."""
    assert end_reason(Failure(cause=cause, detail="whatever"), rang=rang) == (reason, source)


def test_every_cause_has_its_row() -> None:
    """The table above leaves none out."""
    assert {(cause, rang) for cause, rang, _, _ in BY_CAUSE} == set(product(Cause, (True, False)))


@pytest.mark.parametrize("text", ["", "Some text", "CPS limit exceeded", "call blocked"])
@pytest.mark.parametrize("rang", [True, False], ids=["rang", "silent"])
def test_every_final_status_has_a_reason(text: str, *, rang: bool) -> None:
    """All of 300 to 699 end as something that is known, with and without a text."""
    for code in range(300, 700):
        reason, source = end_reason(Failure(code, text), rang=rang)
        assert reason not in {EndReason.OUTCOME_UNKNOWN, EndReason.NOT_DIALED, EndReason.COMPLETED}
        assert source in {REMOTE, PLATFORM}


@pytest.mark.parametrize("cause", Cause)
def test_a_sip_status_settles_a_dial(cause: Cause) -> None:
    """A phone whose SIP side has answered is not ringing any more."""
    for status in range(300, 700):
        assert Failure(status, "", cause).proves is Certainty.SETTLED
        assert not worth_dialing_again(Failure(status, "", cause))


@pytest.mark.parametrize("cause", Cause)
def test_only_what_never_left_is_dialled_again(cause: Cause) -> None:
    """Trying again is never worth it where a phone might have rung."""
    failure = Failure(cause=cause)
    assert worth_dialing_again(failure) is (cause is Cause.PLATFORM_FULL)
    if worth_dialing_again(failure):
        assert failure.proves is Certainty.NOT_DIALED


@pytest.mark.parametrize(
    ("cause", "detail", "told"),
    [
        (Cause.PLATFORM_FULL, "cpu exhausted", "LiveKit: cpu exhausted"),
        (Cause.PLATFORM_FAILED, "malformed", "LiveKit: malformed"),
        (
            Cause.KEY_REFUSED,
            "HTTP 401 without a Twirp error",
            "PLATFORM_REFUSED_KEY: LiveKit refused the gateway's key",
        ),
        (
            Cause.NO_PLATFORM,
            "HTTP 404",
            "what answers at LiveKit's address is not LiveKit: HTTP 404",
        ),
    ],
)
def test_why_nothing_was_dialled(cause: Cause, detail: str, told: str) -> None:
    """In LiveKit's words, or in ours where they say nothing to whoever reads them."""
    assert why_not_dialed(Failure(cause=cause, detail=detail)) == told
