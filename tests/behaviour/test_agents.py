"""A call with its agent: dispatched once, there before the phone rings, and told of."""

import asyncio
from typing import Any

import pytest

from gateway.ports import Dispatch
from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.behaviour.conftest import ON_SANDBOX
from tests.stands.administering import records_of
from tests.stands.phones import BUSY, REFUSES_TRANSFERS, RINGS_FOR_EVER, TRANSFERS_LATE
from tests.stands.stand import Stand, configuration, reason_name, refusal, span, state_name
from tests.stands.waiting import eventually

PICKS_UP = REFUSES_TRANSFERS
SHORTLY = span(3)
GATEWAY, API = calls_pb2.HANGUP_SOURCE_GATEWAY, calls_pb2.HANGUP_SOURCE_API
KEEP = calls_pb2.ON_MISSING_KEEP


@pytest.fixture(autouse=True)
async def agents(stand: Stand, request: pytest.FixtureRequest) -> None:
    """The tenant may have any agent, and on the real LiveKit there are real ones."""
    if stand.stack:
        request.getfixturevalue("livekit_agents")
    await stand.apply(configuration(stand.trunk, agents=["*"]))


async def place(stand: Stand, name: str, to: str = PICKS_UP, **fields: Any) -> calls_pb2.Call:
    agent = {"agent_name": name, "metadata": "for you", **fields.pop("agent", {})}
    return await stand.acme.place(to, agent=agent, **fields)


async def answered(stand: Stand, name: str, **fields: Any) -> calls_pb2.Call:
    """A call that was answered, with its agent there.

    LiveKit gives up a job that a worker does not take at once: then there is another call.
    """

    async def attended() -> calls_pb2.Call | None:
        call = await place(stand, name, wait_until_answered=True, **fields)
        given_up = stand.stack and reason_name(call) == "AGENT_MISSING"
        return None if given_up else call

    call = await eventually(attended)
    assert call is not None
    return call


async def send_away(stand: Stand, call: calls_pb2.Call) -> None:
    """The agent of the call leaves its room, in the sandbox."""
    agent = call.agent.participant_identity
    assert await stand.gateway.platforms.sandbox.remove(call.room, agent)


async def agent_is(stand: Stand, call: calls_pb2.Call, state: int) -> calls_pb2.Call:
    async def so() -> calls_pb2.Call | None:
        found = await stand.acme.get(call.call_id)
        return found if found.agent.state == state else None

    found = await eventually(so)
    assert found is not None
    return found


async def dispatch_of(stand: Stand, call: calls_pb2.Call) -> str:
    """The call's dispatch as the platform has it; empty: none."""
    platforms = stand.gateway.platforms
    agents = (platforms.live or platforms.sandbox).agents
    name = call.agent.agent_name
    return await agents.find(Dispatch(call_id=call.call_id, room=call.room, agent_name=name))


async def is_withdrawn(stand: Stand, call: calls_pb2.Call) -> None:
    """Its dispatch is deleted, beside the end of the call."""

    async def gone() -> bool:
        return not await dispatch_of(stand, call)

    await eventually(gone)


async def test_the_phone_is_dialled_when_the_agent_is_there(stand: Stand) -> None:
    """Events, call and audit record tell of the agent; its metadata is for it alone."""
    call = await answered(stand, "agent-comes")
    agent, (attempt,) = call.agent, call.attempts
    assert (call.state, agent.state) == (
        calls_pb2.CALL_STATE_ACTIVE,
        calls_pb2.AGENT_STATE_JOINED,
    )
    assert agent.dispatch_id == await dispatch_of(stand, call)
    assert agent.participant_identity.startswith("agent-")
    assert not agent.HasField("leave_time")
    assert agent.join_timeout == span(10)
    assert attempt.start_time == agent.join_time
    assert call.create_time.ToNanoseconds() < agent.join_time.ToNanoseconds()
    assert await stand.acme.history(call.call_id) in stand.histories(
        "CALL_CREATED", "AGENT_CHANGED", "AGENT_CHANGED", "CALL_RINGING", "CALL_ANSWERED"
    )
    events = await stand.acme.events(call.call_id)
    assert [bool(event.call.agent.dispatch_id) for event in events[:2]] == [False, True]
    await stand.acme.hang_up(call.call_id)
    intent, *_ = await stand.audit(call.call_id)
    assert intent["request"]["agent"]["agent_metadata"] == "for you"
    outcome = next(one for one in await stand.audit(call.call_id) if one["kind"] == "OUTCOME")
    assert outcome["decision"]["agent"] == {
        "agent_name": "agent-comes",
        "dispatch_id": agent.dispatch_id,
        "state": "JOINED",
        "joined": True,
    }


async def test_without_its_agent_a_call_ends_and_no_phone_rings(stand: Stand) -> None:
    """AGENT_MISSING by the gateway, once `join_timeout` has passed; its dispatch is deleted."""
    call = await place(
        stand, "agent-never", agent={"join_timeout": SHORTLY}, wait_until_answered=True
    )
    assert (reason_name(call), call.hangup_source) == ("AGENT_MISSING", GATEWAY)
    assert call.agent.state == calls_pb2.AGENT_STATE_MISSING
    assert call.agent.missing_cause == "it had not joined after 3s"
    assert not (call.attempts[0].sip_call_id)
    assert not (call.HasField("ring_time"))
    assert call.end_time.ToNanoseconds() - call.create_time.ToNanoseconds() >= 3e9
    types = ["CALL_CREATED", "AGENT_CHANGED", "AGENT_CHANGED", "CALL_ENDED"]
    assert await stand.acme.history(call.call_id) == types
    await is_withdrawn(stand, call)
    if stand.stack:
        assert not stand.dialed(call)


async def test_a_call_goes_on_without_its_agent_where_it_is_to(stand: Stand) -> None:
    """KEEP: the phone is dialled when the agent is missing, and the call says so."""
    agent = {"join_timeout": SHORTLY, "on_missing": KEEP}
    call = await place(stand, "agent-never", agent=agent, wait_until_answered=True)
    assert call.state == calls_pb2.CALL_STATE_ACTIVE
    assert call.agent.state == calls_pb2.AGENT_STATE_MISSING
    assert (await stand.acme.history(call.call_id))[2:] in stand.histories(
        "AGENT_CHANGED", "CALL_RINGING", "CALL_ANSWERED"
    )
    await stand.acme.hang_up(call.call_id)


async def test_whoever_hangs_up_before_the_dial_cancels(stand: Stand) -> None:
    """CANCELED by API, nothing rings, and the dispatch is deleted."""
    call = await place(stand, "agent-never")
    await eventually(lambda: dispatch_of(stand, call))
    ended = await stand.acme.hang_up(call.call_id)
    assert (reason_name(ended), ended.hangup_source) == ("CANCELED", API)
    await is_withdrawn(stand, call)
    assert (await stand.acme.history(call.call_id))[-1] == "CALL_ENDED"


@ON_SANDBOX
async def test_a_client_that_leaves_before_the_dial_cancels(stand: Stand) -> None:
    """As one that leaves while the phone rings."""
    asking = asyncio.create_task(place(stand, "agent-never", wait_until_answered=True))
    (created, *_) = await eventually(stand.acme.events)
    asking.cancel()
    await asyncio.wait([asking])
    assert asking.cancelled()
    ended = await stand.acme.ended(created.call.call_id)
    assert (reason_name(ended), ended.hangup_source) == ("CANCELED", GATEWAY)


@ON_SANDBOX
async def test_ringing_counts_from_the_dial(stand: Stand) -> None:
    """An agent that takes three seconds leaves the phone its whole `ringing_timeout`."""
    call = await place(
        stand, "agent-late", RINGS_FOR_EVER, ringing_timeout=span(3), wait_until_answered=True
    )
    assert reason_name(call) == "NO_ANSWER"
    joined = call.agent.join_time.ToNanoseconds()
    assert joined - call.create_time.ToNanoseconds() >= 3e9
    assert call.end_time.ToNanoseconds() - joined >= 3e9
    assert call.attempts[0].start_time == call.agent.join_time


@ON_SANDBOX
async def test_the_phone_may_be_dialled_at_once(stand: Stand) -> None:
    """It is answered while the agent is on its way; an agent that does not come ends the call."""
    agent = {"join_timeout": span(3)}
    call = await place(
        stand, "agent-never", agent=agent, dial_at_once=True, wait_until_answered=True
    )
    assert call.agent.state == calls_pb2.AGENT_STATE_DISPATCHED
    assert call.attempts[0].start_time == call.create_time
    ended = await stand.acme.ended(call.call_id)
    assert (reason_name(ended), ended.hangup_source) == ("AGENT_MISSING", GATEWAY)
    assert ended.HasField("answer_time")


@ON_SANDBOX
async def test_an_emergency_call_depends_on_no_agent(stand: Stand) -> None:
    """It is dialled at once; that a missing agent or one that leaves ends it is not in force."""
    allowed = {"default_country": "DE", "emergency_allowed": True}
    await stand.apply(configuration(stand.trunk, agents=["*"], **allowed))
    ends = {"on_left": calls_pb2.ON_LEFT_END_CALL}
    call = await place(stand, "agent-never", "112", agent=ends)
    assert call.attempts[0].start_time == call.create_time
    assert (call.agent.on_missing, call.agent.on_left) == (KEEP, calls_pb2.ON_LEFT_KEEP)
    ended = await stand.acme.ended(call.call_id)  # the sandbox has no such phone
    assert ended.attempts[0].sip_status_code == 404


@ON_SANDBOX
async def test_an_agent_that_leaves_ends_the_call_or_does_not(stand: Stand) -> None:
    """KEEP unless END_CALL is asked for: then it was completed, by the gateway."""
    ends = {"on_left": calls_pb2.ON_LEFT_END_CALL}
    kept = await place(stand, "agent-leaves")
    over = await stand.acme.ended((await place(stand, "agent-leaves", agent=ends)).call_id)
    assert (reason_name(over), over.hangup_source) == ("COMPLETED", GATEWAY)
    assert over.agent.state == calls_pb2.AGENT_STATE_LEFT
    # 2 s after the answer, which came 0.3 s after the dial at the earliest.
    assert over.agent.leave_time.ToNanoseconds() - over.create_time.ToNanoseconds() >= 2.2e9
    left = await agent_is(stand, kept, calls_pb2.AGENT_STATE_LEFT)
    assert left.state == calls_pb2.CALL_STATE_ACTIVE
    assert (await stand.acme.history(kept.call_id))[-1] == "AGENT_CHANGED"
    await stand.acme.hang_up(kept.call_id)


@ON_SANDBOX
@pytest.mark.parametrize("completed", [True, False])
async def test_an_agent_may_leave_once_it_hands_over(stand: Stand, *, completed: bool) -> None:
    """With END_CALL too: a completed warm transfer goes on, and a canceled one lets it count."""
    ends = {"on_left": calls_pb2.ON_LEFT_END_CALL}
    call = await place(stand, "agent-comes", agent=ends, wait_until_answered=True)
    asked = calls_pb2.StartWarmTransferRequest(
        call_id=call.call_id, to=PICKS_UP, complete_on_answer=completed, wait_until_answered=True
    )
    transfer = (await stand.acme.call("StartWarmTransfer", asked)).transfer
    handed_over = "COMPLETED" if completed else "CONSULTING"

    async def so() -> bool:
        return state_name(await stand.acme.get_transfer(transfer.transfer_id)) == handed_over

    await eventually(so)
    await send_away(stand, call)
    left = await agent_is(stand, call, calls_pb2.AGENT_STATE_LEFT)
    assert left.state == calls_pb2.CALL_STATE_ACTIVE
    if completed:
        await stand.acme.hang_up(call.call_id)
    else:
        canceling = transfers_pb2.CancelWarmTransferRequest(transfer_id=transfer.transfer_id)
        await stand.acme.call("CancelWarmTransfer", canceling)
    ended = await stand.acme.ended(call.call_id)
    source = API if completed else GATEWAY
    assert (reason_name(ended), ended.hangup_source) == ("COMPLETED", source)


@ON_SANDBOX
async def test_an_agent_may_leave_while_a_refer_is_under_way(stand: Stand) -> None:
    """With END_CALL too: the outcome of the transfer decides what becomes of the call."""
    ends = {"on_left": calls_pb2.ON_LEFT_END_CALL}
    call = await place(stand, "agent-comes", TRANSFERS_LATE, agent=ends, wait_until_answered=True)
    await stand.acme.transfer(call.call_id, PICKS_UP)
    await send_away(stand, call)
    left = await agent_is(stand, call, calls_pb2.AGENT_STATE_LEFT)
    assert left.state == calls_pb2.CALL_STATE_ACTIVE
    assert reason_name(await stand.acme.ended(call.call_id)) == "TRANSFERRED"


@ON_SANDBOX
async def test_the_agent_of_a_call_that_nobody_answered_is_sent_away(stand: Stand) -> None:
    """Its dispatch is deleted, whatever ended the call."""
    call = await place(stand, "agent-comes", BUSY, wait_until_answered=True)
    assert reason_name(call) == "BUSY"
    await is_withdrawn(stand, call)


async def test_a_tenant_names_its_agents(stand: Stand) -> None:
    """Any other is AGENT_NOT_ALLOWED, which is audited; nothing is stored."""
    await stand.apply(configuration(stand.trunk, agents=["front-desk"]))
    before = await stand.acme.events()
    for validate_only in (False, True):
        error = await refusal(place(stand, "agent-comes", validate_only=validate_only))
        assert (error.code, error.reason) == ("permission_denied", "AGENT_NOT_ALLOWED")
        assert error.metadata["agent_name"] == "agent-comes"
    assert await stand.acme.events() == before
    *_, refused = await records_of(stand, "CallService/PlaceCall")
    assert (refused["kind"], refused["request"]["agent"]["agent_name"]) == (
        "REFUSED",
        "agent-comes",
    )


async def test_all_that_is_wrong_with_an_agent_is_told(stand: Stand) -> None:
    """Each field with its limits, together with whatever else is wrong."""
    agent = {"agent_name": "", "join_timeout": span(61), "attributes": {"lk.job": "1"}}
    error = await refusal(stand.acme.place("nobody", agent=agent))
    assert error.reason == "INVALID_FIELD"
    wrong = {"agent.agent_name", "agent.join_timeout", "agent.attributes", "to"}
    assert wrong <= set(error.fields)
    error = await refusal(stand.acme.place(PICKS_UP, dial_at_once=True))
    assert (error.reason, error.metadata["field"]) == ("INVALID_FIELD", "dial_at_once")
