"""The simulated clients do as real ones do: they repeat, leave, watch, and remember."""

from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from google.protobuf.message import Message

from gateway.domain.calls.call import CallState
from gateway.errors import GatewayError, Reason
from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.simulation.clients.told import LEFT, LOST, NOT_SENT
from tests.simulation.plan import numbers
from tests.simulation.plan.doings import Command, Place, Reception, RingIn, Verb, Watch
from tests.simulation.scripted import SECRET_OF_ANNA, Town

DIALING, ENDED = calls_pb2.CALL_STATE_DIALING, calls_pb2.CALL_STATE_ENDED
CREATED = calls_pb2.CALL_EVENT_TYPE_CALL_CREATED
PENDING = transfers_pb2.TRANSFER_STATE_PENDING
INBOUND = calls_pb2.CALL_DIRECTION_INBOUND


def placed(_asked: Any) -> Message:
    return calls_pb2.PlaceCallResponse(call=calls_pb2.Call(call_id="call_1", state=DIALING))


def refusing(reason: Reason) -> Callable[[Any], Message]:
    def refuse(_asked: Any) -> Message:
        raise GatewayError(reason, "no")

    return refuse


def a_place(**more: Any) -> Place:
    given: dict[str, Any] = {
        "time": 1.0,
        "number": 7,
        "tenant": "anna",
        "gateway": 0,
        "request_id": "request-7",
    }
    return Place(**given | {"to": numbers.callee(7), "receptions": (Reception(),)} | more)


def an_event(sequence: int, **call: Any) -> calls_pb2.CallEvent:
    about = calls_pb2.Call(call_id=f"call_{sequence}", state=DIALING, **call)
    return calls_pb2.CallEvent(sequence=sequence, type=CREATED, call=about)


@pytest.fixture
def town() -> Iterator[Callable[..., Town]]:
    made: list[Town] = []

    def make(*answers: Callable[[Any], Message]) -> Town:
        made.append(Town(*answers))
        return made[-1]

    yield make
    for each in made:
        each.end()


def test_a_client_remembers_what_it_was_told(town: Callable[..., Town]) -> None:
    """The call, from whom, and when; its message has what the plan says, and a signed token."""
    there = town(placed)
    told, *more = there.run(5.0, a_place(ringing_timeout=2.5, wait=True, identity="me"))
    assert (told.method, told.call_id, told.state) == ("PlaceCall", "call_1", CallState.DIALING)
    assert told.ok
    assert told.asked == 1.0 < told.told < 1.01
    assert not more
    asked = there.gateways[0].asked[0]
    assert asked.message.to == numbers.callee(7)
    assert asked.message.labels == {"sim": "7"}
    assert asked.message.ringing_timeout.ToTimedelta().total_seconds() == 2.5
    assert asked.message.wait_until_answered
    assert asked.message.participant.identity == "me"
    token = asked.incoming.credentials[0].removeprefix("Bearer ")
    claims = jwt.decode(token, SECRET_OF_ANNA, ["HS256"], options={"verify_exp": False})
    assert (claims["iss"], claims["sip"]) == ("key", {"call": True})


def test_what_is_safe_to_repeat_is_tried_at_the_next_gateway(town: Callable[..., Town]) -> None:
    """After half a second, then after twice as long."""
    there = town(refusing(Reason.DRAINING), refusing(Reason.AUDIT_UNAVAILABLE), placed)
    told = there.run(20.0, a_place())
    assert [each.error for each in told] == ["DRAINING", "AUDIT_UNAVAILABLE", ""]
    assert [each.gateway for each in told] == [0, 1, 2]
    assert [each.attempt for each in told] == [0, 1, 2]
    assert [round(each.asked, 1) for each in told] == [1.0, 1.5, 2.5]
    assert not there.clients.busy


@pytest.mark.parametrize("reason", [Reason.TENANT_LIMIT, Reason.INTERNAL, Reason.NO_TRUNK])
def test_other_refusals_are_final(town: Callable[..., Town], reason: Reason) -> None:
    """Whatever the request id."""
    assert [each.error for each in town(refusing(reason)).run(20.0, a_place())] == [reason.value]


def test_without_a_request_id_only_what_was_not_sent_is_repeated(
    town: Callable[..., Town],
) -> None:
    """An answer, or a broken connection, may mean a call; a closed door does not."""
    there = town(placed, placed)
    there.gateways[0].up = False
    assert [each.error for each in there.run(5.0, a_place(request_id=""))] == [NOT_SENT, ""]
    refused = town(refusing(Reason.DRAINING), placed)
    assert [each.error for each in refused.run(5.0, a_place(request_id=""))] == ["DRAINING"]


def test_a_client_gives_up_after_ten_tries(town: Callable[..., Town]) -> None:
    """Each with the same content."""
    there = town(refusing(Reason.DRAINING))
    assert len(there.run(200.0, a_place())) == 10
    assert len({each.message.SerializeToString() for each in there.gateways[0].asked}) == 1
    assert not there.clients.busy


@pytest.mark.parametrize(("request_id", "errors"), [("one", [LOST, ""]), ("", [LOST])])
def test_a_gateway_that_dies_loses_its_answers(
    town: Callable[..., Town], request_id: str, errors: list[str]
) -> None:
    """The client notices, and repeats what is safe to repeat."""
    there = town(placed, placed)
    there.gateways[0].lasting = 10.0
    there.at(2.0, lambda: there.kill(0))
    told = there.run(20.0, a_place(request_id=request_id))
    assert [each.error for each in told] == errors
    assert told[0].told == 2.0


def test_a_deadline_is_told_and_then_ends_the_request(town: Callable[..., Town]) -> None:
    """At both ends, and for its repeats too."""
    there = town(placed)
    there.gateways[0].lasting = 10.0
    told = there.run(20.0, a_place(deadline=2.0, repeats=((1.0, 0),)))
    assert [(each.error, each.told) for each in told] == [(LEFT, 3.0), (LEFT, 4.0)]
    assert [each.repeat for each in told] == [0, 1]
    gateway = there.gateways[0]
    patience = gateway.asked[0].incoming.patience
    assert patience is not None
    assert patience.total_seconds() == 2.0
    assert [round(time, 1) for time in gateway.cancelled] == [3.0, 4.0]


def test_a_client_that_leaves_does_not_take_its_repeats_along(town: Callable[..., Town]) -> None:
    """They are other connections."""
    there = town(placed)
    there.gateways[0].lasting = 10.0
    told = there.run(20.0, a_place(leaves_after=0.5, repeats=((0.2, 0),)))
    assert [each.error for each in told] == [LEFT, ""]
    assert told[0].told == 1.5


def test_what_is_under_way_at_the_end_is_told_as_left(town: Callable[..., Town]) -> None:
    """So that everything that was asked has an end."""
    there = town(placed)
    there.gateways[0].lasting = 100.0
    told = there.run(5.0, a_place())
    assert there.clients.busy
    there.clients.stop()
    there.go_on(6.0)
    assert [(each.error, each.told) for each in told] == [(LEFT, 5.0)]


def test_a_command_is_for_a_call_that_its_client_knows(town: Callable[..., Town]) -> None:
    """From the answer; before that it is not sent."""
    answers = {
        "PlaceCallRequest": placed(None),
        "HangUpCallRequest": calls_pb2.HangUpCallResponse(
            call=calls_pb2.Call(
                call_id="call_1", state=ENDED, end_reason=calls_pb2.END_REASON_CANCELED
            )
        ),
        "TransferCallRequest": transfers_pb2.TransferCallResponse(
            transfer=transfers_pb2.Transfer(transfer_id="t", call_id="call_1", state=PENDING)
        ),
    }
    there = town(lambda asked: answers[asked.DESCRIPTOR.name])
    told = there.run(
        5.0,
        Command(time=0.5, number=7, verb=Verb.HANG_UP, gateway=0),
        a_place(),
        Command(time=2.0, number=7, verb=Verb.TRANSFER, gateway=0, timeout=3.0, wait=True),
        Command(time=3.0, number=7, verb=Verb.HANG_UP, gateway=0, end_room=True),
    )
    assert [each.method for each in told] == ["PlaceCall", "TransferCall", "HangUpCall"]
    _, transfer, hang_up = (asked.message for asked in there.gateways[0].asked)
    assert transfer.to == numbers.target(7)
    assert transfer.wait_until_settled
    assert (hang_up.call_id, hang_up.end_room) == ("call_1", True)
    assert told[1].transfer_state is not None
    assert told[2].end_reason is not None


@pytest.mark.parametrize("polls", [False, True])
def test_calls_are_known_from_their_events(town: Callable[..., Town], polls: bool) -> None:  # noqa: FBT001
    """By the label, and an inbound call by its caller."""
    there = town(placed)
    ring = RingIn(
        time=1.0, number=3, tenant="anna", caller=numbers.caller(3), called="+16015550100"
    )
    there.gateways[0].tell(
        an_event(1, labels={"sim": "7"}),
        an_event(2, direction=INBOUND, caller_id=numbers.caller(3)),
        an_event(3),
    )
    watch = Watch(time=0.5, tenant="anna", gateway=0, polls=polls)
    there.run(5.0, watch, a_place(time=9.0), ring)
    assert there.clients.call_ids == {7: "call_1", 3: "call_2"}


@pytest.mark.parametrize("polls", [False, True])
def test_a_watcher_goes_on_elsewhere_after_its_last_event(
    town: Callable[..., Town],
    polls: bool,  # noqa: FBT001
) -> None:
    """Whatever its gateway dies of; it misses nothing and sees nothing twice."""
    there = town(placed, placed)
    events = [an_event(sequence) for sequence in range(1, 6)]
    for gateway in there.gateways:
        gateway.tell(*events[:2])
    there.at(2.0, lambda: there.kill(0))
    there.at(3.0, lambda: there.gateways[1].tell(*events[2:]))
    there.run(20.0, Watch(time=0.5, tenant="anna", gateway=0, polls=polls))
    seen = there.clients.watched["anna", 0]
    assert [each.sequence for each in seen] == [1, 2, 3, 4, 5]
    assert [each.gateway for each in seen] == [0, 0, 1, 1, 1]
    assert there.clients.reached("anna") == 5
    assert there.clients.watchers[0].ended == [(2.0, 0, LOST)]


def test_a_watcher_that_leaves_ends_its_stream_at_the_gateway(town: Callable[..., Town]) -> None:
    """A moment later, in the gateway's own process."""
    there = town(placed)
    there.run(5.0, Watch(time=0.5, tenant="anna", gateway=0))
    assert there.gateways[0].closed == []
    there.clients.stop()
    there.go_on(6.0)
    (closed,) = there.gateways[0].closed
    assert 5.0 < closed < 5.01


def test_a_cut_stream_is_noticed_at_both_ends(town: Callable[..., Town]) -> None:
    """By the watcher at once, by the gateway when it has something to say."""
    there = town(placed, placed)
    there.at(2.0, lambda: there.network.cut("clients", "gateway-0"))
    there.run(5.0, Watch(time=0.5, tenant="anna", gateway=0))
    assert there.clients.watchers[0].ended == [(2.0, 0, LOST)]
    assert there.gateways[0].closed == []
    there.gateways[0].loop.call_soon(there.gateways[0].tell, an_event(1))
    there.go_on(6.0)
    assert there.gateways[0].closed == [5.0]
    assert there.clients.watched["anna", 0] == []
