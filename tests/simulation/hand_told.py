"""What clients and receivers of the hand-made run are told."""

from gateway.domain.calls.call import Call
from gateway.domain.calls.event import CallEvent
from gateway.telephony.v1 import calls_pb2
from tests.simulation.clients.told import Delivered, Seen


def message(call: Call) -> calls_pb2.Call:
    """The call as a client is told of it."""
    reason = f"END_REASON_{call.end_reason.value}" if call.end_reason else "END_REASON_UNSPECIFIED"
    return calls_pb2.Call(
        call_id=call.call_id,
        state=f"CALL_STATE_{call.state.name}",
        end_reason=reason,
    )


def seen(event: CallEvent, second: float) -> Seen:
    """The event as a watcher gets it."""
    call = event.call
    return Seen(
        time=second,
        sequence=event.sequence,
        event_id=event.event_id,
        type=event.type,
        call_id=call.call_id,
        state=call.state,
        end_reason=call.end_reason,
    )


def delivery(event: CallEvent, second: float) -> Delivered:
    """The event as a receiver gets it."""
    return Delivered(
        time=second,
        gateway="gateway-0",
        tenant=event.tenant_id,
        webhook="crm",
        sequence=event.sequence,
        event_id=event.event_id,
        type=event.type,
        call_id=event.call.call_id,
    )
