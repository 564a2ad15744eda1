"""What the judge is given of a finished run, and what it returns. Times are virtual seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from gateway.domain.calls.call import CallState, EventType
from gateway.domain.calls.transfer import TransferState
from gateway.domain.outcome import EndReason
from gateway.domain.tenant import Config
from tests.simulation.judge.stored import Stored
from tests.simulation.plan.doings import Plan
from tests.simulation.world.truth import Truth

NOT_SENT = "not sent"
"""The request has certainly not reached a gateway."""
LOST = "lost"
"""No answer came; the request may have been accepted."""
LEFT = "left"
"""The client did not wait any longer; the request may have been accepted."""
UNCERTAIN = frozenset({LOST, LEFT})

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class Told:
    """What a client was told in answer to one request."""

    method: str
    """PlaceCall, HangUpCall, TransferCall, UpdateCall or GetCall."""
    number: int
    """Of the Place or RingIn that it was about."""
    tenant: str
    gateway: int
    asked: float
    told: float
    error: str = ""
    """The reason of a refusal, NOT_SENT, LOST or LEFT; empty: OK."""
    call_id: str = ""
    state: CallState | None = None
    end_reason: EndReason | None = None
    transfer_id: str = ""
    transfer_state: TransferState | None = None

    @property
    def ok(self) -> bool:
        """It was accepted, and the client knows."""
        return not self.error

    @property
    def arrived(self) -> bool:
        """It may have been accepted."""
        return not self.error or self.error in UNCERTAIN


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


@dataclass(slots=True, kw_only=True)
class Delivered:
    """A webhook's request that reached its receiver. `ok`: it answered 2xx in time."""

    time: float
    tenant: str
    webhook: str
    sequence: int
    call_id: str
    ok: bool = True


@dataclass(slots=True, kw_only=True)
class Heard:
    """A gateway's process began (`began`), or a notice of LiveKit reached it."""

    time: float
    gateway: str
    began: bool = False


@dataclass(slots=True, kw_only=True)
class Evidence:
    """Everything that is known of a finished run."""

    plan: Plan
    config: Config
    """As at the beginning; a strike may have disabled a trunk for a while."""
    truth: Truth
    stored: Stored
    """What the database holds at the end."""
    end: float
    told: Sequence[Told] = ()
    """In the order in which the clients were told."""
    watched: Mapping[tuple[str, int], Sequence[Seen]] = field(default_factory=dict)
    """By the tenant and a number of the watcher: what it got, in its order."""
    delivered: Sequence[Delivered] = ()
    heard: Sequence[Heard] = ()
    errors: Sequence[str] = ()
    """Exceptions that nobody handled, or that a gateway handled only by logging them."""
    left: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Of each living gateway: how much is left in each of its tables and queues."""
    epoch: datetime = EPOCH
    """What a right clock says at virtual second 0."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A promise that was broken: to which call or tenant, how, and when."""

    about: str
    text: str
    time: float = 0.0


@dataclass(frozen=True, slots=True)
class Violation:
    """A breach and the rule that found it: `family.rule`."""

    rule: str
    about: str
    text: str
    time: float

    def __str__(self) -> str:
        return f"{self.rule}  {self.about}  {self.text}  (at {self.time:.3f} s)"
