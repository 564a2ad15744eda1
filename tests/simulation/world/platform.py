"""The gateway's own LiveKit client, with the simulated network in the place of HTTP."""

import asyncio
import contextvars
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import aiohttp
from aiohttp.client_reqrep import ConnectionKey
from google.protobuf.message import Message
from livekit.protocol.sip import CreateSIPParticipantRequest

from gateway.domain.calls.leg import CALL_ID_ATTRIBUTE, Dial, DialReply
from gateway.platform.livekit.connections import refuse_late
from gateway.platform.livekit.platform import REPLY_SLACK, LiveKitPlatform, Reply, no_secret
from gateway.platform.livekit.tokens import Grant, Tokens
from tests.simulation.engine.loop import NodeLoop
from tests.simulation.world.door import Asked
from tests.simulation.world.livekit import LiveKit
from tests.simulation.world.network import ConnectionLostError, Network, NotConnectedError

_LIVEKIT = ConnectionKey("livekit", 7880, False, True, None, None, None)  # noqa: FBT003


class _Unsigned(Tokens):
    """Signing takes longer than everything else about a request."""

    def token(self, grant: Grant, room: str = "") -> str:
        return f"{grant.value} {room}"


class SimulatedPlatform(LiveKitPlatform):
    """`Platform` of one gateway: `LiveKitPlatform` itself, up to the request that it would send.

    `here`: the gateway's loop. `gateway`: its name, for the truth.
    """

    def __init__(
        self,
        here: NodeLoop,
        gateway: str,
        livekit: LiveKit,
        network: Network,
        *,
        secret: Callable[[str], str] = no_secret,
    ) -> None:
        super().__init__("http://livekit:7880", "key", "secret", secret=secret, now=here.time)
        self._tokens = _Unsigned("key", "secret", here.time)
        self._here = here
        self._gateway = gateway
        self._livekit = livekit
        self._network = network
        self._called: dict[str, str] = {}

    async def dial(self, dial: Dial) -> DialReply:
        """See `LiveKitPlatform`."""
        self._called[dial.call_id] = dial.called
        return await super().dial(dial)

    async def _ask(
        self,
        service: str,
        method: str,
        request: Message,
        reply: type[Reply],
        token: str,
        limit: timedelta,
    ) -> Reply:
        del service, token
        asked = Asked(
            self._gateway, method, request, limit.total_seconds(), self._number_in(request)
        )
        try:
            async with asyncio.timeout((limit + REPLY_SLACK).total_seconds()):
                answer = await self._network.ask(
                    self._here,
                    self._livekit.loop,
                    lambda: self._livekit.serve(asked),
                    leaves=partial(contextvars.copy_context().run, refuse_late),
                )
        except NotConnectedError as refused:
            cause = OSError(111, "Connect call failed ('livekit', 7880)")
            raise aiohttp.ClientConnectorError(_LIVEKIT, cause) from refused
        except ConnectionLostError as lost:
            raise aiohttp.ServerDisconnectedError from lost
        assert isinstance(answer, reply)
        return answer

    def _number_in(self, request: Message) -> str:
        """The number that a dial is for, as the call has it."""
        if not isinstance(request, CreateSIPParticipantRequest):
            return ""
        return self._called.pop(request.participant_attributes[CALL_ID_ATTRIBUTE], "")
