"""What clients were told: answers, refusals, events, deliveries. Times are virtual seconds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from google.protobuf.descriptor import EnumDescriptor

from gateway.domain.calls.call import CallState, EventType
from gateway.domain.calls.transfer import TransferState
from gateway.domain.outcome import EndReason
from gateway.telephony.v1 import calls_pb2, transfers_pb2

NOT_SENT = "not sent"
"""The request has certainly not reached a gateway."""
LOST = "lost"
"""No answer came; the request may have been accepted."""
LEFT = "left"
"""The client did not wait any longer; the request may have been accepted."""

E = TypeVar("E", bound=Enum)


def _by_number(messages: EnumDescriptor, prefix: str, values: type[E]) -> Mapping[int, E]:
    """What the numbers of an enum of the API mean; 0 means nothing."""
    return {
        each.number: values[each.name.removeprefix(prefix)]
        for each in messages.values
        if each.number
    }


STATES = _by_number(calls_pb2.CallState.DESCRIPTOR, "CALL_STATE_", CallState)
END_REASONS = _by_number(calls_pb2.EndReason.DESCRIPTOR, "END_REASON_", EndReason)
EVENT_TYPES = _by_number(calls_pb2.CallEventType.DESCRIPTOR, "CALL_EVENT_TYPE_", EventType)
TRANSFER_STATES = _by_number(
    transfers_pb2.TransferState.DESCRIPTOR, "TRANSFER_STATE_", TransferState
)


@dataclass(slots=True, kw_only=True)
class Told:
    """One try of one request, and what its client was told."""

    method: str
    """PlaceCall, HangUpCall, TransferCall, UpdateCall or GetCall."""
    number: int
    """Of the Place or RingIn that it was about."""
    tenant: str
    gateway: int
    asked: float
    request_id: str = ""
    repeat: int = 0
    """0: the client's first request; else which of the plan's repeats."""
    attempt: int = 0
    """0: the first try of the request; each further one went to the next gateway."""
    told: float = math.inf
    """When there was an answer, or none could come any more; infinite: not yet."""
    error: str = ""
    """The reason of a refusal, NOT_SENT, LOST or LEFT; empty: OK."""
    message: str = ""
    """The text of a refusal."""
    call: calls_pb2.Call | None = None
    """The call in the answer, whole."""
    transfer: transfers_pb2.Transfer | None = None
    """The transfer in the answer, whole."""
    call_id: str = ""
    state: CallState | None = None
    end_reason: EndReason | None = None
    transfer_id: str = ""
    transfer_state: TransferState | None = None

    @property
    def ok(self) -> bool:
        """It was accepted, and the client knows."""
        return not self.error and self.told < math.inf

    @property
    def arrived(self) -> bool:
        """It may have been accepted."""
        return self.error in {"", LOST, LEFT}

    def answered_with(self, call: calls_pb2.Call) -> None:
        """The answer is a call."""
        self.call = call
        self.call_id = call.call_id
        self.state = STATES.get(call.state)
        self.end_reason = END_REASONS.get(call.end_reason)

    def answered_with_transfer(self, transfer: transfers_pb2.Transfer) -> None:
        """The answer is a transfer."""
        self.transfer = transfer
        self.call_id = transfer.call_id
        self.transfer_id = transfer.transfer_id
        self.transfer_state = TRANSFER_STATES.get(transfer.state)


@dataclass(slots=True, kw_only=True)
class Seen:
    """An event as a watcher got it."""

    time: float
    sequence: int
    event_id: str
    type: EventType
    call_id: str
    state: CallState
    end_reason: EndReason | None = None
    gateway: int = 0
    event: calls_pb2.CallEvent | None = None
    """The whole of it."""


@dataclass(slots=True, kw_only=True)
class Delivered:
    """A webhook's request that reached its receiver. `ok`: it answered 2xx in time."""

    time: float
    tenant: str
    webhook: str
    sequence: int
    call_id: str
    ok: bool = True
    gateway: str = ""
    event_id: str = ""
    type: EventType | None = None
