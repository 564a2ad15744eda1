"""Whose turn it is to make a platform as declared: one process's at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.domain.declaring.record import InboundPlace
from gateway.ports import Reading, RequestClaim, Store, Transaction

LASTS = timedelta(seconds=30)
"""A turn without a step for so long is over."""
PATIENCE_SECONDS = 10.0
PAUSE_SECONDS = 0.1
LOOKS = timedelta(seconds=55)
"""So long after a look for the same configuration nobody needs to look again."""
REMEMBERED = timedelta(days=1)

_METHOD, _LOOK = "inbound", "inbound look"


class NoTurnError(Exception):
    """Another process is at it, or a newer configuration is in force."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The turn of one process."""

    store: Store
    place: InboundPlace
    owner: str
    version: int
    patient: bool = False
    """There is no turn where somebody has looked within the last minute."""

    def renew(self, tx: Transaction) -> None:
        """To be called before each step. Raises NoTurnError if the turn is another's now."""
        now = tx.now()
        taken = tx.claim("", _METHOD, self.place.value, now)
        if taken is None or taken.resource_id != self.owner:
            raise NoTurnError("another gateway has taken over")
        self._put(tx, now + LASTS)

    def _put(self, tx: Transaction, until: datetime) -> None:
        tx.put_claim(RequestClaim("", _METHOD, self.place.value, "", self.owner, until))

    def _is_free(self, reading: Reading) -> bool:
        """Raises NoTurnError if there is nothing to wait for."""
        now = reading.now()
        stored = reading.config()
        if (stored.version if stored else 0) != self.version:
            raise NoTurnError("a newer configuration is in force")
        if self.patient and not is_look_due(reading, self.place, self.version):
            raise NoTurnError("another gateway has looked")
        taken = reading.claim("", _METHOD, self.place.value, now)
        if taken is None or taken.resource_id == self.owner:
            return True
        return taken.expire_time > now + LASTS  # by a clock that was wrong

    def _take(self, tx: Transaction) -> bool:
        """Also notes the look that is about to begin."""
        if not self._is_free(tx):
            return False
        now = tx.now()
        self._put(tx, now + LASTS)
        looked = (str(self.version), now.isoformat(), now + REMEMBERED)
        tx.put_claim(RequestClaim("", _LOOK, self.place.value, *looked))
        return True

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Waits for the turn, and gives it back. Raises NoTurnError."""
        for _ in range(round(PATIENCE_SECONDS / PAUSE_SECONDS)):
            if await self.store.read(self._is_free) and await self.store.transact(self._take):
                break
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            raise NoTurnError("another gateway is at it")
        try:
            yield
        finally:
            await self.store.transact(self._give_back)

    def _give_back(self, tx: Transaction) -> None:
        now = tx.now()
        taken = tx.claim("", _METHOD, self.place.value, now)
        if taken is not None and taken.resource_id == self.owner:
            self._put(tx, now)


def is_look_due(reading: Reading, place: InboundPlace, version: int) -> bool:
    """Whether nobody has looked for this configuration in the last minute."""
    now = reading.now()
    last = reading.claim("", _LOOK, place.value, now)
    if last is None or last.fingerprint != str(version):
        return True
    return abs(now - _time(last)) > LOOKS


def look_time(reading: Reading) -> datetime | None:
    """When somebody looked last, at whichever platform."""
    now = reading.now()
    looks = (reading.claim("", _LOOK, place.value, now) for place in InboundPlace)
    return max((_time(look) for look in looks if look), default=None)


def _time(look: RequestClaim) -> datetime:
    return datetime.fromisoformat(look.resource_id).astimezone(UTC)
