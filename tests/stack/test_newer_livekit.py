"""What every version of livekit-server must do with legs that are hidden or may not subscribe."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.stack.caller import Caller
from tests.stack.livekit_stack import LiveKitStack
from tests.stack.test_hearing import (
    real_pace,
    test_a_hidden_phone_is_not_heard_by_who_comes,
    test_everything_again_after_a_restart,
    test_who_may_not_subscribe_hears_nobody,
)

__all__ = [
    "real_pace",
    "test_a_hidden_phone_is_not_heard_by_who_comes",
    "test_everything_again_after_a_restart",
    "test_who_may_not_subscribe_hears_nobody",
]

pytestmark = pytest.mark.livekit


@pytest.fixture
async def caller(newer_livekit_stack: LiveKitStack) -> AsyncIterator[Caller]:
    """A caller in a room of its own."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=100)) as session:
        yield Caller(newer_livekit_stack, session)
