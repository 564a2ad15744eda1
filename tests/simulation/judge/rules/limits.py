"""Limits are kept by all gateways together, exactly, and nothing leaks."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter

from gateway.domain.calls.call import Call, Direction, EventType
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.transfer import TransferMode, TransferState
from gateway.domain.limits.calls import Rate, limits_of_tenant, limits_of_trunk
from gateway.domain.outcome import EndReason, HangupSource
from gateway.domain.tenant import Tenant
from tests.simulation.judge.case import Case
from tests.simulation.judge.evidence import Breach
from tests.simulation.judge.weather import DATABASE

_T = EventType
_TIE = 0.05
"""A thing that began is known a moment later, by when it is stored."""
_LEAST = 0.000_01
_READ_LATE = 1.0
"""A refused client hears of it some time after the limit was looked at."""


def tenants_keep_their_places(case: Case) -> Iterator[Breach]:
    """A tenant never has more open calls than `max_concurrent_calls`, nor more callers."""
    for event, open_calls in _replay(case):
        tenant = case.config.tenant(event.tenant_id)
        if event.type is not _T.CALL_CREATED or tenant is None:
            continue
        direction = event.call.direction
        outbound = direction is Direction.OUTBOUND
        if not outbound and _over_limit(case, event.call):
            continue
        limits = tenant.limits
        most = limits.max_concurrent_calls if outbound else limits.max_concurrent_inbound_calls
        count = sum(
            one.tenant_id == event.tenant_id and one.direction is direction
            for one in open_calls.values()
            if outbound or not _over_limit(case, one)
        )
        if most and count > most:
            text = f"{count} of {most} {direction.value.lower()} calls"
            yield Breach(event.tenant_id, text, case.when(event))


def trunks_keep_their_places(case: Case) -> Iterator[Breach]:
    """No trunk ever carries more open calls than `max_concurrent_calls`, of all tenants."""
    for event, open_calls in _replay(case):
        place = event.call.place
        trunk = case.trunk_of.get(place)
        if event.type not in _BEGINS or trunk is None or not trunk.max_concurrent_calls:
            continue
        count = sum(one.place == place for one in open_calls.values())
        if count > trunk.max_concurrent_calls:
            text = f"{count} of {trunk.max_concurrent_calls} calls"
            yield Breach(place, text, case.when(event))


def one_open_call_has_an_identity(case: Case) -> Iterator[Breach]:
    """No two open calls that were placed have the same identity in the same room."""
    for event, open_calls in _replay(case):
        call = event.call
        if event.type is not _T.CALL_CREATED or not call.attempts:
            continue
        same = [
            one.call_id
            for one in open_calls.values()
            if (one.room, one.participant_identity) == (call.room, call.participant_identity)
        ]
        if len(same) > 1:
            text = f"{same} are {call.participant_identity} in {call.room}"
            yield Breach(call.call_id, text, case.when(event))


def rates_are_kept(case: Case) -> Iterator[Breach]:
    """In no window of its length are more calls, transfers or attempts begun than a rate allows.

    Not looked at where the database was in trouble: there it is not known when a thing began.
    """
    if case.weather.kinds & DATABASE:
        return
    begun = _begun(case)
    for rate, times in begun.values():
        window = rate.window.total_seconds() - _TIE
        for first, last in zip(times, times[rate.maximum :], strict=False):
            if last - first < window:
                text = f"{rate.maximum + 1} within {last - first:.3f} s"
                yield Breach(rate.scope, f"{rate.name}: {text}", last)


def stored_starts_keep_their_distance(case: Case) -> Iterator[Breach]:
    """What is stored of the starts of a rate keeps it too."""
    for rate, _ in _begun(case).values():
        times = case.stored.starts.get(rate.scope, [])
        for first, last in zip(times, times[rate.maximum :], strict=False):
            if last - first < rate.window.total_seconds() - _LEAST:
                yield Breach(rate.scope, f"{rate.maximum + 1} starts in {last - first:.6f} s")


def quotas_count_each_call_once(case: Case) -> Iterator[Breach]:
    """A tenant's quota of a day is not exceeded; refused requests and repeats count nothing."""
    for tenant in case.config.tenants:
        most = tenant.limits.max_calls_per_day
        count = sum(
            one.tenant_id == tenant.tenant_id and _counts(one) for one in case.stored.events
        )
        tally = sum(
            number
            for (scope, period), number in case.stored.tallies.items()
            if scope == f"tenant:{tenant.tenant_id}" and period
        )
        if most and (count > most or tally != count):
            text = f"{count} calls and transfers, {tally} counted, of {most} a day"
            yield Breach(tenant.tenant_id, text)


def refused_only_when_full(case: Case) -> Iterator[Breach]:
    """TENANT_LIMIT is told only if the tenant had as many calls, or begun as many in a second."""
    refused = [one for one in case.evidence.told if one.error == "TENANT_LIMIT"]
    if not refused:
        return
    levels = _levels(case)
    for told in refused:
        tenant = case.config.tenant(told.tenant)
        level = levels.get(told.tenant, _Level())
        end = min(told.told, case.evidence.end)
        if tenant and not level.reaches(tenant, told.asked - _READ_LATE, end):
            text = f"{told.method} of {told.number} was refused though there was room"
            yield Breach(told.tenant, text, end)


def no_place_is_kept(case: Case) -> Iterator[Breach]:
    """An ended call or a settled transfer takes no place."""
    stored = case.stored
    for call_id in stored.open_calls:
        if (call := stored.calls.get(call_id)) is None or call.ended:
            yield Breach(call_id, "it has ended and still takes a place", case.evidence.end)
    for transfer_id in stored.open_transfers:
        transfer = stored.transfers.get(transfer_id)
        if transfer is None or transfer.settled:
            yield Breach(transfer_id, "it is settled and still open", case.evidence.end)


_BEGINS = {_T.CALL_CREATED, _T.ATTEMPT_FAILED}


def _replay(case: Case) -> Iterator[tuple[CallEvent, Mapping[str, Call]]]:
    """Each event in the order of commits, with the calls that are open after it."""
    open_calls: dict[str, Call] = {}
    for event in case.stored.events:
        if event.type is _T.CALL_ENDED:
            open_calls.pop(event.call.call_id, None)
        elif event.type in _BEGINS:
            open_calls[event.call.call_id] = event.call
        yield event, open_calls


def _over_limit(case: Case, call: Call) -> bool:
    """A caller above the limit, who is being refused, takes no place; nor one who has left."""
    story = case.stories.get(call.call_id)
    ending = story.call.ending if story else call.ending
    if ending is None:
        return story is not None and story.begin == story.end
    return (ending.reason, ending.source) == (EndReason.REJECTED, HangupSource.GATEWAY)


def _counts(event: CallEvent) -> bool:
    """It is a new call or cold transfer of its tenant; a human who is consulted is a call."""
    if event.type is _T.CALL_CREATED:
        return bool(event.call.attempts)
    return _begins_transfer(event)


def _begins_transfer(event: CallEvent) -> bool:
    transfer = event.transfer
    if transfer is None or transfer.state is not TransferState.PENDING:
        return False
    if transfer.mode is TransferMode.WARM:
        return False
    return transfer.leg_left_time is None


def _begun(case: Case) -> dict[str, tuple[Rate, list[float]]]:
    """Of each rate by its scope: when a thing began that counts for it."""
    found: dict[str, tuple[Rate, list[float]]] = {}

    def add(rate: object, time: float) -> None:
        if isinstance(rate, Rate):
            found.setdefault(rate.scope, (rate, []))[1].append(time)

    for event in case.stored.events:
        time = case.when(event)
        tenant, trunk = case.config.tenant(event.tenant_id), case.trunk_of.get(event.call.place)
        if tenant and _counts(event):
            to = event.transfer.to if event.transfer else event.call.to
            for limit in limits_of_tenant(tenant, to, ""):
                add(limit, time)
        if trunk and event.type in _BEGINS and event.call.attempts:
            for limit in limits_of_trunk(trunk):
                add(limit, time)
    for _, times in found.values():
        times.sort()
    return found


_FIRST: Callable[[tuple[float, CallEvent]], float] = itemgetter(0)


@dataclass(slots=True)
class _Level:
    """How many calls of a tenant were open when, and when each thing began that counts."""

    times: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    begun: list[float] = field(default_factory=list)

    def reaches(self, tenant: Tenant, begin: float, end: float) -> bool:
        """Whether one of the tenant's limits was reached at some time between these."""
        limits = tenant.limits
        first = bisect_left(self.times, begin)
        during = self.counts[max(first - 1, 0) : bisect_left(self.times, end)]
        if limits.max_concurrent_calls and max(during, default=0) >= limits.max_concurrent_calls:
            return True
        recent = bisect_left(self.begun, end) - bisect_left(self.begun, begin - 1)
        return bool(limits.max_calls_per_second) and recent >= limits.max_calls_per_second


def _levels(case: Case) -> Mapping[str, _Level]:
    levels: dict[str, _Level] = defaultdict(_Level)
    for time, event in sorted(((case.when(one), one) for one in case.stored.events), key=_FIRST):
        level = levels[event.tenant_id]
        if _counts(event):
            level.begun.append(time)
        if event.type in (_T.CALL_CREATED, _T.CALL_ENDED) and event.call.attempts:
            change = 1 if event.type is _T.CALL_CREATED else -1
            level.times.append(time)
            level.counts.append((level.counts[-1] if level.counts else 0) + change)
    return levels


RULES = (
    tenants_keep_their_places,
    trunks_keep_their_places,
    one_open_call_has_an_identity,
    rates_are_kept,
    stored_starts_keep_their_distance,
    quotas_count_each_call_once,
    refused_only_when_full,
    no_place_is_kept,
)
