"""The stack as a fixture, started once for all tests that need it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stack.livekit_stack import LiveKitStack


@pytest.fixture(scope="session")
def livekit_stack() -> Iterator[LiveKitStack]:
    """Redis, livekit-server and the stand-in SIP node, up and ready."""
    with LiveKitStack() as stack:
        yield stack
