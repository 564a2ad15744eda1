"""Declared inbound trunks and rules on all platforms: for ApplyConfig, and in the background."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf

from gateway.audit.redaction import Redact, keep
from gateway.domain.config.inbound import has_declared
from gateway.domain.declaring.record import InboundPlace, InboundRecord, InboundState
from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Config
from gateway.ports import Clock, Reading, Store
from gateway.service.chores import every
from gateway.service.declaring.recording import GATEWAY, InboundRecording
from gateway.service.declaring.settling import InboundSettler, Settled
from gateway.service.declaring.turn import is_look_due, look_time

STEP_SECONDS = 1.0
EVERY_SECONDS = 5.0
"""How often it is asked whether somebody has to look."""
GIVEN_SECONDS = 3.0
"""To whoever has applied a configuration, to carry it out and tell what was done."""

Counted = Callable[[Mapping[InboundState, int]], None]


@dataclass(frozen=True, slots=True)
class InboundSeen:
    """Every object as it was at the last look."""

    records: Sequence[InboundRecord] = ()
    look_time: datetime | None = None


class DeclaredInbound:
    """Makes all of it so, and looks for drift each minute, one gateway for all."""

    def __init__(
        self,
        settlers: Sequence[InboundSettler],
        *,
        store: Store,
        clock: Clock,
        config: Callable[[], Config],
        redact: Redact = keep,
        counted: Counted = lambda _: None,
    ) -> None:
        self._settlers = settlers
        self._store = store
        self._clock = clock
        self._config = config
        self._redact = redact
        self._counted = counted
        self._due = 0.0

    def rouse(self) -> None:
        """The configuration may have changed."""
        self._due = min(self._due, self._clock.elapsed() + GIVEN_SECONDS)

    async def rehearse(self, config: Config) -> Settled:
        """What would be done if this configuration were applied."""
        if not await self._concerns(config):
            return Settled()
        return _together([await one.rehearse(config) for one in self._settlers])

    async def settle(self, config: Config, *, actor: str, by: Rpc | None = None) -> Settled:
        """Does it for the configuration in force. `by`: the request that asks; else `actor`."""
        if not await self._concerns(config):
            return Settled()
        recording = InboundRecording(self._clock, self._redact, actor, by)
        return _together([await one.settle(config, recording) for one in self._settlers])

    async def keep(self) -> None:
        """Runs forever."""
        await every(STEP_SECONDS, self.look_in_turn, name="inbound")

    async def look_in_turn(self) -> None:
        """Carries out what nobody did, and notes what others have changed, if it is time."""
        if self._clock.elapsed() < self._due:
            return
        self._due, again = inf, EVERY_SECONDS  # whoever rouses meanwhile makes it sooner
        try:
            if not await self._look():
                again = inf
        finally:
            self._due = min(self._due, self._clock.elapsed() + again)

    async def _look(self) -> bool:
        """False: there is nothing to be seen to, until the configuration changes."""
        config = self._config()
        places = [one.place for one in self._settlers]

        def ask(reading: Reading) -> tuple[Mapping[InboundState, int], Sequence[InboundPlace]]:
            due = [place for place in places if is_look_due(reading, place, config.version)]
            return reading.inbound_counts(), due

        counts, due = await self._store.read(ask)
        if not counts and not has_declared(config.tenants):
            self._count(counts)
            return False
        recording = InboundRecording(self._clock, self._redact, GATEWAY)
        for one in self._settlers:
            if one.place in due:
                await one.settle(config, recording, patient=True)
        self._count(await self._store.read(_counts) if due else counts)
        return True

    def _count(self, counts: Mapping[InboundState, int]) -> None:
        self._counted({state: counts.get(state, 0) for state in InboundState})

    async def _concerns(self, config: Config) -> bool:
        """Whether anything is declared, or was made for an earlier configuration."""
        return has_declared(config.tenants) or bool(await self._store.read(_counts))


def _counts(reading: Reading) -> Mapping[InboundState, int]:
    return reading.inbound_counts()


def seen_by(reading: Reading) -> InboundSeen:
    """What the store knows of it."""
    return InboundSeen(reading.inbound_records(), look_time(reading))


def _together(settled: Sequence[Settled]) -> Settled:
    return Settled(
        [record for one in settled for record in one.records],
        "; ".join(one.error for one in settled if one.error),
    )
