"""What every platform promises of legs that hear nobody: the same tests on each."""

import pytest

from gateway.domain.calls.observation import LegStatus
from gateway.domain.hold import APART, DEAF, OPEN, Mask
from tests.platform.stand import Stand
from tests.stands.phones import REFUSES_TRANSFERS

PICKS_UP = REFUSES_TRANSFERS
MUSIC = Mask(music=True, hidden=True)


@pytest.mark.parametrize("mask", [DEAF, APART, Mask(deaf=True, hidden=True), MUSIC], ids=str)
async def test_a_mask_is_told_until_it_is_lifted(platform_stand: Stand, mask: Mask) -> None:
    """By the answer and by every later look; again is no error."""
    platform, room = platform_stand.platform, platform_stand.room
    await platform_stand.answered(PICKS_UP)
    await platform_stand.until(LegStatus.ACTIVE)
    for wanted in (mask, mask, OPEN, OPEN, mask, DEAF, OPEN):
        leg = await platform.mask(room, "callee", wanted)
        assert leg is not None
        assert leg.mask == wanted
        assert await platform_stand.leg() == leg
        assert list(await platform.legs(room)) == [leg]


async def test_another_leg_is_not_concerned(platform_stand: Stand) -> None:
    """A mask is one leg's."""
    await platform_stand.answered(PICKS_UP)
    await platform_stand.answered(PICKS_UP, identity="other")
    await platform_stand.platform.mask(platform_stand.room, "callee", APART)
    other = await platform_stand.leg("other")
    assert other is not None
    assert other.mask == OPEN


async def test_a_leg_that_is_nowhere_has_no_mask(platform_stand: Stand) -> None:
    """Neither in a room that does not exist, nor where another leg is."""
    platform, room = platform_stand.platform, platform_stand.room
    assert await platform.mask(room, "callee", DEAF) is None
    await platform_stand.answered(PICKS_UP)
    assert await platform.mask(room, "nobody", DEAF) is None
