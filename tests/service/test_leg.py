"""How often the platform is asked to end a call's leg."""

from gateway.platform.sandbox.platform import SandboxPlatform
from gateway.service.following.leg import REPEAT_HANG_UP_SECONDS, CallLeg
from tests.stands.clocks import HandClock
from tests.stands.values import a_call


class Asked(SandboxPlatform):
    """Counts the requests to end a leg."""

    times = 0

    async def hang_up(self, room: str, identity: str) -> None:
        self.times += 1
        await super().hang_up(room, identity)


async def test_a_leg_is_ended_at_once_and_then_at_intervals() -> None:
    """The first request goes out whatever the clock shows, the next half a second later."""
    clock = HandClock()
    assert clock.elapsed() == 0
    platform = Asked(clock)
    leg = CallLeg(a_call("call_1"), platform, clock)
    await leg.hang_up()
    await leg.hang_up()
    assert platform.times == 1
    clock.go_on(REPEAT_HANG_UP_SECONDS)
    await leg.hang_up()
    assert platform.times == 2
