"""Which platform carries a call."""

from dataclasses import dataclass

from gateway.domain.calls.call import Call
from gateway.domain.tenant import Tenant
from gateway.ports import Platform


@dataclass(frozen=True, slots=True)
class Platforms:
    """The real platform (None: everything runs on the sandbox) and the sandbox."""

    live: Platform | None
    sandbox: Platform

    def plays(self, tenant: Tenant) -> bool:
        """Whether this tenant's calls ring no phone."""
        return tenant.sandbox or self.live is None

    def uses_trunk(self, tenant: Tenant) -> bool:
        """Whether its calls use their trunks; a sandbox tenant's do not if others use LiveKit."""
        return uses_trunk(tenant, live=self.live is not None)

    def of(self, call: Call) -> Platform:
        """Where this call's leg is."""
        return self.sandbox if call.sandbox or self.live is None else self.live


def uses_trunk(tenant: Tenant, *, live: bool) -> bool:
    """Whether the tenant's calls use their trunks.

    `live`: besides the sandbox there is a platform that rings phones.
    """
    return not live or not tenant.sandbox
