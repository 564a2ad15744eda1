"""Makes what LiveKit keeps from a leg what it is to be: see `masks`."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Protocol, TypeVar

from google.protobuf.message import Message
from livekit.protocol.models import ParticipantInfo
from livekit.protocol.room import (
    RoomParticipantIdentity,
    UpdateParticipantRequest,
    UpdateSubscriptionsRequest,
    UpdateSubscriptionsResponse,
)

from gateway.domain.calls.leg import Leg
from gateway.domain.hold import Mask
from gateway.platform.livekit import masks
from gateway.platform.livekit.listeners import Listeners
from gateway.platform.livekit.replies import leg_of
from gateway.ports import PlatformError

REACH_LIMIT = timedelta(seconds=1.5)
"""LiveKit looks for seconds for a participant that is leaving; asking again is quicker.

Whoever follows the leg looks at nothing else meanwhile.
"""

R = TypeVar("R", bound=Message)


class AskRoom(Protocol):
    """One request of LiveKit's RoomService; None where it says that there is no such thing."""

    async def __call__(
        self,
        method: str,
        request: Message,
        reply: type[R],
        token: str,
        limit: timedelta | None = None,
    ) -> R | None:
        """Raises PlatformError."""
        ...


class Masking:
    """Permissions of legs, and who is subscribed to whom. `token`: for a room's administration."""

    def __init__(
        self,
        ask: AskRoom,
        token: Callable[[str], str],
        participants: Callable[[str], Awaitable[Sequence[ParticipantInfo]]],
    ) -> None:
        self._ask = ask
        self._token = token
        self._participants = participants
        self._listeners = Listeners()

    async def mask(self, room: str, identity: str, mask: Mask) -> Leg | None:
        """One GetParticipant and one UpdateParticipant.

        Where others are to hear the leg otherwise than before: also one ListParticipants, one or
        two UpdateSubscriptions for each of them, and another UpdateParticipant. Where the leg is to
        hear music only, or no longer: one ListParticipants and at most two UpdateSubscriptions
        before and after the permission, or after it; with music again only those.
        """
        token = self._token(room)
        asked = RoomParticipantIdentity(room=room, identity=identity)
        try:
            info = await self._ask("GetParticipant", asked, ParticipantInfo, token)
            if info is None or not info.ByteSize():
                return None
            if mask.music:
                await self._let_hear(room, info, await self._participants(room), mask, token)
                if masks.mask_of(info) == mask:
                    return leg_of(info, room)
            now = await self._update(masks.permitting(room, info, mask), token)
        except PlatformError:
            self._listeners.doubt(room, identity)
            raise
        if now is None:
            return None
        otherwise, again = masks.is_heard_otherwise(info, mask), masks.hears_again(info, mask)
        people = await self._participants(room) if otherwise or again or mask.music else ()
        await self._let_hear(room, now, people, mask, token)
        if otherwise:
            await self._let_others_hear(room, now, people, mask, token)
        if otherwise or again:
            now = await self._update(masks.done(room, now, mask), token)
        return leg_of(now, room) if now is not None else None

    def close(self) -> None:
        """Tries nothing more."""
        self._listeners.close()

    async def _update(self, asked: UpdateParticipantRequest, token: str) -> ParticipantInfo | None:
        return await self._ask("UpdateParticipant", asked, ParticipantInfo, token, REACH_LIMIT)

    async def _let_hear(
        self,
        room: str,
        leg: ParticipantInfo,
        people: Sequence[ParticipantInfo],
        mask: Mask,
        token: str,
    ) -> None:
        """What its SIP node has subscribed to is taken back, or given back."""
        for asked in masks.hearing(room, leg, people, mask):
            await self._subscribe(asked, token)

    async def _subscribe(self, asked: UpdateSubscriptionsRequest, token: str) -> None:
        reply = UpdateSubscriptionsResponse
        await self._ask("UpdateSubscriptions", asked, reply, token, REACH_LIMIT)

    async def _let_others_hear(
        self,
        room: str,
        leg: ParticipantInfo,
        people: Sequence[ParticipantInfo],
        mask: Mask,
        token: str,
    ) -> None:
        """Or not hear."""

        async def subscribe(asked: UpdateSubscriptionsRequest) -> None:
            await self._subscribe(asked, token)

        each = masks.subscriptions(room, leg, people, mask)
        wish = (mask.muted, leg.sid, *masks.audio_of(leg))
        await self._listeners.tell((room, leg.identity), wish, each, subscribe)
