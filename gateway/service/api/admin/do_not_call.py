"""AddDoNotCall, RemoveDoNotCall and ListDoNotCall: the lists of numbers that nobody may call."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from gateway.domain.admin.requests import ChangeDoNotCall, ListDoNotCall
from gateway.domain.fields import printable
from gateway.domain.numbers import e164
from gateway.domain.rpc import Rpc
from gateway.domain.together import Together, passed
from gateway.errors import GatewayError, Reason, invalid_field
from gateway.ports import Clock, Reading, Store, Transaction
from gateway.ports.do_not_call import EVERY_TENANT, ListedNumber
from gateway.service.access.directory import Directory
from gateway.service.access.key_seals import DO_NOT_CALL
from gateway.service.access.seal import Seal
from gateway.service.api.admin.recording import Recording
from gateway.service.api.paging.pages import listed_pages, page_size
from gateway.service.api.reach import tenant_reached
from gateway.service.ledger.do_not_call import DoNotCall

MAX_NUMBERS = 1000
_ENTRY_BYTES = 128


@dataclass(frozen=True, slots=True)
class PageOfNumbers:
    """What ListDoNotCall answers."""

    numbers: Sequence[ListedNumber]
    next_page_token: str


class DoNotCallService:
    """Changes and shows the lists; what it changes holds at once for every gateway.

    `by` None: the command line, which reaches every list.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        directory: Directory,
        seal: Seal,
        do_not_call: DoNotCall,
        recording: Recording,
    ) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory
        self._seal = seal
        self._do_not_call = do_not_call
        self._recording = recording

    async def add(self, asked: ChangeDoNotCall, *, by: Rpc | None = None) -> None:
        """Puts numbers on a list. Raises INVALID_FIELD."""
        tenant_id = await asyncio.to_thread(self._checked, by, asked, configured=True)
        hashed = self._hides(tenant_id)
        now = self._clock.now()

        def add(tx: Transaction) -> None:
            forms = self._hashed(tx, tenant_id, asked.numbers) if hashed else asked.numbers
            if hashed:
                tx.drop_listed(tenant_id, asked.numbers)
            tx.put_listed([ListedNumber(tenant_id, form, now) for form in forms])
            tx.append_audit(self._recording(by, "dnc add", tenant_id, numbers=list(forms)))

        await self._store.transact(add)

    async def remove(self, asked: ChangeDoNotCall, *, by: Rpc | None = None) -> None:
        """Takes numbers off a list, in whatever form they are there. Raises INVALID_FIELD."""
        tenant_id = await asyncio.to_thread(self._checked, by, asked)

        def remove(tx: Transaction) -> None:
            sealed = tx.do_not_call_state().sealed_key
            hashed = self._all_hashed(sealed, tenant_id, asked.numbers)
            tx.drop_listed(tenant_id, [*asked.numbers, *hashed])
            shown = hashed if self._hides(tenant_id) else asked.numbers
            tx.append_audit(self._recording(by, "dnc remove", tenant_id, numbers=list(shown)))

        await self._store.transact(remove)

    async def list(self, asked: ListDoNotCall, *, by: Rpc | None = None) -> PageOfNumbers:
        """One page of a list, or one number of it. Raises INVALID_FIELD."""
        with Together() as check:
            tenant_id = passed(check(_reached, by, asked.tenant_id))
            size = check(page_size, asked.page_size)
            if asked.number:
                check(e164.phone_number, "number", asked.number)
            pages = listed_pages(tenant_id)
            after = check(pages.read, asked.page_token)
        if asked.number:
            return PageOfNumbers(
                await self._store.read(lambda tx: self._one(tx, tenant_id, asked.number)), ""
            )
        wanted = passed(size)
        found = await self._store.read(
            lambda tx: tx.listed_numbers(tenant_id, after or "", wanted + 1)
        )
        return PageOfNumbers(*pages.page(found, lambda _: _ENTRY_BYTES, wanted))

    def _one(self, reading: Reading, tenant_id: str, number: str) -> Sequence[ListedNumber]:
        """The number on this list alone."""
        sealed = reading.do_not_call_state().sealed_key
        (hashed,) = self._all_hashed(sealed, tenant_id, [number]) or ("",)
        found = reading.listed_for(tenant_id, number, hashed)
        return [one for one in found if one.tenant_id == tenant_id]

    def _checked(self, by: Rpc | None, asked: ChangeDoNotCall, *, configured: bool = False) -> str:
        """The tenant of the list. Many numbers take long, so nobody waits for this in turn."""
        with Together() as check:
            tenant_id = passed(check(_reached, by, asked.tenant_id))
            if configured:
                check(self._check_tenant, tenant_id)
            check(_numbers, asked.numbers)
        return tenant_id

    def _check_tenant(self, tenant_id: str) -> None:
        if tenant_id != EVERY_TENANT and self._directory.network.tenant(tenant_id) is None:
            shown = printable(tenant_id)
            raise invalid_field("tenant_id", "no such tenant is configured", tenant_id=shown)

    def hides(self, rpc: Rpc, asked: ChangeDoNotCall | ListDoNotCall) -> bool:
        """Whether the list that a request is about stores its numbers hashed."""
        return self._hides(asked.tenant_id or rpc.tenant_id)

    def _hides(self, tenant_id: str) -> bool:
        tenant = self._directory.network.tenant(tenant_id)
        return tenant is not None and tenant.hash_do_not_call

    def _hashed(self, tx: Transaction, tenant_id: str, numbers: Sequence[str]) -> Sequence[str]:
        """The numbers hashed with the stored key, which is made if there is none."""
        sealed = tx.do_not_call_state().sealed_key
        if sealed is None:
            sealed = self._seal.new_key(DO_NOT_CALL)
            tx.put_do_not_call_key(sealed)
        return self._all_hashed(sealed, tenant_id, numbers)

    def _all_hashed(
        self, sealed: bytes | None, tenant_id: str, numbers: Sequence[str]
    ) -> Sequence[str]:
        if sealed is None:
            return ()
        return [self._do_not_call.hashed(sealed, tenant_id, number) for number in numbers]


def numbers_judged(seal: Seal) -> DoNotCall:
    """What judges numbers; this seal opens the key of the hashed ones."""
    return DoNotCall(partial(seal.open, owner=DO_NOT_CALL))


def _reached(by: Rpc | None, tenant_id: str) -> str:
    """The tenant whose list is meant; empty: every tenant's. Raises PERMISSION_DENIED."""
    own = tenant_reached(by) if by else ""
    if own and tenant_id not in ("", own):
        raise GatewayError(
            Reason.PERMISSION_DENIED, "the do-not-call list belongs to another tenant"
        )
    return tenant_id or own


def _numbers(numbers: Sequence[str]) -> None:
    if not 0 < len(numbers) <= MAX_NUMBERS:
        raise invalid_field("numbers", f"must be 1 to {MAX_NUMBERS}")
    with Together() as check:
        for at, number in enumerate(numbers):
            check(e164.phone_number, f"numbers[{at}]", number)
