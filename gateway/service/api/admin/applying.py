"""ApplyConfig as a whole: the configuration, and then what it declares on the platforms."""

from dataclasses import dataclass, replace

from gateway.domain.admin.requests import Applied, ApplyConfig
from gateway.domain.config.inbound import has_declared
from gateway.domain.rpc import Rpc
from gateway.errors import FieldViolation
from gateway.ports import Store, StoredConfig, StoreUnavailableError
from gateway.service.api.admin.service import AdminService
from gateway.service.declaring.inbound import DeclaredInbound, InboundSeen, seen_by

COMMAND_LINE = "command line"
NOT_ASKED = FieldViolation(
    "inbound", "LiveKit is not configured here and was not asked: a running gateway does it"
)


@dataclass(frozen=True, slots=True)
class ConfigInForce:
    """The configuration as stored, and how the platforms had it at the last look."""

    stored: StoredConfig | None
    inbound: InboundSeen


class Applying:
    """`inbound` None: this process reaches no platform, and leaves them to running gateways."""

    def __init__(self, admin: AdminService, store: Store) -> None:
        self.inbound: DeclaredInbound | None = None
        self._admin = admin
        self._store = store

    async def apply(self, asked: ApplyConfig, *, by: Rpc | None = None) -> Applied:
        """See `AdminService.apply`. What a platform does not do is told, and undoes nothing."""
        applied = await self._admin.apply(asked, by=by)
        config = applied.config
        if config is None:
            return applied
        if self.inbound is None:
            told = (NOT_ASKED,) if has_declared(config.tenants) else ()
            return replace(applied, warnings=(*applied.warnings, *told))
        try:
            if asked.dry_run:
                settled = await self.inbound.rehearse(config)
            else:
                in_force = replace(config, version=applied.version)
                settled = await self.inbound.settle(in_force, actor=COMMAND_LINE, by=by)
        except StoreUnavailableError as away:  # the configuration is in force all the same
            return replace(applied, inbound_error=str(away))
        return replace(applied, inbound=tuple(settled.records), inbound_error=settled.error)

    async def in_force(self) -> ConfigInForce:
        """What GetConfig answers."""
        seen = await self._store.read(seen_by)
        return ConfigInForce(await self._admin.current_config(), seen)
