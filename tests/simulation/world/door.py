"""What answers at LiveKit's address, and what may be wrong with it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from google.protobuf.message import DecodeError, Message
from livekit.api import ServerError

from tests.simulation.engine.loop import NodeLoop
from tests.simulation.world import answers
from tests.simulation.world.network import ConnectionLostError, NotConnectedError

UNCLAIMED = 1.0
"""Seconds after which a request that no server has begun to handle is refused."""

Answer = Message | asyncio.Future[Message]


@dataclass(slots=True)
class Trouble:
    """What is wrong with LiveKit now. Shares are from 0 to 1, times are seconds."""

    slow: float = 0.0
    """By which each answer is later; at most `UNCLAIMED` of it passes before anything is done."""
    away: bool = False
    """Connections are refused; whatever is under way goes on."""
    full: bool = False
    """No new dials."""
    garbage: float = 0.0
    """Of answers: nobody can read them. What was asked may have been done all the same."""
    key_refused: bool = False
    """Nothing is done."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of LiveKit's Twirp API, by which gateway, and for how many seconds."""

    gateway: str
    method: str
    message: Message
    limit: float
    called: str = ""
    """For a dial: the phone's number, however the carrier wants it written."""


class Door:
    """Takes requests and has them answered, as well as the trouble allows."""

    def __init__(self, loop: NodeLoop, stream: Random, answer: Callable[[Asked], Answer]) -> None:
        self.trouble = Trouble()
        self.down = False
        """The server does not run."""
        self._loop = loop
        self._random = stream.random
        self._answer = answer
        self._server = 0
        self._waiting: dict[asyncio.Future[Message], None] = {}

    async def serve(self, asked: Asked) -> Message:
        """LiveKit's answer, or what livekit-api raises of it, or a broken connection."""
        if self.down or self.trouble.away:
            raise NotConnectedError("LiveKit refuses connections")
        server, waited = self._server, 0.0
        if self.trouble.slow:
            waited = min(self.trouble.slow * self._random(), UNCLAIMED)
            await asyncio.sleep(waited)
            self._check(server)
        try:
            reply = await self._reply(asked)
        except Exception:
            await self._linger(waited)
            self._check(server)
            raise
        await self._linger(waited)
        self._check(server)
        return reply

    def restart(self, lasting: float) -> None:
        """Nobody gets an answer any more; up again after so many seconds."""
        self._server += 1
        self.down = True
        for future in list(self._waiting):
            if not future.done():
                future.set_exception(ConnectionLostError("LiveKit is gone"))
        self._loop.call_later(lasting, self._up, self._server)

    async def _linger(self, waited: float) -> None:
        if self.trouble.slow > waited:
            await asyncio.sleep(self.trouble.slow - waited)

    def _up(self, server: int) -> None:
        self.down = self.down and server != self._server

    def _check(self, server: int) -> None:
        if server != self._server:
            raise ConnectionLostError("LiveKit is gone")

    async def _reply(self, asked: Asked) -> Message:
        if self.trouble.key_refused:
            raise answers.key_refused()
        if self.trouble.garbage and self._random() < self.trouble.garbage:
            await self._do_unheard(asked)
            raise self._garbage()
        return await self._whole(self._answer(asked))

    async def _whole(self, answer: Answer) -> Message:
        if isinstance(answer, Message):
            return answer
        self._waiting[answer] = None
        try:
            return await answer
        finally:
            del self._waiting[answer]

    async def _do_unheard(self, asked: Asked) -> None:
        """Something that stands before LiveKit answers: instead of it, before it, or after it."""
        how = self._random()
        if how < 1 / 3:
            return
        try:
            answer = self._answer(asked)
            if how > 2 / 3:
                await self._whole(answer)
            elif isinstance(answer, asyncio.Future):
                answer.add_done_callback(_seen)
        except ServerError:
            pass  # nobody hears it

    def _garbage(self) -> Exception:
        how = self._random()
        if how < 1 / 3:
            return answers.bad_gateway()
        if how < 2 / 3:
            return DecodeError("Error parsing message")
        return ConnectionLostError("the connection broke in the middle of the answer")


def _seen(future: asyncio.Future[Message]) -> None:
    """Its exception, if any, is nobody's concern."""
    if not future.cancelled():
        future.exception()
