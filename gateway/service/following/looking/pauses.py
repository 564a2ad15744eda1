"""How a call's follower waits between two looks at its leg."""

import math
from asyncio import Future
from datetime import timedelta
from typing import Any, Protocol

from gateway.domain.calls.call import Call
from gateway.domain.calls.pace import pause_before_looking, time_left
from gateway.domain.hold import OPEN
from gateway.ports import Clock
from gateway.service.following.looking.alarm import Alarm
from gateway.service.following.looking.hearing import Hearing
from gateway.service.following.looking.looks import Line, Looks


class UnderWay(Protocol):
    """A dial that is under way."""

    @property
    def reply(self) -> "Future[Any]":
        """What the platform answers in the end."""
        ...

    def patience(self, setup_timeout: timedelta) -> float:
        """Seconds until it has been silent for too long."""
        ...


class Pauses:
    """The pauses of one follower: as long as the call's state allows, and until its turn comes."""

    __slots__ = (
        "_again",
        "_clock",
        "_doubted",
        "_hearing",
        "_looks",
        "_noticed",
        "_turn",
        "active",
        "alarm",
    )

    def __init__(self, looks: Looks, hearing: Hearing, clock: Clock) -> None:
        self.alarm = Alarm()
        self.active = False
        """The leg was seen to be active, and can be asked for."""
        self._looks = looks
        self._hearing = hearing
        self._clock = clock
        self._noticed = ""
        """The participant whose joining LiveKit has told here."""
        self._doubted = False
        """Its room is not what it was: the leg may have left without a notice."""
        self._turn = False
        """Its turn to look has come."""
        self._again = False
        """Something else than a look is due: another pause."""

    def joined(self, participant_id: str, call: Call) -> None:
        """LiveKit has told that this participant has joined: if it is a new one, a look is due."""
        self._noticed = participant_id
        if participant_id != call.participant_id:
            self.alarm.rouse()

    def listed(self) -> None:
        """The sweep has just seen the leg as it was: no look is due."""
        if self.active and not self._doubted:
            self._again = True
            self.alarm.rouse()

    def doubt(self) -> None:
        """The leg may have left: no notice is waited for."""
        if self.active and not self._doubted:
            self._doubted = self._again = True
            self.alarm.rouse()

    def looking(self) -> None:
        """A look begins: it counts if it has not waited for its turn."""
        if not self._turn:
            self._looks.spend()
        self._turn = self._doubted = False

    def is_noticed(self, call: Call) -> bool:
        """LiveKit has told that the present leg has joined."""
        participant = call.participant_id
        return bool(participant) and participant in (self._noticed, call.noticed)

    async def before_looking(self, call: Call, dialing: UnderWay | None) -> None:
        """Returns when a look is due and its turn has come, or when something has happened."""
        self._again = True
        while self._again and not (dialing and dialing.reply.done()):
            self._again = False
            self._turn = await self._pause(call, dialing)

    async def before_first_look(self, call: Call) -> None:
        """The same for a call that was taken up: many are, at the same moment."""
        now = self._clock.now()
        if not call.is_overdue(now):
            queue = self._looks.queue(_line(call, told=False))
            self._turn = await self.alarm.sleep(0, queue, time_left(call, now))

    async def _pause(self, call: Call, dialing: UnderWay | None) -> bool:
        now = self._clock.now()
        told = self.is_noticed(call) and self._hearing.reliable and self._is_quiet(call)
        pause = pause_before_looking(call, now, dialing=dialing is not None, told=told)
        left = min(time_left(call, now), _patience(call, dialing))
        if pause >= left or call.is_overdue(now):
            return await self.alarm.sleep(min(pause, left))
        return await self.alarm.sleep(pause, self._looks.queue(_line(call, told=told)), left)

    def _is_quiet(self, call: Call) -> bool:
        """If it was answered, its leg was seen as it is to stay until its end.

        No notice tells that something was given back to a leg that is kept from it.
        """
        if not call.answered:
            return True
        return self.active and not self._doubted and call.mask == OPEN


def _line(call: Call, *, told: bool) -> Line:
    if call.answer_time is None or call.ending:
        return Line.FIRST
    return Line.TOLD if told and not call.leave_reason else Line.ANSWERED


def _patience(call: Call, dialing: UnderWay | None) -> float:
    return dialing.patience(call.setup_timeout) if dialing else math.inf
