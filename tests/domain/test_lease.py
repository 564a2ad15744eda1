"""Which gateways live, told by their beats."""

from collections.abc import Mapping

import pytest

from gateway.domain.lease import BEAT, GLANCE, LEASE, PAUSE, Beat, Watch

LONG = LEASE.total_seconds()


def watched(*looks: tuple[float, Mapping[str, Beat]]) -> Watch:
    """What is known after these looks at these times."""
    watch = Watch()
    for at, beats in looks:
        watch = watch.after(beats, at, at)
    return watch


def every_second(until: float, beat: Beat) -> list[tuple[float, Mapping[str, Beat]]]:
    """Looks that show the same beat all the time."""
    return [(float(at), {"gateway_1": beat}) for at in range(int(until) + 1)]


def test_who_does_not_beat_any_more_is_silent_after_a_lease() -> None:
    """Not sooner; with the mark that was left."""
    beat = Beat(7, over=False)
    assert watched(*every_second(LONG - 1, beat)).silent() == {}
    assert watched(*every_second(LONG, beat)).silent() == {"gateway_1": 7}


@pytest.mark.parametrize("over", [False, True])
def test_who_beats_lives_whatever_the_clocks_say(over: bool) -> None:  # noqa: FBT001
    """Another mark with each look is a life, be it a year ago by the store's clock."""
    looks = [(float(at), {"gateway_1": Beat(at, over=over)}) for at in range(60)]
    assert not any(watched(*looks[:count]).silent() for count in range(60))


def test_a_clock_that_steps_ends_no_lease() -> None:
    """A gateway whose lease is suddenly over by the store's clock is given all its time."""
    lives, over = Beat(7, over=False), Beat(7, over=True)
    looks = [(0.0, {"gateway_1": lives}), *every_second(LONG - 1, over)[1:]]
    assert watched(*looks).silent() == {}


def test_who_was_dead_before_we_came_is_given_a_glance() -> None:
    """Its lease was over when it was seen first: some beats are waited for, not a lease."""
    over = Beat(7, over=True)
    assert watched(*every_second(BEAT.total_seconds(), over)).silent() == {}
    assert watched(*every_second(GLANCE.total_seconds() + 1, over)).silent() == {"gateway_1": 7}


def test_nobody_is_silent_while_nobody_looks() -> None:
    """After a database that was away every gateway is given another lease."""
    beat, away = Beat(7, over=True), PAUSE.total_seconds() + 60
    looks = every_second(2, Beat(6, over=False))
    back = [(2 + away + at, {"gateway_1": beat}) for at in range(int(LONG))]
    assert watched(*looks, *back).silent() == {}
    assert watched(*looks, *back, (2 + away + LONG, {"gateway_1": beat})).silent() != {}


def test_who_has_left_is_not_silent() -> None:
    """It is not there: what it held is anybody's already."""
    assert watched(*every_second(LONG, Beat(7, over=False)), (LONG + 1, {})).silent() == {}
