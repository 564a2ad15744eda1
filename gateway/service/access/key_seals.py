"""Whether the stored keys open with the master keys, and how to reseal them."""

import asyncio
from dataclasses import dataclass, replace

import structlog

from gateway.audit.sealing.seal import owner_of
from gateway.domain.audit_event import AuditEvent, AuditKind
from gateway.ports import ApiKey, Clock, Reading, Store, Transaction
from gateway.service.access.seal import Seal

DO_NOT_CALL = "do_not_call"
"""The owner of the key that hashes numbers."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Resealed:
    """Keys that were resealed, and those that no master key opens."""

    changed: tuple[str, ...]
    closed: tuple[str, ...]


class KeySeals:
    """Checks and renews the seals of all keys that are neither revoked nor expired."""

    def __init__(self, store: Store, clock: Clock, seal: Seal) -> None:
        self._store = store
        self._clock = clock
        self._seal = seal
        self._revision = -1
        self._wrong = ""

    async def wrong(self) -> str:
        """The error if not a single key opens: then no tenant can place calls. Empty: none.

        Looks again only when keys have changed, and logs what it finds.
        """
        revision = await self._store.read(lambda tx: tx.revision())
        if revision != self._revision:
            await asyncio.to_thread(self._seal.prepare)
            held = await self._store.read(self._held)
            closed = await asyncio.to_thread(lambda: [key for key in held if not self._opens(key)])
            self._wrong = ""
            if closed and len(closed) == len(held):
                self._wrong = "no stored key opens with the present master key"
            if closed:
                text = self._wrong or "some keys do not open with the present master keys"
                log.error("keys_not_opened", text=text, keys=len(closed), of=len(held))
            self._revision = revision
        return self._wrong

    async def reseal(self) -> Resealed:
        """Reseals with the first master key, in the present form, whatever is sealed otherwise."""
        await asyncio.to_thread(self._seal.prepare)
        return await self._store.transact(self._reseal)

    def _reseal(self, tx: Transaction) -> Resealed:
        changed: list[str] = []
        closed: list[str] = []
        for key in self._held(tx):
            if self._seal.is_current(key.sealed_secret, key.key):
                continue
            if not self._opens(key):
                closed.append(key.key)
                continue
            secret = self._seal.open(key.sealed_secret, key.key)
            tx.put_key(replace(key, sealed_secret=self._seal.close(secret, key.key)))
            changed.append(key.key)
        self._reseal_numbers(tx, changed, closed)
        self._reseal_months(tx, changed, closed)
        event = AuditEvent(
            time=self._clock.now(),
            kind=AuditKind.DONE,
            tenant_id="",
            actor="command line",
            method="keys reseal",
            request={"keys": len(changed), "not_opened": closed},
        )
        tx.append_audit(event)
        return Resealed(tuple(changed), tuple(closed))

    def _reseal_numbers(self, tx: Transaction, changed: list[str], closed: list[str]) -> None:
        """The key of hashed numbers is lost with the master key: nothing else can make it again."""
        sealed = tx.do_not_call_state().sealed_key
        if sealed is None or self._seal.is_current(sealed, DO_NOT_CALL):
            return
        try:
            key = self._seal.open(sealed, DO_NOT_CALL)
        except ValueError:
            closed.append(DO_NOT_CALL)
            return
        tx.put_do_not_call_key(self._seal.close(key, DO_NOT_CALL))
        changed.append(DO_NOT_CALL)

    def _reseal_months(self, tx: Transaction, changed: list[str], closed: list[str]) -> None:
        """Those of the audit log."""
        for key in tx.every_month_key():
            owner = owner_of(key.tenant_id, key.month)
            if key.is_destroyed or self._seal.is_current(key.wrapped, owner):
                continue
            try:
                opened = self._seal.open(key.wrapped, owner)
            except ValueError:
                closed.append(owner)
                continue
            tx.put_month_key(replace(key, wrapped=self._seal.close(opened, owner)))
            changed.append(owner)

    def _held(self, tx: Reading) -> list[ApiKey]:
        now, stored = self._clock.now(), tx.keys()
        return [key for key in stored if key.holds(now)]

    def _opens(self, key: ApiKey) -> bool:
        try:
            self._seal.open(key.sealed_secret, key.key)
        except ValueError:
            return False
        return True
