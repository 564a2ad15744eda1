"""Which of the trunks that may carry a call is free, what is told of the others, and backups."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.route_decision import Backup, LimitCheck, TrunkState, Verdict
from gateway.domain.routing.taking import RETRY_UNKNOWN, take
from gateway.domain.tenant import NumberFormat, Trunk
from gateway.errors import GatewayError, Reason
from tests.domain.routing_words import (
    BERLIN,
    GERMAN,
    LONDON,
    NUMBER,
    OTHER,
    A,
    B,
    call,
    ranked,
    taken,
    told,
    trunk,
    verdicts,
)

FREE = TrunkState()
FULL = TrunkState(Verdict.FULL, "12 of 12 calls")
FAST = TrunkState(Verdict.OVER_RATE, "5 of 5 calls in this second")
ILL = TrunkState(Verdict.QUARANTINED, "6 of 10 calls failed")
States = Mapping[str, TrunkState]
NONE_FREE = "TRUNK_LIMIT trunk.a=FULL trunk.b=FULL trunk.c=FULL"
HELP: dict[str, Any] = {"default_country": "DE", "emergency_allowed": True}

STATES: list[tuple[str, States, str]] = [
    ("all are free", {}, "a TAKEN, b NOT_NEEDED, c NOT_NEEDED"),
    ("a full one is passed over", {"a": FULL}, "a FULL, b TAKEN, c NOT_NEEDED"),
    ("so is one over its rate", {"a": FAST}, "a OVER_RATE, b TAKEN, c NOT_NEEDED"),
    ("so is one in quarantine", {"a": ILL}, "a QUARANTINED, b TAKEN, c NOT_NEEDED"),
    ("even two", {"a": FULL, "b": ILL}, "a FULL, b QUARANTINED, c TAKEN"),
    ("nobody asks behind the taken one", {"b": FULL}, "a TAKEN, b NOT_NEEDED, c NOT_NEEDED"),
    (
        "one in quarantine where no other is left",
        {"a": FULL, "b": ILL, "c": FAST},
        "a FULL, b TAKEN, c OVER_RATE",
    ),
    (
        "of several in quarantine the first",
        {"a": ILL, "b": ILL, "c": ILL},
        "a TAKEN, b QUARANTINED, c QUARANTINED",
    ),
    (
        "all are full",
        {"a": FULL, "b": FULL, "c": FULL},
        NONE_FREE,
    ),
    (
        "full or over their rate",
        {"a": FULL, "b": FAST, "c": FULL},
        "TRUNK_LIMIT trunk.a=FULL trunk.b=OVER_RATE trunk.c=FULL",
    ),
]


@pytest.mark.parametrize(
    ("_sentence", "states", "expected"), STATES, ids=[row[0] for row in STATES]
)
def test_which_trunk_is_taken(_sentence: str, states: States, expected: str) -> None:
    """The first that is free; where none is, the first in quarantine; else TRUNK_LIMIT."""
    assert told(lambda: verdicts(taken(ranked(), states))) == expected


EVERY: list[tuple[str, States, str]] = [
    ("free ones", {}, "a TAKEN, b NOT_NEEDED, c NOT_NEEDED"),
    ("a full one behind", {"b": FULL}, "a TAKEN, b FULL, c NOT_NEEDED"),
    ("an ill one behind", {"c": ILL}, "a TAKEN, b NOT_NEEDED, c QUARANTINED"),
    ("all full", {"a": FULL, "b": FULL, "c": FULL}, NONE_FREE),
]


@pytest.mark.parametrize(("_sentence", "states", "expected"), EVERY, ids=[row[0] for row in EVERY])
def test_an_explanation_asks_every_trunk(_sentence: str, states: States, expected: str) -> None:
    """Who only wants to know is told how the trunks behind the taken one stand as well."""
    assert told(lambda: verdicts(taken(ranked(), states, every=True))) == expected


def asked_trunks(states: States, *, every: bool = False) -> list[str]:
    """The trunks whose state was asked for, in order."""
    asked: list[str] = []

    def state(each: Trunk) -> TrunkState:
        asked.append(each.trunk_id)
        return states.get(each.trunk_id, FREE)

    take(ranked(), state, lambda _each: 0, every=every)
    return asked


def test_trunks_are_asked_only_until_one_is_free() -> None:
    """Asking costs the database, so nobody asks behind the taken trunk."""
    assert asked_trunks({"a": ILL}) == ["a", "b"]


def test_no_trunk_is_asked_twice() -> None:
    """Not even where one in quarantine is taken after all, or where all are to be told."""
    assert asked_trunks({"a": ILL, "b": FULL, "c": ILL}) == ["a", "b", "c"]
    assert asked_trunks({"a": ILL}, every=True) == ["a", "b", "c"]


def test_no_trunk_is_asked_of_an_emergency_call() -> None:
    """An emergency call goes out on the first trunk, however full or ill that is."""
    ranking = ranked("112", **HELP)
    decision = taken(ranking, {"a": FULL, "b": ILL})
    assert verdicts(decision) == "a TAKEN, b NOT_NEEDED, c NOT_NEEDED"
    assert (decision.ranking.emergency, decision.limits) == (True, ())
    assert verdicts(taken(ranking, {"a": FULL}, every=True)).startswith("a TAKEN, b NOT_NEEDED")


def test_an_emergency_call_keeps_to_the_trunks_in_use() -> None:
    """A disabled trunk carries no emergency call either."""
    ranking = ranked("112", trunks=(trunk("a", enabled=False), B), **HELP)
    assert verdicts(taken(ranking)) == "a DISABLED, b TAKEN"


def test_causes_are_told() -> None:
    """Each verdict has its facts; a trunk in quarantine says that no other was left."""
    passed, _ = taken(ranked(trunks=(A, B)), {"a": FULL}).candidates
    assert passed.cause == "12 of 12 calls"
    last, _ = taken(ranked(trunks=(A, B)), {"a": ILL, "b": FULL}).candidates
    assert last.cause == "last one left; 6 of 10 calls failed"


def test_what_a_free_trunk_says_is_told_of_the_taken_one_alone() -> None:
    """A trunk that the call would try out has not been tried out where it is not needed."""
    probed = TrunkState(cause="this call probes it")
    first, second = taken(ranked(trunks=(A, B)), {"a": probed, "b": probed}, every=True).candidates
    assert (first.cause, second.cause) == ("this call probes it", "")


def test_the_soonest_retry_is_told() -> None:
    """Of several full trunks the one that is free first says when to ask again."""
    soon, late = timedelta(seconds=2), timedelta(seconds=9)
    states = {
        "a": TrunkState(Verdict.FULL, retry_after=late),
        "b": TrunkState(Verdict.OVER_RATE, retry_after=soon),
    }
    assert refusal(states).retry_after == soon
    assert refusal({"a": FULL, "b": FULL}).retry_after == RETRY_UNKNOWN


def test_the_refusal_names_every_trunk() -> None:
    """The trunks that the configuration ruled out stand in the refusal too."""
    with pytest.raises(GatewayError) as refused:
        taken(ranked(trunks=(trunk("a", enabled=False), B)), {"b": FULL})
    assert refused.value.reason is Reason.TRUNK_LIMIT
    assert refused.value.metadata == {"trunk.a": "DISABLED", "trunk.b": "FULL"}
    for value in ("a DISABLED", "b FULL"):
        assert value in refused.value.message


def refusal(states: States) -> GatewayError:
    with pytest.raises(GatewayError) as refused:
        taken(ranked(trunks=(A, B)), states)
    return refused.value


def test_the_other_trunks_are_backups() -> None:
    """What is left stands by in order, with its numbers; full ones too, ruled out ones not."""
    trunks = (A, trunk("b", GERMAN, OTHER), trunk("c", enabled=False), trunk("d", OTHER))
    decision = taken(ranked(LONDON, trunks=trunks), {"a": FULL})
    assert decision.trunk.trunk_id == "b"
    assert decision.backups == (Backup("a", (NUMBER,)), Backup("d", (OTHER,)))


def test_limits_are_told_in_the_order_of_asking() -> None:
    """Every limit that was looked at stands in the decision, those of passed trunks too."""
    full, free = LimitCheck("trunk.a.max", 2, 2), LimitCheck("trunk.b.max", 0, 2)
    states = {"a": TrunkState(Verdict.FULL, checks=(full,)), "b": TrunkState(checks=(free,))}
    assert taken(ranked(), states).limits == (full, free)


@pytest.mark.parametrize(("turn", "shown"), [(0, NUMBER), (1, OTHER), (2, NUMBER), (7, OTHER)])
def test_numbers_are_shown_in_turn(turn: int, shown: str) -> None:
    """Of the numbers that fit, each call shows the next one, round and round."""
    ranking = ranked(LONDON, trunks=(trunk("a", NUMBER, OTHER),))
    decision = taken(ranking, turn=turn)
    assert (decision.caller_id, decision.caller_id_cause) == (shown, "next in turn")


def test_the_turn_is_asked_once_and_only_where_there_is_a_choice() -> None:
    """Only the taken trunk counts on, and not for a single number or one that is asked for."""
    asked: list[str] = []

    def turn(key: str) -> int:
        asked.append(key)
        return 0

    many = (trunk("a", NUMBER, OTHER), trunk("b", NUMBER, OTHER))
    take(ranked(LONDON, trunks=many), lambda each: FULL if each.trunk_id == "a" else FREE, turn)
    take(ranked(LONDON), lambda _each: FREE, turn)
    take(ranked(call(LONDON, caller_id=OTHER), trunks=many), lambda _each: FREE, turn)
    assert asked == [f"b:{NUMBER}"]


@pytest.mark.parametrize(
    ("form", "to", "dialed"),
    [
        (NumberFormat(), BERLIN, BERLIN),
        (NumberFormat(plus=False, prefix="00"), BERLIN, "00493012345678"),
        (NumberFormat(plus=False, prefix="0", strip=2), BERLIN, "03012345678"),
        (NumberFormat(plus=False, prefix="99", strip=3), "112", "112"),
    ],
)
def test_the_number_as_the_carrier_gets_it(form: NumberFormat, to: str, dialed: str) -> None:
    """The decision says what is dialled; a short number is left whole."""
    ranking = ranked(to, trunks=(trunk("a", number_format=form),), **HELP)
    assert taken(ranking).dialed_number == dialed
