"""What is considered and decided in choosing a trunk; the same values explain it later."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import islice

from gateway.domain.tenant import Trunk
from gateway.domain.timeouts import Timeout
from gateway.errors import Reason


class Verdict(StrEnum):
    """Why a trunk was taken, or was not."""

    TAKEN = "TAKEN"
    NOT_NEEDED = "NOT_NEEDED"
    DISABLED = "DISABLED"
    NOT_ASKED_FOR = "NOT_ASKED_FOR"
    CALLER_ID_NOT_OWNED = "CALLER_ID_NOT_OWNED"
    NO_CALLER_ID = "NO_CALLER_ID"
    READ_DIFFERENTLY = "READ_DIFFERENTLY"
    NO_TRANSFER = "NO_TRANSFER"
    QUARANTINED = "QUARANTINED"
    FULL = "FULL"
    OVER_RATE = "OVER_RATE"
    OTHER_CALLEES = "OTHER_CALLEES"


MAX_TRUNKS_TOLD = 20
"""Trunks named in a refusal, which must fit into gRPC trailers."""


def verdicts_text(verdicts: Mapping[str, Verdict]) -> tuple[str, dict[str, str]]:
    """Why each of these trunks cannot carry the call: in words, and as error metadata."""
    shown = dict(islice(verdicts.items(), MAX_TRUNKS_TOLD))
    words = ", ".join(f"{trunk_id} {verdict}" for trunk_id, verdict in shown.items())
    facts = {f"trunk.{trunk_id}": verdict.value for trunk_id, verdict in shown.items()}
    more = len(verdicts) - len(shown)
    if more:
        return f"{words} and {more} more", {**facts, "trunks_left_out": str(more)}
    return words or "there is none", facts


@dataclass(frozen=True, slots=True)
class LimitCheck:
    """One limit that was checked: the count before this call, and the highest allowed."""

    limit: str
    used: int
    maximum: int


@dataclass(frozen=True, slots=True)
class RuleCheck:
    """A rule on whether a number may be called now, and why it does not refuse the call."""

    rule: Reason
    """The reason with which it would refuse it."""
    cause: str
    overridden: bool = False


@dataclass(frozen=True, slots=True)
class TrunkState:
    """The present state of a trunk."""

    verdict: Verdict | None = None
    """FULL, OVER_RATE or QUARANTINED; None: it may carry one more call."""
    cause: str = ""
    checks: tuple[LimitCheck, ...] = ()
    retry_after: timedelta | None = None
    """When a retry may help, if known."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One trunk that was looked at."""

    trunk_id: str
    verdict: Verdict
    cause: str = ""
    priority: int = 0
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A trunk that may carry the call as far as the configuration is concerned."""

    trunk: Trunk
    priority: int = 0
    weight: int = 1
    numbers: tuple[str, ...]
    """The caller IDs that fit, at least one; they are shown in turn."""
    caller_id_cause: str


@dataclass(frozen=True, slots=True)
class Backup:
    """A trunk to try if the ones before it fail without ringing."""

    trunk_id: str
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """What the configuration alone decides about a call: its trunks in their order."""

    to: str
    country: str
    """ISO 3166-1 alpha-2 of the number called; `001`: of no country; empty: unknown."""
    destination: str
    """The key of the statistics: the matching prefix of the route, else `+` and the country's
    calling code."""
    emergency: bool
    route_id: str
    route_cause: str
    max_attempts: int
    considered: tuple[Option | Candidate, ...]
    """Every trunk in the order considered, with the reason if it cannot carry the call."""
    ringing_timeout: Timeout
    setup_timeout: Timeout
    max_duration: Timeout
    rules: tuple[RuleCheck, ...] = ()

    @property
    def options(self) -> tuple[Option, ...]:
        """The trunks that may carry the call, in order."""
        return tuple(one for one in self.considered if isinstance(one, Option))


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteDecision:
    """How a call is routed, and everything that was considered."""

    ranking: Ranking
    """What the configuration had decided before any trunk was checked."""
    trunk: Trunk
    candidates: tuple[Candidate, ...]
    backups: tuple[Backup, ...]
    """Trunks to fail over to, in order; without those that cannot carry the call."""
    caller_id: str
    caller_id_cause: str
    dialed_number: str
    limits: tuple[LimitCheck, ...]
    rules: tuple[RuleCheck, ...] = ()
    """Those that are judged with the store; the ranking has the others."""
