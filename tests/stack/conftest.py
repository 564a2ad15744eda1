"""A caller for each test of the stack."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.stack.caller import Caller
from tests.stack.livekit_stack import LiveKitStack


@pytest.fixture
async def caller(livekit_stack: LiveKitStack) -> AsyncIterator[Caller]:
    """A caller in a room of its own."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=100)) as session:
        yield Caller(livekit_stack, session)
