"""What the judge is given of a finished run, and what it returns.

Times are virtual seconds; second 0 is that of the plan.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from gateway.domain.tenant import Config
from tests.simulation.clients.told import LEFT, LOST, Delivered, Seen, Told
from tests.simulation.judge.stored import Stored
from tests.simulation.nodes.clock import BEGIN
from tests.simulation.plan.doings import Plan
from tests.simulation.world.truth import Truth

GONE = frozenset({LEFT, LOST})
"""What a client is told that does not know whether its request was accepted."""
UNAVAILABLE = frozenset({"AUDIT_UNAVAILABLE", "PLATFORM_UNAVAILABLE", "DRAINING"})


@dataclass(slots=True, kw_only=True)
class Heard:
    """A gateway's process began to serve (`began`), or a notice of LiveKit reached it."""

    time: float
    gateway: str
    began: bool = False


@dataclass(slots=True, kw_only=True)
class Evidence:
    """Everything that is known of a finished run."""

    plan: Plan
    end: float
    config: Config
    """As at the beginning; a strike may have disabled a trunk for a while."""
    truth: Truth
    stored: Stored
    """What the database holds at the end."""
    committed: Mapping[tuple[str, int], float]
    """Of tenant and sequence: when the first gateway knew that the event was stored."""
    told: Sequence[Told] = ()
    """Each try of each request, in the order in which they were made."""
    watched: Mapping[tuple[str, int], Sequence[Seen]] = field(default_factory=dict)
    """By the tenant and a number of the watcher: what it got, in its order."""
    received: Sequence[Delivered] = ()
    """The deliveries that reached the tenants' receivers."""
    heard: Sequence[Heard] = ()
    """In the order of their times."""
    errors: Sequence[str] = ()
    """Exceptions that nobody handled, or that a gateway handled only by logging them."""
    left: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Of each living gateway: how much is left in its tables and queues."""
    epoch: datetime = BEGIN
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


def accepted(told: Told) -> bool:
    """Whether the request may have been accepted."""
    return told.told == math.inf or told.arrived


def carried_out(told: Told) -> bool:
    """Whether a command may have been carried out, even if its client was told of a failure."""
    return accepted(told) or told.error in UNAVAILABLE
