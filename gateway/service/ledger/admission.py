"""Whether there is room for one more call, and on which trunk: exact across all gateways.

All of it happens in the transaction that accepts the call. Transactions run one after the other
across all gateways, so the counts are exact.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from gateway.domain.calls.call import Call
from gateway.domain.limits.calls import (
    FOR_EVER,
    Held,
    Limit,
    Places,
    Quota,
    Rate,
    Starts,
    day_of,
    limits_of_tenant,
    limits_of_transfer,
    limits_of_trunk,
    places_held,
    rate_held,
    start_after,
)
from gateway.domain.numbers.callee import Callee
from gateway.domain.numbers.formats import misread
from gateway.domain.numbers.internal import is_internal, other_callees
from gateway.domain.replacing import replace
from gateway.domain.route_decision import (
    Backup,
    LimitCheck,
    Ranking,
    RouteDecision,
    RuleCheck,
    TrunkState,
    Verdict,
)
from gateway.domain.routing.taking import shown_of, take
from gateway.domain.routing.trunk_health import Standing, with_probe
from gateway.domain.tenant import Tenant, Trunk
from gateway.ports import Reading, Transaction
from gateway.ports.limits import StartsAsked
from gateway.service.ledger.do_not_call import DoNotCall
from gateway.service.ledger.trunk_watch import TrunkWatch


@dataclass(frozen=True, slots=True)
class Chosen:
    """The next trunk of a call, and what is left to try after it."""

    trunk: Trunk
    caller_id: str
    backups: tuple[Backup, ...]


class Admission:
    """Holds calls to the limits of their tenant, and to those and the health of trunks.

    Refuses numbers that must not be called. Keeps nothing in memory. `trunk_of`: a trunk as
    configured now; None: no longer configured.
    """

    def __init__(
        self,
        trunk_of: Callable[[str], Trunk | None],
        watch: TrunkWatch,
        do_not_call: DoNotCall,
    ) -> None:
        self._trunk_of = trunk_of
        self._watch = watch
        self._do_not_call = do_not_call

    def admit(self, tx: Transaction, tenant: Tenant, ranking: Ranking, call: Call) -> RouteDecision:
        """The trunk that the call begins on; from now on it counts.

        The caller stores the call, with its attempt on that trunk, in the same transaction.
        Raises DO_NOT_CALL, TENANT_LIMIT, FRAUD_LIMIT, TRUNK_LIMIT or NO_TRUNK; then nothing was
        counted. An emergency call passes every list and limit but is counted. For a call that does
        not use its trunk (`Call.uses_trunk`) no trunk is checked, and it counts on none.
        """
        rules = self._rules(tx, tenant, ranking)
        look = _Look(tx, self._watch, call.uses_trunk)
        limits = limits_of_tenant(tenant, ranking.to, ranking.country)
        held = look.tenant(tenant.tenant_id, limits, enforced=not ranking.emergency)
        decision = take(ranking, look.state, lambda key: _next_turn(tx, key))
        for limit in limits:
            look.count(tx, limit)
        look.begin(tx, decision.trunk, call)
        return _with_checks(decision, held, rules)

    def hand_over(
        self, tx: Transaction, tenant: Tenant, to: str, callees: Sequence[Callee]
    ) -> tuple[LimitCheck, ...]:
        """Checks a transfer against the tenant's limits on new calls; from now on it counts there.

        `callees`: every number that `to` may reach; none: it is not a number. It takes no place:
        the transferred call has one. Raises DO_NOT_CALL, TENANT_LIMIT or FRAUD_LIMIT; then nothing
        was counted. An emergency number passes every list and limit but is counted.
        """
        for one in callees:
            if not one.emergency:
                self._do_not_call.check(tx, tenant.tenant_id, one.number)
        look = _Look(tx, self._watch, uses_trunk=False)
        limits = limits_of_transfer(tenant, to, callees)
        emergency = any(one.emergency for one in callees)
        held = look.tenant(tenant.tenant_id, limits, enforced=not emergency)
        for limit in limits:
            look.count(tx, limit)
        return tuple(one.check for one in held)

    def explain(
        self, reading: Reading, tenant: Tenant, ranking: Ranking, *, uses_trunk: bool = True
    ) -> RouteDecision:
        """The same decision, with the state of every trunk; nothing is counted."""
        rules = self._rules(reading, tenant, ranking)
        look = _Look(reading, self._watch, uses_trunk)
        limits = limits_of_tenant(tenant, ranking.to, ranking.country)
        held = look.tenant(tenant.tenant_id, limits, enforced=not ranking.emergency)
        if not ranking.emergency:
            look.at_all([option.trunk for option in ranking.options])
        decision = take(ranking, look.state, lambda key: _turn(reading, key), every=True)
        return _with_checks(decision, held, rules)

    def next_trunk(self, tx: Transaction, call: Call) -> Chosen | None:
        """The trunk on which the call continues after a failed attempt; None: none now.

        The first of the call's backups that is still configured for its tenant and free, a
        quarantined one only if no other is left; never one that was tried. From now on the call
        counts there; the tenant's own limits are not checked again.
        """
        look = _Look(tx, self._watch, call.uses_trunk)
        found = self._free(look, call)
        if found is None:
            return None
        trunk, numbers = found
        caller_id = shown_of(numbers, trunk, lambda key: _next_turn(tx, key))
        look.begin(tx, trunk, call)
        rest = tuple(one for one in call.backups if one.trunk_id != trunk.trunk_id)
        return Chosen(trunk, caller_id, rest)

    def has_next(self, reading: Reading, call: Call) -> bool:
        """Whether `next_trunk` would find one at this moment."""
        return self._free(_Look(reading, self._watch, call.uses_trunk), call) is not None

    def _rules(self, reading: Reading, tenant: Tenant, ranking: Ranking) -> tuple[RuleCheck, ...]:
        if ranking.emergency or is_internal(ranking.to):
            return ()
        return (self._do_not_call.check(reading, tenant.tenant_id, ranking.to),)

    def _free(self, look: "_Look", call: Call) -> tuple[Trunk, tuple[str, ...]] | None:
        quarantined = None
        for trunk, numbers in self._usable(call):
            verdict = None if call.emergency else look.state(trunk).verdict
            if verdict is None:
                return trunk, numbers
            if verdict is Verdict.QUARANTINED and quarantined is None:
                quarantined = (trunk, numbers)
        return quarantined

    def _usable(self, call: Call) -> Iterable[tuple[Trunk, tuple[str, ...]]]:
        """Backups that the present configuration allows, with the numbers they may show."""
        tried = {attempt.trunk_id for attempt in call.attempts}
        for backup in call.backups:
            trunk = self._trunk_of(backup.trunk_id)
            if trunk is None or not trunk.enabled or backup.trunk_id in tried:
                continue
            # It may be configured otherwise by now.
            if misread(trunk.number_format, call.to) or other_callees(
                trunk, call.to, emergency=call.emergency
            ):
                continue
            owned = {shown.number for shown in trunk.shown_by(call.tenant_id)}
            numbers = tuple(number for number in backup.numbers if number in owned)
            if trunk.serves(call.tenant_id) and numbers:
                yield trunk, numbers


@dataclass
class _Look:
    """What was counted for one call, each scope once, at one time of the store's clock."""

    reading: Reading
    watch: TrunkWatch
    uses_trunk: bool
    """Else every trunk is free, and nothing is counted on it."""
    now: datetime = field(init=False)
    starts: dict[str, Starts] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    """The trunks whose open calls and standings are known; a missing one has none."""
    open_calls: dict[str, int] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    to_probe: dict[str, Standing] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.now = self.reading.now()

    def tenant(self, tenant_id: str, limits: Iterable[Limit], *, enforced: bool) -> list[Held]:
        """The state of each limit; raises the refusal of the first that is exceeded."""
        found: list[Held] = []
        for limit in limits:
            held = self._held(limit, lambda: self.reading.tenant_calls(tenant_id))
            if held.exceeded and enforced:
                raise held.refusal()
            found.append(held)
        return found

    def at_all(self, trunks: Collection[Trunk]) -> None:
        """Asks for what the states of all these depend on, together."""
        if not self.uses_trunk:
            return
        limits = {trunk.trunk_id: limits_of_trunk(trunk) for trunk in trunks}
        counted = [one for one, of in limits.items() if any(isinstance(x, Places) for x in of)]
        self.open_calls |= self.reading.trunks_calls(counted)
        rates = [limit for of in limits.values() for limit in of if isinstance(limit, Rate)]
        found = self.reading.starts_of([self._wanted(rate) for rate in rates])
        self.starts |= {rate.scope: each for rate, each in zip(rates, found, strict=True)}
        watched = [trunk.trunk_id for trunk in trunks if not trunk.health.disabled]
        self.standings |= self.reading.standings(watched)
        self.asked |= limits.keys()

    def state(self, trunk: Trunk) -> TrunkState:
        """Full, over its rate, ill, or free."""
        if not self.uses_trunk:
            return TrunkState()
        trunk_id = trunk.trunk_id
        if trunk_id not in self.asked:
            self.at_all([trunk])
        held = [
            self._held(limit, lambda: self.open_calls.get(trunk_id, 0))
            for limit in limits_of_trunk(trunk)
        ]
        checks = tuple(one.check for one in held)
        for one in held:
            if one.exceeded:
                verdict = Verdict.FULL if isinstance(one.limit, Places) else Verdict.OVER_RATE
                cause = f"{one.used} of {one.limit.maximum} calls"
                return TrunkState(verdict, cause, checks, one.retry_after)
        standing = self.standings.get(trunk_id)
        state, to_probe = self.watch.look(self.reading, trunk, standing, self.now)
        if to_probe is not None:
            self.to_probe[trunk_id] = to_probe
        return replace(state, checks=checks)

    def begin(self, tx: Transaction, trunk: Trunk, call: Call) -> None:
        """Counts the call on this trunk, as its probe if one is due."""
        if not self.uses_trunk:
            return
        for limit in limits_of_trunk(trunk):
            self.count(tx, limit)
        if standing := self.to_probe.get(trunk.trunk_id):
            tx.put_standing(trunk.trunk_id, with_probe(standing, call.call_id))

    def count(self, tx: Transaction, limit: Limit) -> None:
        """Counts one more; a place is counted by the call itself."""
        match limit:
            case Rate():
                tx.put_start(limit.scope, start_after(self._starts(limit), self.now))
            case Quota():
                tx.count(limit.scope, day_of(self.now))

    def _held(self, limit: Limit, open_calls: Callable[[], int]) -> Held:
        match limit:
            case Places():
                return places_held(limit, open_calls())
            case Rate():
                return rate_held(limit, self._starts(limit), self.now)
            case Quota():
                return Held(limit, self.reading.tally(limit.scope, day_of(self.now)))
            case _:
                assert_never(limit)

    def _starts(self, limit: Rate) -> Starts:
        if limit.scope not in self.starts:
            (self.starts[limit.scope],) = self.reading.starts_of([self._wanted(limit)])
        return self.starts[limit.scope]

    def _wanted(self, limit: Rate) -> StartsAsked:
        after, before = self.now - limit.window, self.now + limit.window
        return StartsAsked(limit.scope, after, limit.maximum, before)


def _with_checks(
    decision: RouteDecision, held: Iterable[Held], rules: tuple[RuleCheck, ...]
) -> RouteDecision:
    limits = (*(one.check for one in held), *decision.limits)
    return replace(decision, limits=limits, rules=rules)


def _turn(reading: Reading, key: str) -> int:
    return reading.tally(f"turn:{key}", FOR_EVER)


def _next_turn(tx: Transaction, key: str) -> int:
    turn = _turn(tx, key)
    tx.count(f"turn:{key}", FOR_EVER)
    return turn
