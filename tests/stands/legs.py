"""The legs of a platform, whatever room they are in."""

from collections.abc import Sequence

from gateway.domain.calls.leg import Leg
from gateway.ports import Platform


async def every_leg(platform: Platform) -> Sequence[Leg]:
    """Lists one room after the other."""
    return [leg for room in await platform.rooms() for leg in await platform.legs(room)]
