"""The state machine of a cold transfer."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.calls.transfer import (
    LeftInTransfer,
    ReferCompleted,
    ReferFailed,
    ReferLost,
    TimeIsUp,
    Transfer,
    TransferObservation,
    TransferState,
    advance_transfer,
)
from gateway.domain.outcome import Cause, Failure
from tests.stands.clocks import NOON
from tests.stands.values import a_transfer

PENDING = a_transfer("transfer_1", "call_1")
DECLINED = Failure(603, "Decline", detail="call transfer failed")


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def after(*seen: TransferObservation) -> Transfer:
    transfer = PENDING
    for one in seen:
        transfer = advance_transfer(transfer, one)
    return transfer


COMPLETED = ReferCompleted(at(8))
COMPLETED_BY_HANGING_UP = ReferCompleted(at(8), hung_up=True)
FAILED = ReferFailed(at(2), DECLINED)
LOST = ReferLost(at(40))
TIME = TimeIsUp(at(30))
LEFT = LeftInTransfer(at(5), hung_up=False)
HUNG_UP = LeftInTransfer(at(5), hung_up=True)

HISTORIES = [
    ("nothing", (), TransferState.PENDING, False),
    ("success", (COMPLETED,), TransferState.COMPLETED, True),
    ("failure", (FAILED,), TransferState.FAILED, True),
    ("time is up", (TIME,), TransferState.OUTCOME_UNKNOWN, False),
    ("late success", (TIME, COMPLETED), TransferState.COMPLETED, True),
    ("late failure", (TIME, FAILED), TransferState.FAILED, True),
    ("never reported", (TIME, LOST), TransferState.OUTCOME_UNKNOWN, True),
    ("LiveKit lost", (LOST,), TransferState.OUTCOME_UNKNOWN, True),
    ("the leg left by itself", (LEFT,), TransferState.PENDING, False),
    ("the leg left, then success", (LEFT, COMPLETED), TransferState.COMPLETED, True),
    ("hung up", (HUNG_UP,), TransferState.CANCELED, False),
    ("hung up, then time", (HUNG_UP, TIME), TransferState.CANCELED, False),
    ("hung up, then LiveKit's success", (HUNG_UP, COMPLETED), TransferState.CANCELED, True),
    ("hung up, then failure", (HUNG_UP, FAILED), TransferState.CANCELED, True),
    ("hung up, then lost", (HUNG_UP, LOST), TransferState.CANCELED, True),
    ("a success that is our own end", (COMPLETED_BY_HANGING_UP,), TransferState.CANCELED, True),
    (
        "hung up when time is up",
        (TIME, COMPLETED_BY_HANGING_UP),
        TransferState.OUTCOME_UNKNOWN,
        True,
    ),
    ("hung up after the time", (TIME, HUNG_UP), TransferState.OUTCOME_UNKNOWN, False),
    ("success, then all else", (COMPLETED, FAILED, TIME, HUNG_UP), TransferState.COMPLETED, True),
    ("failure, then all else", (FAILED, COMPLETED, TIME, LOST), TransferState.FAILED, True),
]


@pytest.mark.parametrize(
    ("seen", "state", "settled"),
    [row[1:] for row in HISTORIES],
    ids=[row[0] for row in HISTORIES],
)
def test_what_becomes_of_a_transfer(
    seen: tuple[TransferObservation, ...], state: TransferState, *, settled: bool
) -> None:
    """Each story has its state, and is settled when LiveKit will say nothing more."""
    transfer = after(*seen)
    assert (transfer.state, transfer.settled) == (state, settled)


def test_a_failure_is_told() -> None:
    """The SIP status of a refused transfer stands on it."""
    transfer = after(FAILED)
    assert (transfer.sip_status_code, transfer.sip_status) == (603, "Decline")
    assert transfer.end_time == at(2)


def test_a_failure_without_a_status_is_told_by_its_text() -> None:
    """Where no SIP response was the cause, LiveKit's own text stands there."""
    failed = ReferFailed(at(2), Failure(cause=Cause.TRUNK_UNUSABLE, detail="can't transfer"))
    assert (after(failed).sip_status_code, after(failed).sip_status) == (0, "can't transfer")


@pytest.mark.parametrize("late", [COMPLETED, COMPLETED_BY_HANGING_UP, FAILED, LOST])
def test_a_cancelled_transfer_was_over_then(late: TransferObservation) -> None:
    """What LiveKit says later does not move the time at which the call was hung up."""
    assert after(HUNG_UP, late).end_time == at(5)


def test_the_leg_leaves_once() -> None:
    """The first sight of the leg being gone is timed; a second one does not move it."""
    assert after(LEFT, LeftInTransfer(at(9), hung_up=False)).leg_left_time == at(5)


def test_the_deadline_is_the_callers() -> None:
    """The caller's time counts from the acceptance."""
    assert PENDING.deadline == at(30)


observations: st.SearchStrategy[TransferObservation] = st.one_of(
    st.sampled_from([TIME, LEFT, HUNG_UP]),
    st.sampled_from([COMPLETED, COMPLETED_BY_HANGING_UP, FAILED, LOST]),
)


@given(st.lists(observations, max_size=8), observations)
def test_seeing_the_same_twice_is_seeing_it_once(
    history: list[TransferObservation], seen: TransferObservation
) -> None:
    """A repeated observation changes nothing."""
    once = advance_transfer(after(*history), seen)
    assert advance_transfer(once, seen) == once


@given(st.lists(observations, max_size=8))
def test_a_settled_transfer_stays(history: list[TransferObservation]) -> None:
    """COMPLETED comes from LiveKit's success alone, and what is final stays."""
    transfer = PENDING
    for seen in history:
        following = advance_transfer(transfer, seen)
        if transfer.settled:
            assert following == transfer
        if transfer.state in {TransferState.COMPLETED, TransferState.FAILED}:
            assert transfer.settled
        if transfer.state is TransferState.CANCELED:
            assert following.state is TransferState.CANCELED
        if following.state is TransferState.COMPLETED is not transfer.state:
            assert isinstance(seen, ReferCompleted)
        assert (following.end_time is not None) == (following.state is not TransferState.PENDING)
        transfer = following


def test_a_clock_that_is_behind_ends_nothing_before_it_began() -> None:
    """A gateway that takes a transfer over may have another clock."""
    assert advance_transfer(PENDING, ReferLost(at(-3600))).end_time == PENDING.create_time
