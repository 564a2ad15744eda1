"""From a failed attempt to the next trunk, in one transaction."""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.calls import failover
from gateway.domain.calls.call import Call
from gateway.domain.calls.observation import AttemptFailed, NextTrunk
from gateway.domain.numbers.formats import misread
from gateway.domain.numbers.internal import other_callees
from gateway.domain.outcome import Failure
from gateway.domain.tenant import Trunk
from gateway.ports import Reading, Store, StoreUnavailableError, Transaction
from gateway.service.access.directory import Directory
from gateway.service.ledger.admission import Admission
from gateway.service.ledger.record import Record, until_stored

NOT_CONFIGURED = "its trunk is no longer configured"


@dataclass(frozen=True, slots=True)
class Moved:
    """The call on its next trunk, durable; or no trunk, and why none is tried."""

    call: Call
    trunk: Trunk | None
    why: str = ""


class Failover:
    """Finds the next trunk of a call whose attempt is over and whose leg is seen gone."""

    def __init__(
        self,
        *,
        store: Store,
        directory: Directory,
        admission: Admission,
        record: Record,
        gateway_id: str,
    ) -> None:
        self._store = store
        self._directory = directory
        self._admission = admission
        self._record = record
        self._gateway_id = gateway_id

    async def possible(self, call: Call) -> bool:
        """Whether another trunk could be tried now if this one were given up as silent."""
        if not failover.may_go_on(call, self._trunk(call), self._now(call)):
            return False
        try:
            return await self._store.read(lambda tx: self._admission.has_next(tx, call))
        except StoreUnavailableError:  # the phone's clock does not wait for the database
            return False

    def begun(self, call: Call) -> Moved:
        """The trunk of the newest attempt, as configured now, if it may still carry the call."""
        return _begun(call, self._trunk(call))

    def meaning(self, call: Call, failure: Failure) -> Failure:
        """The failure, with the meaning that the trunk's configuration gives it."""
        trunk = self._trunk(call)
        return trunk.meaning(failure) if trunk else failure

    def objection(self, call: Call, failure: Failure, *, silent: bool, unseen: bool = False) -> str:
        """Why no other trunk may be tried; see `domain.failover.objection`."""
        now, trunk = self._now(call), self._trunk(call)
        return failover.objection(call, failure, trunk, now, silent=silent, unseen=unseen)

    async def next_trunk(self, call: Call, failure: Failure, *, silent: bool) -> Moved:
        """The next attempt, stored before any request is sent for it; or why there is none.

        For a call without `objection`; the stored call is checked again.
        """

        def move(tx: Transaction) -> Moved:
            stored = _stored(tx, call)
            if len(stored.attempts) > len(call.attempts):  # a commit whose answer was lost
                return _begun(stored, self._trunk(stored))
            if tx.holder(call.call_id) != self._gateway_id:
                return Moved(stored, None, "another gateway has taken the call over")
            if why := self.objection(stored, failure, silent=silent):
                return Moved(stored, None, why)
            chosen = self._admission.next_trunk(tx, stored)
            if chosen is None:
                return Moved(stored, None, "no other trunk is free")
            seen = AttemptFailed(
                self._now(stored),
                len(stored.attempts),
                failure,
                NextTrunk(
                    trunk_id=chosen.trunk.trunk_id,
                    livekit_trunk_id=chosen.trunk.livekit_trunk_id,
                    caller_id=chosen.caller_id,
                    backups=chosen.backups,
                ),
                failover.why_next(stored, failure, silent=silent),
            )
            return Moved(self._record.advance(tx, stored.call_id, seen), chosen.trunk)

        return await until_stored(lambda: self._store.transact(move, brief=True))

    def _now(self, call: Call) -> datetime:
        return self._record.times.of(call.call_id).now()

    def _trunk(self, call: Call) -> Trunk | None:
        return self._directory.trunk(call.trunk_id)


def _begun(stored: Call, trunk: Trunk | None) -> Moved:
    """The newest attempt as it is; its trunk may be configured otherwise by now."""
    cause = _objection(stored, trunk) if trunk else NOT_CONFIGURED
    return Moved(stored, None if cause else trunk, cause)


def _objection(call: Call, trunk: Trunk) -> str:
    """Why the trunk may not carry the call any more; empty: it may. As when it was chosen."""
    if not trunk.serves(call.tenant_id):
        return NOT_CONFIGURED
    if not trunk.enabled:
        return "its trunk is switched off"
    if call.attempts[-1].caller_id not in {one.number for one in trunk.shown_by(call.tenant_id)}:
        return "its caller ID is no number of its trunk any more"
    return misread(trunk.number_format, call.to) or other_callees(
        trunk, call.to, emergency=call.emergency
    )


def _stored(tx: Reading, call: Call) -> Call:
    stored = tx.call(call.call_id)
    if stored is None:
        raise LookupError(f"no call {call.call_id} to try another trunk for")
    return stored
