"""What `make simulate` shows: a failure made small, what happened in it, and how to repeat it."""

import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.domain.calls.call import EventType
from tests.simulation.engine.history import Line
from tests.simulation.judge.evidence import Evidence, Violation
from tests.simulation.plan.doings import Fault, Place, Plan, Strike
from tests.simulation.plan.making import make
from tests.simulation.plan.text import from_json, to_json
from tests.simulation.reports import playing
from tests.simulation.reports.asked import Asked, asked
from tests.simulation.reports.names import planned
from tests.simulation.reports.playing import BROKE_OFF, Played, new_template, play
from tests.simulation.reports.shrinking import MOST_RUNS, shrunk
from tests.simulation.reports.simulate import simulate
from tests.simulation.reports.timeline import LINES_AFTER, MOST_LINES, timeline
from tests.simulation.reports.totals import Totals
from tests.simulation.run import Run

PLAN = make("52", 60)
FOUND = Violation("family.rule", "call_0123456789abcdef", "it was 1.5 s late", 9.0)


def played(plan: Plan, *violations: Violation, lines: tuple[Line, ...] = ()) -> Played:
    """What became of a plan, without carrying it out."""
    return Played(
        plan=plan,
        calls=3,
        virtual=1800.0,
        cpu=0.5,
        begun=Counter({"gateway killed": 2}),
        met=Counter(),
        digest=plan.seed,
        violations=violations,
        lines=lines,
        names={**planned(plan), FOUND.about: "call-7"},
    )


def failing(when: Callable[[Plan], bool], runs: list[Plan]) -> Callable[[Plan], Played]:
    """Plays plans that break the promise when this is so."""

    def pretend(plan: Plan) -> Played:
        runs.append(plan)
        return played(plan, FOUND) if when(plan) else played(plan)

    return pretend


def numbers(plan: Plan) -> set[int]:
    return {doing.number for doing in plan.doings if isinstance(doing, Place)}


def kills(plan: Plan) -> int:
    return sum(isinstance(one, Strike) and one.fault is Fault.KILL for one in plan.doings)


def two_calls_and_a_kill(plan: Plan) -> bool:
    """Which it takes."""
    return {7, 31} <= numbers(plan) and kills(plan) > 0 and plan.gateways > 1


def test_what_is_not_needed_is_dropped() -> None:
    """Also where the violation is about one call and another one is needed for it."""
    struck = Strike(time=8.0, fault=Fault.KILL, size=3.0, lasting=2.0)
    plan = Plan(seed="1", gateways=3, tenants=PLAN.tenants, doings=(struck, *PLAN.doings))
    assert {7, 31} <= numbers(plan)
    runs: list[Plan] = []
    small = shrunk(played(plan, FOUND), FOUND, failing(two_calls_and_a_kill, runs), 60.0)
    left = small.played.plan
    assert numbers(left) == {7, 31}
    assert kills(left) == 1
    assert len(left.doings) == 3
    assert left.gateways == 2
    assert all(not one.wait and not one.repeats for one in left.doings if isinstance(one, Place))
    assert small.runs == len(runs) <= MOST_RUNS


def test_a_small_plan_is_tried_with_other_chances() -> None:
    """What a run draws by chance is other in a smaller run; a failure is not lost by that."""

    def breaks(plan: Plan) -> bool:
        return 7 in numbers(plan) and (len(plan.doings) > 15 or plan.salt == 2)

    left = shrunk(played(PLAN, FOUND), FOUND, failing(breaks, []), 60.0).played.plan
    assert numbers(left) == {7}
    assert len(left.doings) == 1
    assert from_json(to_json(left)) == left


def test_another_violation_is_not_taken_for_the_same() -> None:
    """Neither one of another rule, nor one that says something else."""
    others = (
        Violation("family.other", FOUND.about, FOUND.text, 1.0),
        Violation(FOUND.rule, FOUND.about, "it was 1.5 s early", 1.0),
    )
    small = shrunk(played(PLAN, FOUND), FOUND, lambda plan: played(plan, *others), 60.0)
    assert small.played.plan == PLAN
    assert small.runs > 0


@pytest.mark.parametrize("seconds", [60.0, 0.0])
def test_making_it_smaller_has_an_end(seconds: float) -> None:
    runs: list[Plan] = []
    shrunk(played(PLAN, FOUND), FOUND, failing(lambda plan: plan == PLAN, runs), seconds)
    assert len(runs) == (MOST_RUNS if seconds else 0)


def test_a_timeline_shows_the_call_and_all_faults() -> None:
    lines = (
        Line(1.0, "anna", "asks PlaceCall", (("number", 7),)),
        Line(1.0, "anna", "asks PlaceCall", (("number", 8),)),
        Line(2.0, "livekit", "joins", (("room", f"anna-{FOUND.about}"), ("call_id", FOUND.about))),
        Line(3.0, "fault", "LiveKit slow", (("size", 1.0),)),
        Line(4.0, "gateway-0", "log store_away", (("cause", "away"),)),
        Line(5.0, "gateway-0", "log store_away", (("cause", "away"),)),
        Line(10.0, "gateway-0", "killed"),
    )
    shown = timeline(played(PLAN, FOUND, lines=lines), FOUND)
    assert [line.split() for line in shown] == [
        ["1.000000", "anna", "call-7", "asks", "PlaceCall"],
        ["2.000000", "livekit", "call-7", "joins", "room=anna-call-7"],
        ["3.000000", "fault", "LiveKit", "slow", "size=1.0"],
        ["4.000000", "gateway-0", "log", "store_away", "cause=away", "(2", "times)"],
        ["9.000000", "JUDGE", "call-7", "family.rule", *f"{FOUND.about}: {FOUND.text}".split()],
        ["10.000000", "gateway-0", "killed"],
    ]


def test_a_long_timeline_keeps_its_beginning_and_the_verdict() -> None:
    lines = tuple(Line(float(at), "anna", "asks", (("number", 7),)) for at in range(300))
    late = replace(FOUND, time=199.5)
    shown = timeline(played(PLAN, late, lines=lines), late)
    assert len(shown) == MOST_LINES + 2
    (verdict,) = (line for line in shown if "JUDGE" in line)
    assert shown.index(verdict) == len(shown) - LINES_AFTER - 1
    assert shown[0].split()[0] == "0.000000"
    assert [line.strip() for line in shown if "…" in line] == ["… 120 lines …", "… 81 lines …"]


def test_totals_add_up() -> None:
    totals = Totals()
    for seed in ("1", "2"):
        totals.add(played(Plan(seed=seed), FOUND))
    assert str(totals) == "seeds=2 calls=6 faults=4 violations=2"
    table = [line.rsplit(maxsplit=1) for line in totals.table()]
    assert ["gateway killed", "4"] in table
    assert ["gateway frozen", "0"] in table
    assert ["broken: family.rule", "2"] in table
    assert ["calls a second of one core", "6"] in table
    other = Totals()
    for seed in ("2", "1"):
        other.add(played(Plan(seed=seed)))
    assert other.digest != totals.digest


def test_a_run_that_raises_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where and with what is told the same way each time."""

    def fall(_run: Run) -> None:
        raise LookupError("nobody")

    monkeypatch.setattr(Run, "go", fall)
    with new_template() as template:
        (found,) = play(Plan(seed="1"), template).violations
    assert (found.rule, found.about) == (BROKE_OFF, "LookupError")
    assert found.text == "LookupError('nobody') in fall < _judged"


def test_what_is_asked_comes_from_the_environment() -> None:
    assert asked({}).seeds == 1000
    assert asked({}).processes >= 1
    few = asked({"SIMULATE_CALLS": "20", "SIMULATE_FIRST": "7", "SIMULATE_PLAN": "plan.json"})
    assert (few.calls, few.first, few.plan) == (20, 7, Path("plan.json"))
    assert few.again("9") == "SIMULATE_SEED=9 SIMULATE_CALLS=20 make simulate"
    assert Asked().again("9") == "SIMULATE_SEED=9 make simulate"


def no_call_may_ring(evidence: Evidence) -> list[Violation]:
    """A promise that nobody gave, so that it is broken."""
    rang = (one for one in evidence.stored.events if one.type is EventType.CALL_RINGING)
    return [Violation("family.silence", one.call.call_id, "it rang", 3.0) for one in rang]


def test_a_failure_says_how_to_repeat_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The plan that is left is in a file, and breaks the same promise again."""
    monkeypatch.setattr(playing, "judge", no_call_may_ring)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert simulate(Asked(seed="3", calls=5, shrinking=1.0)) == 1
    printed = capsys.readouterr().out
    assert "all of it:  SIMULATE_SEED=3 SIMULATE_CALLS=5 make simulate" in printed
    assert printed.splitlines()[-1].startswith("seeds=1 calls=5 ")
    (repeat,) = (line for line in printed.splitlines() if line.startswith("this again: "))
    file = Path(repeat.split()[2].removeprefix("SIMULATE_PLAN="))
    assert len(from_json(file.read_text()).doings) < len(make("3", 5).doings)
    assert simulate(Asked(plan=file)) == 1
    assert "family.silence" in capsys.readouterr().out
