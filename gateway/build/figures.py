"""What the gateway's own metrics are made of: counted as it happens, or looked at now and then."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from prometheus_client import Gauge

from gateway import metrics
from gateway.audit.trail import Trail
from gateway.build.services import Services
from gateway.domain.audit_event import AuditKind, ChainedAuditEvent
from gateway.domain.calls.call import Attempt, Call, Direction, EventType
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.transfer import TransferMode
from gateway.domain.outcome import EndReason
from gateway.domain.routing.trunk_health import Health, health_of
from gateway.domain.tenant import Config, Trunk
from gateway.metrics import OTHER, TENANTS, TRUNKS
from gateway.ports import Clock, Reading, Store
from gateway.service.access.directory import Directory
from gateway.store.writer import Timing

LOOK_SECONDS = 5.0
STANDINGS = {Health.HEALTHY: 0, Health.PROBING: 1, Health.QUARANTINED: 2}
_OUTCOME = f'"kind":"{AuditKind.OUTCOME}"'
HOLDS = {EventType.HELD: "held", EventType.RESUMED: "resumed"}

Labels = tuple[str, ...]


class ShownGauge:
    """A gauge with labels. What is no longer told is 0: a series of a worker cannot be removed."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._told: set[Labels] = set()

    def set(self, figures: Mapping[Labels, float]) -> None:
        """Sets all of it."""
        for labels in self._told - figures.keys():
            self._gauge.labels(*labels).set(0)
        for labels, figure in figures.items():
            self._gauge.labels(*labels).set(figure)
        self._told |= figures.keys()


class Figures:
    """Keeps the metrics of calls, trunks, limits, dials and the audit log."""

    def __init__(
        self,
        *,
        services: Services,
        directory: Directory,
        store: Store,
        trail: Trail,
        clock: Clock,
    ) -> None:
        self._services = services
        self._directory = directory
        self._store = store
        self._trail = trail
        self._clock = clock
        self._calls = ShownGauge(metrics.CALLS_OPEN)
        self._trunk_calls = ShownGauge(metrics.TRUNK_CALLS_OPEN)
        self._maximum = ShownGauge(metrics.CALLS_MAXIMUM)
        self._trunk_maximum = ShownGauge(metrics.TRUNK_CALLS_MAXIMUM)
        self._standing = ShownGauge(metrics.TRUNK_STANDING)
        directory.on_change(self.name)

    def name(self) -> None:
        """Takes the names of tenants and trunks, and their limits, from the configuration."""
        config = self._directory.config
        TENANTS.keep(tenant.tenant_id for tenant in config.tenants)
        TRUNKS.keep(_trunks(config))
        limits = {
            (TENANTS(tenant.tenant_id), direction.value): maximum
            for tenant in config.tenants
            for direction, maximum in (
                (Direction.OUTBOUND, tenant.limits.max_concurrent_calls),
                (Direction.INBOUND, tenant.limits.max_concurrent_inbound_calls),
            )
            if maximum
        }
        self._maximum.set({each: n for each, n in limits.items() if each[0] != OTHER})
        carried = {(TRUNKS(one.trunk_id),): one.max_concurrent_calls for one in config.trunks}
        self._trunk_maximum.set({each: n for each, n in carried.items() if n and each[0] != OTHER})

    def hear(self, events: Sequence[CallEvent]) -> None:
        """To be called with the events of the store: those of calls that are followed here."""
        for event in events:
            if self._services.followers.follows(event.call.call_id):
                _count(event)

    async def look(self) -> None:
        """Sets what changes without an event."""
        self._look_at_calls()
        for platform, sandbox in (("live", False), ("sandbox", True)):
            gate = self._services.followers.gate(sandbox=sandbox)
            for what in ("waiting", "under_way", "limit"):
                metrics.DIALS.labels(platform, what).set(getattr(gate, what))
        metrics.NOTICES_WAITING.set(self._services.notices.waiting)
        oldest = self._trail.oldest_waiting
        lag = (self._clock.now() - oldest) if oldest else timedelta(0)
        metrics.AUDIT_LAG_SECONDS.set(max(lag.total_seconds(), 0.0))
        trunks = [one for one in self._directory.config.trunks if TRUNKS(one.trunk_id) != OTHER]
        self._standing.set(await self._store.read(lambda tx: _standings(tx, trunks)))

    def _look_at_calls(self) -> None:
        calls: Counter[Labels] = Counter()
        on_trunks: Counter[Labels] = Counter()
        held = 0
        for call in self._services.followers.open_calls():
            calls[TENANTS(call.tenant_id), call.direction.value, call.state.name] += 1
            held += call.held
            if call.place:
                on_trunks[(TRUNKS(call.place),)] += 1
        self._calls.set(calls)
        self._trunk_calls.set(on_trunks)
        metrics.CALLS_HELD.set(held)


def _trunks(config: Config) -> Iterator[str]:
    yield from (trunk.trunk_id for trunk in config.trunks)
    for tenant in config.tenants:
        yield from tenant.inbound.livekit_trunk_ids


def _standings(tx: Reading, trunks: Sequence[Trunk]) -> Mapping[Labels, float]:
    now = tx.now()
    found = tx.standings([each.trunk_id for each in trunks])
    return {
        (each.trunk_id,): STANDINGS[health_of(found.get(each.trunk_id), each.health, now)]
        for each in trunks
    }


def _count(event: CallEvent) -> None:
    call, kind = event.call, event.type
    if what := HOLDS.get(kind):
        metrics.HOLDS.labels(what).inc()
    if not (call.attempts and call.uses_trunk):
        return
    if kind is EventType.CALL_RINGING:
        _post_dial(call.attempts[-1], call.ring_time)
    elif kind is EventType.CALL_ANSWERED:
        _seized(call.attempts[-1], answered=True)
        if call.ring_time is None:
            _post_dial(call.attempts[-1], call.answer_time)
    elif kind is EventType.ATTEMPT_FAILED:
        _seized(call.attempts[-2], answered=False)
    elif kind is EventType.CALL_ENDED and not call.answered and _was_dialed(call):
        _seized(call.attempts[-1], answered=False)


def _was_dialed(call: Call) -> bool:
    return call.end_reason is not EndReason.NOT_DIALED


def _seized(attempt: Attempt, *, answered: bool) -> None:
    trunk = TRUNKS(attempt.trunk_id)
    metrics.SEIZURES.labels(trunk).inc()
    if answered:
        metrics.ANSWERS.labels(trunk).inc()


def _post_dial(attempt: Attempt, heard: datetime | None) -> None:
    if heard is not None:
        delay = (heard - attempt.start_time).total_seconds()
        metrics.POST_DIAL_SECONDS.labels(TRUNKS(attempt.trunk_id)).observe(max(delay, 0.0))


def count_outcomes(records: Sequence[ChainedAuditEvent]) -> None:
    """To be called with the audit records of each own commit."""
    for chained in records:
        if _OUTCOME not in chained.text:  # the others need not be read again
            continue
        record = chained.record
        if record["kind"] != AuditKind.OUTCOME or "call_id" not in record:
            continue
        if record.get("transfer_id"):
            warm = record["method"].endswith("StartWarmTransfer")
            mode = TransferMode.WARM if warm else TransferMode.COLD
            metrics.TRANSFERS.labels(mode.value, record["reason"]).inc()
        else:
            trunk = TRUNKS(record["decision"]["trunk_id"])
            metrics.CALLS_ENDED.labels(trunk, record["reason"]).inc()


def time_batches(timing: Timing) -> None:
    """To be called with each batch that the store has written."""
    metrics.DATABASE_BATCH_SECONDS.observe(timing.took)
    metrics.DATABASE_WAIT_SECONDS.observe(max(timing.waited, 0.0))
    metrics.DATABASE_BATCH_JOBS.observe(timing.transactions)
