"""A caller, an agent and a human in one room of the real LiveKit, and who hears whom there."""

import asyncio
from typing import Any, Protocol

from gateway.domain.hold import OPEN
from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.phones import REFUSES_TRANSFERS
from tests.stands.stand import Client, reason_name, state_name
from tests.stands.waiting import eventually
from tests.survival.livekit_way import FarStand

PICKS_UP = REFUSES_TRANSFERS
OVER = {"COMPLETED", "FAILED", "CANCELED", "OUTCOME_UNKNOWN"}
"""States that a transfer does not leave."""


class Gateways(Protocol):
    """One or more, behind one client."""

    acme: Client
    stack: LiveKitStack


async def heard_in(stand: Gateways, call: calls_pb2.Call) -> dict[str, dict[str, Any]]:
    return await asyncio.to_thread(stand.stack.hearing, call.room)


async def hears(stand: Gateways, call: calls_pb2.Call, **expected: str) -> None:
    """Waits until each of these hears exactly whom is said."""
    named = {one: names.split() for one, names in expected.items()}
    now: dict[str, list[str]] = {}

    async def so() -> bool:
        nonlocal now
        heard = await heard_in(stand, call)
        now = {one: heard[one]["hears"] for one in named if one in heard}
        return now == named

    try:
        await eventually(so)
    except AssertionError:
        raise AssertionError(f"{now}, not {named}, in {call.room}") from None


async def talking(stand: Gateways) -> calls_pb2.Call:
    call = await stand.acme.place(
        PICKS_UP, wait_until_answered=True, participant={"identity": "caller"}
    )
    await asyncio.to_thread(stand.stack.invite, call.room, "agent")
    await hears(stand, call, agent="caller", caller="agent")
    return call


async def start(stand: Gateways, call: calls_pb2.Call, **fields: Any) -> transfers_pb2.Transfer:
    asked: dict[str, Any] = {"to": PICKS_UP, "participant": {"identity": "human"}}
    request = calls_pb2.StartWarmTransferRequest(
        call_id=call.call_id, leaves="agent", **(asked | fields)
    )
    started: transfers_pb2.Transfer = (await stand.acme.call("StartWarmTransfer", request)).transfer
    return started


async def starts_with_music(
    stand: Gateways, call: calls_pb2.Call, **fields: Any
) -> transfers_pb2.Transfer:
    """The same, with somebody who plays for the caller."""
    role = {"gateway.role": "hold_music"}
    await asyncio.to_thread(
        stand.stack.invite, call.room, "music", plays_to="caller", attributes=role
    )
    return await start(stand, call, caller_hears="CALLER_HEARS_MUSIC", **fields)


async def no_frame_leaked(stand: Gateways, call: calls_pb2.Call) -> None:
    """Neither caller nor human has heard the other until now."""
    heard = await heard_in(stand, call)
    for who, whom in (("human", "caller"), ("caller", "human")):
        assert whom not in [span["identity"] for span in heard[who]["heard"]]


async def until(stand: Gateways, transfer: transfers_pb2.Transfer, state: str) -> str:
    """Waits for the state, which no other end may forestall; the id of the human's call."""

    async def reached() -> str:
        found = await stand.acme.get_transfer(transfer.transfer_id)
        now = state_name(found)
        assert now == state or now not in OVER, f"{now}, {found.cause!r}, not {state}"
        return found.human_call_id if now == state else ""

    return await eventually(reached)


async def complete(stand: Gateways, transfer: transfers_pb2.Transfer) -> transfers_pb2.Transfer:
    request = transfers_pb2.CompleteWarmTransferRequest(transfer_id=transfer.transfer_id)
    done: transfers_pb2.Transfer = (await stand.acme.call("CompleteWarmTransfer", request)).transfer
    return done


async def both_talk(stand: FarStand, call: calls_pb2.Call, human: str) -> None:
    """The end of a completed transfer, and of its calls."""
    await hears(stand, call, caller="human", human="caller")
    leg = await stand.leg(call)
    assert leg is not None
    assert leg.mask == OPEN
    for one in (human, call.call_id):
        assert reason_name(await stand.acme.hang_up(one)) == "COMPLETED"
    await stand.check()
