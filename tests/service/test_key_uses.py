"""When keys were last used."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.ports import ApiKey, StoreUnavailableError
from gateway.service.access.key_uses import KeyUses
from gateway.store.store import SqlStore
from tests.stands.clocks import NOON, HandClock

KEY = ApiKey(key="GWa", tenant_id="", rights=frozenset(), sealed_secret=b"x", create_time=NOON)


async def last_use(store: SqlStore) -> datetime | None:
    (key,) = await store.read(lambda tx: tx.keys())
    return key.last_use_time


async def test_a_use_is_written_once_a_minute(store: SqlStore) -> None:
    """However often a key is used, it is written at its first use, then a minute later."""
    await store.transact(lambda tx: tx.put_key(KEY))
    clock = HandClock()
    uses = KeyUses(store, clock)
    for after, written in ((0, 0), (1, 0), (59, 0), (60, 60), (119, 60), (120, 120)):
        clock.go_to(NOON + timedelta(seconds=after))
        uses.note("GWa")
        await uses.write()
        assert await last_use(store) == NOON + timedelta(seconds=written)


async def test_a_use_that_could_not_be_written_is_kept(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is away for a while costs no use."""
    await store.transact(lambda tx: tx.put_key(KEY))
    uses = KeyUses(store, HandClock())
    uses.note("GWa")

    async def away(_change: Any) -> None:
        raise StoreUnavailableError("away")

    with monkeypatch.context() as broken:
        broken.setattr(store, "transact", away)
        with pytest.raises(StoreUnavailableError):
            await uses.write()
    await uses.write()
    assert await last_use(store) == NOON
