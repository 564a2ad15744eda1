"""TransferCall and GetTransfer."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.audit.trail import Trail
from gateway.domain import fields, timeouts
from gateway.domain.audit_event import AuditEvent
from gateway.domain.calls import checks as request_checks
from gateway.domain.calls.call import Call, CallState, EventType
from gateway.domain.calls.requests import CallRef, TransferCall
from gateway.domain.calls.transfer import Transfer, TransferState
from gateway.domain.ids import new_id
from gateway.domain.numbers import dial_strings, hosts, targets
from gateway.domain.numbers import refer_to as refers
from gateway.domain.numbers.callee import Callee, callee, country_of
from gateway.domain.numbers.sip_uris import SipUri
from gateway.domain.routing.calling_hours import check_hours
from gateway.domain.routing.destination import check_destination
from gateway.domain.routing.network import Asked
from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Tenant, TransferSupport, Trunk
from gateway.domain.timeouts import Timeout
from gateway.domain.together import Together, passed
from gateway.errors import GatewayError, Reason
from gateway.ports import (
    Clock,
    OutcomeUnknownError,
    Reading,
    RequestClaim,
    Store,
    Transaction,
)
from gateway.service.access.directory import Directory
from gateway.service.api import repeats
from gateway.service.api.own_call import own_call
from gateway.service.arrivals.adoption import Adoption
from gateway.service.drain import Drain
from gateway.service.following.followers import Followers
from gateway.service.ledger.admission import Admission
from gateway.service.ledger.feed import Feed
from gateway.service.ledger.record import Record, transfer_as_stored


@dataclass(frozen=True, slots=True)
class Accepted:
    """A transfer in the store."""

    call: Call
    transfer: Transfer
    refer_to: str = ""
    """The Refer-To URI that is to be sent; empty where an earlier request created the transfer."""

    @property
    def new(self) -> bool:
        """Whether this request has created it."""
        return bool(self.refer_to)


class TransferService:
    """Hands calls over, and reports the outcomes."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        directory: Directory,
        followers: Followers,
        feed: Feed,
        drain: Drain,
        adoption: Adoption,
        acceptance: "TransferAcceptance",
    ) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory
        self._followers = followers
        self._feed = feed
        self._drain = drain
        self._adoption = adoption
        self._acceptance = acceptance

    async def transfer_call(self, rpc: Rpc, asked: TransferCall) -> Accepted:
        """Accepts a transfer, sees the REFER sent, and waits for its outcome if asked."""
        self._drain.refuse()
        tenant = self._directory.tenant(rpc.tenant_id)
        policy = replace(tenant.timeouts, ringing_timeout=None)
        with Together() as check:
            check(request_checks.call_ref, asked.call)
            target = check(_target, asked.to, tenant)
            check(request_checks.transfer_call, asked, tenant.allowed_headers)
            ringing = check(timeouts.ringing, asked.ringing_timeout, policy)
        wanted = self._acceptance.wanted(rpc, asked, tenant, passed(target), passed(ringing))
        accept = self._adoption.adopting(rpc, asked.call, lambda: self._accept_and_refer(wanted))
        accepted = await asyncio.shield(asyncio.create_task(accept))
        return replace(accepted, transfer=await self._answer(asked, accepted.transfer))

    async def get_transfer(self, rpc: Rpc, transfer_id: str) -> Transfer:
        """One transfer; another tenant's does not exist."""
        fields.name("transfer_id", transfer_id)

        def ask(reading: Reading) -> Transfer:
            transfer = reading.transfer(transfer_id)
            if transfer is None or transfer.tenant_id != rpc.tenant_id:
                raise _not_found(transfer_id)
            call = reading.call(transfer.call_id)
            if call is None or not rpc.caller.reaches(call.room):
                raise _not_found(transfer_id)
            return transfer

        return await self._store.read(ask)

    async def list_transfers(self, rpc: Rpc, ref: CallRef) -> Sequence[Transfer]:
        """The transfers of one call, oldest first."""

        def ask(reading: Reading) -> Sequence[Transfer]:
            return reading.transfers_of(own_call(reading, rpc, ref).call_id)

        return await self._store.read(ask)

    async def _accept_and_refer(self, wanted: "_Wanted") -> Accepted:
        """Runs to completion even if the client leaves: a stored transfer is always sent."""
        try:
            accepted = await self._acceptance.accept(wanted)
        except OutcomeUnknownError:
            self._followers.never_sent(wanted.transfer_id)
            raise
        if accepted.new:
            self._followers.refer(accepted.call, accepted.transfer, accepted.refer_to)
        return accepted

    async def _answer(self, asked: TransferCall, transfer: Transfer) -> Transfer:
        if not asked.wait_until_settled:
            return transfer
        with self._feed.transfer(transfer) as latest:
            latest.put(await transfer_as_stored(self._store, transfer))
            settled = await self._drain.unless_begun(
                latest.until(lambda t: t.state is not TransferState.PENDING)
            )
            return settled or await transfer_as_stored(self._store, transfer)


@dataclass(frozen=True, slots=True)
class _Target:
    """The target of a transfer in canonical form, and what it means."""

    to: str
    means: Callee | SipUri


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """A requested transfer: everything that is known before its call is read."""

    rpc: Rpc
    asked: TransferCall
    transfer_id: str
    time: datetime
    tenant: Tenant
    target: _Target
    ringing_timeout: timedelta
    claim: RequestClaim | None
    intent: AuditEvent


class TransferAcceptance:
    """Stores transfers: transfer, claim, event and audit record at once, before any REFER."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        directory: Directory,
        admission: Admission,
        record: Record,
        trail: Trail,
        gateway_id: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory
        self._admission = admission
        self._record = record
        self._trail = trail
        self._gateway_id = gateway_id

    def wanted(
        self, rpc: Rpc, asked: TransferCall, tenant: Tenant, target: _Target, ringing: Timeout
    ) -> _Wanted:
        """The request, ready to be accepted. Raises for a host that is not the tenant's."""
        _check_host(target, tenant)
        asked = replace(asked, to=target.to)
        now = self._clock.now()
        transfer_id = new_id("transfer", now)
        return _Wanted(
            rpc=rpc,
            asked=asked,
            transfer_id=transfer_id,
            time=now,
            tenant=tenant,
            target=target,
            ringing_timeout=ringing.in_force,
            claim=repeats.claim_of(rpc, asked, transfer_id, now),
            intent=self._trail.asked(rpc, asked, {"target": asked.to}),
        )

    async def accept(self, wanted: _Wanted) -> Accepted:
        """The transfer, durable; or the one that holds the `request_id`."""
        accepted = await self._store.transact(lambda tx: self._accept(tx, wanted), brief=True)
        if accepted.new:
            self._trail.recorded(wanted.rpc)
        return accepted

    def _accept(self, tx: Transaction, wanted: _Wanted) -> Accepted:
        rpc, asked, claim = wanted.rpc, wanted.asked, wanted.claim
        held = repeats.held(tx, rpc, claim, wanted.time)
        earlier = tx.transfer(held) if held else None
        # A repeat by room and identity finds its call even if the leg has left by now.
        call = own_call(tx, rpc, CallRef(earlier.call_id) if earlier else asked.call)
        if earlier:
            return Accepted(call, earlier)
        callees = self._judged(wanted, call)
        trunk = self._takes_transfers(tx, call)
        limits = self._admission.hand_over(tx, wanted.tenant, asked.to, callees)
        transfer = Transfer(
            transfer_id=wanted.transfer_id,
            tenant_id=call.tenant_id,
            call_id=call.call_id,
            to=asked.to,
            ringing_timeout=wanted.ringing_timeout,
            on_timeout=asked.on_timeout,
            play_dialtone=asked.play_dialtone,
            headers=dict(asked.headers),
            create_time=self._record.times.of(call.call_id).now(),
            if_refused=refers.hint(trunk),
        )
        call = self._record.put_refer(tx, transfer)
        tx.hold(transfer.transfer_id, self._gateway_id)
        if claim:
            tx.put_claim(claim)
        tx.append_audit(self._trail.intent(wanted.intent, {"limits": limits}, call, transfer))
        self._record.event(tx, EventType.TRANSFER_CHANGED, call, transfer)
        return Accepted(call, transfer, refers.refer_to(asked.to, trunk))

    def _judged(self, wanted: _Wanted, call: Call) -> tuple[Callee, ...]:
        """Every number that may be reached; none: the SIP user is a name.

        What may not be called may not be reached by a transfer either, in whatever form: each
        number is judged like a call to it with this call's own request.
        """
        network, tenant = self._directory.network, wanted.tenant
        means = wanted.target.means
        if isinstance(means, Callee):
            callees: tuple[Callee, ...] = (means,)
        else:
            at_home = network.countries_of(call.trunk_id, tenant.tenant_id)
            parties = {country_of(call.to), country_of(call.caller_id)}
            where = at_home | parties | {tenant.default_country}
            callees = dial_strings.readings("to", means.user, where, tenant.emergency_numbers_in)
        asked = Asked(now=wanted.time, caller_id=call.wishes.caller_id, labels=call.labels)
        for one in callees:
            check_destination(one, tenant, network.route_for(tenant, one, asked))
            check_hours(one, network.calling_hours_for(tenant, one), wanted.time)
        return callees

    def _takes_transfers(self, tx: Transaction, call: Call) -> Trunk:
        """The trunk of a call that may be handed over now."""
        if call.state is not CallState.ACTIVE or call.ending:
            raise GatewayError(
                Reason.CALL_NOT_ACTIVE,
                f"call {call.call_id} is {call.state.name}, not ACTIVE",
                {"call_id": call.call_id, "state": call.state.name},
            )
        trunk = self._trunk(call)
        if trunk is None or trunk.transfer_mode is TransferSupport.NONE:
            raise GatewayError(
                Reason.TRANSFER_NOT_SUPPORTED,
                f"trunk {call.trunk_id} takes no transfers: {refers.hint(trunk)}",
                {"trunk_id": call.trunk_id, "hint": refers.hint(trunk)},
            )
        if open_transfer := tx.open_transfer(call.call_id):
            raise GatewayError(
                Reason.TRANSFER_IN_PROGRESS,
                f"transfer {open_transfer.transfer_id} of this call is still open",
                {"transfer_id": open_transfer.transfer_id},
            )
        return trunk

    def _trunk(self, call: Call) -> Trunk | None:
        """For a call that was not placed here, the tenant's trunk that has the number called.

        Of any other only LiveKit's trunk is known: it takes `tel:`.
        """
        if call.attempts:
            return self._directory.trunk(call.trunk_id)
        tenant = self._directory.tenant(call.tenant_id)
        for trunk in self._directory.network.trunks_of(tenant):
            if any(shown.number == call.to for shown in trunk.shown_by(tenant.tenant_id)):
                return trunk
        return Trunk(trunk_id=call.trunk_id)


def _target(asked: str, tenant: Tenant) -> _Target:
    """A number as PlaceCall takes it, or a SIP URI."""
    to = targets.target("to", asked)
    uri = targets.sip_target(to)
    if uri:
        dial_strings.readings("to", uri.user, ())  # what needs no country to be wrong
        return _Target(to, uri)
    return _Target(to, callee("to", to, tenant.default_country, tenant.emergency_numbers))


def _check_host(target: _Target, tenant: Tenant) -> None:
    """A tenant may transfer calls only to its SIP hosts."""
    if isinstance(target.means, Callee):
        return
    host = target.means.place.host
    if host not in map(hosts.canonical, tenant.sip_hosts):
        raise GatewayError(
            Reason.DESTINATION_NOT_ALLOWED,
            f"the tenant may not transfer to SIP host {host}",
            {"to": target.to, "host": host},
        )


def _not_found(transfer_id: str) -> GatewayError:
    shown = fields.printable(transfer_id)
    return GatewayError(Reason.TRANSFER_NOT_FOUND, f"no transfer {shown}", {"transfer_id": shown})
