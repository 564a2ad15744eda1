"""The platforms, one after the other, behind the same fixture."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.platform.livekit import connections
from gateway.platform.livekit.platform import LiveKitPlatform
from gateway.platform.sandbox.platform import SandboxPlatform
from gateway.ports import Platform
from tests.platform.paced import PacedPlatform
from tests.platform.stand import CALLER_ID, Stand
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.clocks import RealClock
from tests.stands.patience import PATIENCE


@pytest.fixture(autouse=True)
def dials_may_leave_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the machine stands still meanwhile; unless a test is about that."""
    monkeypatch.setattr(connections, "LEAVES_WITHIN_SECONDS", PATIENCE)


@pytest.fixture(scope="session")
def livekit_trunk(livekit_stack: LiveKitStack) -> str:
    """A trunk of the real LiveKit."""
    return livekit_stack.create_trunk("platform", [CALLER_ID], "sip.example.com")


@pytest_asyncio.fixture(
    params=["sandbox", "simulated", pytest.param("livekit", marks=pytest.mark.livekit)]
)
async def platform_stand(request: pytest.FixtureRequest) -> AsyncIterator[Stand]:
    """Each platform with a room of its own."""
    platform, trunk_id = _platform(request)
    stand = Stand(platform, trunk_id)
    yield stand
    await platform.end_room(stand.room)
    await platform.close()


def _platform(request: pytest.FixtureRequest) -> tuple[Platform, str]:
    if request.param == "sandbox":
        return SandboxPlatform(RealClock()), "ST_sandbox"
    if request.param == "simulated":
        return PacedPlatform(), "ST_simulated"
    trunk_id: str = request.getfixturevalue("livekit_trunk")
    stack: LiveKitStack = request.getfixturevalue("livekit_stack")
    return LiveKitPlatform(stack.url, stack.api_key, stack.api_secret), trunk_id
