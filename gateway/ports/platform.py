"""The platform that actually places calls."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from gateway.domain.calls.inbound import Notice
from gateway.domain.calls.leg import Dial, DialReply, Leg, Refer, ReferReply
from gateway.domain.hold import Mask
from gateway.ports.agents import Agents
from gateway.ports.inbound.platform import InboundObjects
from gateway.ports.rooms import Rooms


class PlatformError(Exception):
    """The platform could not be asked, or failed to answer: nothing is known."""


class InboundRefusedError(PlatformError):
    """The platform has answered that it does not make an object so; nothing has changed."""


class Platform(Rooms, Protocol):
    """The platform that actually places the call."""

    @property
    def agents(self) -> Agents:
        """Those that it can bring into rooms."""
        ...

    @property
    def inbound(self) -> InboundObjects:
        """What decides where its callers go."""
        ...

    async def dial(self, dial: Dial) -> DialReply:
        """Dials the phone and returns when it is answered or over.

        MUST send at most one request that could ring a phone. MUST NOT raise for anything
        that a network or platform can do: that is a `NeverSent` or `NoReply`. Cancelling
        this coroutine does not stop the ringing; `hang_up` does. The leg carries the
        attribute `gateway.callId`.
        """
        ...

    async def leg(self, room: str, identity: str) -> Leg | None:
        """The leg as it is now; None if it is certainly not in the room.

        Raises PlatformError if that cannot be known.
        """
        ...

    async def rooms(self) -> Mapping[str, str]:
        """Every room there is now, each with a text that says how it was.

        MUST take one request, however many rooms there are. The text MAY stay the same though a
        leg has come or gone; one that is another than before says that somebody has. Raises
        PlatformError.
        """
        ...

    async def legs(self, room: str) -> Sequence[Leg]:
        """Every leg that is in the room now, by whatever means it was dialled, in no order.

        A room that is gone has none. Raises PlatformError if that cannot be known.
        """
        ...

    async def hang_up(self, room: str, identity: str) -> None:
        """CANCEL while ringing, BYE after the answer. A leg that is gone is not an error.

        MAY return before the leg is gone. Raises PlatformError.
        """
        ...

    async def mask(self, room: str, identity: str, mask: Mask) -> Leg | None:
        """Makes `mask` what is kept from the leg, and returns the leg with what is now.

        None: the leg is not in the room. It MUST hold for whoever joins later, for the leg's new
        tracks and connections, and after a restart of the platform as long as the leg is the same
        participant; `leg` and `legs` tell it. With `music` it holds for those who are there and for
        hidden ones; others may be heard until it is repeated. MAY be repeated, and MUST then
        complete what an earlier one left undone. `OPEN` undoes everything. Raises PlatformError if
        what is now is not known.
        """
        ...

    async def tell(self, room: str, text: str) -> None:
        """Sends a text to everybody who is in the room now. A room that is gone is not an error.

        Raises PlatformError if it may not have arrived.
        """
        ...

    async def clear(self, room: str, identity: str) -> None:
        """Ends a leg that `hang_up` cannot: one that is listed but no longer held by any server.

        Deletes its room too, and only if nobody else is in it. Raises PlatformError.
        """
        ...

    async def refer(self, refer: Refer) -> ReferReply:
        """Hands the leg over (SIP REFER) and returns with the outcome; never repeats it."""
        ...

    async def end_room(self, room: str) -> None:
        """Ends every leg and participant of the room. A room that is gone is not an error.

        Raises PlatformError.
        """
        ...

    async def check(self) -> None:
        """Returns if the platform takes requests. Raises PlatformError that says why not."""
        ...

    async def close(self) -> None:
        """Closes connections. Legs continue."""
        ...


class NotGenuineError(Exception):
    """Not sent by the platform, or changed in transit."""


class NotInTimeError(NotGenuineError):
    """Sent by the platform, by its time long ago or not yet: a replay, or a clock is wrong."""


class NotReadableError(Exception):
    """The platform has sent something that cannot be read."""


class SignedNotices(Protocol):
    """Notices that the platform sends by itself."""

    def signed(self, authorization: str) -> bytes:
        """The digest of the body that this request's sender, the platform, has signed.

        `authorization`: the header's value as it came. MUST believe nothing that the platform
        has not signed. Raises NotGenuineError, as NotInTimeError if only the time is wrong, and
        nothing else whatever the text is.
        """
        ...

    def read(self, digest: bytes, body: bytes) -> Notice:
        """The notice in the body that has this digest.

        `body`: the bytes as they came. MAY be called from any thread. Raises NotGenuineError
        if the digest does not match, NotReadableError, and nothing else.
        """
        ...
