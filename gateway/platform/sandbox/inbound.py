"""Inbound trunks and dispatch rules of the sandbox: nobody calls in through them."""

from collections.abc import Sequence

from gateway.domain.declaring.plan import Claim, claims_of
from gateway.domain.ids import new_id
from gateway.domain.inbound.objects import InboundKind, RuleSetup, SeenObject, Setup
from gateway.ports import Clock, InboundRefusedError


class SandboxInbound:
    """See `ports.inbound.InboundObjects`. They end with the process.

    `is_shared`: others may make some too, by calling its methods.
    """

    def __init__(self, clock: Clock, *, is_shared: bool = False) -> None:
        self.is_shared = is_shared
        self._clock = clock
        self._objects: dict[str, Setup] = {}
        self._held: dict[str, frozenset[Claim]] = {}
        """The claims of each."""

    async def listed(self, kind: InboundKind) -> Sequence[SeenObject]:
        """In the order in which they were made."""
        return [SeenObject(id_, one) for id_, one in self._objects.items() if kind is _kind(one)]

    async def create(self, setup: Setup) -> str:
        """Refuses what LiveKit refuses."""
        prefix = "ST_sandbox" if _kind(setup) is InboundKind.TRUNK else "SDR_sandbox"
        platform_id = new_id(prefix, self._clock.now())
        self._put(platform_id, setup)
        return platform_id

    async def change(self, platform_id: str, setup: Setup) -> None:
        """Refuses what LiveKit refuses."""
        if platform_id not in self._objects:
            raise InboundRefusedError("there is no such object")
        self._put(platform_id, setup)

    async def delete(self, kind: InboundKind, platform_id: str) -> None:  # noqa: ARG002  ids differ
        """It is gone when this returns."""
        self._objects.pop(platform_id, None)
        self._held.pop(platform_id, None)

    def _put(self, platform_id: str, setup: Setup) -> None:
        claims = claims_of(setup)
        for other, held in self._held.items():
            if other != platform_id and not held.isdisjoint(claims):
                raise InboundRefusedError(f"Conflicting with {other}")
        self._objects[platform_id], self._held[platform_id] = setup, claims


def _kind(setup: Setup) -> InboundKind:
    return InboundKind.RULE if isinstance(setup, RuleSetup) else InboundKind.TRUNK
