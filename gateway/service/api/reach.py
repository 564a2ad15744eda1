"""What exists for an administrator, in every administrative RPC.

An operator reaches everything. For a tenant's administrator, only what belongs to its own tenant
exists.
"""

from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Right
from gateway.errors import GatewayError, Reason


def tenant_reached(rpc: Rpc) -> str:
    """The one tenant that the caller may administer; empty: everything.

    Raises PERMISSION_DENIED.
    """
    caller = rpc.caller
    if caller.room:
        raise GatewayError(
            Reason.PERMISSION_DENIED, "a token for one room may not administer anything"
        )
    if Right.OPERATOR in caller.rights:
        return ""
    if Right.TENANT_ADMIN in caller.rights and caller.tenant_id:
        return caller.tenant_id
    raise _denied(Right.TENANT_ADMIN)


def operator_only(rpc: Rpc) -> None:
    """Raises PERMISSION_DENIED unless the caller reaches everything."""
    if tenant_reached(rpc):
        raise _denied(Right.OPERATOR)


def _denied(right: Right) -> GatewayError:
    return GatewayError(
        Reason.PERMISSION_DENIED,
        f"needs the right {right} of the key, and the SIP grant admin in the token",
        {"right": right.value},
    )
