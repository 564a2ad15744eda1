"""A call that waits for its agent before its phone is dialled, but not for ever."""

from typing import Protocol

from gateway.domain.calls.call import Call
from gateway.domain.calls.observation import NotDialed
from gateway.ports import Clock
from gateway.service.following.looking.alarm import Alarm

AGENT_SECONDS = 5.0
"""How often the row of a call that awaits its agent is read, whoever changes it."""
AWAY_TOO_LONG = "its gateway was away for too long"


class WaitingCall(Protocol):
    """The row of a call."""

    call: Call

    async def observe(self, seen: NotDialed) -> None:
        """Writes what was seen."""
        ...

    async def read(self) -> None:
        """What others have written."""
        ...


async def until_dial_due(row: WaitingCall, alarm: Alarm, clock: Clock) -> str:
    """Why the phone must not be dialled; empty: it is due, or the call has ended.

    Whatever became of those who attend to the agent, this is over by the agent's `dial_deadline`.
    """
    while (call := row.call).agent is not None and not call.ended:
        now = clock.now()
        if call.awaits_agent and call.ending:
            await row.observe(NotDialed(now))
        elif now > call.agent.dial_deadline(call.create_time):
            return AWAY_TOO_LONG
        elif not call.awaits_agent:
            return ""
        else:
            await alarm.sleep(AGENT_SECONDS)
            alarm.heard()
            await row.read()
    return ""
