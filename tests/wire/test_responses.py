"""Every field of an answer is filled from the domain."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.agents.call_agent import AgentState, CallAgent, OnLeft, OnMissing
from gateway.domain.calls.call import Attempt, CallState, Direction, EventType
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.observation import AnsweredBy
from gateway.domain.calls.transfer import TransferState, Warm
from gateway.domain.hold import APART, Hold
from gateway.domain.outcome import EndReason, HangupSource
from gateway.domain.route_decision import (
    Backup,
    Candidate,
    LimitCheck,
    Ranking,
    RouteDecision,
    RuleCheck,
    Verdict,
)
from gateway.domain.tenant import Trunk, TrunkNumber
from gateway.domain.timeouts import Timeout
from gateway.errors import Reason
from gateway.service.api.call_acceptance import New, Repeated
from gateway.service.api.events import Heartbeat
from gateway.service.api.placing import Validated
from gateway.telephony.v1 import calls_pb2, transfers_pb2
from gateway.wire.telephony_v1 import responses
from tests.stands.clocks import NOON
from tests.stands.phones import OWN, OWN_TOO
from tests.stands.values import a_call, a_transfer
from tests.wire.messages import empty_paths

SECOND = timedelta(seconds=1)
CALL = a_call(
    "call_1",
    direction=Direction.INBOUND,
    state=CallState.ENDED,
    end_reason=EndReason.BUSY,
    hangup_source=HangupSource.REMOTE,
    participant_id="PA_1",
    sip_call_id="SCL_1",
    sip_call_id_full="1@host",
    attempts=(
        Attempt(
            trunk_id="berlin",
            livekit_trunk_id="ST_1",
            start_time=NOON,
            highest_state=CallState.RINGING,
            sip_call_id="SCL_1",
            sip_status_code=486,
            sip_status="Busy Here",
            ring_time=NOON + SECOND,
            end_time=NOON + SECOND * 2,
            next_attempt="486 is an answer",
            caller_id=OWN,
        ),
    ),
    sip_status_code=486,
    sip_status="Busy Here",
    ring_time=NOON + SECOND,
    answer_time=NOON + SECOND * 2,
    end_time=NOON + SECOND * 3,
    labels={"team": "a"},
    sandbox=True,
    sequence=7,
    end_room_on_hangup=True,
    not_dialed_cause="LiveKit: cpu exhausted",
    parent_call_id="call_0",
    answered_by=AnsweredBy.HUMAN,
    hold=Hold(wanted=APART, seen=APART, since=NOON, earlier=SECOND),
    agent=CallAgent(
        agent_name="front-desk",
        join_timeout=SECOND,
        on_missing=OnMissing.KEEP,
        on_left=OnLeft.END_CALL,
        state=AgentState.LEFT,
        dispatch_id="AD_1",
        identity="agent-1",
        join_time=NOON,
        leave_time=NOON + SECOND,
        missing_cause="it had not joined after 1s",
    ),
)
TRANSFER = a_transfer(
    "transfer_1",
    "call_1",
    state=TransferState.FAILED,
    sip_status_code=603,
    sip_status="Decline",
    end_time=NOON + SECOND * 2,
    leg_left_time=NOON + SECOND,
    hint="enable it",
    cause="the human has hung up",
    warm=Warm(
        consult_timeout=SECOND,
        attributes={},
        actor="key",
        human_call_id="call_2",
        consult_time=NOON,
    ),
)
EVENT = CallEvent(
    event_id="event_1",
    tenant_id="acme",
    type=EventType.TRANSFER_CHANGED,
    event_time=NOON,
    call=CALL,
    transfer=TRANSFER,
    sequence=7,
)
TRUNK = Trunk(trunk_id="berlin", livekit_trunk_id="ST_1", numbers=(TrunkNumber(OWN),))
DECISION = RouteDecision(
    ranking=Ranking(
        to="+493012345678",
        country="DE",
        destination="+49",
        emergency=True,
        route_id="germany",
        route_cause="prefix +49",
        max_attempts=2,
        considered=(),
        ringing_timeout=Timeout(SECOND * 9, SECOND * 8, "request"),
        setup_timeout=Timeout(SECOND, SECOND * 2, "request"),
        max_duration=Timeout(SECOND * 9, SECOND * 7, "request"),
        rules=(RuleCheck(Reason.CALLING_HOURS, "night: 23:00 in Europe/Berlin", overridden=True),),
    ),
    trunk=TRUNK,
    candidates=(
        Candidate("munich", Verdict.FULL, "12 of 12 calls", priority=1, weight=3),
        Candidate("berlin", Verdict.TAKEN, "last one left", priority=2, weight=5),
    ),
    backups=(Backup("munich", (OWN_TOO,)),),
    caller_id=OWN,
    caller_id_cause="next in turn",
    dialed_number="00493012345678",
    limits=(LimitCheck("trunk.munich.max_concurrent_calls", 12, 13),),
)
ANSWERS = [
    ("Call", responses.call(CALL)),
    ("Transfer", responses.transfer(TRANSFER)),
    ("CallEvent", responses.event(EVENT)),
    ("RouteDecision", responses.route(DECISION)),
    ("PlaceCallResponse", responses.placed(New(CALL, DECISION))),
    ("UpdateCallResponse", responses.updated(CALL)),
    ("ListTransfersResponse", responses.transfers_of_call([TRANSFER])),
    ("ListCallsResponse", responses.page_of_calls(([CALL], "token"))),
    ("ListCallEventsResponse", responses.page_of_events(([EVENT], 7))),
    ("ListTrunksResponse", responses.trunks([TRUNK])),
]


@pytest.mark.parametrize("answer", [row[1] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_every_field_is_filled(answer: calls_pb2.Call) -> None:
    """What the domain knows is told: no field of an answer stays empty but counts of the rest."""
    assert [path for path in empty_paths(answer) if not path.startswith("more_")] == []


def test_a_call_as_it_is() -> None:
    """Each field of a call holds the value of its name."""
    message = responses.call(CALL)
    for name in ("call_id", "to", "caller_id", "room", "participant_identity", "participant_id",
                 "sip_call_id", "sip_call_id_full", "trunk_id", "sip_status_code", "sip_status",
                 "sandbox", "sequence", "not_dialed_cause"):  # fmt: skip
        assert getattr(message, name) == getattr(CALL, name)
    assert message.state == calls_pb2.CALL_STATE_ENDED
    assert message.end_reason == calls_pb2.END_REASON_BUSY
    assert message.hangup_source == calls_pb2.HANGUP_SOURCE_REMOTE
    assert message.direction == calls_pb2.CALL_DIRECTION_INBOUND
    times = (message.create_time, message.ring_time, message.answer_time, message.end_time)
    assert [time.seconds - times[0].seconds for time in times] == [0, 1, 2, 3]
    assert (message.ringing_timeout.seconds, message.max_duration.seconds) == (30, 14400)
    assert dict(message.labels) == {"team": "a"}


def test_a_transfer_as_it_is() -> None:
    """Each field of a transfer holds the value of its name."""
    message = responses.transfer(TRANSFER)
    assert (message.transfer_id, message.call_id, message.to) == (
        "transfer_1",
        "call_1",
        TRANSFER.to,
    )
    assert message.mode == transfers_pb2.TRANSFER_MODE_COLD
    assert message.state == transfers_pb2.TRANSFER_STATE_FAILED
    assert message.leg_left_time.seconds == int(NOON.timestamp()) + 1


def test_a_route_decision_as_it_is() -> None:
    """Each field of a decision holds the value of its name, and each trunk its own."""
    message = responses.route(DECISION)
    for name in ("caller_id", "caller_id_cause", "dialed_number"):
        assert getattr(message, name) == getattr(DECISION, name)
    for name in ("route_id", "route_cause", "max_attempts", "emergency"):
        assert getattr(message, name) == getattr(DECISION.ranking, name)
    for told, candidate in zip(message.candidates, DECISION.candidates, strict=True):
        for name in ("trunk_id", "cause", "priority", "weight"):
            assert getattr(told, name) == getattr(candidate, name)
    verdicts = [each.verdict for each in message.candidates]
    assert verdicts == [calls_pb2.TRUNK_VERDICT_FULL, calls_pb2.TRUNK_VERDICT_TAKEN]
    (limit,) = message.limits
    assert (limit.used, limit.maximum) == (12, 13)
    assert limit.limit == "trunk.munich.max_concurrent_calls"


def test_a_timeout_asked_for_and_in_force() -> None:
    """A decision on a span tells what was asked for, if anything was, and what holds."""
    ranking = replace(DECISION.ranking, max_duration=Timeout(None, SECOND, "tenant"))
    message = responses.route(replace(DECISION, ranking=ranking))
    ringing, duration = message.ringing_timeout, message.max_duration
    assert (ringing.asked.seconds, ringing.in_force.seconds, ringing.source) == (9, 8, "request")
    assert (duration.HasField("asked"), duration.in_force.seconds) == (False, 1)


def test_what_has_not_happened_is_unset() -> None:
    """A new call has no end, no times but its creation, and no SIP status."""
    unset = set(empty_paths(responses.call(a_call("call_1"))))
    assert {"end_reason", "hangup_source", "ring_time", "answer_time", "end_time"} <= unset
    assert {"state", "create_time", "ringing_timeout", "max_duration"}.isdisjoint(unset)


def test_an_answer_without_a_call_or_a_route() -> None:
    """A validated request has no call; a repeated one no route."""
    assert not responses.placed(Validated(DECISION)).HasField("call")
    assert not responses.placed(Repeated(CALL)).HasField("route")


def test_an_event_or_a_heartbeat() -> None:
    """A watcher is sent one or the other."""
    assert responses.watched(EVENT).WhichOneof("message") == "event"
    assert responses.watched(Heartbeat(7)).heartbeat.sequence == 7


def test_a_trunk_without_secrets() -> None:
    """Tenants see a trunk's name, numbers and abilities, and nothing of LiveKit's or headers."""
    names = set(calls_pb2.TrunkSummary.DESCRIPTOR.fields_by_name)
    assert names == {"trunk_id", "numbers", "transfer_mode", "enabled"}


def test_watchers_share_the_message_of_an_event() -> None:
    """It is made once for all of them; another event has its own, also under the same id."""
    told = responses.watched(EVENT)
    assert responses.watched(EVENT) is told
    changed = replace(EVENT, sequence=EVENT.sequence + 1)
    assert responses.watched(changed).event.sequence == EVENT.sequence + 1
    for number in range(2 * responses.MOST_SHARED):
        responses.watched(replace(EVENT, event_id=f"event_{number}"))
    assert responses.watched(EVENT) is not told
    assert responses.watched(EVENT) == told
