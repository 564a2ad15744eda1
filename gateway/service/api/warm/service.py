"""StartWarmTransfer, CompleteWarmTransfer, CancelWarmTransfer."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from gateway.audit.trail import Trail
from gateway.domain import fields, timeouts
from gateway.domain.audit_event import AuditEvent
from gateway.domain.calls import checks as request_checks
from gateway.domain.calls.call import Call, CallState
from gateway.domain.calls.requests import CallRef, StartWarmTransfer
from gateway.domain.calls.transfer import Transfer, TransferMode, TransferState, Warm
from gateway.domain.ids import new_id
from gateway.domain.rpc import Rpc
from gateway.domain.together import Together, passed
from gateway.domain.warm.machine import CancelAsked, CompleteAsked, WarmObservation
from gateway.errors import GatewayError, Reason, invalid_field
from gateway.ports import (
    Clock,
    OutcomeUnknownError,
    RequestClaim,
    Store,
    Transaction,
)
from gateway.service.access.directory import Directory
from gateway.service.api import repeats
from gateway.service.api.own_call import own_call
from gateway.service.api.warm.consultation import Place, human_request
from gateway.service.arrivals.adoption import Adoption
from gateway.service.drain import Drain
from gateway.service.following.followers import Followers
from gateway.service.ledger.feed import Feed
from gateway.service.ledger.record import as_stored, transfer_as_stored
from gateway.service.ledger.warm_record import WarmRecord

DEFAULT_CONSULT = timedelta(minutes=5)
MIN_CONSULT = timedelta(seconds=1)
MAX_CONSULT = timedelta(hours=1)
PATIENCE = timedelta(seconds=10)
NOT_CONFIRMED = "the database did not confirm it in time"


class WarmAcceptance:
    """Stores warm transfers: transfer, claim, event and audit record at once, before any dial."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        directory: Directory,
        record: WarmRecord,
        trail: Trail,
        place: Place,
        gateway_id: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory
        self._record = record
        self._trail = trail
        self._place = place
        self._gateway_id = gateway_id

    def planned(self, rpc: Rpc, asked: StartWarmTransfer) -> Transfer:
        """The transfer, as far as it is known before its call is read."""
        policy = self._directory.tenant(rpc.tenant_id).timeouts
        with Together() as check:
            check(request_checks.call_ref, asked.call)
            check(fields.request_id, asked.request_id)
            check(fields.name, "leaves", asked.leaves)
            check(_check_leaves, asked)
            ringing = check(timeouts.ringing, asked.ringing_timeout, policy)
            consult = check(_consult_timeout, asked.consult_timeout)
        now = self._clock.now()
        return Transfer(
            transfer_id=new_id("transfer", now),
            tenant_id=rpc.tenant_id,
            call_id="",
            mode=TransferMode.WARM,
            to=asked.to,
            ringing_timeout=passed(ringing).in_force,
            headers={},
            create_time=now,
            warm=_warm(rpc, asked, passed(consult)),
        )

    async def earlier(self, rpc: Rpc, claim: RequestClaim | None) -> Transfer | None:
        """The transfer that holds the `request_id`, if there is one."""
        now = self._clock.now()
        held = await self._store.read(lambda tx: repeats.held(tx, rpc, claim, now))
        return await self._store.read(lambda tx: tx.transfer(held)) if held else None

    async def accept(
        self,
        rpc: Rpc,
        asked: StartWarmTransfer,
        transfer: Transfer,
        call: Call,
        claim: RequestClaim | None,
    ) -> Transfer:
        """The transfer of `call`, durable; or the one that holds the `request_id`.

        The human's call is judged first, as PlaceCall would.
        """
        if transfer.warm is None or transfer.warm.leaves == call.participant_identity:
            raise invalid_field("leaves", "must not be the caller, who stays")
        await self._place(rpc, human_request(transfer, transfer.warm, call, validate_only=True))
        transfer = replace(transfer, call_id=call.call_id)
        intent = self._trail.asked(rpc, asked, {"target": asked.to})
        accepted = await self._store.transact(
            lambda tx: self._accept(tx, rpc, transfer, claim, intent), brief=True
        )
        if accepted.transfer_id == transfer.transfer_id:
            self._trail.recorded(rpc)
        return accepted

    def _accept(
        self,
        tx: Transaction,
        rpc: Rpc,
        transfer: Transfer,
        claim: RequestClaim | None,
        intent: AuditEvent,
    ) -> Transfer:
        held = repeats.held(tx, rpc, claim, transfer.create_time)
        if held and (earlier := tx.transfer(held)):
            return earlier
        call = own_call(tx, rpc, CallRef(transfer.call_id))
        _check_free(tx, call)
        transfer = replace(transfer, create_time=self._record.times.now(tx, call))
        tx.hold(transfer.transfer_id, self._gateway_id)
        if claim:
            tx.put_claim(claim)
        tx.append_audit(self._trail.intent(intent, {}, call, transfer))
        self._record.put(tx, None, transfer)
        return transfer


class WarmTransfers:
    """Stores what is wanted of warm transfers; `Consultations` carries it out."""

    def __init__(
        self,
        *,
        store: Store,
        followers: Followers,
        feed: Feed,
        drain: Drain,
        adoption: Adoption,
        record: WarmRecord,
        acceptance: WarmAcceptance,
    ) -> None:
        self._store = store
        self._followers = followers
        self._feed = feed
        self._drain = drain
        self._adoption = adoption
        self._record = record
        self._acceptance = acceptance

    async def start(self, rpc: Rpc, asked: StartWarmTransfer) -> Transfer:
        """Accepts a warm transfer, and waits for the human's answer if asked."""
        self._drain.refuse()
        transfer = self._acceptance.planned(rpc, asked)
        claim = repeats.claim_of(rpc, asked, transfer.transfer_id, transfer.create_time)
        found = await self._acceptance.earlier(rpc, claim)
        if found is None:
            found = await self._new(rpc, asked, transfer, claim)
        if not asked.wait_until_answered:
            return found
        with self._feed.transfer(found) as latest:
            latest.put(await transfer_as_stored(self._store, found))
            answered = latest.until(lambda one: one.state is not TransferState.PENDING)
            return await self._drain.unless_begun(answered) or await transfer_as_stored(
                self._store, found
            )

    async def complete(self, rpc: Rpc, transfer_id: str) -> Transfer:
        """The caller and the human talk once this returns, and whoever was to leave has left."""
        return await self._command(rpc, transfer_id, CompleteAsked, TransferState.COMPLETED)

    async def cancel(self, rpc: Rpc, transfer_id: str) -> Transfer:
        """The human's call is over once this returns, and the caller hears the room again."""
        return await self._command(rpc, transfer_id, CancelAsked, TransferState.CANCELED)

    async def _new(
        self,
        rpc: Rpc,
        asked: StartWarmTransfer,
        transfer: Transfer,
        claim: RequestClaim | None,
    ) -> Transfer:
        call = await self._adoption.adopting(
            rpc, asked.call, lambda: self._store.read(lambda tx: own_call(tx, rpc, asked.call))
        )
        leading = asyncio.create_task(self._accept_and_lead(rpc, asked, transfer, call, claim))
        return await asyncio.shield(leading)

    async def _accept_and_lead(
        self,
        rpc: Rpc,
        asked: StartWarmTransfer,
        transfer: Transfer,
        call: Call,
        claim: RequestClaim | None,
    ) -> Transfer:
        """Runs to completion even if the client leaves: a stored transfer is led to its end."""
        try:
            accepted = await self._acceptance.accept(rpc, asked, transfer, call, claim)
        except OutcomeUnknownError:
            self._followers.settle(
                transfer.transfer_id, lambda: self._never_begun(transfer.transfer_id)
            )
            raise
        if accepted.transfer_id == transfer.transfer_id:
            self._followers.nudge(call.call_id)
            self._followers.consult(accepted)
        return accepted

    async def _never_begun(self, transfer_id: str) -> None:
        """Ends a transfer that may have been stored but was refused: nobody is dialled for it."""
        await self._store.transact(lambda tx: self._record.refuse(tx, transfer_id, NOT_CONFIRMED))

    async def _command(
        self,
        rpc: Rpc,
        transfer_id: str,
        asked: Callable[..., WarmObservation],
        wanted: TransferState,
    ) -> Transfer:
        fields.name("transfer_id", transfer_id)
        transfer = await self._store.transact(
            lambda tx: self._ask(tx, rpc, transfer_id, asked), brief=True
        )
        self._followers.nudge(transfer_id)
        self._followers.nudge(transfer.call_id)
        with self._feed.transfer(transfer) as latest:
            latest.put(await transfer_as_stored(self._store, transfer))
            with _patience(transfer):
                async with asyncio.timeout(PATIENCE.total_seconds()):
                    transfer = await latest.until(lambda one: one.settled)
        if transfer.state is not wanted:
            raise _not_active(transfer)
        await self._until_heard(transfer)
        return transfer

    async def _until_heard(self, transfer: Transfer) -> None:
        """Until the caller hears the room again, unless a hold of its own goes on."""
        call_id = transfer.call_id
        call = await self._store.read(lambda tx: tx.call(call_id))
        if call is None:
            return
        with self._feed.call(call) as latest, _patience(transfer):
            latest.put(await as_stored(self._store, call))
            async with asyncio.timeout(PATIENCE.total_seconds()):
                await latest.until(lambda one: one.ended or not one.hold or one.hold.settled)

    def _ask(
        self, tx: Transaction, rpc: Rpc, transfer_id: str, asked: Callable[..., WarmObservation]
    ) -> Transfer:
        transfer = tx.transfer(transfer_id)
        call = tx.call(transfer.call_id) if transfer and transfer.warm else None
        own = transfer is not None and transfer.tenant_id == rpc.tenant_id
        if not own or call is None or not rpc.caller.reaches(call.room):
            shown = fields.printable(transfer_id)
            raise GatewayError(
                Reason.TRANSFER_NOT_FOUND, f"no warm transfer {shown}", {"transfer_id": shown}
            )
        now = self._record.times.now(tx, call)
        after = self._record.advance(tx, transfer_id, asked(now))
        if asked is CompleteAsked and after.state is TransferState.PENDING:
            raise _not_active(after)
        if after != transfer and not after.settled:
            tx.nudge(transfer_id)
        return after


@contextmanager
def _patience(transfer: Transfer) -> Iterator[None]:
    try:
        yield
    except TimeoutError as late:
        raise GatewayError(
            Reason.PLATFORM_UNAVAILABLE,
            "LiveKit has not confirmed it yet; the gateway keeps trying",
            {"transfer_id": transfer.transfer_id},
        ) from late


def _warm(rpc: Rpc, asked: StartWarmTransfer, consult_timeout: timedelta) -> Warm:
    return Warm(
        caller_hears=asked.caller_hears,
        agent_hears_caller=asked.agent_hears_caller,
        on_failure=asked.on_failure,
        complete_on_answer=asked.complete_on_answer,
        consult_timeout=consult_timeout,
        leaves=asked.leaves,
        caller_id=asked.caller_id,
        trunk_id=asked.trunk_id,
        setup_timeout=asked.setup_timeout,
        identity=asked.identity,
        name=asked.name,
        metadata=asked.metadata,
        attributes=dict(asked.attributes),
        actor=rpc.caller.key,
    )


def _check_leaves(asked: StartWarmTransfer) -> None:
    if asked.leaves and asked.leaves == asked.identity:
        raise invalid_field("leaves", "must not be the human, who stays")


def _consult_timeout(asked: timedelta | None) -> timedelta:
    if asked is None:
        return DEFAULT_CONSULT
    return timeouts.within("consult_timeout", asked, MIN_CONSULT, MAX_CONSULT)


def _check_free(tx: Transaction, call: Call) -> None:
    if call.state is not CallState.ACTIVE or call.ending:
        raise GatewayError(
            Reason.CALL_NOT_ACTIVE,
            f"call {call.call_id} is {call.state.name}, not ACTIVE",
            {"call_id": call.call_id, "state": call.state.name},
        )
    if other := tx.open_transfer(call.call_id):
        raise GatewayError(
            Reason.TRANSFER_IN_PROGRESS,
            f"transfer {other.transfer_id} of this call is still open",
            {"transfer_id": other.transfer_id},
        )


def _not_active(transfer: Transfer) -> GatewayError:
    return GatewayError(
        Reason.TRANSFER_NOT_ACTIVE,
        f"transfer {transfer.transfer_id} is {transfer.state.value}",
        {"transfer_id": transfer.transfer_id, "state": transfer.state.value},
    )
