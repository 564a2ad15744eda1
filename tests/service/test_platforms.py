"""Which calls go over their trunks."""

import pytest

from gateway.domain.tenant import Tenant
from gateway.platform.sandbox.platform import SandboxPlatform
from gateway.service.following.platforms import Platforms
from tests.stands.clocks import HandClock


@pytest.mark.parametrize(
    ("sandbox", "beside_livekit", "uses"),
    [(False, True, True), (True, True, False), (False, False, True), (True, False, True)],
)
async def test_only_beside_a_real_platform_a_sandbox_tenant_uses_no_trunk(
    *, sandbox: bool, beside_livekit: bool, uses: bool
) -> None:
    """Where everything plays in the sandbox, trunks are tried out there as well."""
    played = SandboxPlatform(HandClock())
    platforms = Platforms(played if beside_livekit else None, played)
    tenant = Tenant(tenant_id="acme", sandbox=sandbox)
    assert platforms.uses_trunk(tenant) is uses
