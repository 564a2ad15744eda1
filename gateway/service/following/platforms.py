"""Which platform carries a call."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gateway.domain.calls.call import Call
from gateway.domain.tenant import Tenant
from gateway.errors import GatewayError, Reason
from gateway.ports import Platform, PlatformError


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

    def of_tenant(self, tenant: Tenant) -> Platform:
        """Where the rooms of this tenant's calls are."""
        return self.sandbox if tenant.sandbox or self.live is None else self.live

    def of(self, call: Call) -> Platform:
        """Where this call's leg is."""
        return self.sandbox if call.sandbox or self.live is None else self.live


def uses_trunk(tenant: Tenant, *, live: bool) -> bool:
    """Whether the tenant's calls use their trunks.

    `live`: besides the sandbox there is a platform that rings phones.
    """
    return not live or not tenant.sandbox


@contextmanager
def answering() -> Iterator[None]:
    """A platform that does not answer is PLATFORM_UNAVAILABLE."""
    try:
        yield
    except PlatformError as away:
        raise GatewayError(Reason.PLATFORM_UNAVAILABLE, "LiveKit does not answer") from away
