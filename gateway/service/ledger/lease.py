"""The gateway's lease: that it is alive, and what it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from gateway.domain.calls.call import Call
from gateway.domain.calls.transfer import Transfer
from gateway.domain.lease import LEASE, MARGIN, Beat, Watch
from gateway.ports import Clock, Store, StoreUnavailableError, Transaction
from gateway.service.ledger.timeline import StoreTime

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What dead gateways left behind and this one now holds."""

    calls: Sequence[Call]
    transfers: Sequence[Transfer]
    read: StoreTime
    """When they were taken over."""


class Lease:
    """The gateway's own lease in the store, and what it sees of the others'."""

    def __init__(self, store: Store, gateway_id: str, clock: Clock) -> None:
        self.gateway_id = gateway_id
        self._store = store
        self._clock = clock
        self._heard = 0.0
        self._trusted = False
        self._watch = Watch()

    async def beat(self) -> bool:
        """Renews the lease. False: it had expired, and another gateway may hold what it held.

        After that nothing is taken as held until `trust` is called.
        """
        begun = self._clock.elapsed()
        alive, beats = await self._store.transact(self._beat)
        if not alive:
            self._trusted = False
        self._heard = begun
        self._watch = self._watch.after(beats, begun, self._clock.elapsed())
        return alive

    def trust(self) -> None:
        """What is followed has been compared with what is held."""
        self._trusted = True

    @property
    def trusted(self) -> bool:
        """Whether memory can be trusted while the lease is fresh."""
        return self._trusted

    async def holds(self, resource_id: str) -> bool:
        """Whether this gateway holds the call or transfer.

        Answers from memory while the lease is fresh, else from the store.
        """
        if self._trusted and self._clock.elapsed() < self._heard + (LEASE - MARGIN).total_seconds():
            return True
        return resource_id in await self.held()

    async def held(self) -> set[str]:
        """Everything this gateway holds."""
        return set(await self._store.read(lambda tx: tx.held_by(self.gateway_id)))

    async def nudged(self) -> Sequence[str]:
        """What this gateway holds and was nudged to look at; each nudge is returned once."""
        ids = await self._store.read(lambda tx: tx.nudged(self.gateway_id))
        if ids:
            await self._store.transact(lambda tx: tx.drop_nudges(ids))
        return ids

    async def find(self, ids: Sequence[str]) -> TakenOver:
        """The open calls and transfers with these ids; releases those that are over."""

        def look(tx: Transaction) -> TakenOver:
            found = self._readable(tx, ids)
            for call in found.calls:
                if call.ended:
                    tx.let_go(call.call_id)
            for transfer in found.transfers:
                if transfer.settled:
                    tx.let_go(transfer.transfer_id)
            return TakenOver(
                [call for call in found.calls if not call.ended],
                [transfer for transfer in found.transfers if not transfer.settled],
                found.read,
            )

        return await self._store.transact(look)

    async def take_orphans(self) -> TakenOver | None:
        """Takes over what gateways that are dead or gone have left; None: nothing."""
        silent = self._watch.silent()
        if not silent and not await self._store.read(lambda tx: tx.orphans(1)):
            return None
        return await self._store.transact(self._take)

    async def leave(self) -> None:
        """Leaves explicitly instead of falling silent: others take over without waiting."""
        try:
            await self._store.transact(lambda tx: tx.leave(self.gateway_id))
        except StoreUnavailableError as away:
            log.warning("not_taken_leave", cause=str(away))

    def _beat(self, tx: Transaction) -> tuple[bool, Mapping[str, Beat]]:
        others = {name: beat for name, beat in tx.beats().items() if name != self.gateway_id}
        return tx.beat(self.gateway_id, LEASE), others

    def _take(self, tx: Transaction) -> TakenOver:
        for gateway_id, mark in self._watch.silent().items():
            if tx.bury(gateway_id, mark):
                log.warning("gateway_silent", gateway_id=gateway_id)
        ids = tx.orphans()
        for resource_id in ids:
            tx.hold(resource_id, self.gateway_id)
        return self._readable(tx, ids)

    def _readable(self, tx: Transaction, ids: Sequence[str]) -> TakenOver:
        """One that cannot be read, such as a newer version's, does not delay the others."""
        calls, transfers = [], []
        for resource_id in ids:
            try:
                if call := tx.call(resource_id):
                    calls.append(call)
                elif transfer := tx.transfer(resource_id):
                    transfers.append(transfer)
            except ValueError as error:
                log.error("not_readable", id=resource_id, cause=str(error))
        return TakenOver(calls, transfers, StoreTime(tx.now(), self._clock.elapsed()))
