"""When gateways look, and what a look costs; the platform does not matter here."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from unittest.mock import Mock

import pytest
import pytest_asyncio

from gateway.domain.declaring.record import InboundState
from gateway.platform.sandbox.platform import SandboxPlatform
from gateway.ports import Reading, RequestClaim
from gateway.service.declaring import turn
from gateway.service.declaring.inbound import DeclaredInbound
from gateway.service.declaring.settling import Settled
from gateway.store.declared import rows
from tests.declaring.stand import DeclaredStand
from tests.stands.clocks import RealClock


@pytest_asyncio.fixture
async def stand(tmp_path: Path) -> AsyncIterator[DeclaredStand]:
    """A tenant that declares nothing yet."""
    made = DeclaredStand(SandboxPlatform(RealClock()), tmp_path)
    yield made
    await made.close()


async def test_documents_are_read_once_a_minute(
    stand: DeclaredStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two looks gateways only count; and who waits for a turn writes nothing."""
    await stand.apply([stand.trunk()])
    documents, transactions = Mock(wraps=json), Mock(wraps=stand.store.transact)
    monkeypatch.setattr(rows, "json", documents)
    monkeypatch.setattr(stand.store, "transact", transactions)
    for _ in range(3):
        await stand.look(after=6)
    assert (documents.loads.call_count, transactions.call_count) == (0, 0)
    assert stand.counts[InboundState.IN_PLACE] == 1
    await stand.look()
    assert documents.loads.call_count > 0
    until = stand.clock.now() + turn.LASTS
    held = RequestClaim("", "inbound", "LIVE", "", "turn_1", until)
    await stand.store.transact(lambda tx: tx.put_claim(held))
    monkeypatch.setattr(turn, "PATIENCE_SECONDS", 0.3)
    transactions.reset_mock()
    assert (await settled(stand)).error == "another gateway is at it"
    assert transactions.call_count == 0


async def settled(stand: DeclaredStand) -> Settled:
    """As after ApplyConfig."""
    return await stand.inbound.settle(stand.administration.directory.config, actor="test")


async def test_a_change_during_a_look_is_not_missed(stand: DeclaredStand) -> None:
    """A gateway that finds nothing to do hears of a configuration that is applied meanwhile."""
    await stand.apply()
    gateway, read = stand.gateway(), stand.store.read

    async def read_and_apply(ask: Callable[[Reading], object]) -> object:
        found = await read(ask)
        stand.store.read = read  # type: ignore[method-assign]
        # As by a command that reaches no platform.
        stand.inbound = DeclaredInbound(
            [], store=stand.store, clock=stand.clock, config=lambda: directory.config
        )
        await stand.apply([stand.trunk()])
        gateway.rouse()
        return found

    directory = stand.administration.directory
    stand.store.read = read_and_apply  # type: ignore[method-assign,assignment]
    await gateway.look_in_turn()
    assert await stand.states() == []
    await stand.look(gateway, after=4)
    assert await stand.states() == ["IN_PLACE"]
