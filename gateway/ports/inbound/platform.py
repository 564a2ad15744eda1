"""The inbound trunks and dispatch rules of a platform."""

from collections.abc import Sequence
from typing import Protocol

from gateway.domain.inbound.objects import InboundKind, SeenObject, Setup


class InboundObjects(Protocol):
    """Inbound trunks and dispatch rules, whoever made them.

    Each method is one request, which MUST leave at once or never. Raises InboundRefusedError
    with the platform's words, and PlatformError if it may have been done or not.
    """

    @property
    def is_shared(self) -> bool:
        """Whether others make such objects there too.

        If not, it holds only what gateways of this store have made, and forgets it whenever it
        likes.
        """
        ...

    async def listed(self, kind: InboundKind) -> Sequence[SeenObject]:
        """All of this kind, with their secrets."""
        ...

    async def create(self, setup: Setup) -> str:
        """Makes it, and returns the platform's id. No secret of it may be None."""
        ...

    async def change(self, platform_id: str, setup: Setup) -> None:
        """Replaces all of it but its id. No secret of it may be None."""
        ...

    async def delete(self, kind: InboundKind, platform_id: str) -> None:
        """Deletes it. One that is gone is not an error."""
        ...
