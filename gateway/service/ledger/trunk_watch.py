"""The health of trunks: updated as calls proceed, read when a trunk is chosen."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

import structlog

from gateway.domain.calls.call import Call
from gateway.domain.limits.calls import KEPT_STATISTICS
from gateway.domain.route_decision import TrunkState, Verdict
from gateway.domain.routing import disclosure
from gateway.domain.routing import trunk_health as health
from gateway.domain.routing.trunk_health import (
    NEWEST_JUDGED,
    Health,
    Recent,
    Result,
    Standing,
    TrafficOf,
    TrunkHealth,
)
from gateway.domain.tenant import Trunk, TrunkHealthPolicy
from gateway.domain.timeouts import seconds
from gateway.errors import invalid_field
from gateway.ports import Reading, Transaction

DEFAULT_WINDOW = timedelta(hours=1)
MIN_WINDOW = timedelta(seconds=1)

log = structlog.get_logger()


class TrunkWatch:
    """Judges each attempt once its result is known, and keeps each trunk's standing.

    Every method runs within a transaction and keeps nothing in memory. `trunk_of`: a trunk as
    configured now; None: no longer configured.
    """

    def __init__(self, trunk_of: Callable[[str], Trunk | None]) -> None:
        self._trunk_of = trunk_of

    def changed(self, tx: Transaction, before: Call | None, after: Call) -> None:
        """Records what the call's change says about its trunks.

        To be called whenever a call is stored; a change that says nothing costs nothing.
        """
        if not after.uses_trunk:
            return
        for number, attempt in enumerate(after.attempts, 1):
            trunk = self._trunk_of(attempt.trunk_id)
            codes = trunk.failover_sip_codes if trunk else ()
            record = health.record_of(after, number, codes)
            known = before is not None and number <= len(before.attempts)
            earlier = health.record_of(before, number, codes) if before and known else None
            if record is None or record == earlier:
                continue
            now = tx.now()
            tx.put_attempt(record, now)
            if earlier is None and trunk is not None:
                self._judge(tx, after, trunk, record.result, now)

    def look(
        self, reading: Reading, trunk: Trunk, standing: Standing | None, now: datetime
    ) -> tuple[TrunkState, Standing | None]:
        """QUARANTINED and why, or that its health allows the trunk to be used.

        `standing`: the stored one; None also where the trunk's health is not looked at. Has a
        standing if the next call on the trunk is to be its probe.
        """
        stands = health.health_of(standing, trunk.health, now)
        if standing is None or standing.until is None or stands is Health.HEALTHY:
            return TrunkState(), None
        if stands is Health.QUARANTINED:
            rest = standing.until - now
            cause = f"{standing.cause}; quarantined for {seconds(rest)} more"
            return TrunkState(Verdict.QUARANTINED, cause, retry_after=rest), None
        if standing.probe_call_id:
            probe = reading.call(standing.probe_call_id)
            if health.is_probing(probe, trunk.trunk_id):
                return TrunkState(Verdict.QUARANTINED, "another call is probing it"), None
        return TrunkState(cause="this call probes it"), standing

    def list(
        self,
        reading: Reading,
        trunks: Sequence[Trunk],
        window: timedelta | None = None,
        *,
        tenant_id: str = "",
    ) -> Sequence[TrunkHealth]:
        """The health of these trunks, and the outcomes of the attempts that ended in the window.

        `window`: 1 s to 24 h, unset 1 h. `tenant_id`: only this tenant's calls, and only what this
        tenant may know.
        """
        window = DEFAULT_WINDOW if window is None else window
        if not MIN_WINDOW <= window <= KEPT_STATISTICS:
            allowed = f"{seconds(MIN_WINDOW)} and {seconds(KEPT_STATISTICS)}"
            raise invalid_field("window", f"must be between {allowed}, not {seconds(window)}")
        now = reading.now()
        ids = [trunk.trunk_id for trunk in trunks]
        found = reading.traffic(ids, now - window, tenant_id)
        by_trunk = {name: [*parts] for name, parts in groupby(found, lambda part: part.trunk_id)}
        standings = reading.standings(ids)
        shown = [
            _shown(one, standings.get(one.trunk_id), by_trunk.get(one.trunk_id, ()), now)
            for one in trunks
        ]
        if not tenant_id:
            return shown
        own = disclosure.own_trunks(trunks, tenant_id)
        return [disclosure.health_for_tenant(one, own) for one in shown]

    def reset(self, tx: Transaction, trunk_id: str) -> None:
        """Marks the trunk as healthy from now on, whatever happened before."""
        tx.put_standing(trunk_id, health.recovered(tx.now()))

    def _judge(
        self, tx: Transaction, call: Call, trunk: Trunk, result: Result, now: datetime
    ) -> None:
        standing, policy = tx.standing(trunk.trunk_id), trunk.health
        failed = result is Result.FAILED
        recent = _recent(tx, trunk.trunk_id, standing, policy, now) if failed else ()
        after = health.observe(standing, call.call_id, result, recent, policy, now)
        if after is None or after == standing:
            return
        tx.put_standing(trunk.trunk_id, after)
        stands = health.health_of(after, policy, now)
        log.warning("trunk_health", trunk_id=trunk.trunk_id, health=stands, cause=after.cause)


def _recent(
    reading: Reading,
    trunk_id: str,
    standing: Standing | None,
    policy: TrunkHealthPolicy,
    now: datetime,
) -> Sequence[Recent]:
    """What counts against a healthy trunk: nothing from before its last recovery."""
    if health.health_of(standing, policy, now) is not Health.HEALTHY:
        return ()
    after = now - policy.window
    if standing is not None and standing.since <= now:
        after = max(after, standing.since)
    return reading.recent(trunk_id, after, max(NEWEST_JUDGED, policy.min_calls))


def _shown(
    trunk: Trunk, standing: Standing | None, parts: Sequence[TrafficOf], now: datetime
) -> TrunkHealth:
    stands = health.health_of(standing, trunk.health, now)
    since = standing.since if standing else None
    if standing and stands is Health.PROBING:
        since = standing.until
    return TrunkHealth(
        trunk_id=trunk.trunk_id,
        health=stands,
        since=since,
        until=standing.until if standing and stands is Health.QUARANTINED else None,
        cause=standing.cause if standing and stands is not Health.HEALTHY else "",
        traffic=health.traffic_of(parts),
        destinations=tuple((part.destination, health.traffic_of([part])) for part in parts),
    )
