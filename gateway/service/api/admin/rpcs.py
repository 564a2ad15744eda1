"""AdminService's RPCs: who may ask for what; see `reach` for what exists for whom."""

from collections.abc import Sequence

from gateway.audit.trail import Trail
from gateway.domain.admin.requests import (
    Applied,
    ApplyConfig,
    ChangeDoNotCall,
    CreateApiKey,
    ListApiKeys,
    ListDoNotCall,
    ListTrunkHealth,
    ResetTrunk,
    RevokeApiKey,
)
from gateway.domain.fields import printable
from gateway.domain.routing.trunk_health import TrunkHealth
from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Right, Trunk
from gateway.errors import GatewayError, Reason, invalid_field
from gateway.ports import ApiKey
from gateway.service.access.directory import Directory
from gateway.service.api.admin.applying import Applying, ConfigInForce
from gateway.service.api.admin.do_not_call import DoNotCallService, PageOfNumbers
from gateway.service.api.admin.service import AdminService, NewKey
from gateway.service.api.reach import operator_only, tenant_reached

TENANT_RIGHTS = frozenset({Right.CALL, Right.TENANT_ADMIN})


class AdminRpcs:
    """A method per RPC. Changes are recorded in the transaction that makes them."""

    def __init__(
        self,
        admin: AdminService,
        applying: Applying,
        do_not_call: DoNotCallService,
        directory: Directory,
        trail: Trail,
    ) -> None:
        self._admin = admin
        self._applying = applying
        self._do_not_call = do_not_call
        self._directory = directory
        self._trail = trail

    async def apply_config(self, rpc: Rpc, asked: ApplyConfig) -> Applied:
        """Replaces the whole configuration, or says what would change."""
        operator_only(rpc)
        applied = await self._applying.apply(asked, by=rpc)
        if not applied.dry_run:
            self._trail.recorded(rpc)
        return applied

    async def get_config(self, rpc: Rpc, _asked: None) -> ConfigInForce:
        """The configuration in force, as stored, and how the platforms have it."""
        operator_only(rpc)
        return await self._applying.in_force()

    async def create_api_key(self, rpc: Rpc, asked: CreateApiKey) -> NewKey:
        """A new key; of the caller's own tenant unless the caller is an operator."""
        own = tenant_reached(rpc)
        tenant_id = asked.tenant_id or own
        rights = asked.rights or frozenset({Right.CALL if tenant_id else Right.OPERATOR})
        if own and (tenant_id != own or not rights <= TENANT_RIGHTS):
            raise GatewayError(
                Reason.PERMISSION_DENIED,
                "may only create keys of its own tenant, with the rights CALL and TENANT_ADMIN",
                {"right": Right.OPERATOR.value},
            )
        new = await self._admin.create_key(
            tenant_id,
            rights,
            expire_time=asked.expire_time,
            allowed_addresses=asked.allowed_addresses,
            by=rpc,
        )
        self._trail.recorded(rpc)
        return new

    async def revoke_api_key(self, rpc: Rpc, asked: RevokeApiKey) -> ApiKey:
        """The key, refused from now on."""
        own = tenant_reached(rpc)
        revoked = await self._admin.revoke_key(asked.key, tenant_id=own, by=rpc)
        self._trail.recorded(rpc)
        return revoked

    async def list_api_keys(self, rpc: Rpc, asked: ListApiKeys) -> Sequence[ApiKey]:
        """Keys without secrets; none of a tenant that the caller may not see."""
        own = tenant_reached(rpc)
        if own and asked.tenant_id not in ("", own):
            return ()
        return await self._admin.list_keys(own or asked.tenant_id)

    async def list_trunk_health(self, rpc: Rpc, asked: ListTrunkHealth) -> Sequence[TrunkHealth]:
        """The health of trunks; for a tenant, of its trunks and by its own calls."""
        own = tenant_reached(rpc)
        trunks = self._trunks(own)
        if asked.trunk_id:
            trunks = [_named(asked.trunk_id, trunks)]
        return await self._admin.trunk_health(trunks, asked.window, tenant_id=own)

    async def reset_trunk(self, rpc: Rpc, asked: ResetTrunk) -> TrunkHealth:
        """The trunk, marked as healthy."""
        operator_only(rpc)
        if not asked.trunk_id:
            raise invalid_field("trunk_id", "is required")
        health = await self._admin.reset_trunk(_named(asked.trunk_id, self._trunks("")), by=rpc)
        self._trail.recorded(rpc)
        return health

    def hides_numbers(self, rpc: Rpc, asked: ChangeDoNotCall | ListDoNotCall) -> bool:
        """Whether records of a request about a do-not-call list may not have its numbers."""
        return self._do_not_call.hides(rpc, asked)

    async def add_do_not_call(self, rpc: Rpc, asked: ChangeDoNotCall) -> None:
        """Numbers that are refused from now on."""
        await self._do_not_call.add(asked, by=rpc)
        self._trail.recorded(rpc)

    async def remove_do_not_call(self, rpc: Rpc, asked: ChangeDoNotCall) -> None:
        """Numbers that may be called again."""
        await self._do_not_call.remove(asked, by=rpc)
        self._trail.recorded(rpc)

    async def list_do_not_call(self, rpc: Rpc, asked: ListDoNotCall) -> PageOfNumbers:
        """One page of a list."""
        return await self._do_not_call.list(asked, by=rpc)

    def _trunks(self, tenant_id: str) -> Sequence[Trunk]:
        network = self._directory.network
        if not tenant_id:
            return network.config.trunks
        return network.trunks_of(self._directory.tenant(tenant_id))


def _named(trunk_id: str, trunks: Sequence[Trunk]) -> Trunk:
    found = next((trunk for trunk in trunks if trunk.trunk_id == trunk_id), None)
    if found is None:
        shown = printable(trunk_id)
        raise GatewayError(Reason.TRUNK_NOT_FOUND, f"no trunk {shown}", {"trunk_id": shown})
    return found
