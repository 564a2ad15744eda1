"""Who hears whom on the newest LiveKit: nothing in its API promises what holds are made of."""

import pytest

from tests.behaviour.test_hold import (
    test_nobody_hears_a_muted_phone,
    test_whoever_is_on_hold_hears_nobody,
)
from tests.behaviour.test_warm_transfers import (
    test_a_canceled_transfer_gives_the_caller_back,
    test_a_human_is_briefed_and_takes_over,
    test_a_human_who_is_not_reached,
    test_nobody_may_need_to_be_briefed,
    test_the_caller_may_hear_music,
)

__all__ = [
    "test_a_canceled_transfer_gives_the_caller_back",
    "test_a_human_is_briefed_and_takes_over",
    "test_a_human_who_is_not_reached",
    "test_nobody_hears_a_muted_phone",
    "test_nobody_may_need_to_be_briefed",
    "test_the_caller_may_hear_music",
    "test_whoever_is_on_hold_hears_nobody",
]

NEWER_STAND = pytest.param(("grpc", "newer_livekit", "sqlite"), id="grpc-newer-livekit")

pytestmark = [
    pytest.mark.livekit,
    pytest.mark.parametrize("stand", [NEWER_STAND], indirect=True),
]
