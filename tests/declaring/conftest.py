"""The same promises on each platform."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.platform.livekit.platform import LiveKitPlatform
from gateway.platform.sandbox.inbound import SandboxInbound
from gateway.platform.sandbox.platform import SandboxPlatform
from gateway.ports import Platform
from tests.declaring.stand import DeclaredStand
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.clocks import RealClock

REAL = [
    pytest.param(name, marks=pytest.mark.livekit)
    for name in ("livekit_stack", "newer_livekit_stack")
]


@pytest.fixture(params=["sandbox", *REAL])
def platform(request: pytest.FixtureRequest) -> Platform:
    """A sandbox that others reach too, and LiveKit in both versions."""
    if request.param == "sandbox":
        sandbox = SandboxPlatform(RealClock())
        sandbox.inbound = SandboxInbound(RealClock(), is_shared=True)
        return sandbox
    stack: LiveKitStack = request.getfixturevalue(request.param)
    return LiveKitPlatform(stack.url, stack.api_key, stack.api_secret)


@pytest_asyncio.fixture
async def stand(platform: Platform, tmp_path: Path) -> AsyncIterator[DeclaredStand]:
    """A tenant that declares nothing yet."""
    made = DeclaredStand(platform, tmp_path)
    yield made
    await made.close()
    await platform.close()
