"""Tenants and keys in memory, renewed when they change."""

import asyncio
import threading

import pytest

from gateway.domain.tenant import Config, Right, Tenant
from gateway.errors import GatewayError, Reason
from gateway.ports import ApiKey, StoredConfig
from gateway.service.access import directory as directory_module
from gateway.service.access.directory import Directory
from gateway.store.store import SqlStore
from tests.stands.clocks import NOON
from tests.stands.patience import PATIENCE
from tests.stands.waiting import until

KEY = ApiKey(
    key="GW1",
    tenant_id="acme",
    rights=frozenset({Right.CALL}),
    sealed_secret=b"sealed",
    create_time=NOON,
)


def decode(stored: StoredConfig | None) -> Config:
    """A document is the id of its only tenant; `broken` is none."""
    if stored is None:
        return Config()
    if stored.document == "broken":
        raise GatewayError(Reason.CONFIG_INVALID, "cannot be read")
    return Config(stored.version, tenants=(Tenant(tenant_id=stored.document),))


async def test_nothing_is_known_at_first(store: SqlStore) -> None:
    """An empty database has no tenants, and a caller of one is refused."""
    directory = Directory(store, decode)
    await directory.refresh()
    assert directory.key("GW1") is None
    with pytest.raises(GatewayError) as refused:
        directory.tenant("acme")
    assert refused.value.reason is Reason.PERMISSION_DENIED
    assert refused.value.metadata == {"tenant_id": "acme"}


async def test_changes_are_read(store: SqlStore) -> None:
    """What was stored since the last time is known after the next refresh."""
    directory = Directory(store, decode)
    await directory.refresh()
    await store.transact(lambda tx: tx.put_config("acme", "", NOON))
    await store.transact(lambda tx: tx.put_key(KEY))
    await directory.refresh()
    assert directory.tenant("acme").tenant_id == "acme"
    assert directory.key("GW1") == KEY
    assert directory.config.version == 1


async def test_it_is_read_only_when_something_changed(store: SqlStore) -> None:
    """Without a change the configuration is not decoded again."""
    decoded: list[StoredConfig | None] = []

    def counting(stored: StoredConfig | None) -> Config:
        decoded.append(stored)
        return decode(stored)

    directory = Directory(store, counting)
    for _ in range(3):
        await directory.refresh()
    assert decoded == [None]


async def test_keys_alone_compile_nothing_again(store: SqlStore) -> None:
    """A change of keys leaves the network as it is, and is seen all the same."""
    directory = Directory(store, decode)
    await store.transact(lambda tx: tx.put_config("acme", "", NOON))
    await directory.refresh()
    network = directory.network
    await store.transact(lambda tx: tx.put_key(KEY))
    await directory.refresh()
    assert directory.key("GW1") == KEY
    assert directory.network is network
    await store.transact(lambda tx: tx.put_config("acme", "", NOON))
    await directory.refresh()
    assert directory.network is not network


async def test_the_network_is_of_the_configuration_in_force(store: SqlStore) -> None:
    """Choices and configuration are of one version at any moment."""
    directory = Directory(store, decode)
    assert directory.network.config == Config()
    await store.transact(lambda tx: tx.put_config("acme", "", NOON))
    await directory.refresh()
    assert directory.network.config is directory.config
    assert directory.network.tenant("acme") is directory.tenant("acme")


async def test_a_big_configuration_holds_nothing_up(store: SqlStore) -> None:
    """While one is decoded the gateway goes on with the one before."""
    begun, go_on = threading.Event(), threading.Event()

    def slow(stored: StoredConfig | None) -> Config:
        begun.set()
        assert go_on.wait(PATIENCE)
        return decode(stored)

    directory = Directory(store, slow)
    await store.transact(lambda tx: tx.put_config("acme", "", NOON))
    refreshing = asyncio.create_task(directory.refresh())
    await until(begun.is_set)
    assert directory.config == Config()
    go_on.set()
    await refreshing
    assert directory.tenant("acme")


async def test_the_newer_configuration_stays(store: SqlStore) -> None:
    """A slow refresh that began earlier never puts its configuration over a newer one."""
    begun, go_on = threading.Event(), threading.Event()

    def first_slow(stored: StoredConfig | None) -> Config:
        if stored and stored.version == 1:
            begun.set()
            assert go_on.wait(PATIENCE)
        return decode(stored)

    directory = Directory(store, first_slow)
    await store.transact(lambda tx: tx.put_config("acme", "", NOON))
    earlier = asyncio.create_task(directory.refresh())
    await until(begun.is_set)
    await store.transact(lambda tx: tx.put_config("globex", "", NOON))
    later = asyncio.create_task(directory.refresh())
    # Time enough for the later one to overtake, if it could.
    await asyncio.wait({later}, timeout=0.3)
    go_on.set()
    await asyncio.gather(earlier, later)
    assert (directory.config.version, directory.tenant("globex").tenant_id) == (2, "globex")


async def test_a_configuration_that_cannot_be_read(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The known one stays in force, keys are still renewed, and a readable one is taken."""
    monkeypatch.setattr(directory_module, "REFRESH_SECONDS", 0.001)
    directory = Directory(store, decode)
    await store.transact(lambda tx: tx.put_config("acme", "", NOON))
    await directory.refresh()
    watching = asyncio.create_task(directory.keep_fresh())
    try:
        await store.transact(lambda tx: tx.put_config("broken", "", NOON))
        await store.transact(lambda tx: tx.put_key(KEY))
        await until(lambda: directory.key("GW1") is not None)
        assert directory.tenant("acme")
        await store.transact(lambda tx: tx.put_config("globex", "", NOON))
        await until(lambda: directory.config.tenant("globex") is not None)
    finally:
        watching.cancel()
