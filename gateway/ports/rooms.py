"""The platform's rooms, as those who use them see them."""

from collections.abc import Sequence
from typing import Protocol

from gateway.domain.rooms.seen import Company, SeenParticipant, SeenRoom


class Rooms(Protocol):
    """Rooms and their participants, whoever made them. What cannot be known is a PlatformError."""

    async def rooms_named(self, names: Sequence[str]) -> Sequence[SeenRoom]:
        """Those of these names that exist; of all rooms if no name is given. In no order."""
        ...

    async def participants(self, room: str) -> Sequence[SeenParticipant]:
        """Everybody in the room, in no order. A room that is gone has nobody."""
        ...

    async def participant(self, room: str, identity: str) -> SeenParticipant | None:
        """The one of this identity; None if it is certainly not in the room."""
        ...

    async def company(self, room: str) -> Company:
        """Whether somebody plays music there, and who else is there."""
        ...

    async def remove(self, room: str, identity: str, *, revoke_before: int = 0) -> bool:
        """Ends somebody's stay in the room; False: it is certainly not there.

        `revoke_before`: tokens of this identity signed before, in seconds since 1970, MUST count
        no more where the platform can do that; 0: they do. MAY return before it has left.
        """
        ...
