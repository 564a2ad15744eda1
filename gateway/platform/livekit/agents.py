"""LiveKit's agents: dispatched by its AgentDispatchService, and seen in the room.

LiveKit lists the jobs that a dispatch has become, and with each job the identity under which its
worker said that it would join: that participant is the call's agent, whoever else is in the room.
But it may list a job seconds after its agent has joined. Until then the agent is told by its name,
which LiveKit itself writes to an agent's attributes, where only one dispatch of the room has it.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Protocol, TypeVar

from google.protobuf.message import Message
from livekit.api import ServerError, ServerErrorCode
from livekit.protocol.agent_dispatch import (
    AgentDispatch,
    CreateAgentDispatchRequest,
    DeleteAgentDispatchRequest,
    JobRestartPolicy,
    ListAgentDispatchRequest,
    ListAgentDispatchResponse,
)
from livekit.protocol.models import ParticipantInfo

from gateway.domain.calls.leg import CALL_ID_ATTRIBUTE
from gateway.domain.rooms.requests import CreateDispatch
from gateway.domain.rooms.seen import SeenDispatch
from gateway.domain.texts import cleaned
from gateway.platform.livekit.replies import cause_of, is_not_found
from gateway.platform.livekit.tokens import Grant, Tokens
from gateway.ports import Dispatch, PlatformError

LIMIT = timedelta(seconds=5)
SERVICE = "AgentDispatchService"
NAME_ATTRIBUTE = "lk.agent_name"
"""LiveKit writes it into the token of each agent."""

Reply = TypeVar("Reply", bound=Message)


class Asking(Protocol):
    """Sends one request to LiveKit."""

    def __call__(
        self,
        service: str,
        method: str,
        request: Message,
        reply: type[Reply],
        token: str,
        limit: timedelta,
    ) -> Awaitable[Reply]:
        """LiveKit's reply."""
        ...


class LiveKitAgents:
    """See `ports.Agents`. `participant`, `participants` and `has_room` ask LiveKit's rooms."""

    def __init__(
        self,
        ask: Asking,
        tokens: Tokens,
        *,
        participant: Callable[[str, str], Awaitable[ParticipantInfo | None]],
        participants: Callable[[str], Awaitable[Sequence[ParticipantInfo]]],
        has_room: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._ask = ask
        self._tokens = tokens
        self._participant = participant
        self._participants = participants
        self._has_room = has_room

    async def dispatch(self, asked: Dispatch) -> str:
        """One CreateDispatch."""
        request = CreateAgentDispatchRequest(
            agent_name=asked.agent_name,
            room=asked.room,
            metadata=asked.metadata,
            attributes={**asked.attributes, CALL_ID_ATTRIBUTE: asked.call_id},
        )
        return cleaned((await self._create(request)).id)

    async def ask(self, asked: CreateDispatch) -> SeenDispatch:
        """One CreateDispatch."""
        policy = JobRestartPolicy
        request = CreateAgentDispatchRequest(
            agent_name=asked.agent_name,
            room=asked.room,
            metadata=asked.agent_metadata,
            attributes=asked.agent_attributes,
            deployment=asked.deployment,
            restart_policy=policy.JRP_NEVER if asked.once else policy.JRP_ON_FAILURE,
        )
        return dispatch_of(await self._create(request))

    async def _create(self, request: CreateAgentDispatchRequest) -> AgentDispatch:
        try:
            made = await self._send("CreateDispatch", request, AgentDispatch, request.room)
        except Exception as error:
            raise PlatformError(f"CreateDispatch: {cause_of(error)}") from error
        if not made.id:
            raise PlatformError("CreateDispatch: the reply names no dispatch")
        return made

    async def find(self, asked: Dispatch) -> str:
        """One ListDispatch. A server that keeps no attributes tells by name, metadata and time."""
        listed = await self._listed(asked.room) or ()
        like = [one for one in listed if one.agent_name == asked.agent_name]
        own = (one for one in like if one.attributes.get(CALL_ID_ATTRIBUTE) == asked.call_id)
        found = next(own, None) or next((one for one in like if _may_be(one, asked)), None)
        return cleaned(found.id) if found else ""

    async def look(self, room: str, dispatch_id: str, identity: str = "") -> str:
        """One GetParticipant for an agent that is known; else ListDispatch and ListParticipants."""
        if identity:
            found = await self._participant(room, identity)
            if found is not None and _is_there(found):
                return identity
        listed = await self._listed(room) or ()
        own = next((one for one in listed if one.id == dispatch_id), None)
        if own is None:
            return ""
        there = [one for one in await self._participants(room) if _is_there(one)]
        found = _of_job(own, there) or _of_name(own, listed, there)
        return cleaned(found.identity) if found else ""

    async def dispatches(self, room: str, dispatch_id: str = "") -> Sequence[SeenDispatch] | None:
        """One ListDispatch."""
        listed = await self._listed(room, dispatch_id)
        return None if listed is None else [dispatch_of(one) for one in listed]

    async def withdraw(self, room: str, dispatch_id: str) -> SeenDispatch | None:
        """One DeleteDispatch."""
        request = DeleteAgentDispatchRequest(room=room, dispatch_id=dispatch_id)
        try:
            return dispatch_of(await self._send("DeleteDispatch", request, AgentDispatch, room))
        except Exception as error:
            if is_not_found(error) or await self._is_without(room, error):
                return None
            raise PlatformError(f"DeleteDispatch: {cause_of(error)}") from error

    async def _listed(self, room: str, dispatch_id: str = "") -> Sequence[AgentDispatch] | None:
        """None: there is no such room."""
        request = ListAgentDispatchRequest(room=room, dispatch_id=dispatch_id)
        try:
            reply = await self._send("ListDispatch", request, ListAgentDispatchResponse, room)
        except Exception as error:
            if is_not_found(error) or await self._is_without(room, error):
                return None
            raise PlatformError(f"ListDispatch: {cause_of(error)}") from error
        return reply.agent_dispatches

    async def _is_without(self, room: str, error: Exception) -> bool:
        """The room is not there: LiveKit waits for a server that has it, and then says this."""
        unavailable = isinstance(error, ServerError) and error.code == ServerErrorCode.UNAVAILABLE
        return unavailable and not await self._has_room(room)

    async def _send(self, method: str, request: Message, reply: type[Reply], room: str) -> Reply:
        token = self._tokens.token(Grant.ROOM_ADMIN, room)
        return await self._ask(SERVICE, method, request, reply, token, LIMIT)


def dispatch_of(one: AgentDispatch) -> SeenDispatch:
    """The dispatch with LiveKit's own message of it."""
    call_id = cleaned(one.attributes.get(CALL_ID_ATTRIBUTE, ""))
    return SeenDispatch(dispatch_id=one.id, call_id=call_id, told=one.SerializeToString())


def _may_be(one: AgentDispatch, asked: Dispatch) -> bool:
    """It names no call, and was made for the same since this call was created."""
    if asked.since is None or one.attributes or one.metadata != asked.metadata:
        return False
    return one.state.created_at >= round(asked.since.timestamp() * 10**6) * 1000


def _is_there(one: ParticipantInfo) -> bool:
    """It is connected: an agent that is still joining hears nobody yet."""
    return one.state == ParticipantInfo.State.ACTIVE


def _of_job(own: AgentDispatch, there: Sequence[ParticipantInfo]) -> ParticipantInfo | None:
    expected = {job.state.participant_identity for job in own.state.jobs}
    return next((one for one in there if one.identity in expected), None)


def _of_name(
    own: AgentDispatch, listed: Sequence[AgentDispatch], there: Sequence[ParticipantInfo]
) -> ParticipantInfo | None:
    """The one agent of this name that has come since the dispatch, if no other dispatch has it."""
    if own.state.jobs or sum(one.agent_name == own.agent_name for one in listed) > 1:
        return None
    since = own.state.created_at // 10**9
    return next(
        (
            one
            for one in there
            if one.kind == ParticipantInfo.Kind.AGENT
            and one.attributes.get(NAME_ATTRIBUTE) == own.agent_name
            and one.joined_at >= since
        ),
        None,
    )
