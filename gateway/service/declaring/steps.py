"""One step at a platform: recorded before its request leaves, and its outcome after."""

from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from gateway.domain.audit_event import AuditKind
from gateway.domain.declaring.plan import Finding
from gateway.domain.declaring.record import InboundAction, InboundRecord, InboundState
from gateway.ports import InboundRefusedError, PlatformError, Store, Transaction
from gateway.ports.inbound.platform import InboundObjects
from gateway.service.declaring.recording import MAX_CHANGES, InboundRecording
from gateway.service.declaring.turn import Turn

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
"""Until what failed is tried again without being asked for: doubled each time."""
MOST_FAILURES = 10
"""That are counted."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Steps:
    """Does what was found to be necessary, in one process's turn."""

    store: Store
    platform: InboundObjects
    recording: InboundRecording
    turn: Turn

    async def take(self, found: Finding, action: InboundAction) -> InboundRecord:
        """One request to the platform, and the record after it; of what is deleted as well.

        A refusal is in the record's `error`. Raises PlatformError if it may have been done or
        not, and NoTurnError before anything is done.
        """
        record = self._begun(found)
        if action is InboundAction.CREATE:
            record = replace(record, platform_id="")
        asked = self.recording(AuditKind.INTENT, action.value.lower(), record)

        def begin(tx: Transaction) -> None:
            self.turn.renew(tx)
            tx.put_inbound(record)
            tx.append_audit(asked)

        await self.store.transact(begin)
        try:
            platform_id = await self._ask(action, record, found)
        except InboundRefusedError as refusal:
            return await self._failed(action, record, refusal)
        except PlatformError as unknown:
            await self._failed(action, record, unknown)
            raise
        log.info("inbound_done", path=record.key.path, action=action.value, livekit_id=platform_id)
        return await self._done(action, replace(record, platform_id=platform_id))

    def _begun(self, found: Finding) -> InboundRecord:
        seen = found.seen
        return replace(
            found.record,
            platform_id=seen.platform_id if seen else found.record.platform_id,
            state=InboundState.PENDING,
            action=found.action,
            changes=found.changes[:MAX_CHANGES],
            error="",
            retry_time=None,
        )

    async def _ask(self, action: InboundAction, record: InboundRecord, found: Finding) -> str:
        setup = found.wanted
        if action is InboundAction.DELETE:
            if found.seen is not None:
                await self.platform.delete(record.key.kind, record.platform_id)
            return record.platform_id
        if setup is None:
            raise ValueError(f"nothing is wanted of {record.key.path}")
        if action is InboundAction.CREATE:
            return await self.platform.create(setup)
        await self.platform.change(record.platform_id, setup)
        return record.platform_id

    async def _done(self, action: InboundAction, record: InboundRecord) -> InboundRecord:
        """What was deleted to be made anew keeps its record."""
        for_good = record.action is InboundAction.DELETE
        if action is InboundAction.DELETE and not for_good:
            after = replace(record, platform_id="")
        else:
            after = replace(
                record, version=self.turn.version, state=InboundState.IN_PLACE, failures=0
            )

        done = self.recording.outcome(action.value.lower(), record)

        def note(tx: Transaction) -> None:
            tx.append_audit(done)
            if for_good:
                tx.drop_inbound(record)
            elif after.state is InboundState.IN_PLACE:
                tx.put_inbound(replace(after, action=InboundAction.NONE, changes=()))
            else:
                tx.put_inbound(after)

        await self.store.transact(note)
        return after

    async def _failed(
        self, action: InboundAction, record: InboundRecord, cause: PlatformError
    ) -> InboundRecord:
        pause = min(FIRST_PAUSE * 2**record.failures, LONGEST_PAUSE)
        failed = replace(
            record,
            error=str(cause),
            failures=min(record.failures + 1, MOST_FAILURES),
            retry_time=self.recording.clock.now() + pause,
        )
        what = action.value.lower()
        if isinstance(cause, InboundRefusedError):
            told = self.recording(AuditKind.REFUSED, what, failed)
        else:  # it may have been done
            told = self.recording.outcome(what, failed, str(cause))

        def note(tx: Transaction) -> None:
            tx.put_inbound(failed)
            tx.append_audit(told)

        await self.store.transact(note)
        log.warning("inbound_not_done", path=record.key.path, action=action.value, cause=str(cause))
        return failed
