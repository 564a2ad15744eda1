"""What is known of a request beside its content."""

from dataclasses import dataclass

from gateway.domain.tenant import Caller


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Rpc:
    """One request on its way: who, over which wire, until when. Each is only itself."""

    method: str
    """Service and method, such as `CallService/PlaceCall`."""
    wire: str
    peer: str
    rpc_id: str
    caller: Caller
    trace_id: str = ""
    deadline: float | None = None
    """Until when its caller waits, by `Clock.elapsed`; None: as long as it takes."""
    request_id: str = ""
    """The caller's own id of the request, where it came beside the content."""

    @property
    def tenant_id(self) -> str:
        """The tenant that calls; empty for an operator."""
        return self.caller.tenant_id
