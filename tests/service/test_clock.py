"""The machine's clock, as far as it is believed, and the timelines of calls on it."""

from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from gateway.build.clock import LASTING, SECOND, SLIGHT, SystemClock
from gateway.ports import Transaction
from gateway.service.ledger.timeline import StoreTime, Timeline, Timelines
from gateway.store.store import SqlStore
from tests.stands.clocks import NOON, HandClock
from tests.stands.values import a_call

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = 3600.0
LONG = LASTING.total_seconds()


class Machine:
    """A machine's two clocks, and somebody who asks once a second what time it is."""

    def __init__(self) -> None:
        self.wall = (NOON - EPOCH) // timedelta(microseconds=1) * 1000
        self.steady = 77 * SECOND
        self.late = 0.0
        """Seconds that pass between any two readings."""
        self.clock = SystemClock(self._read_wall, self._read_steady)

    def step(self, seconds: float) -> None:
        """The machine's time of the day is set."""
        self.wall += round(seconds * SECOND)

    def go_on(self, seconds: float, *, drift: float = 0.0) -> None:
        """Time passes; `drift`: by how much of it the wall clock is too fast."""
        self.wall += round(seconds * (1 + drift) * SECOND)
        self.steady += round(seconds * SECOND)

    def watched(self, seconds: int) -> None:
        """So long, with a look each second."""
        for _ in range(seconds):
            self.go_on(1)
            self.clock.now()

    def _read_wall(self) -> int:
        self.go_on(self.late)
        return self.wall

    def _read_steady(self) -> int:
        self.go_on(self.late)
        return self.steady


def since_noon(machine: Machine) -> float:
    return (machine.clock.now() - NOON).total_seconds()


@pytest.mark.parametrize("step", [HOUR, -HOUR, 1.0, -1.0])
def test_a_clock_that_is_wrong_for_a_moment_changes_nothing(step: float) -> None:
    """An hour forward for three seconds, then right again: time has gone on evenly."""
    machine = Machine()
    with capture_logs() as logs:
        machine.step(step)
        for second in range(1, 4):
            machine.go_on(1)
            assert since_noon(machine) == second
        machine.step(-step)
        machine.watched(30)
    assert since_noon(machine) == 33
    assert [(line["event"], line.get("seconds")) for line in logs] == [
        ("clock_stepped", step),
        ("clock_right_again", None),
    ]


@pytest.mark.parametrize("step", [HOUR, -HOUR])
def test_a_step_that_lasts_is_taken_in(step: float) -> None:
    """Ten seconds later, once, forwards or backwards; `elapsed` does not move."""
    machine = Machine()
    before = machine.clock.elapsed()
    machine.step(step)
    with capture_logs() as logs:
        machine.watched(int(LONG))
        assert since_noon(machine) == LONG
        machine.watched(20)
    assert since_noon(machine) == LONG + 20 + step
    assert [line["event"] for line in logs] == ["clock_stepped", "clock_step_taken_in"]
    assert machine.clock.elapsed() - before == LONG + 20


def test_a_clock_that_jumps_about_is_not_believed() -> None:
    """Each further step is waited for anew: only a time that stays is taken in."""
    machine = Machine()
    for _ in range(9):
        machine.step(HOUR)
        machine.watched(5)
    assert since_noon(machine) == 45


def test_small_corrections_are_followed_at_once() -> None:
    """Forwards as they are; backwards by standing, so that no time comes twice."""
    machine = Machine()
    machine.step(0.4)
    assert since_noon(machine) == 0.4
    machine.step(-0.3)
    assert since_noon(machine) == 0.4
    machine.go_on(1)
    assert since_noon(machine) == pytest.approx(1.1)


def test_a_clock_that_drifts_is_followed() -> None:
    """A wall clock that gains half a minute a day is followed all the while."""
    machine = Machine()
    with capture_logs() as logs:
        for _ in range(1000):
            machine.go_on(60, drift=0.0004)
            machine.clock.now()
    assert since_noon(machine) == pytest.approx(60_000 * 1.0004)
    assert logs == []


def test_a_machine_that_is_slow_makes_no_step() -> None:
    """However long passes between two readings of its clocks."""
    machine = Machine()
    machine.late = 3 * SLIGHT / SECOND
    with capture_logs() as logs:
        machine.watched(100)
    assert logs == []


def test_a_call_goes_on_evenly_while_the_clock_is_set() -> None:
    """A timeline begins by the clock and then counts; no step reaches it."""
    clock = HandClock()
    timeline = Timeline(clock, NOON)
    for step in (HOUR, -5 * HOUR, 86400.0):
        clock.step(step)
    clock.go_on(7)
    assert timeline.now() == NOON + timedelta(seconds=7)


@pytest.mark.parametrize("step", [0.5, -0.5, HOUR, -HOUR])
async def test_a_step_before_a_call_is_followed_moves_nothing(step: float, store: SqlStore) -> None:
    """Neither the deadlines, which count from its creation, nor the time that others go on with."""
    clock, created = HandClock(), a_call("call_1", create_time=NOON)
    time, timelines = Timeline.saying(NOON, clock), Timelines(clock)
    clock.step(step)
    clock.go_on(2)
    before, call, after = await store.transact(
        lambda tx: (tx.now(), timelines.begun(tx, created, time), tx.now())
    )
    timelines.begin(call, time=time)
    assert timelines.of("call_1").now() == NOON + timedelta(seconds=2)
    assert before <= NOON + timedelta(seconds=2) + call.store_ahead <= after


def test_a_call_from_a_clock_ahead_begins_where_it_was() -> None:
    """A gateway whose clock is behind counts on from the newest time of a call it takes over."""
    clock, ahead = HandClock(), NOON + timedelta(hours=1)
    timeline = Timelines(clock).begin(a_call("call_1", answer_time=ahead))
    clock.go_on(7)
    assert timeline.now() == ahead + timedelta(seconds=7)


def test_a_call_that_is_not_followed_here_goes_by_the_clock() -> None:
    """Its timeline is another gateway's; one that has ended here is none any more."""
    clock, call = HandClock(), a_call("call_1")
    timelines = Timelines(clock)
    timelines.begin(call)
    clock.step(HOUR)
    assert timelines.of(call.call_id).now() == NOON
    timelines.end(call.call_id)
    assert timelines.of(call.call_id).now() == clock.now()


@pytest.mark.parametrize("ahead", [HOUR, -HOUR, -7.0, 0.0])
async def test_a_call_that_is_taken_over_keeps_its_time(ahead: float, store: SqlStore) -> None:
    """However far the clock of the gateway that goes on with it is from that of the first."""
    first, second = HandClock(), HandClock(NOON + timedelta(seconds=ahead))
    created = a_call("call_1", create_time=NOON)

    def store_it(tx: Transaction) -> datetime:
        tx.put_call(Timelines(first).begun(tx, created, Timeline.saying(NOON, first)))
        return tx.now()

    begun = await store.transact(store_it)
    call = await store.read(lambda tx: tx.call("call_1"))
    assert call
    second.go_on(3)  # from the look at the store's clock to the first step with the call
    taken_over = StoreTime(begun + timedelta(seconds=20), second.elapsed() - 3)
    timeline = Timelines(second).begin(call, taken_over)
    assert timeline.now() == NOON + timedelta(seconds=23)


async def test_what_another_gateway_sees_of_a_call_has_the_call_s_time(store: SqlStore) -> None:
    """A notice may reach a gateway whose clock is wrong: the call's deadlines do not move."""
    first, second = HandClock(), HandClock(NOON + timedelta(hours=1))
    created = a_call("call_1", create_time=NOON)
    time = Timeline.saying(NOON, first)
    call, begun = await store.transact(
        lambda tx: (Timelines(first).begun(tx, created, time), tx.now())
    )
    now, read = await store.read(lambda tx: (Timelines(second).now(tx, call), tx.now()))
    assert timedelta(0) <= now - NOON <= read - begun
