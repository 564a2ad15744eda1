"""What LiveKit may still report of a leg that has left, and how long it is waited for."""

from datetime import timedelta

from gateway.domain.calls.transfer import LeftInTransfer, Transfer
from gateway.ports import Clock
from gateway.service.following.call_row import CallRow
from gateway.service.following.leg import SETTLING_PAUSE_SECONDS
from gateway.service.following.looking.alarm import Alarm

TRANSFER_REPORT = timedelta(seconds=3)
"""If a leg leaves during a transfer, LiveKit has this long to report the transfer."""
REASON_REPORT = timedelta(milliseconds=600)
"""How long to wait for the notice that says why a leg left."""
RINGING_REPORT = timedelta(seconds=2)
"""How long to wait for the notice that says how far it got, if failover depends on it."""


async def await_reason(
    row: CallRow, alarm: Alarm, clock: Clock, patience: timedelta = REASON_REPORT
) -> None:
    """Waits for LiveKit's notice to say why the leg has left."""
    until = clock.now() + patience
    await row.read()
    while not (row.call.why_left or row.call.ending) and clock.now() < until:
        await alarm.sleep(SETTLING_PAUSE_SECONDS)
        alarm.heard()
        await row.read()


async def await_transfer(row: CallRow, alarm: Alarm, clock: Clock, transfer: Transfer) -> None:
    """Waits for LiveKit to report the transfer that may have caused the leg to leave."""
    transfer_id = transfer.transfer_id
    left = LeftInTransfer(clock.now(), hung_up=row.call.ending is not None)
    seen = await row.observe_transfer(transfer_id, left)
    until = clock.now() + TRANSFER_REPORT
    while seen and not seen.settled and clock.now() < until:
        await alarm.sleep(SETTLING_PAUSE_SECONDS)
        if alarm.heard():
            await row.read()
        seen = await row.transfer(transfer_id)
