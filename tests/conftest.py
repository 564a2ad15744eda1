"""What tests of several folders share."""

from collections.abc import Iterator

import pytest

from tests.stack.livekit_stack import LiveKitStack


@pytest.fixture(scope="session")
def livekit_stack() -> Iterator[LiveKitStack]:
    """The real LiveKit with phones behind it, once for all tests."""
    with LiveKitStack() as stack:
        yield stack
