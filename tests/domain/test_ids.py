"""Identifiers: unique without coordination, and sorted by their time."""

from datetime import timedelta
from itertools import count

from gateway.domain.ids import id_source, new_id
from tests.stands.clocks import NOON


def test_two_at_one_moment_differ() -> None:
    """What comes behind the time is random."""
    assert new_id("call", NOON) != new_id("call", NOON)


def test_later_ones_sort_after_earlier_ones() -> None:
    """From one millisecond to the next, whatever is random about them."""
    times = [NOON + timedelta(milliseconds=ms) for ms in range(100)]
    ids = [new_id("call", time) for time in times]
    assert ids == sorted(ids)


def test_a_source_that_is_set_is_used() -> None:
    """So the same ids can be made again; without the source they are random as before."""
    numbers = count(1)
    before = id_source.set(lambda length: f"{next(numbers):0{2 * length}x}")
    try:
        made = [new_id("call", NOON) for _ in range(2)]
    finally:
        id_source.reset(before)
    milliseconds = f"{int(NOON.timestamp() * 1000):012x}"
    assert made == [f"call_{milliseconds}{number:014x}" for number in (1, 2)]
    assert not new_id("call", NOON).endswith(f"{3:014x}")
