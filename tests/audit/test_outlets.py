"""A slow or dead sink stops nobody, loses nothing that it could take, and is counted."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest
import structlog

from gateway.audit import outlets
from gateway.audit.outlets import MOST_WAITING, Outlet
from gateway.audit.sinks import NotTakenError
from gateway.domain.audit_event import ChainedAuditEvent
from tests.stands.patience import PATIENCE


def record(sequence: int) -> ChainedAuditEvent:
    return ChainedAuditEvent("log_1", sequence, "", "0" * 64, "{}")


class Counts:
    """What was counted."""

    def __init__(self) -> None:
        self.seen = Counter[str]()
        self.now_waiting = 0

    def written(self, records: int) -> None:
        self.seen["written"] += records

    def lost(self, records: int) -> None:
        self.seen["lost"] += records

    def waiting(self, records: int) -> None:
        self.now_waiting = records


class Sink:
    """Takes records while it is open; `answer` is what it does with each batch."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.taken: list[int] = []
        self.answer: Callable[[], None] = lambda: None
        self.tried = threading.Semaphore(0)

    def __call__(self, records: Sequence[ChainedAuditEvent]) -> None:
        self.open.wait(PATIENCE)
        self.tried.release()
        self.answer()
        self.taken += [one.sequence for one in records]


@pytest.fixture
def sink() -> Iterator[Sink]:
    made = Sink()
    yield made
    made.open.set()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries again at once."""
    monkeypatch.setattr(outlets, "RETRY_SECONDS", 0.01)


def test_records_come_in_order_and_before_the_end(sink: Sink) -> None:
    """Whatever waits when the gateway stops is written first."""
    counts = Counts()
    outlet = Outlet("test", sink, counts)
    for at in range(1000):
        outlet([record(2 * at), record(2 * at + 1)])
    outlet.close(PATIENCE)
    assert sink.taken == list(range(2000))
    assert (counts.seen, counts.now_waiting) == ({"written": 2000}, 0)


def test_a_slow_sink_holds_nobody_up(sink: Sink) -> None:
    """While it takes nothing, so much waits for it, and the rest is lost and counted."""
    counts = Counts()
    sink.open.clear()
    outlet = Outlet("slow", sink, counts)
    with structlog.testing.capture_logs() as logs:
        for at in range(MOST_WAITING + 5):
            outlet([record(at)])
    assert counts.seen == {"lost": 5}
    assert counts.now_waiting == MOST_WAITING
    assert {line["event"] for line in logs} == {"audit_sink_lost"}
    sink.open.set()
    outlet.close(PATIENCE)
    assert sink.taken == list(range(MOST_WAITING))


def test_a_dead_sink_is_tried_again(sink: Sink) -> None:
    """It has everything once it is back; the log says once that it went, and that it came."""
    counts = Counts()

    def fail() -> None:
        raise OSError("no route")

    sink.answer = fail
    with structlog.testing.capture_logs() as logs:
        outlet = Outlet("dead", sink, counts)
        outlet([record(1)])
        for _ in range(3):
            assert sink.tried.acquire(timeout=PATIENCE)
        sink.answer = lambda: None
        outlet([record(2)])
        outlet.close(PATIENCE)
    assert sink.taken == [1, 2]
    told = [(line["event"], line.get("cause")) for line in logs]
    assert told == [("audit_sink_away", "no route"), ("audit_sink_back", None)]


def test_what_a_sink_will_never_take_is_given_up(sink: Sink) -> None:
    """The next records come all the same."""
    counts = Counts()

    def refuse() -> None:
        sink.answer = lambda: None
        raise NotTakenError("the collector answered 400")

    sink.answer = refuse
    outlet = Outlet("picky", sink, counts)
    outlet([record(1)])
    assert sink.tried.acquire(timeout=PATIENCE)
    outlet([record(2)])
    outlet.close(PATIENCE)
    assert sink.taken == [2]
    assert counts.seen == {"lost": 1, "written": 1}


def test_a_gateway_stops_though_its_sink_is_dead(sink: Sink) -> None:
    """After its patience; what the sink has not taken is counted as lost."""
    counts = Counts()
    sink.open.clear()
    outlet = Outlet("stuck", sink, counts)
    outlet([record(1), record(2)])
    outlet.close(0.05)
    assert counts.seen == {"lost": 2}
