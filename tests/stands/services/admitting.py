"""Tenants, trunks and calls to be admitted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from gateway.domain.calls.call import Attempt, Call, CallState
from gateway.domain.route_decision import Backup, Option, Ranking, RouteDecision
from gateway.domain.routing.trunk_health import Standing
from gateway.domain.tenant import Tenant, TenantLimits, Trunk, TrunkHealthPolicy, TrunkNumber
from gateway.domain.timeouts import Timeout
from gateway.ports import Reading, Transaction
from gateway.service.ledger.admission import Admission, Chosen
from gateway.service.ledger.do_not_call import DoNotCall
from gateway.service.ledger.trunk_watch import TrunkWatch
from tests.stands.phones import OWN
from tests.stands.values import a_call

POLICY = TrunkHealthPolicy(min_calls=3, quarantine=timedelta(seconds=30), probes=2)
SECOND = timedelta(seconds=1)
NOTHING_HASHED = DoNotCall(lambda sealed: sealed.decode())
"""Judges numbers whose key is not sealed."""


def a_trunk(trunk_id: str, *numbers: str, **changes: Any) -> Trunk:
    shown = tuple(TrunkNumber(number) for number in numbers or (OWN,))
    values: dict[str, Any] = {"livekit_trunk_id": f"ST_{trunk_id}", "health": POLICY}
    return Trunk(**values | {"trunk_id": trunk_id, "numbers": shown} | changes)


def a_tenant(**limits: Any) -> Tenant:
    return Tenant(tenant_id="acme", limits=TenantLimits(**limits))


def a_ranking(*trunks: Trunk, **changes: Any) -> Ranking:
    options = tuple(
        Option(
            trunk=trunk,
            numbers=tuple(shown.number for shown in trunk.numbers),
            caller_id_cause="next in turn",
        )
        for trunk in trunks
    )
    span = Timeout(None, timedelta(seconds=30), "default")
    values: dict[str, Any] = {
        "to": "+4930123456",
        "country": "DE",
        "destination": "+49",
        "emergency": False,
        "route_id": "",
        "route_cause": "",
        "max_attempts": 3,
        "considered": options,
        "ringing_timeout": span,
        "setup_timeout": span,
        "max_duration": span,
    }
    return Ranking(**values | changes)


class Desk:
    """Admits calls as the call service does: decided and stored in one transaction."""

    def __init__(self, *trunks: Trunk) -> None:
        self.trunks = {trunk.trunk_id: trunk for trunk in trunks}
        self.watch = TrunkWatch(self.trunks.get)
        self.admission = Admission(self.trunks.get, self.watch, NOTHING_HASHED)
        self.ranking = a_ranking(*trunks)

    def admit(
        self,
        tx: Transaction,
        call_id: str,
        tenant: Tenant | None = None,
        *,
        uses_trunk: bool = True,
        **changes: Any,
    ) -> RouteDecision:
        tenant = tenant or a_tenant()
        call = a_call(call_id, destination="+49", tenant_id=tenant.tenant_id, uses_trunk=uses_trunk)
        ranking = replace(self.ranking, **changes)
        decision = self.admission.admit(tx, tenant, ranking, call)
        tx.put_call(replace(on(call, decision.trunk.trunk_id), backups=decision.backups))
        return decision

    def explain(self, reading: Reading, tenant: Tenant | None = None) -> RouteDecision:
        return self.admission.explain(reading, tenant or a_tenant(), self.ranking)

    def change(self, tx: Transaction, call_id: str, **changes: Any) -> Call:
        """Stores what became of the call's newest attempt."""
        before = stored(tx, call_id)
        newest = replace(before.attempts[-1], **changes)
        state = CallState.ENDED if newest.end_time else before.state
        attempts = (*before.attempts[:-1], newest)
        after = replace(before, attempts=attempts, state=state, end_time=newest.end_time)
        tx.put_call(after)
        self.watch.changed(tx, before, after)
        return after

    def rings(self, tx: Transaction, call_id: str) -> Call:
        return self.change(tx, call_id, ring_time=tx.now(), highest_state=CallState.RINGING)

    def ends(self, tx: Transaction, call_id: str, code: int = 0) -> Call:
        return self.change(tx, call_id, end_time=tx.now(), sip_status_code=code)

    def fails(self, tx: Transaction, *call_ids: str) -> None:
        for call_id in call_ids:
            self.ends(tx, call_id, 503)

    def moves(self, tx: Transaction, call_id: str) -> Chosen | None:
        """The newest attempt has failed: the next trunk, as failover does it."""
        before = stored(tx, call_id)
        chosen = self.admission.next_trunk(tx, before)
        if chosen is not None:
            over = replace(before.attempts[-1], end_time=tx.now(), sip_status_code=503)
            failed = replace(before, attempts=(*before.attempts[:-1], over))
            after = replace(on(failed, chosen.trunk.trunk_id), backups=chosen.backups)
            tx.put_call(after)
            self.watch.changed(tx, before, after)
        return chosen


def stored(reading: Reading, call_id: str) -> Call:
    call = reading.call(call_id)
    assert call is not None
    return call


def on(call: Call, trunk_id: str) -> Call:
    """The call with one more attempt, on this trunk."""
    attempt = Attempt(trunk_id=trunk_id, livekit_trunk_id="ST_1", start_time=call.create_time)
    return replace(call, attempts=(*call.attempts, attempt))


def backups_of(*trunks: Trunk) -> tuple[Backup, ...]:
    return tuple(
        Backup(trunk.trunk_id, tuple(shown.number for shown in trunk.numbers)) for trunk in trunks
    )


def quarantine(tx: Transaction, trunk_id: str, left: timedelta = 30 * SECOND) -> None:
    """Makes the trunk ill, for so long; not at all any more: it is to be probed."""
    now = tx.now()
    kept = Standing(since=now - SECOND, until=now + left, quarantines=1, cause="5 of 5 failed")
    tx.put_standing(trunk_id, kept)
