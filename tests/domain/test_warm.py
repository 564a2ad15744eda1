"""A warm transfer: what is seen of the two calls decides."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.calls.call import Call, CallState, Ending
from gateway.domain.calls.transfer import (
    CallerHears,
    Music,
    Transfer,
    TransferMode,
    TransferState,
    Warm,
)
from gateway.domain.hold import APART, HIDDEN, OPEN, Hold, Mask
from gateway.domain.outcome import EndReason, HangupSource
from gateway.domain.replacing import replace
from gateway.domain.rooms.seen import Company
from gateway.domain.warm.machine import (
    CALLER_GONE,
    CONSULTED_TOO_LONG,
    HUMAN_GONE,
    NOT_SET_APART,
    BothSeen,
    CancelAsked,
    CompanySeen,
    CompleteAsked,
    Joined,
    NotPlaced,
    Placed,
    WarmObservation,
    advance_warm,
)
from tests.stands.clocks import NOON
from tests.stands.values import a_call, a_transfer

CALLER = a_call("call_1", state=CallState.ACTIVE, answer_time=NOON)
RINGING = a_call("call_2", state=CallState.RINGING)
ANSWERED = a_call("call_2", state=CallState.ACTIVE, answer_time=NOON)
BUSY = a_call("call_2", state=CallState.ENDED, end_reason=EndReason.BUSY, sip_status_code=486)
HUNG_UP = a_call("call_2", state=CallState.ENDED, end_reason=EndReason.COMPLETED, answer_time=NOON)
GONE = a_call("call_1", state=CallState.ENDED, end_reason=EndReason.COMPLETED)
ENDING = a_call(
    "call_1",
    state=CallState.ACTIVE,
    ending=Ending(EndReason.COMPLETED, HangupSource.API, NOON),
)


def at(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def begun(**changes: object) -> Transfer:
    values: dict[str, object] = {"consult_timeout": at(60), "attributes": {}, "actor": "key"}
    warm = Warm(**values | changes)  # type: ignore[arg-type]  # fields of Warm
    return a_transfer("transfer_1", "call_1", mode=TransferMode.WARM, warm=warm)


def seen(
    transfer: Transfer, human: Call | None = None, caller: Call = CALLER, second: float = 1
) -> Transfer:
    return advance_warm(transfer, BothSeen(NOON + at(second), caller, human))


def placed(**changes: object) -> Transfer:
    return advance_warm(begun(**changes), Placed(NOON, "call_2"))


CONSULTING = seen(placed(), ANSWERED)


def test_the_human_is_consulted_once_answered() -> None:
    """Until then it is pending."""
    assert seen(placed(), RINGING) == placed()
    assert CONSULTING.state is TransferState.CONSULTING
    assert CONSULTING.warm is not None
    assert CONSULTING.warm.consult_time == NOON + at(1)
    assert (CONSULTING.mask, CONSULTING.settled) == (Mask(deaf=True, hidden=True), False)


def test_a_completion_gives_the_caller_back_first() -> None:
    """It is completed when the caller was seen to hear the room."""
    asked = advance_warm(CONSULTING, CompleteAsked(NOON + at(2)))
    assert (asked.state, asked.mask) == (TransferState.CONSULTING, OPEN)
    done = advance_warm(asked, Joined(NOON + at(3)))
    assert (done.state, done.settled, done.end_time) == (
        TransferState.COMPLETED,
        True,
        NOON + at(3),
    )
    assert advance_warm(CONSULTING, Joined(NOON + at(3))) == CONSULTING
    assert advance_warm(placed(), CompleteAsked(NOON)) == placed()


def test_nobody_may_need_to_be_briefed() -> None:
    """The answer asks for the completion."""
    answered = seen(placed(complete_on_answer=True), ANSWERED)
    assert answered.warm is not None
    assert answered.warm.completing


@pytest.mark.parametrize(
    ("transfer", "human"), [(begun(), None), (placed(), RINGING), (CONSULTING, ANSWERED)]
)
def test_it_may_be_canceled_at_any_time(transfer: Transfer, human: Call | None) -> None:
    """The caller is given back when the human hears nothing any more."""
    asked = advance_warm(transfer, CancelAsked(NOON + at(2)))
    assert (asked.state, asked.settled, asked.mask) == (transfer.state, False, transfer.mask)
    assert advance_warm(asked, CompleteAsked(NOON + at(2))) == asked
    if human:
        assert seen(asked, human, second=3) == asked
    over = seen(asked, human and HUNG_UP, second=4)
    assert (over.state, over.settled, over.cause) == (TransferState.CANCELED, True, "")
    assert (over.mask, over.end_time) == (OPEN, NOON + at(4))


def test_a_completion_is_not_canceled() -> None:
    """The caller may hear the human already."""
    asked = advance_warm(CONSULTING, CompleteAsked(NOON + at(2)))
    assert advance_warm(asked, CancelAsked(NOON + at(3))) == asked


@pytest.mark.parametrize(
    ("transfer", "human", "caller", "second", "state", "cause"),
    [
        (placed(), BUSY, CALLER, 1, TransferState.FAILED, "BUSY"),
        (CONSULTING, HUNG_UP, CALLER, 5, TransferState.FAILED, HUMAN_GONE),
        (placed(), HUNG_UP, CALLER, 5, TransferState.FAILED, HUMAN_GONE),
        (begun(), None, GONE, 1, TransferState.CANCELED, CALLER_GONE),
        (CONSULTING, HUNG_UP, GONE, 5, TransferState.CANCELED, CALLER_GONE),
        (begun(), None, CALLER, 30, TransferState.FAILED, NOT_SET_APART),
    ],
)
def test_what_ends_it(
    transfer: Transfer,
    human: Call | None,
    caller: Call,
    second: float,
    state: TransferState,
    cause: str,
) -> None:
    """Whatever it is, the caller is kept from nothing, and why is told."""
    over = seen(transfer, human, caller, second)
    assert (over.state, over.cause, over.settled, over.mask) == (state, cause, True, OPEN)
    assert over.sip_status_code == (human.sip_status_code if human else 0)


@pytest.mark.parametrize(
    ("caller", "second", "cause"),
    [(GONE, 5, CALLER_GONE), (ENDING, 5, CALLER_GONE), (CALLER, 61, CONSULTED_TOO_LONG)],
)
def test_the_humans_call_ends_first(caller: Call, second: float, cause: str) -> None:
    """Until it is over, the caller stays apart."""
    closing = seen(CONSULTING, ANSWERED, caller, second)
    assert (closing.settled, closing.cause, closing.mask) == (False, cause, CONSULTING.mask)
    over = seen(closing, HUNG_UP, caller, second + 1)
    assert (over.state, over.cause, over.mask) == (TransferState.CANCELED, cause, OPEN)


def test_a_human_who_may_not_be_called() -> None:
    """The refusal is the cause."""
    over = advance_warm(begun(), NotPlaced(NOON, "NO_TRUNK: none"))
    assert (over.state, over.cause) == (TransferState.FAILED, "NO_TRUNK: none")


@pytest.mark.parametrize(
    ("changes", "mask"),
    [
        ({}, Mask(deaf=True, hidden=True)),
        ({"agent_hears_caller": False}, APART),
        ({"caller_hears": CallerHears.MUSIC}, Mask(deaf=True, hidden=True)),
        ({"music": Music.PLAYS}, Mask(music=True, hidden=True)),
        ({"caller_hears": CallerHears.EVERYBODY}, OPEN),
    ],
)
def test_what_is_kept_from_the_caller(changes: dict[str, object], mask: Mask) -> None:
    """As it was asked for."""
    assert begun(**changes).mask == mask


MUSICIAN = Company(plays=True, others=("PA_1", "PA_2"))
ONE_MORE = Company(plays=True, others=("PA_1", "PA_2", "PA_3"))
NO_MUSICIAN = Company(plays=False, others=("PA_1", "PA_2"))


def in_company(
    transfer: Transfer, company: Company, second: float = 3, *, confirmed: bool = True
) -> Transfer:
    """Both calls have what the transfer wants of them."""
    caller, human = (
        replace(call, hold=Hold(transfer=mask, seen=mask, confirmed=confirmed))
        for call, mask in ((CALLER, transfer.mask), (ANSWERED, transfer.human_mask))
    )
    return advance_warm(transfer, CompanySeen(NOON + at(second), caller, human, company))


def music_of(transfer: Transfer) -> Music:
    assert transfer.warm is not None
    return transfer.warm.music


def test_music_plays_once_the_human_is_hidden() -> None:
    """Not right after the answer, nor before it was seen that it is so."""
    consulting = seen(placed(caller_hears=CallerHears.MUSIC), ANSWERED)
    assert in_company(consulting, MUSICIAN, 1.5) == consulting
    assert in_company(consulting, NO_MUSICIAN) == consulting
    hides = in_company(consulting, MUSICIAN)
    assert (hides.mask, hides.human_mask) == (consulting.mask, HIDDEN)
    assert in_company(hides, MUSICIAN, confirmed=False) == hides
    plays = in_company(hides, MUSICIAN)
    assert (plays.mask, plays.human_mask) == (Mask(music=True, hidden=True), HIDDEN)
    fewer = Company(plays=True, others=("PA_1",))
    assert in_company(plays, MUSICIAN) == in_company(plays, fewer) == plays
    completing = advance_warm(plays, CompleteAsked(NOON + at(5)))
    assert (completing.mask, completing.human_mask) == (OPEN, OPEN)
    assert in_company(completing, ONE_MORE) == completing


@pytest.mark.parametrize("company", [ONE_MORE, NO_MUSICIAN])
def test_in_doubt_there_is_silence_before_the_human_is_shown(company: Company) -> None:
    """Whoever comes hears the human then, and not the caller."""
    consulting = seen(placed(caller_hears=CallerHears.MUSIC), ANSWERED)
    hides = in_company(consulting, MUSICIAN)
    silent = in_company(in_company(hides, MUSICIAN), company)
    assert (silent.mask, silent.human_mask) == (consulting.mask, HIDDEN)
    assert in_company(silent, company, confirmed=False) == silent
    for waits in (silent, hides):
        shown = in_company(waits, company)
        assert (shown.mask, shown.human_mask) == (consulting.mask, OPEN)
        assert music_of(shown) is Music.SILENT
    again = in_company(in_company(in_company(silent, company), ONE_MORE), ONE_MORE)
    assert music_of(again) is Music.PLAYS


def test_nobody_else_hears_music() -> None:
    """Whoever is in the room."""
    assert in_company(CONSULTING, MUSICIAN) == CONSULTING


times = st.integers(0, 120).map(lambda second: NOON + at(second))
observations: st.SearchStrategy[WarmObservation] = st.one_of(
    st.builds(CompleteAsked, times),
    st.builds(CancelAsked, times),
    st.builds(Placed, times, st.sampled_from(["call_2", "call_3"])),
    st.builds(NotPlaced, times, st.just("NO_TRUNK: none")),
    st.builds(Joined, times),
    st.builds(
        BothSeen,
        times,
        st.sampled_from([CALLER, CALLER, CALLER, GONE, ENDING]),
        st.sampled_from([None, RINGING, ANSWERED, BUSY, HUNG_UP]),
    ),
)


@given(st.lists(observations, max_size=12), observations)
def test_any_history_is_a_legal_one(history: list[WarmObservation], more: WarmObservation) -> None:
    """A settled one stays so and keeps nothing from anybody; again changes nothing."""
    transfer = begun()
    for observation in history:
        after = advance_warm(transfer, observation)
        assert advance_warm(after, observation) == after
        assert not transfer.settled or after == transfer
        assert after.settled == (
            after.state not in {TransferState.PENDING, TransferState.CONSULTING}
        )
        assert not after.settled or after.mask == OPEN
        transfer = after
    assert advance_warm(advance_warm(transfer, more), more) == advance_warm(transfer, more)
