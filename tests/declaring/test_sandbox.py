"""Sandboxes as gateways have them: each forgets with its process, and nobody else is there."""

from pathlib import Path

from gateway.domain.inbound.objects import InboundKind
from gateway.platform.sandbox.inbound import SandboxInbound
from gateway.platform.sandbox.platform import SandboxPlatform
from tests.declaring.stand import DeclaredStand, Watched
from tests.stands.clocks import RealClock


async def test_each_sandbox_has_what_is_declared(tmp_path: Path) -> None:
    """A gateway that starts makes everything in its own, and no two take it from each other."""
    stand = DeclaredStand(SandboxPlatform(RealClock()), tmp_path)
    own = Watched(SandboxInbound(RealClock()))
    other = stand.gateway(own)
    await stand.apply([stand.trunk()], [stand.rule()])
    await stand.look(other)
    assert stand.watched.asked == own.asked == {"create": 2}
    for _ in range(2):
        await stand.look()
        await stand.look(other)
    assert stand.watched.asked == own.asked == {"create": 2}
    assert await stand.states() == ["IN_PLACE", "IN_PLACE"]
    assert await stand.audit("inbound drift") == []
    rehearsed = await stand.apply([stand.trunk()], [stand.rule()], dry_run=True)
    assert (rehearsed.inbound, rehearsed.inbound_error) == ((), "")
    await stand.apply()  # where nothing is declared nobody looks
    await stand.apply([stand.trunk(trunk_id="renamed")])
    await stand.look(other)
    (left,) = await own.inner.listed(InboundKind.TRUNK)
    assert left.setup.name.startswith(f"{stand.tenant}/renamed ")
    assert [one.error for one in await stand.records()] == [""]
    await stand.close()
