"""Who makes declared inbound trunks and rules: a gateway, or the command that applies them."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from gateway.build.certificates import Sources
from gateway.build.clock import SystemClock
from gateway.build.ground import Administration, platforms_of, secrets_of
from gateway.domain.declaring.record import InboundPlace, InboundState
from gateway.metrics import INBOUND_OBJECTS
from gateway.ports import Clock, Platform
from gateway.service.api.admin.applying import Applying
from gateway.service.declaring.inbound import DeclaredInbound
from gateway.service.declaring.settling import InboundSettler
from gateway.service.following.platforms import Platforms
from gateway.settings import Settings


def declared_inbound(
    settings: Settings,
    administration: Administration,
    places: Mapping[InboundPlace, Platform],
    *,
    clock: Clock,
    counted: Callable[[Mapping[InboundState, int]], None] = lambda _: None,
) -> DeclaredInbound:
    """What makes them, on these platforms."""
    store, directory = administration.store, administration.directory
    settlers = [
        InboundSettler(
            platform.inbound,
            place=place,
            live=settings.is_live,
            store=store,
            clock=clock,
            secret=secrets_of(settings),
        )
        for place, platform in places.items()
    ]
    return DeclaredInbound(
        settlers,
        store=store,
        clock=clock,
        config=lambda: directory.config,
        redact=administration.told,
        counted=counted,
    )


def inbound_of(
    settings: Settings, administration: Administration, platforms: Platforms, clock: Clock
) -> DeclaredInbound:
    """A gateway's, which ApplyConfig then uses, and which hears of each new configuration."""
    places = {InboundPlace.SANDBOX: platforms.sandbox}
    if platforms.live:
        places[InboundPlace.LIVE] = platforms.live
    made = declared_inbound(settings, administration, places, clock=clock, counted=_count)
    administration.applying.inbound = made
    administration.directory.on_change(made.rouse)
    return made


def _count(counts: Mapping[InboundState, int]) -> None:
    """Shows how many objects are in which state."""
    for state, count in counts.items():
        INBOUND_OBJECTS.labels(state.value.lower()).set(count)


@asynccontextmanager
async def applying(settings: Settings, administration: Administration) -> AsyncIterator[Applying]:
    """For a command: with LiveKit, if the environment names it. A sandbox is its gateway's own."""
    found = administration.applying
    if not settings.is_live or not settings.has_livekit:
        yield found
        return
    clock = SystemClock()
    certificates = Sources(settings)
    try:
        platforms = platforms_of(settings, clock, certificates.livekit)
        try:
            live = {InboundPlace.LIVE: platforms.live} if platforms.live else {}
            found.inbound = declared_inbound(settings, administration, live, clock=clock)
            yield found
        finally:
            for platform in filter(None, (platforms.live, platforms.sandbox)):
                await platform.close()
    finally:
        certificates.close()
