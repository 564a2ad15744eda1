"""Plans: made from a seed, written and read."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from gateway.domain.numbers.callee import callee
from gateway.wire.config import document
from tests.simulation.plan import numbers
from tests.simulation.plan.configuring import CARRIERS, TENANTS, configuration, inbound_number
from tests.simulation.plan.doings import Fault, Place, Plan, RingIn, Strike, Verb
from tests.simulation.plan.making import make
from tests.simulation.plan.text import from_json, to_json

ROOT = Path(__file__).parents[2]
SEEDS = tuple(str(seed) for seed in range(300))


@pytest.fixture(scope="module")
def plans() -> list[Plan]:
    return [make(seed, calls=20) for seed in SEEDS]


def _made_elsewhere(seed: str, hash_seed: str) -> str:
    """The plan of a seed, made by a process of its own."""
    program = (
        "from tests.simulation.plan.making import make\n"
        "from tests.simulation.plan.text import to_json\n"
        f"print(to_json(make({seed!r})), end='')"
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def test_the_same_seed_makes_the_same_plan_in_every_process() -> None:
    """Whatever Python's hashes are; another seed makes another plan."""
    first, second = (_made_elsewhere("a seed", hashes) for hashes in ("1", "2"))
    assert first == second == to_json(make("a seed"))
    assert first != to_json(make("another seed"))


def test_a_plan_is_read_as_it_was_written(plans: list[Plan]) -> None:
    """Exactly, and the text is the same when it is written again."""
    for plan in plans:
        text = to_json(plan)
        assert from_json(text) == plan
        assert to_json(from_json(text)) == text


def test_a_plan_without_doings_is_read_as_it_was_written() -> None:
    """As small as a plan can be made."""
    plan = Plan(seed="nothing", gateways=1, tenants=("anna",))
    assert from_json(to_json(plan)) == plan


def test_every_fault_occurs_among_the_seeds(plans: list[Plan]) -> None:
    """And not as a rarity."""
    struck = Counter(
        doing.fault for plan in plans for doing in plan.doings if isinstance(doing, Strike)
    )
    assert {fault for fault in Fault if struck[fault] < 10} == set()


def test_some_plans_are_calm_and_none_has_too_many_faults(plans: list[Plan]) -> None:
    """Between none and 28."""
    counts = [sum(isinstance(doing, Strike) for doing in plan.doings) for plan in plans]
    assert min(counts) == 0
    assert max(counts) == 28


def test_a_fault_that_stops_everything_ends() -> None:
    """Every strike lasts for a bounded time, or is over at once."""
    for seed in SEEDS:
        for doing in make(seed, calls=2).doings:
            if isinstance(doing, Strike):
                assert 0.0 <= doing.lasting <= 200.0


@pytest.mark.parametrize("calls", [1, 5, 100, 300])
def test_a_plan_has_as_many_calls_as_it_was_asked_for(calls: int) -> None:
    """Each with a number of its own, and with a phone of its own."""
    found = [doing for doing in make("any", calls).doings if isinstance(doing, Place | RingIn)]
    assert len(found) == calls
    assert {doing.number for doing in found} == set(range(calls))
    callees = [doing.to for doing in found if isinstance(doing, Place)]
    assert len(set(callees)) == len(callees)


def test_the_doings_are_in_the_order_of_their_times(plans: list[Plan]) -> None:
    """The calls begin within two minutes."""
    for plan in plans:
        times = [doing.time for doing in plan.doings]
        assert times == sorted(times)
        calls = [each.time for each in plan.doings if isinstance(each, Place | RingIn)]
        assert max(calls) <= 123.0


def test_a_call_that_its_callee_never_ends_has_a_longest_duration(plans: list[Plan]) -> None:
    """So that everything settles, whatever commands get lost."""
    endless = [
        doing
        for plan in plans
        for doing in plan.doings
        if isinstance(doing, Place) and any(each.talks is None for each in doing.receptions)
    ]
    assert endless
    assert all(
        doing.max_duration is not None or all(each.final != 200 for each in doing.receptions)
        for doing in endless
        if any(each.talks is None and each.final == 200 for each in doing.receptions)
    )


def test_every_verb_and_every_way_of_asking_occurs(plans: list[Plan]) -> None:
    """Commands of each kind; requests that wait, repeat, leave, and keep the call."""
    doings = [doing for plan in plans for doing in plan.doings]
    assert {getattr(doing, "verb", None) for doing in doings} >= set(Verb)
    places = [doing for doing in doings if isinstance(doing, Place)]
    for said in ("wait", "request_id", "keep_on_disconnect", "room", "identity", "trunk_id"):
        assert 0 < sum(bool(getattr(place, said)) for place in places) < len(places), said
    for said in ("deadline", "leaves_after", "repeats", "setup_timeout", "ringing_timeout"):
        assert 0 < sum(bool(getattr(place, said)) for place in places) < len(places), said


def test_the_numbers_may_be_called() -> None:
    """They are canonical, of the US, and of no kind that could be blocked."""
    every = [
        each(which)
        for which in range(numbers.MOST)
        for each in (numbers.callee, numbers.caller, numbers.target)
    ]
    every += [inbound_number(tenant) for tenant in TENANTS]
    assert len(set(every)) == 3 * numbers.MOST + len(TENANTS)
    for number in every[::7]:
        found = callee("to", number)
        assert (found.country, found.kinds, found.emergency) == ("US", frozenset(), False)
        assert f"+1{numbers.ten_digits(number)}" == number


def test_the_configuration_is_valid(plans: list[Plan]) -> None:
    """For any plan, with and without its carriers."""
    for plan in plans[:20]:
        for disabled in ((), CARRIERS[:1], CARRIERS):
            config = document.check(document.from_yaml(configuration(plan, disabled)))
            assert [tenant.tenant_id for tenant in config.tenants] == list(plan.tenants)
            assert [trunk.trunk_id for trunk in config.trunks if not trunk.enabled] == list(
                disabled
            )
