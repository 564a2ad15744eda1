"""AgentDispatchService at the door: a tenant's agents in its rooms, through LiveKit's library."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from livekit.api import LiveKitAPI, ServerError
from livekit.protocol.agent import JobStatus
from livekit.protocol.agent_dispatch import AgentDispatch, CreateAgentDispatchRequest
from livekit.protocol.models import ParticipantInfo
from livekit.protocol.room import ListParticipantsRequest, RoomParticipantIdentity

from gateway.telephony.v1 import calls_pb2
from tests.livekit_door.door import ROOM, Door, failure
from tests.livekit_door.test_door_rooms import DENIED, ELSEWHERE, NO_ROOM, audit, listed, read
from tests.stands.patience import LATE
from tests.stands.phones import ANSWERS, REFUSES_TRANSFERS
from tests.stands.stand import configuration, reason_name, span
from tests.stands.waiting import eventually

PICKS_UP = REFUSES_TRANSFERS
NO_DISPATCH = ("twirp error unknown: dispatch ID not found", "not_found", 404)
MINE = "front-desk"

on_sandbox = pytest.mark.parametrize("door", ["sandbox"], indirect=True)
on_livekit = pytest.mark.parametrize("door", ["livekit"], indirect=True)


@pytest.fixture(autouse=True)
async def agents(door: Door, request: pytest.FixtureRequest) -> None:
    """The tenant may have any agent, and on the real LiveKit there are real ones."""
    if door.stand.stack:
        request.getfixturevalue("livekit_agents")
    await allow(door, "*")


async def allow(door: Door, *names: str, **fields: Any) -> None:
    """The tenant's agents are these; the other tenant may have any."""
    wanted = configuration(door.stand.trunk, agents=list(names), **fields)
    wanted["tenants"][1]["agents"] = ["*"]
    await door.stand.apply(wanted)
    await door.stand.gateway.administration.directory.refresh()


async def create(door: Door, name: str = "agent-comes", **fields: Any) -> AgentDispatch:
    """CreateDispatch."""
    asked = CreateAgentDispatchRequest(**{"agent_name": name, "room": ROOM, **fields})
    return await door.livekit.agent_dispatch.create_dispatch(asked)


async def delete(door: Door, dispatch_id: str, room: str = ROOM) -> AgentDispatch:
    """DeleteDispatch."""
    return await door.livekit.agent_dispatch.delete_dispatch(dispatch_id, room)


async def dispatches(door: Door, room: str = ROOM) -> list[AgentDispatch]:
    """ListDispatch, without the agents that have no name: LiveKit dispatches those by itself."""
    every = await door.livekit.agent_dispatch.list_dispatch(room)
    return [one for one in every if one.agent_name]


async def agents_in(door: Door) -> list[str]:
    """The agents in the room, as ListParticipants tells them."""
    there = await door.livekit.room.list_participants(ListParticipantsRequest(room=ROOM))
    kind = ParticipantInfo.Kind.AGENT
    return [one.identity for one in there.participants if one.kind == kind]


async def placed(door: Door, name: str, **fields: Any) -> calls_pb2.Call:
    """A call with this agent, once LiveKit has taken the dispatch."""
    asked = {"agent_name": name, "join_timeout": span(30), **fields.pop("agent", {})}
    call = await door.stand.acme.place(PICKS_UP, agent=asked, room=ROOM, **fields)

    async def dispatched() -> calls_pb2.Call | None:
        found = await door.stand.acme.get(call.call_id)
        return found if found.agent.dispatch_id else None

    found = await eventually(dispatched)
    assert found is not None
    return found


async def test_an_agent_comes_and_goes(door: Door) -> None:
    """CreateDispatch brings it, both lists tell it, and DeleteDispatch sends it away."""

    async def there(made: AgentDispatch) -> str:
        found = await door.livekit.agent_dispatch.get_dispatch(made.id, ROOM)
        jobs = found.state.jobs if found else []
        running = [one for one in jobs if one.state.status == JobStatus.JS_RUNNING]
        inside = await agents_in(door)
        return running[0].state.participant_identity if running and inside else ""

    async def brought() -> tuple[AgentDispatch, str] | None:
        """LiveKit gives up a job that a worker does not take at once: then there is another."""
        made = await create(door, metadata="for you", attributes={"order": "7"})
        assert (made.agent_name, made.room, made.metadata) == ("agent-comes", ROOM, "for you")
        assert (dict(made.attributes), made.state.created_at > 0) == ({"order": "7"}, True)
        until = time.monotonic() + LATE
        while time.monotonic() < until:
            if identity := await there(made):
                return made, identity
            await asyncio.sleep(0.05)
        await delete(door, made.id)
        return None

    found = await eventually(brought)
    assert found is not None
    made, identity = found
    assert await agents_in(door) == [identity]
    asked = RoomParticipantIdentity(room=ROOM, identity=identity)
    agent = await door.livekit.room.get_participant(asked)
    assert agent.attributes["lk.agent_name"] == "agent-comes"
    assert [one.id for one in await dispatches(door)] == [made.id]
    assert ROOM in await listed(door)
    assert (await delete(door, made.id)).id == made.id

    async def gone() -> bool:
        return not await agents_in(door)

    await eventually(gone)
    assert read(await failure(delete(door, made.id))) == NO_DISPATCH


async def test_a_call_is_told_that_its_agent_will_not_come(door: Door) -> None:
    """Who deletes the dispatch that a call waits for ends it as AGENT_MISSING, and it says why."""
    call = await placed(door, "agent-never")
    (own,) = await dispatches(door)
    assert (own.id, own.attributes["gateway.callId"]) == (call.agent.dispatch_id, call.call_id)
    await delete(door, own.id)
    over = await door.stand.acme.ended(call.call_id)
    assert (reason_name(over), over.agent.state) == ("AGENT_MISSING", calls_pb2.AGENT_STATE_MISSING)
    assert over.agent.missing_cause == "its dispatch was deleted"
    records = await audit(door)
    (deleted,) = [one for one in records if one["method"].endswith("/DeleteDispatch")]
    assert deleted["decision"] == {"call_ids": [call.call_id]}
    assert (deleted["kind"], deleted["request"]["dispatch_id"]) == ("DONE", own.id)


@on_sandbox
async def test_a_call_may_go_on_without_it(door: Door) -> None:
    """With KEEP the phone is dialled at once, long before the agent was due."""
    call = await placed(door, "agent-never", agent={"on_missing": calls_pb2.ON_MISSING_KEEP})
    await delete(door, call.agent.dispatch_id)
    active = await door.stand.acme.until(call.call_id, calls_pb2.CALL_STATE_ACTIVE)
    assert active.agent.missing_cause == "its dispatch was deleted"


@on_sandbox
async def test_an_agent_that_is_sent_away_has_left(door: Door) -> None:
    """An answered call whose agent is deleted, or removed, shows that it has left, and goes on."""
    for send_away in (delete_of, removal_of):
        call = await placed(door, "agent-comes", wait_until_answered=True)
        await send_away(door, call)

        async def left(call_id: str = call.call_id) -> bool:
            return (await door.stand.acme.get(call_id)).agent.state == calls_pb2.AGENT_STATE_LEFT

        await eventually(left)
        assert (await door.stand.acme.get(call.call_id)).state == calls_pb2.CALL_STATE_ACTIVE
        await door.stand.acme.hang_up(call.call_id)


async def delete_of(door: Door, call: calls_pb2.Call) -> object:
    return await delete(door, call.agent.dispatch_id)


async def removal_of(door: Door, call: calls_pb2.Call) -> object:
    asked = RoomParticipantIdentity(room=ROOM, identity=call.agent.participant_identity)
    return await door.livekit.room.remove_participant(asked)


@on_sandbox
async def test_it_is_recorded_before_the_agent_is_asked_for(door: Door) -> None:
    """The log has the request, without the agent's own, and then the dispatch that came of it."""
    made = await create(door, MINE, deployment="blue", restart_policy=1)
    intent, done = [one for one in await audit(door) if one["method"].endswith("/CreateDispatch")]
    assert (intent["kind"], done["kind"]) == ("INTENT", "DONE")
    asked = {"agent_name": MINE, "room": ROOM, "deployment": "blue", "once": True}
    assert intent["request"] == done["request"] == asked
    assert (done["actor"], done["decision"]) == (door.key, {"dispatch_id": made.id})


@on_sandbox
async def test_the_sandbox_tells_the_policy_and_the_deployment(door: Door) -> None:
    """As they were asked for."""
    made = await create(door, MINE, deployment="blue", restart_policy=1)
    for told in (made, *await dispatches(door)):
        assert (told.deployment, told.restart_policy) == ("blue", 1)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another agent": ({"agent_name": "back-office"}, "AGENT_NOT_ALLOWED"),
    "an agent without a name": ({"agent_name": ""}, "AGENT_NOT_ALLOWED"),
    "another room": ({"room": ELSEWHERE}, "ROOM_NOT_ALLOWED"),
    "no room": ({"room": ""}, "INVALID_FIELD room"),
    "a forged call": ({"attributes": {"gateway.callId": "call_1"}}, "INVALID_FIELD attributes"),
    "much metadata": ({"metadata": "x" * 65_537}, "INVALID_FIELD metadata"),
    "many attributes": ({"attributes": {"a": "x" * 65_536}}, "INVALID_FIELD attributes"),
    "a deployment of LiveKit's own": ({"deployment": "a_b"}, "INVALID_FIELD deployment"),
    "a new policy": ({"restart_policy": 7}, "INVALID_FIELD restart_policy"),
}


@on_sandbox
@pytest.mark.parametrize("wrong", WRONG)
async def test_what_is_not_the_tenants_is_refused(door: Door, wrong: str) -> None:
    """Agents and rooms as LiveKit refuses a token; fields with their name. Nobody is dispatched."""
    await allow(door, MINE)
    fields, expected = WRONG[wrong]
    error = await failure(create(door, **{"agent_name": MINE, **fields}))
    told = f"{error.metadata['reason']} {error.metadata.get('field', '')}".strip()
    assert told == expected
    if "NOT_ALLOWED" in expected:
        assert (error.code, error.status) == ("unauthenticated", 401)
        assert error.message.startswith("permissions denied")
    else:
        assert (error.code, error.status) == ("invalid_argument", 400)
    assert ROOM not in await listed(door)


FOREIGN: dict[str, Callable[[Door, str], Awaitable[Any]]] = {
    "ListDispatch": lambda door, _: dispatches(door, ELSEWHERE),
    "DeleteDispatch": lambda door, dispatch_id: delete(door, dispatch_id, ELSEWHERE),
}


async def theirs(door: Door) -> calls_pb2.Call:
    """An answered call of another tenant's with its agent."""
    return await door.stand.globex.place(
        ANSWERS, room=ELSEWHERE, agent={"agent_name": "agent-comes"}, wait_until_answered=True
    )


@on_sandbox
@pytest.mark.parametrize("method", FOREIGN)
async def test_another_tenants_rooms_have_no_dispatches(door: Door, method: str) -> None:
    """They read as rooms that were never there."""
    call = await theirs(door)
    assert read(await failure(FOREIGN[method](door, call.agent.dispatch_id))) == NO_ROOM
    assert read(await failure(dispatches(door))) == NO_ROOM


@on_sandbox
async def test_another_tenants_dispatches_do_not_exist_in_a_shared_room(door: Door) -> None:
    """Beside another's call there are the own calls' dispatches alone, until that call is over."""
    await allow(door, "*", rooms=["*"])
    call = await theirs(door)
    own = await door.stand.acme.place(
        ANSWERS, room=ELSEWHERE, agent={"agent_name": "agent-comes"}, wait_until_answered=True
    )
    nobodys = await create(door, room=ELSEWHERE)
    assert [one.id for one in await dispatches(door, ELSEWHERE)] == [own.agent.dispatch_id]
    for dispatch_id in (call.agent.dispatch_id, nobodys.id, ""):
        assert read(await failure(delete(door, dispatch_id, ELSEWHERE))) == NO_DISPATCH
    agent = (await door.stand.globex.get(call.call_id)).agent
    assert agent.state == calls_pb2.AGENT_STATE_JOINED
    await delete(door, own.agent.dispatch_id, ELSEWHERE)
    await door.stand.globex.hang_up(call.call_id)
    assert [one.id for one in await dispatches(door, ELSEWHERE)] == [nobodys.id]


GRANTS: dict[str, tuple[dict[str, Any], bool]] = {
    "roomCreate": ({"roomCreate": True, "roomList": True, "room": ROOM}, False),
    "roomAdmin of another room": ({"roomAdmin": True, "room": "acme-other"}, False),
    "roomAdmin": ({"roomAdmin": True, "room": ROOM}, True),
}


@on_sandbox
@pytest.mark.parametrize("grants", GRANTS)
@pytest.mark.parametrize("method", ["CreateDispatch", "ListDispatch", "DeleteDispatch"])
async def test_dispatches_need_the_admin_of_their_room(
    door: Door, method: str, grants: str
) -> None:
    """As with LiveKit, for all three: `roomAdmin` for the room of the request."""
    video, allowed = GRANTS[grants]
    made = await create(door)
    given = {"CreateDispatch": {"agentName": MINE}, "DeleteDispatch": {"dispatchId": made.id}}
    fields = {"room": ROOM, **given.get(method, {})}
    token = door.token(video=video, sip={"call": True, "admin": True})
    status, told = await door.post(
        method, fields, service="AgentDispatchService", Authorization=f"Bearer {token}"
    )
    if allowed:
        assert status == 200
    else:
        assert (status, told["code"], told["meta"]["reason"]) == DENIED


async def of_no_dispatch(livekit: LiveKitAPI) -> object:
    return await livekit.agent_dispatch.delete_dispatch("AD_none", ROOM)


async def of_no_id(livekit: LiveKitAPI) -> object:
    return await livekit.agent_dispatch.delete_dispatch("", ROOM)


async def got_none(livekit: LiveKitAPI) -> object:
    return await livekit.agent_dispatch.get_dispatch("AD_none", ROOM)


@pytest.mark.livekit
@on_livekit
async def test_what_is_not_there_reads_alike(door: Door) -> None:
    """A dispatch that does not exist reads the same from the gateway as from LiveKit."""
    stack = door.stand.stack
    assert stack is not None
    made = await create(door)
    async with LiveKitAPI(stack.url, stack.api_key, stack.api_secret) as beside:
        for same in (of_no_dispatch, of_no_id, got_none):
            told = []
            for livekit in (beside, door.livekit):
                try:
                    told.append(await same(livekit))
                except ServerError as error:
                    told.append(read(error))
            assert told[0] == told[1]
        (here,) = [one for one in await dispatches(door) if one.id == made.id]
        there = await beside.agent_dispatch.get_dispatch(made.id, ROOM)
    assert there is not None
    assert (here.id, here.state.created_at) == (there.id, there.state.created_at)
    assert read(await failure(dispatches(door, f"{ROOM}-none"))) == NO_ROOM
    await delete(door, made.id)
