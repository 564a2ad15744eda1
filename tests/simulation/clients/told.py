"""What clients were told: answers, refusals, events. Times are virtual seconds."""

from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.descriptor import EnumDescriptor

from gateway.telephony.v1 import calls_pb2, transfers_pb2

PLACE = "place"
"""What a client does that places a call; the other words are those of `Verb`."""
LOST = "lost"
"""The connection broke: the request may have arrived."""
NOT_CONNECTED = "not connected"
"""The request has certainly not left."""
DEADLINE = "deadline"
"""The client's own deadline was over."""
LEFT = "left"
"""The client broke the connection."""


def short_names(enum: EnumDescriptor, prefix: str) -> Mapping[int, str]:
    """The names of an enum without what they all begin with; 0 is the empty text."""
    return {
        value.number: value.name.removeprefix(prefix) if value.number else ""
        for value in enum.values
    }


STATES = short_names(calls_pb2.CallState.DESCRIPTOR, "CALL_STATE_")
END_REASONS = short_names(calls_pb2.EndReason.DESCRIPTOR, "END_REASON_")
EVENT_TYPES = short_names(calls_pb2.CallEventType.DESCRIPTOR, "CALL_EVENT_TYPE_")
TRANSFER_STATES = short_names(transfers_pb2.TransferState.DESCRIPTOR, "TRANSFER_STATE_")


@dataclass(slots=True, kw_only=True)
class Told:
    """One try of one request, and what its client was told."""

    number: int
    """Of the Place or RingIn."""
    tenant: str
    what: str
    """`PLACE`, or a `Verb`."""
    gateway: str
    asked: float
    request_id: str = ""
    repeat: int = 0
    """0: the client's first request; else which of the plan's repeats."""
    attempt: int = 0
    """0: the first try of the request; each further one went to the next gateway."""
    told: float | None = None
    """When there was an answer, or none could come any more; None: not yet."""
    reason: str = ""
    """A refusal's reason, or `LOST`, `NOT_CONNECTED`, `DEADLINE`, `LEFT`; empty: an answer."""
    message: str = ""
    """The refusal's text."""
    call: calls_pb2.Call | None = None
    """As the answer has it."""
    transfer: transfers_pb2.Transfer | None = None

    @property
    def answered(self) -> bool:
        """It was accepted, and its client knows."""
        return self.told is not None and not self.reason

    @property
    def call_id(self) -> str:
        """Empty: not told."""
        if self.transfer is not None:
            return self.transfer.call_id
        return "" if self.call is None else self.call.call_id

    @property
    def state(self) -> str:
        """The call's, such as `ENDED`; empty: not told."""
        return "" if self.call is None else STATES[self.call.state]

    @property
    def end_reason(self) -> str:
        """The call's, such as `BUSY`; empty: not told, or it has not ended."""
        return "" if self.call is None else END_REASONS[self.call.end_reason]

    @property
    def transfer_state(self) -> str:
        """Such as `COMPLETED`; empty: not told."""
        return "" if self.transfer is None else TRANSFER_STATES[self.transfer.state]


@dataclass(slots=True, kw_only=True)
class Seen:
    """One event that a watcher received."""

    time: float
    gateway: str
    sequence: int
    event_id: str
    type: str
    """Such as `CALL_ENDED`."""
    call_id: str
    state: str
    end_reason: str
    event: calls_pb2.CallEvent
    """The whole of it."""


@dataclass(slots=True, kw_only=True)
class Received:
    """One delivery that reached a tenant's receiver."""

    time: float
    gateway: str
    tenant: str
    webhook: str
    sequence: int
    event_id: str
    type: str
    call_id: str
    status: int
    """What the receiver answered; the gateway may not have heard it. 0: nothing."""
