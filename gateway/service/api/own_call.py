"""The call that a command is about, if its caller may know of it."""

from gateway.domain import fields
from gateway.domain.calls import checks as request_checks
from gateway.domain.calls.call import Call
from gateway.domain.calls.requests import CallRef
from gateway.domain.rpc import Rpc
from gateway.errors import GatewayError, Reason
from gateway.ports import Reading


def own_call(reading: Reading, rpc: Rpc, ref: CallRef) -> Call:
    """The caller's call; another tenant's, or one outside the token's room, does not exist."""
    request_checks.call_ref(ref)
    if ref.call_id:
        call, names = reading.call(ref.call_id), {"call_id": fields.printable(ref.call_id)}
    else:
        call = reading.open_call_of_leg(ref.room, ref.identity)
        names = {"room": fields.printable(ref.room), "identity": fields.printable(ref.identity)}
    if call is None or call.tenant_id != rpc.tenant_id or not rpc.caller.reaches(call.room):
        what = " ".join(names.values())
        raise GatewayError(Reason.CALL_NOT_FOUND, f"no call {what}", names)
    return call
