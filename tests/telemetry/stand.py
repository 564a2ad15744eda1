"""A gateway between a LiveKit and a collector."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.stands.stand import Stand
from tests.stands.tracing.collector import Collector, Exported, collecting
from tests.stands.tracing.livekit import TracedLiveKit, settings_of, traced_livekit

SERVICE = "gateway.telephony.v1.CallService"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
UNSAMPLED = f"{PARENT[:-2]}00"


@dataclass
class Traced:
    """All three."""

    stand: Stand
    livekit: TracedLiveKit
    collector: Collector
    stopped: bool = False

    async def stop(self) -> None:
        """Stops the gateway, which sends what it has recorded. It may be called again."""
        if not self.stopped:
            self.stopped = True
            await self.stand.stop()

    async def exported(self) -> list[Exported]:
        """Every span, once the gateway has stopped."""
        await self.stop()
        return self.collector.spans

    def one(self, name: str) -> Exported:
        """The only span of this name."""
        (found,) = self.collector.named(name)
        return found


@asynccontextmanager
async def traced(
    folder: Path, wire: str = "grpc", *, beside: Traced | None = None, **settings: Any
) -> AsyncIterator[Traced]:
    """A gateway that has started; whoever asks for `exported` stops it.

    `beside`: one whose LiveKit and database it shares.
    """
    async with AsyncExitStack() as stack:
        livekit = beside.livekit if beside else await stack.enter_async_context(traced_livekit())
        collector = await stack.enter_async_context(collecting())
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, **settings_of(livekit), **settings}
        stand = Stand(wire, f"sqlite:///{folder}/gateway.db", None, folder, **told)
        await stand.start()
        made = Traced(stand, livekit, collector)
        try:
            yield made
        finally:
            await made.stop()
