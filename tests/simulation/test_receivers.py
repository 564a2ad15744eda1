"""The simulated receivers: well, away, slow; and what their gateways hear of it."""

from datetime import UTC, datetime, timedelta

from gateway.domain.calls.call import Call, EventType
from gateway.domain.calls.delivery import Answer
from gateway.domain.calls.event import CallEvent
from gateway.domain.tenant import Webhook
from tests.simulation.clients.receivers import Receivers
from tests.simulation.engine.chance import Chance
from tests.simulation.engine.history import History
from tests.simulation.engine.scheduler import Scheduler
from tests.simulation.world.network import Network

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEBHOOK = Webhook(webhook_id="crm", url="https://crm.example.com", secret_from="env:SECRET")


def an_event(sequence: int) -> CallEvent:
    call = Call(
        call_id="call_1",
        tenant_id="anna",
        to="+12015550107",
        caller_id="+15015550100",
        room="anna-1",
        participant_identity="call_1",
        ringing_timeout=timedelta(seconds=30),
        setup_timeout=timedelta(seconds=15),
        max_duration=timedelta(hours=4),
        create_time=NOON,
    )
    return CallEvent(
        event_id=f"event_{sequence}",
        tenant_id="anna",
        type=EventType.CALL_CREATED,
        event_time=NOON,
        call=call,
        sequence=sequence,
    )


class Place:
    """A gateway's process, and the receivers."""

    def __init__(self) -> None:
        chance = Chance("receivers")
        self.scheduler = Scheduler(chance.stream("scheduler"))
        history = History(lambda: self.scheduler.now)
        self.network = Network(chance)
        self.receivers = Receivers(self.scheduler.loop("receivers"), self.network, chance, history)
        self.gateway = self.scheduler.loop("gateway-0")

    def send(self, sequence: int) -> tuple[Answer, float]:
        """What the gateway is answered, and how long that takes."""
        sender = self.receivers.sender(self.gateway, "gateway-0")
        begun = self.scheduler.now
        task = self.gateway.begin(sender.send(WEBHOOK, an_event(sequence)))
        self.scheduler.run(begun + 100.0, task.done)
        return task.result(), self.scheduler.now - begun

    def answers(self, count: int) -> list[Answer]:
        """To so many deliveries."""
        return [self.send(sequence)[0] for sequence in range(1, count + 1)]


def test_most_deliveries_succeed_and_each_is_remembered() -> None:
    """Some fail, as in life; a delivery is only good if its receiver said so."""
    place = Place()
    answers = place.answers(200)
    good = [answer.delivered for answer in answers]
    assert 180 < sum(good) < 200
    assert [each.sequence for each in place.receivers.delivered] == list(range(1, 201))
    assert [each.ok for each in place.receivers.delivered] == good


def test_a_receiver_that_is_away_fails_every_delivery() -> None:
    """In each of the ways in which receivers fail, and it comes back."""
    place = Place()
    place.receivers.go_away("anna", 30.0)
    answers = place.answers(40)
    assert {answer.status for answer in answers} == {0, 429, 500, 503}
    assert all(answer.error for answer in answers)
    place.scheduler.run(30.0)
    assert sum(answer.delivered for answer in place.answers(40)) > 30


def test_a_slow_receiver_may_be_too_slow() -> None:
    """The gateway waits 15 s; the receiver has the event all the same."""
    place = Place()
    place.receivers.slow_down("anna", 5.0, 20.0)
    answer, took = place.send(1)
    assert answer.delivered
    assert 5.0 < took < 5.1
    place.receivers.slow_down("anna", 16.0, 20.0)
    answer, took = place.send(2)
    assert answer == Answer(error="no answer within 15 s")
    assert round(took, 6) == 15.0
    assert [each.ok for each in place.receivers.delivered] == [True, False]
    place.scheduler.run(30.0)
    assert place.send(3)[1] < 0.1


def test_a_receiver_that_cannot_be_reached_is_told_as_the_real_sender_does() -> None:
    """Nothing arrives."""
    place = Place()
    place.network.cut("gateway-0", "receivers")
    answer, _ = place.send(1)
    assert (answer.status, answer.unwell) == (0, True)
    assert answer.error.startswith("cannot connect: ")
    assert place.receivers.delivered == []
