"""The sweep where there are more rooms than it may list at once."""

import pytest

from gateway.domain.calls.leg import Leg
from gateway.ports import PlatformError
from gateway.service.arrivals import sweep
from gateway.store.store import SqlStore
from tests.stands.services.exchange import Desk, Exchange, a_leg, serving

RATE = 8
MOST = 30
"""Rooms in one sweep: an eighth of the rate, for 30 s."""


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits between two requests."""
    monkeypatch.setattr(sweep, "PACE", 1e9)


def crowd(count: int) -> Exchange:
    """So many rooms with a phone each that is nobody's."""
    exchange = Exchange()
    for number in range(count):
        exchange.put(a_leg(f"elsewhere-{number:03}", rule_id=""))
    return exchange


async def swept(desk: Desk) -> list[str]:
    """The rooms that one sweep lists, in order."""
    desk.exchange.listed.clear()
    await desk.sweep.sweep()
    return list(desk.exchange.listed)


async def test_rooms_are_listed_in_turn(store: SqlStore) -> None:
    """No more than so many in a sweep, and each of them in the end."""
    exchange = crowd(100)
    async with serving(store, exchange, looks_per_second=RATE) as desk:
        sweeps = [await swept(desk) for _ in range(14)]
    assert {len(rooms) for rooms in sweeps} == {MOST}
    for some in (sweeps[:7], sweeps[7:]):
        assert {room for rooms in some for room in rooms} == set(await exchange.rooms())


async def test_a_room_that_has_changed_does_not_wait_for_its_turn(store: SqlStore) -> None:
    """It is new, or somebody has come or gone."""
    exchange = crowd(50)
    async with serving(store, exchange, looks_per_second=RATE) as desk:
        for _ in range(4):
            rooms = await swept(desk)
        assert len(set(rooms)) == MOST
        unlisted = sorted(set(await exchange.rooms()) - set(rooms))
        changed = [unlisted[-1], "elsewhere-new"]
        for room in changed:
            exchange.put(a_leg(room, identity="another", rule_id=""))
        assert sorted((await swept(desk))[:2]) == sorted(changed)


async def test_another_gateway_goes_on_where_the_last_ended(store: SqlStore) -> None:
    """Together they list all rooms as fast as one alone."""
    exchange = crowd(60)
    async with (
        serving(store, exchange, looks_per_second=RATE) as one,
        serving(store, exchange, looks_per_second=RATE) as two,
    ):
        rooms = await swept(one) + await swept(two)
    assert sorted(rooms) == sorted(await exchange.rooms())


class Broken(Exchange):
    """Some of its rooms cannot be listed."""

    def __init__(self, *broken: str) -> None:
        super().__init__()
        self.broken = set(broken)

    async def legs(self, room: str) -> list[Leg]:
        found = await super().legs(room)
        if room in self.broken:
            raise PlatformError("away")
        return list(found)


async def test_a_room_that_cannot_be_listed_hides_no_other(store: SqlStore) -> None:
    """A caller in another room is found; and the one in it with the next sweep that can."""
    broken = Broken("acme-1")
    for room in ("acme-1", "acme-2"):
        broken.put(a_leg(room))
    async with serving(store, broken) as desk:
        await desk.sweep.sweep()
        assert [call.room for call in await desk.calls()] == ["acme-2"]
        broken.broken.clear()
        await desk.sweep.sweep()
        assert len(await desk.calls()) == 2


async def test_a_sweep_ends_where_no_room_can_be_listed(store: SqlStore) -> None:
    """LiveKit has other troubles than to be asked for all the others as well."""
    broken = Broken("acme-1")
    broken.put(a_leg("acme-1"))
    async with serving(store, broken) as desk:
        with pytest.raises(PlatformError):
            await desk.sweep.sweep()
