"""Makes one platform as the configuration in force declares it, and sees what others changed."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from gateway.domain.audit_event import AuditKind
from gateway.domain.config.secret_refs import SecretError
from gateway.domain.declaring.plan import Finding, findings, in_order
from gateway.domain.declaring.record import (
    InboundAction,
    InboundPlace,
    InboundRecord,
    InboundState,
    declared,
    new_record,
    tenants_at,
)
from gateway.domain.declaring.wanted import ReadSecret, references, wanted
from gateway.domain.ids import new_id
from gateway.domain.inbound.objects import InboundKey, InboundKind, SeenObject
from gateway.domain.tenant import Config, Tenant
from gateway.ports import Clock, PlatformError, Reading, Store, Transaction
from gateway.ports.inbound.platform import InboundObjects
from gateway.service.declaring.recording import MAX_CHANGES, InboundRecording
from gateway.service.declaring.steps import Steps
from gateway.service.declaring.turn import NoTurnError, Turn

log = structlog.get_logger()


@dataclass(slots=True)
class Settled:
    """What was done at a platform, or would be, and what was not."""

    records: list[InboundRecord] = field(default_factory=list)
    """Of those with something to be done; IN_PLACE: it was."""
    error: str = ""
    """Why the platform could not be asked, or not about all; empty: it was."""


@dataclass(frozen=True, slots=True)
class _Declared:
    """What a platform is to have."""

    version: int
    tenants: Sequence[Tenant]
    secrets: Mapping[str, ReadSecret]


class InboundSettler:
    """One platform. `secret` reads what a reference names, or raises SecretError.

    `live`: there is a platform that rings phones; else everything is made in the sandbox.
    """

    def __init__(
        self,
        platform: InboundObjects,
        *,
        place: InboundPlace,
        live: bool,
        store: Store,
        clock: Clock,
        secret: Callable[[str], str],
    ) -> None:
        self.place = place
        self._platform = platform
        self._live = live
        self._store = store
        self._clock = clock
        self._secret = secret

    async def rehearse(self, config: Config) -> Settled:
        """What would be done for a configuration that is not in force; nothing changes.

        It has no version yet, so nothing was made for it.
        """
        settled, wish = Settled(), await self._declared(config)
        records, shared = await self._records(wish), self._platform.is_shared
        try:
            for kind in InboundKind if records else ():
                seen = await self._platform.listed(kind)
                found = await asyncio.to_thread(_compared, kind, wish, records, seen, shared=shared)
                settled.records += [_as_found(one) for one in found if one.is_told]
                records |= {one.record.key: _as_if_made(one) for one in found}
        except PlatformError as away:
            settled.error = str(away)
        return settled

    async def settle(
        self, config: Config, recording: InboundRecording, *, patient: bool = False
    ) -> Settled:
        """Makes it so, for the configuration in force.

        What was made for it before and is otherwise now is only noted: somebody else did that.
        `patient`: what has failed is not tried again before its time.
        """
        settled, wish = Settled(), await self._declared(config)
        now = self._clock.now()
        turn = Turn(self._store, self.place, new_id("turn", now), config.version, patient)
        steps = Steps(self._store, self._platform, recording, turn)
        try:
            async with turn.held():
                for kind in InboundKind if await self._records(wish) else ():
                    await self._settle(kind, wish, steps, settled, now if patient else None)
        except NoTurnError as others:
            settled.error = str(others)
        except PlatformError as error:
            settled.error = str(error)
            log.warning("inbound_not_settled", place=self.place.value, cause=str(error))
        return settled

    async def _settle(
        self,
        kind: InboundKind,
        wish: _Declared,
        steps: Steps,
        settled: Settled,
        now: datetime | None,
    ) -> None:
        """Looks at all of one kind, and does what is due."""
        seen = await self._platform.listed(kind)
        shared = self._platform.is_shared
        records = await self._records(wish)
        # Many numbers take a while; calls continue meanwhile.
        found = await asyncio.to_thread(_compared, kind, wish, records, seen, shared=shared)
        if not shared:
            await self._clear(kind, seen, found)
        due = [one for one in found if one.is_due(now)]
        left = [one for one in found if not one.is_due(now)]
        await self._note(left, steps)
        settled.records += [_noted(one, wish.version) for one in left if one.is_told]
        await _act(due, steps, settled)

    async def _clear(
        self, kind: InboundKind, seen: Sequence[SeenObject], found: Sequence[Finding]
    ) -> None:
        """What a platform of gateways alone still has of what is forgotten."""
        own = {one.seen.platform_id for one in found if one.seen}
        for one in seen:
            if one.platform_id not in own:
                await self._platform.delete(kind, one.platform_id)

    async def _note(self, found: Sequence[Finding], steps: Steps) -> None:
        """Stores what needs no step, or may not have one: somebody else has changed it."""
        version = steps.turn.version
        pairs = [(one.record, _noted(one, version)) for one in found]
        noted = [(before, after) for before, after in pairs if before != after]
        drifted = [after for before, after in noted if _is_new_drift(before, after)]
        told = [steps.recording(AuditKind.DONE, "drift", one) for one in drifted]
        told += [
            steps.recording.outcome("create", after)
            for before, after in noted
            if after.platform_id and not before.platform_id  # its answer was lost
        ]

        def note(tx: Transaction) -> None:
            steps.turn.renew(tx)
            for _, after in noted:
                tx.put_inbound(after)
            for event in told:
                tx.append_audit(event)

        if noted:
            await self._store.transact(note)
        for one in drifted:
            fields = [change.path for change in one.changes]
            log.warning("inbound_drifted", path=one.key.path, needs=one.action.value, fields=fields)

    async def _records(self, wish: _Declared) -> dict[InboundKey, InboundRecord]:
        """Those that are stored, and a new one for each declared object without any."""

        def ask(reading: Reading) -> Sequence[InboundRecord]:
            return [one for one in reading.inbound_records() if one.place is self.place]

        known = {one.key: one for one in await self._store.read(ask)}
        now = self._clock.now()
        for key in declared(wish.tenants):
            if key not in known:
                known[key] = new_record(key, self.place, now)
        return known

    def _tenants(self, config: Config) -> Sequence[Tenant]:
        return tuple(tenants_at(config, self.place, live=self._live))

    async def _declared(self, config: Config) -> _Declared:
        tenants = self._tenants(config)
        names = {name for name in references(tenants) if name}
        secrets = await asyncio.to_thread(lambda: {name: self._read(name) for name in names})
        return _Declared(config.version, tenants, secrets)

    def _read(self, reference: str) -> ReadSecret:
        try:
            return ReadSecret(self._secret(reference))
        except SecretError as error:
            return ReadSecret(None, str(error))


def _compared(
    kind: InboundKind,
    wish: _Declared,
    records: Mapping[InboundKey, InboundRecord],
    seen: Sequence[SeenObject],
    *,
    shared: bool,
) -> Sequence[Finding]:
    of_kind = [one for key, one in records.items() if key.kind is kind]
    objects = wanted(wish.tenants, records, wish.secrets)
    return findings(of_kind, objects, seen, wish.version, shared=shared)


async def _act(due: Sequence[Finding], steps: Steps, settled: Settled) -> None:
    """Deletes what goes, then changes what stays, then makes what is new."""
    new = [one for one in due if one.action is InboundAction.CREATE]
    for one in due:
        if one.action is InboundAction.DELETE:
            settled.records.append(await steps.take(one, InboundAction.DELETE))
    ordered = await asyncio.to_thread(lambda: list(in_order(due)))
    for one, anew in ordered:
        if anew:
            left = await steps.take(one, InboundAction.DELETE)
            new.append(replace(one, record=left, seen=None))
        else:
            settled.records.append(await steps.take(one, InboundAction.CHANGE))
    for one in new:
        settled.records.append(await steps.take(one, InboundAction.CREATE))


def _as_found(one: Finding) -> InboundRecord:
    """As it is before anything is done."""
    was_drifted = one.record.state is InboundState.DRIFTED
    return replace(
        _with_id(one),
        state=InboundState.DRIFTED if was_drifted else one.state,
        action=one.action,
        changes=one.changes[:MAX_CHANGES],
        error=one.error,
    )


def _as_if_made(one: Finding) -> InboundRecord:
    """For the rehearsal of what refers to it."""
    if one.action is not InboundAction.CREATE or one.error:
        return _with_id(one)
    return replace(one.record, platform_id=f"(new) {one.record.key.name}")


def _with_id(one: Finding) -> InboundRecord:
    """One that is not there any more has none."""
    return replace(one.record, platform_id=one.seen.platform_id if one.seen else "")


def _noted(one: Finding, version: int) -> InboundRecord:
    """The record of something for which no step is taken."""
    in_place = one.state is InboundState.IN_PLACE
    return replace(
        one.record,
        platform_id=one.seen.platform_id if one.seen else one.record.platform_id,
        version=version if in_place else one.record.version,
        state=one.state,
        action=one.action,
        changes=one.changes[:MAX_CHANGES],
        error=one.error or ("" if in_place else one.record.error),
    )


def _is_new_drift(before: InboundRecord, after: InboundRecord) -> bool:
    if after.state is not InboundState.DRIFTED:
        return False
    return before.state is not InboundState.DRIFTED or before.changes != after.changes
