"""What a newer LiveKit tells of answers and of ended rooms, on the real one."""

import asyncio
import secrets
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.telephony.v1 import calls_pb2
from tests.behaviour.conftest import STANDS
from tests.stack.livekit_stack import LiveKitStack
from tests.stack.machine import NEWER
from tests.stands.livekit.telling import PATH, InboundStand, Relay
from tests.stands.phones import REFUSES_TRANSFERS
from tests.stands.processes.ports import LOOPBACK, free_ports
from tests.stands.stand import Stand, reason_name
from tests.stands.waiting import eventually

pytestmark = pytest.mark.livekit

ON_LIVEKIT = pytest.mark.parametrize("stand", STANDS[-1:], indirect=True)
MILLISECOND = timedelta(milliseconds=1)


@ON_LIVEKIT
async def test_an_answer_is_told_to_the_millisecond(stand: Stand) -> None:
    """However late the gateway sees it: with digits the reply to the dial comes long after."""
    call = await stand.acme.place(REFUSES_TRANSFERS, digits="wwww1", wait_until_answered=True)
    (seen,) = stand.dialed(call)
    picked_up = datetime.fromisoformat(seen["answer_time"])

    async def told() -> bool:
        found = await stand.acme.get(call.call_id)
        at = found.answer_time.ToDatetime(tzinfo=picked_up.tzinfo)
        return abs(at - picked_up) <= MILLISECOND

    await eventually(told)
    ended = await stand.acme.hang_up(call.call_id)
    at = ended.answer_time.ToDatetime(tzinfo=picked_up.tzinfo)
    assert abs(at - picked_up) <= MILLISECOND


async def older_than_a_second(call: calls_pb2.Call) -> bool:
    return time.time() > call.create_time.ToDatetime(tzinfo=UTC).timestamp() + 1


@pytest.mark.usefixtures("reasons_in_time")
async def test_a_room_that_was_deleted_says_so(tmp_path: Path) -> None:
    """Also where nothing is heard of the legs in it."""
    (port,) = free_ports(1)
    relay = Relay(port)
    relay.loses = "participant_left"
    await relay.start()
    stack = LiveKitStack(version=NEWER, webhook_url=f"http://{LOOPBACK}:{port}{PATH}")
    await asyncio.to_thread(stack.start)
    stand = InboundStand(stack, relay, tmp_path, f"acme-{secrets.token_hex(4)}")
    await stand.start()
    call = await stand.acme.place(REFUSES_TRANSFERS, wait_until_answered=True)
    # LiveKit tells whole seconds: the end of a room of this name in the same one says nothing.
    await eventually(lambda: older_than_a_second(call))
    await stand.delete_room(call.room)
    ended = await stand.acme.ended(call.call_id)
    await stand.stop()
    await relay.stop()
    await asyncio.to_thread(stack.stop)
    assert (reason_name(ended), ended.hangup_source) == (
        "ROOM_DELETED",
        calls_pb2.HANGUP_SOURCE_PLATFORM,
    )
