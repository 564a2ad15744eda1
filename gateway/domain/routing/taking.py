"""The last step of routing: which of the trunks that may carry a call is free."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.domain.numbers.formats import written_for
from gateway.domain.route_decision import (
    Backup,
    Candidate,
    Option,
    Ranking,
    RouteDecision,
    TrunkState,
    Verdict,
    verdicts_text,
)
from gateway.domain.tenant import Trunk
from gateway.errors import GatewayError, Reason

LAST_ONE_LEFT = "last one left"
RETRY_UNKNOWN = timedelta(seconds=1)
"""The retry delay if no full trunk can say when it may be free."""

_FREE = TrunkState()


def take(
    ranking: Ranking,
    state: Callable[[Trunk], TrunkState],
    turn: Callable[[str], int],
    *,
    every: bool = False,
) -> RouteDecision:
    """The first trunk that is free; a quarantined one only if no other is left.

    `state` is called for each trunk until one is free, or for all with `every`, to explain a
    choice; for an emergency call it is never called. A trunk both full and quarantined must be
    reported as full. `turn` counts a trunk's choices of numbers, so that they are shown in turn;
    it is called once, for the trunk taken, if more than one number qualifies.

    Raises TRUNK_LIMIT if all are full or over their rate, with the verdict on each.
    """
    round_ = _Round(state, asks=not ranking.emergency)
    taken = round_.first_free(ranking.options)
    if taken is None:
        raise _none_free(ranking, round_)
    if every:
        round_.ask_all(ranking.options)
    return RouteDecision(
        ranking=ranking,
        trunk=taken.trunk,
        candidates=tuple(round_.candidate(one, taken) for one in ranking.considered),
        backups=tuple(
            Backup(one.trunk.trunk_id, one.numbers) for one in ranking.options if one is not taken
        ),
        caller_id=shown_of(taken.numbers, taken.trunk, turn),
        caller_id_cause=taken.caller_id_cause,
        dialed_number=written_for(taken.trunk.number_format, ranking.to),
        limits=tuple(check for known in round_.states.values() for check in known.checks),
    )


def shown_of(numbers: tuple[str, ...], trunk: Trunk, turn: Callable[[str], int]) -> str:
    """Which of a trunk's qualifying numbers is shown: the next in turn if there are several.

    Each set of numbers has its own turn, so calls to two countries do not skip each other's.
    """
    key = f"{trunk.trunk_id}:{numbers[0]}"
    return numbers[turn(key) % len(numbers)] if len(numbers) > 1 else numbers[0]


@dataclass
class _Round:
    """The states of the trunks by id, in the order in which they were checked."""

    state: Callable[[Trunk], TrunkState]
    asks: bool
    states: dict[str, TrunkState] = field(default_factory=dict)

    def ask(self, option: Option) -> TrunkState:
        trunk_id = option.trunk.trunk_id
        if trunk_id not in self.states:
            self.states[trunk_id] = self.state(option.trunk) if self.asks else _FREE
        return self.states[trunk_id]

    def ask_all(self, options: Iterable[Option]) -> None:
        for option in options:
            self.ask(option)

    def first_free(self, options: tuple[Option, ...]) -> Option | None:
        free = next((one for one in options if self.ask(one).verdict is None), None)
        return free or next(
            (one for one in options if self.ask(one).verdict is Verdict.QUARANTINED), None
        )

    def candidate(self, one: Option | Candidate, taken: Option) -> Candidate:
        if isinstance(one, Candidate):
            return one
        trunk_id = one.trunk.trunk_id
        known = self.states.get(trunk_id, _FREE)
        verdict, cause = known.verdict or Verdict.NOT_NEEDED, known.cause
        if one is taken:
            last = (LAST_ONE_LEFT, known.cause) if known.verdict else (known.cause,)
            verdict, cause = Verdict.TAKEN, "; ".join(part for part in last if part)
        elif known.verdict is None:
            cause = ""  # a free trunk's remark applies to the call that takes it
        return Candidate(trunk_id, verdict, cause, one.priority, one.weight)


def _none_free(ranking: Ranking, round_: _Round) -> GatewayError:
    verdicts = {
        one.trunk_id: one.verdict for one in ranking.considered if isinstance(one, Candidate)
    } | {trunk_id: known.verdict for trunk_id, known in round_.states.items() if known.verdict}
    names, why = verdicts_text(verdicts)
    if not {Verdict.FULL, Verdict.OVER_RATE} & set(verdicts.values()):
        return GatewayError(Reason.NO_TRUNK, f"no trunk may carry the call: {names}", why)
    waits = [known.retry_after for known in round_.states.values() if known.retry_after is not None]
    return GatewayError(
        Reason.TRUNK_LIMIT,
        f"every trunk that may carry the call is full: {names}",
        why,
        retry_after=min(waits, default=RETRY_UNKNOWN),
    )
