"""The one place that decides who is calling, from everything that a request shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.domain.config.spiffe import NO_WORKLOAD, Workload
from gateway.domain.replacing import replace
from gateway.domain.rpc import Caller
from gateway.errors import GatewayError, Reason
from gateway.service.access.identity import Identity, bearer, sooner
from gateway.service.access.issuers import Issuers
from gateway.service.access.workloads import Workloads


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a request shows of its sender, before its body is read."""

    authorizations: Sequence[str] = ()
    """Every value of the `authorization` header."""
    peer: str = ""
    """Where it comes from, as gRPC writes it."""
    workload: Workload = NO_WORKLOAD
    """What its client certificate says."""


class Callers:
    """A token or a client certificate; of two that disagree neither counts.

    With both, the token decides the rights, and the certificate must be of the same tenant or of
    nobody. A token that is refused is never made good by a certificate.
    """

    def __init__(self, identity: Identity, workloads: Workloads, issuers: Issuers) -> None:
        self._identity = identity
        self._workloads = workloads
        self._issuers = issuers

    async def authenticate(self, shown: Shown) -> Caller:
        """The caller. Raises UNAUTHENTICATED; only the log says what was wrong.

        Raises ISSUER_UNAVAILABLE if it cannot be known now.
        """
        if shown.workload.fault:
            raise _unknown(shown.workload.fault)
        certified = self._workloads.caller(shown.workload)
        if not shown.authorizations:
            return certified or self._nobody(shown.workload)
        caller = await self._of_token(shown)
        if certified is None:
            return caller
        if certified.tenant_id != caller.tenant_id:
            raise _unknown(
                f"the certificate {certified.key} is of {certified.tenant_id or 'operators'}, "
                f"the token of {caller.tenant_id or 'operators'}"
            )
        return replace(caller, expire_time=sooner(caller.expire_time, certified.expire_time))

    def holds(self, caller: Caller) -> bool:
        """Whether what the caller showed is still valid."""
        if caller.key.startswith("spiffe://"):
            workload = Workload(caller.key, caller.expire_time)
            now = self._workloads.caller(workload)
            return now is not None and _same(now, caller)
        if caller.key.startswith("https://"):
            return self._issuers.holds(caller)
        return self._identity.holds(caller)

    async def _of_token(self, shown: Shown) -> Caller:
        token = bearer(shown.authorizations)
        issuer = self._issuers.issuer_of(token)
        if issuer is None:
            return self._identity.authenticate(token, shown.peer)
        return await self._issuers.authenticate(issuer, token)

    @staticmethod
    def _nobody(workload: Workload) -> Caller:
        if workload.spiffe_id:
            raise _unknown(f"the certificate {workload.spiffe_id} is nobody's, or has expired")
        needs = "needs 'authorization: Bearer <token>'"
        raise GatewayError(Reason.UNAUTHENTICATED, needs, cause=workload.ignored)


def _same(one: Caller, other: Caller) -> bool:
    return one.tenant_id == other.tenant_id and one.rights >= other.rights


def _unknown(cause: str) -> GatewayError:
    return GatewayError(Reason.UNAUTHENTICATED, "it is not known who is calling", cause=cause)
