"""Who is calling by a client certificate: SPIFFE ids, as the configuration names them."""

from collections.abc import Mapping

from gateway.domain.config.spiffe import Workload, patterns_of
from gateway.domain.rpc import Caller, DoorGrant
from gateway.domain.tenant import Config, Right
from gateway.ports import Clock
from gateway.service.access.directory import Directory

_Grant = tuple[str, frozenset[Right]]
_CALL = frozenset({Right.CALL})
_ADMIN = frozenset({Right.CALL, Right.TENANT_ADMIN})
_OPERATOR = frozenset({Right.OPERATOR})


class Workloads:
    """Turns a checked certificate into a Caller; whether it may be trusted is decided before."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._config: Config | None = None
        self._grants: Mapping[str, _Grant] = {}

    def caller(self, workload: Workload) -> Caller | None:
        """The caller with this certificate; None if it is nobody's, or has ended."""
        ends = workload.expire_time
        if not workload.spiffe_id or (ends is not None and ends <= self._clock.now()):
            return None
        grants = self._current()
        fits = (grants[each] for each in patterns_of(workload.spiffe_id) if each in grants)
        found = next(fits, None)
        if found is None:
            return None
        tenant_id, rights = found
        return Caller(
            key=workload.spiffe_id,
            tenant_id=tenant_id,
            rights=rights,
            grants=frozenset(DoorGrant) if Right.CALL in rights else frozenset(),
            expire_time=ends,
        )

    def _current(self) -> Mapping[str, _Grant]:
        config = self._directory.config
        if self._config is not config:
            self._config, self._grants = config, _grants_of(config)
        return self._grants


def _grants_of(config: Config) -> Mapping[str, _Grant]:
    grants: dict[str, _Grant] = {}
    for tenant in config.tenants:
        grants |= dict.fromkeys(tenant.spiffe_ids, (tenant.tenant_id, _CALL))
        grants |= dict.fromkeys(tenant.admin_spiffe_ids, (tenant.tenant_id, _ADMIN))
    return grants | dict.fromkeys(config.operator_spiffe_ids, ("", _OPERATOR))
