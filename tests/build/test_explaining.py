"""The command line decides as the gateway on the same settings does."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.build import Administration, administration
from gateway.domain.calls.call import Attempt
from gateway.domain.calls.requests import PlaceCall
from gateway.domain.route_decision import Verdict
from gateway.errors import GatewayError
from gateway.settings import PlatformName, Settings
from tests.stands.clocks import NOON
from tests.stands.phones import ANSWERS
from tests.stands.values import a_call

FULL_TRUNK = """
tenants:
- {tenant_id: acme, sandbox: true}
trunks:
- trunk_id: berlin
  livekit_trunk_id: ST_berlin
  numbers: [{number: "+4930123456"}]
  max_concurrent_calls: 1
"""


@pytest_asyncio.fixture
async def opened(tmp_path: Path, platform: PlatformName) -> AsyncIterator[Administration]:
    """The database of a gateway on this platform; another call has the trunk's only place."""
    file = tmp_path / "gateway.yaml"
    file.write_text(FULL_TRUNK)
    settings = Settings.model_validate(
        {"GATEWAY_DATABASE_URL": f"sqlite:///{tmp_path}/g.db", "GATEWAY_PLATFORM": platform}
    )
    attempt = Attempt(
        trunk_id="berlin", livekit_trunk_id="ST_berlin", caller_id="", start_time=NOON
    )
    async with administration(settings) as opened:
        await opened.apply_file(file)
        await opened.directory.refresh()
        call = replace(a_call("call_1"), attempts=(attempt,), tenant_id="other")
        await opened.store.transact(lambda tx: tx.put_call(call))
        yield opened


@pytest.mark.parametrize("platform", [PlatformName.LIVEKIT])
async def test_beside_livekit_a_sandbox_call_finds_every_trunk_free(
    opened: Administration,
) -> None:
    """It goes over none, so a full one is no matter."""
    route = await opened.admin.explain_route("acme", PlaceCall(to=ANSWERS))
    assert [one.verdict for one in route.candidates] == [Verdict.TAKEN]


@pytest.mark.parametrize("platform", [PlatformName.SANDBOX])
async def test_where_all_play_in_the_sandbox_a_full_trunk_is_full(opened: Administration) -> None:
    """Trunks are tried out there, a sandbox tenant's too."""
    with pytest.raises(GatewayError, match="TRUNK_LIMIT"):
        await opened.admin.explain_route("acme", PlaceCall(to=ANSWERS))
