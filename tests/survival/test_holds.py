"""Calls on hold, whatever dies or is undone meanwhile: the phone hears nobody until the resume."""

import asyncio
from typing import Any

import pytest
from livekit import api
from livekit.protocol.models import ParticipantPermission

from gateway.build import Gateway
from gateway.domain.hold import DEAF, OPEN
from gateway.telephony.v1 import calls_pb2
from tests.stands.livekit.answers import twirp_error
from tests.stands.phones import REFUSES_TRANSFERS
from tests.stands.waiting import eventually
from tests.survival.livekit_way import FarStand, at_first, instead

pytestmark = pytest.mark.livekit

PICKS_UP = REFUSES_TRANSFERS
UPDATE = "UpdateParticipant"
AWAY = instead(twirp_error(503, "unavailable", "no response from servers"))


async def talking(stand: FarStand) -> calls_pb2.Call:
    """A call whose phone hears an agent, and is heard."""
    call = await stand.acme.place(
        PICKS_UP, wait_until_answered=True, participant={"identity": "phone"}
    )
    await asyncio.to_thread(stand.stack.invite, call.room, "agent")
    await hears(stand, call, "agent")
    return call


async def hears(stand: FarStand, call: calls_pb2.Call, who: str) -> None:
    """Waits until the phone hears this one, or nobody; the agent hears the phone all the same."""

    async def so() -> bool:
        heard = await asyncio.to_thread(stand.stack.hearing, call.room)
        return (heard["phone"]["hears"], heard["agent"]["hears"]) == (who.split(), ["phone"])

    await eventually(so)


async def spans(stand: FarStand, call: calls_pb2.Call) -> dict[str, int]:
    """How often each has begun to hear somebody."""
    heard = await asyncio.to_thread(stand.stack.hearing, call.room)
    return {one: len(ears["heard"]) for one, ears in heard.items()}


async def ask(stand: FarStand, method: str, call: calls_pb2.Call) -> calls_pb2.Call:
    request = getattr(calls_pb2, f"{method}Request")(call_id=call.call_id)
    answered: calls_pb2.Call = (await stand.acme.call(method, request)).call
    return answered


async def allow(stand: FarStand, call: calls_pb2.Call, **permission: Any) -> None:
    """What others may do to the leg, beside the gateway."""

    async def ask(client: api.LiveKitAPI) -> Any:
        allowed = ParticipantPermission(can_publish=True, can_publish_data=True, **permission)
        request = api.UpdateParticipantRequest(room=call.room, identity="phone", permission=allowed)
        return await client.room.update_participant(request)

    await asyncio.to_thread(stand.stack.ask, ask)


async def test_a_hold_outlasts_livekit(far_stand: FarStand) -> None:
    """LiveKit is killed and comes back: the phone hears nobody, until it is resumed."""
    call = await talking(far_stand)
    await ask(far_stand, "HoldCall", call)
    await hears(far_stand, call, "")
    before = await spans(far_stand, call)
    await asyncio.to_thread(far_stand.stack.restart_livekit)

    async def back() -> bool:
        return (await spans(far_stand, call))["agent"] > before["agent"]

    await eventually(back)
    await hears(far_stand, call, "")
    assert (await spans(far_stand, call))["phone"] == before["phone"]
    assert (await far_stand.acme.get(call.call_id)).held
    await ask(far_stand, "ResumeCall", call)
    await hears(far_stand, call, "agent")
    await far_stand.acme.hang_up(call.call_id)


async def test_a_hold_that_others_undo_is_set_right(far_stand: FarStand) -> None:
    """At the next look, and no event tells it."""
    call = await talking(far_stand)
    await ask(far_stand, "HoldCall", call)
    await hears(far_stand, call, "")
    await allow(far_stand, call, can_subscribe=True)

    async def right() -> bool:
        leg = await far_stand.leg(call)
        return leg is not None and leg.mask == DEAF

    await eventually(right)
    await hears(far_stand, call, "")
    assert (await far_stand.acme.history(call.call_id)).count("HELD") == 1
    await ask(far_stand, "ResumeCall", call)
    await hears(far_stand, call, "agent")
    await far_stand.acme.hang_up(call.call_id)


async def test_another_gateway_goes_on_with_a_hold(far_stand: FarStand) -> None:
    """What was wanted when a gateway died is done by the next one."""
    call = await talking(far_stand)
    far_stand.way.faults[UPDATE] = AWAY
    asked = asyncio.create_task(ask(far_stand, "HoldCall", call))

    async def wanted() -> bool:
        store = far_stand.gateway.administration.store
        stored = await store.read(lambda tx: tx.call(call.call_id))
        return stored is not None and stored.mask == DEAF

    await eventually(wanted)
    asked.cancel()
    await far_stand.gateway.stop()
    far_stand.way.faults.clear()
    far_stand.gateway = Gateway(far_stand.settings())
    await far_stand.gateway.start()
    far_stand.acme = await far_stand.client("acme")
    await hears(far_stand, call, "")

    async def held() -> bool:
        return (await far_stand.acme.get(call.call_id)).held

    await eventually(held)
    await ask(far_stand, "ResumeCall", call)
    await hears(far_stand, call, "agent")
    await far_stand.acme.hang_up(call.call_id)


@pytest.mark.parametrize("method", [UPDATE, "GetParticipant", "UpdateSubscriptions"])
async def test_a_request_that_fails_is_sent_again(far_stand: FarStand, method: str) -> None:
    """HoldCall and ResumeCall are answered when it is done, whatever failed before."""
    call = await talking(far_stand)
    for asked, mute in (("HoldCall", {"mute": True}), ("ResumeCall", {})):
        far_stand.way.faults[method] = at_first(2, AWAY)
        request = getattr(calls_pb2, f"{asked}Request")(call_id=call.call_id, **mute)
        answered = (await far_stand.acme.call(asked, request)).call
        assert answered.muted == bool(mute)
    leg = await far_stand.leg(call)
    assert leg is not None
    assert leg.mask == OPEN
    await hears(far_stand, call, "agent")
    await far_stand.acme.hang_up(call.call_id)
