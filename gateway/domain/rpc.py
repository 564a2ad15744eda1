"""What is known of a request besides its content."""

from dataclasses import dataclass

from gateway.domain.tenant import Caller


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Rpc:
    """One request under way: its caller, wire and deadline. Compared by identity."""

    method: str
    """Service and method, such as `CallService/PlaceCall`."""
    wire: str
    peer: str
    rpc_id: str
    caller: Caller
    trace_id: str = ""
    deadline: float | None = None
    """Until when its client waits, by `Clock.elapsed`; None: as long as it takes."""
    request_id: str = ""
    """The client's own id of the request, if it came outside the content."""

    @property
    def tenant_id(self) -> str:
        """The caller's tenant; empty for an operator."""
        return self.caller.tenant_id
