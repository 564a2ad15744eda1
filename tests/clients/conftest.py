"""The gateways that the client programs meet."""

from collections.abc import Iterator

import pytest

from tests.clients.served import NUMBER, Served, served
from tests.stack.livekit_stack import LiveKitStack


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A gateway on the sandbox, once for all clients."""
    folder = tmp_path_factory.mktemp("clients")
    with served(folder, "ST_sandbox", GATEWAY_PLATFORM="sandbox") as running:
        yield running


@pytest.fixture(scope="session")
def livekit_gateway(
    tmp_path_factory: pytest.TempPathFactory, livekit_stack: LiveKitStack
) -> Iterator[Served]:
    """A gateway in front of the real LiveKit, once for all clients."""
    platform = {
        "GATEWAY_PLATFORM": "livekit",
        "livekit_url": livekit_stack.url,
        "livekit_api_key": livekit_stack.api_key,
        "livekit_api_secret": livekit_stack.api_secret,
    }
    trunk = livekit_stack.create_trunk("clients", [NUMBER], "phones.test")
    with served(tmp_path_factory.mktemp("clients-livekit"), trunk, **platform) as running:
        yield running
