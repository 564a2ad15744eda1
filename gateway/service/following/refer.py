"""A transfer after its RPC has returned: the REFER, the clock and the late answer."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from gateway.domain.calls.call import Call
from gateway.domain.calls.leg import Completed, NeverSent, NoReply, Refer, ReferReply, Refused
from gateway.domain.calls.transfer import (
    ReferCompleted,
    ReferFailed,
    ReferLost,
    TimeIsUp,
    Transfer,
    TransferObservation,
)
from gateway.domain.outcome import Failure
from gateway.ports import Clock, Platform
from gateway.ports.tracing import current_span
from gateway.service.ledger.record import Record, until_stored
from gateway.service.ledger.timeline import Timeline

LISTEN_LONGER = timedelta(seconds=60)
"""LiveKit discards a REFER's outcome when its own time is up, so it gets more than requested."""


async def refer(
    call: Call,
    transfer: Transfer,
    target: str,
    *,
    platform: Platform,
    record: Record,
    clock: Clock,
    nudge: Callable[[], None],
) -> None:
    """Sends the REFER of a stored transfer and records the outcome.

    `clock` is the one that timed the transfer's creation. `nudge`: makes the call's follower look
    at it.
    """
    clock = Timeline(clock, transfer.create_time)
    reply = asyncio.create_task(platform.refer(_refer_of(call, transfer, target)))
    try:
        left = transfer.deadline - clock.now()
        await asyncio.wait({reply}, timeout=max(left.total_seconds(), 0))
        if not reply.done():
            seen = TimeIsUp(clock.now())
            await until_stored(lambda: record.transfer(transfer.transfer_id, seen))
            nudge()
        outcome = _outcome(await reply, clock)
        current_span.get().came_to(type(outcome).__name__)
        await until_stored(lambda: record.transfer(transfer.transfer_id, outcome))
    finally:
        reply.cancel()
    nudge()


def _refer_of(call: Call, transfer: Transfer, target: str) -> Refer:
    return Refer(
        room=call.room,
        identity=call.participant_identity,
        target=target,
        ringing_timeout=transfer.ringing_timeout + LISTEN_LONGER,
        play_dialtone=transfer.play_dialtone,
        headers=transfer.headers,
    )


def _outcome(reply: ReferReply, clock: Clock) -> TransferObservation:
    now = clock.now()
    match reply:
        case Completed():
            return ReferCompleted(now)
        case Refused(failure):
            return ReferFailed(now, failure)
        case NeverSent(cause):
            return ReferFailed(now, Failure(detail=cause))
        case NoReply():
            return ReferLost(now)
