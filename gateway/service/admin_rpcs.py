"""AdminService's RPCs: who may ask for what, and whose things exist for whom.

An operator reaches everything. An administrator of a tenant reaches its own: whatever else
there is does not exist for it.
"""

from collections.abc import Sequence

from gateway.domain.administering import (
    Applied,
    ApplyConfig,
    CreateApiKey,
    ListApiKeys,
    ListTrunkHealth,
    ResetTrunk,
    RevokeApiKey,
)
from gateway.domain.fields import printable
from gateway.domain.health import TrunkHealth
from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Right, Trunk
from gateway.errors import GatewayError, Reason, invalid_field
from gateway.ports import ApiKey, StoredConfig
from gateway.service.admin import AdminService, NewKey
from gateway.service.directory import Directory

TENANT_RIGHTS = frozenset({Right.CALL, Right.TENANT_ADMIN})


class AdminRpcs:
    """A method per RPC."""

    def __init__(self, admin: AdminService, directory: Directory) -> None:
        self._admin = admin
        self._directory = directory

    async def apply_config(self, rpc: Rpc, asked: ApplyConfig) -> Applied:
        """Replaces the whole configuration, or says what would change."""
        _operator(rpc)
        return await self._admin.apply(asked, by=rpc)

    async def get_config(self, rpc: Rpc, _asked: None) -> StoredConfig | None:
        """The configuration in force, as stored."""
        _operator(rpc)
        return await self._admin.current_config()

    async def create_api_key(self, rpc: Rpc, asked: CreateApiKey) -> NewKey:
        """A new key, of the own tenant where the caller is no operator."""
        own = _tenant_reached(rpc)
        tenant_id = asked.tenant_id or own
        rights = asked.rights or frozenset({Right.CALL if tenant_id else Right.OPERATOR})
        if own and (tenant_id != own or not rights <= TENANT_RIGHTS):
            raise GatewayError(
                Reason.PERMISSION_DENIED,
                "may only make keys of its own tenant, with the rights CALL and TENANT_ADMIN",
                {"right": Right.OPERATOR.value},
            )
        return await self._admin.create_key(
            tenant_id,
            rights,
            expire_time=asked.expire_time,
            allowed_addresses=asked.allowed_addresses,
            by=rpc,
        )

    async def revoke_api_key(self, rpc: Rpc, asked: RevokeApiKey) -> ApiKey:
        """The key, refused from now on."""
        own = _tenant_reached(rpc)
        return await self._admin.revoke_key(asked.key, tenant_id=own, by=rpc)

    async def list_api_keys(self, rpc: Rpc, asked: ListApiKeys) -> Sequence[ApiKey]:
        """Keys without secrets; of a tenant that is not reached there are none."""
        own = _tenant_reached(rpc)
        if own and asked.tenant_id not in ("", own):
            return ()
        return await self._admin.list_keys(own or asked.tenant_id)

    async def list_trunk_health(self, rpc: Rpc, asked: ListTrunkHealth) -> Sequence[TrunkHealth]:
        """How trunks stand; for a tenant its trunks, by its own calls."""
        own = _tenant_reached(rpc)
        trunks = self._trunks(own)
        if asked.trunk_id:
            trunks = [_named(asked.trunk_id, trunks)]
        return await self._admin.trunk_health(trunks, asked.window, tenant_id=own)

    async def reset_trunk(self, rpc: Rpc, asked: ResetTrunk) -> TrunkHealth:
        """The trunk, healthy from now on."""
        _operator(rpc)
        if not asked.trunk_id:
            raise invalid_field("trunk_id", "is required")
        return await self._admin.reset_trunk(_named(asked.trunk_id, self._trunks("")), by=rpc)

    def _trunks(self, tenant_id: str) -> Sequence[Trunk]:
        network = self._directory.network
        if not tenant_id:
            return network.config.trunks
        return network.trunks_of(self._directory.tenant(tenant_id))


def _operator(rpc: Rpc) -> None:
    if _tenant_reached(rpc):
        raise _denied(Right.OPERATOR)


def _tenant_reached(rpc: Rpc) -> str:
    """The one tenant that the caller may administer; empty: everything."""
    caller = rpc.caller
    if caller.room:
        raise GatewayError(Reason.PERMISSION_DENIED, "a token for one room administers nothing")
    if Right.OPERATOR in caller.rights:
        return ""
    if Right.TENANT_ADMIN in caller.rights and caller.tenant_id:
        return caller.tenant_id
    raise _denied(Right.TENANT_ADMIN)


def _denied(right: Right) -> GatewayError:
    return GatewayError(
        Reason.PERMISSION_DENIED,
        f"needs the right {right}: of the key, and as the SIP grant admin of the token",
        {"right": right.value},
    )


def _named(trunk_id: str, trunks: Sequence[Trunk]) -> Trunk:
    found = next((trunk for trunk in trunks if trunk.trunk_id == trunk_id), None)
    if found is None:
        shown = printable(trunk_id)
        raise GatewayError(Reason.TRUNK_NOT_FOUND, f"no trunk {shown}", {"trunk_id": shown})
    return found
