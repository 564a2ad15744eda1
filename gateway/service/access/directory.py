"""Tenants, trunks and keys as configured, held in memory and refreshed when they change."""

import asyncio
from collections.abc import Callable

import structlog

from gateway.domain.routing.network import Network
from gateway.domain.tenant import Config, Tenant, Trunk
from gateway.errors import GatewayError, Reason
from gateway.ports import ApiKey, Reading, Store, StoredConfig, StoreUnavailableError
from gateway.service.chores import every

REFRESH_SECONDS = 0.5

log = structlog.get_logger()


class Directory:
    """Answers at once; a change made by any process is seen within a second."""

    def __init__(self, store: Store, decode: Callable[[StoredConfig | None], Config]) -> None:
        self._store = store
        self._decode = decode
        self._revision = -1
        self._compiled = -1
        self._network = Network(Config())
        self._keys: dict[str, ApiKey] = {}
        # Two refreshes at once could put an older configuration over a newer one.
        self._refreshing = asyncio.Lock()
        self._listeners: list[Callable[[], None]] = []

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self._network.config

    @property
    def network(self) -> Network:
        """The configuration in force, made ready for choices.

        For one decision, read it once and keep it: it may change at any `await`.
        """
        return self._network

    def tenant(self, tenant_id: str) -> Tenant:
        """The tenant; a key may outlive its tenant's place in the configuration."""
        tenant = self._network.tenant(tenant_id)
        if tenant is None:
            raise GatewayError(
                Reason.PERMISSION_DENIED,
                f"tenant {tenant_id} is not configured",
                {"tenant_id": tenant_id},
            )
        return tenant

    def trunk(self, trunk_id: str) -> Trunk | None:
        """The trunk as it is configured now; None: it is not configured any more."""
        return self._network.trunk(trunk_id)

    def key(self, key: str) -> ApiKey | None:
        """The key, unless unknown or revoked."""
        found = self._keys.get(key)
        return found if found and found.revoke_time is None else None

    def on_change(self, listener: Callable[[], None]) -> None:
        """Calls `listener` whenever keys or the configuration have changed."""
        self._listeners.append(listener)

    async def refresh(self) -> None:
        """Reads what has changed since the last time."""
        async with self._refreshing:
            await self._refresh()

    async def _refresh(self) -> None:
        def ask(reading: Reading) -> tuple[int, StoredConfig | None, list[ApiKey]] | None:
            revision = reading.revision()
            if revision == self._revision:
                return None
            return revision, reading.config(), list(reading.keys())

        changed = await self._store.read(ask)
        if changed is None:
            return
        revision, stored, keys = changed
        self._keys = {key.key: key for key in keys}
        version = stored.version if stored else 0
        if version != self._compiled:
            # A big configuration takes a second; calls continue meanwhile.
            self._network = await asyncio.to_thread(lambda: Network(self._decode(stored)))
            self._compiled = version
        self._revision = revision
        for listener in self._listeners:
            listener()
        log.info("configuration_read", version=version, keys=len(keys))

    async def keep_fresh(self) -> None:
        """Refreshes forever; if a read fails, what is known stays in force."""
        await every(REFRESH_SECONDS, self._try_to_refresh, name="configuration")

    async def _try_to_refresh(self) -> None:
        try:
            await self.refresh()
        except (StoreUnavailableError, GatewayError) as away:
            log.warning("configuration_not_read", cause=str(away))
