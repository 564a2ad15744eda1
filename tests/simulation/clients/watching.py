"""Clients that watch all events of a tenant, whatever happens to the gateways."""

import asyncio
from collections.abc import Sequence
from typing import Any

from gateway.telephony.v1 import calls_pb2
from tests.simulation.clients.asking import FAILURES, Asking, reason_of
from tests.simulation.clients.gateways import ServingGateway
from tests.simulation.clients.messages import duration
from tests.simulation.clients.notebook import Notebook
from tests.simulation.clients.told import NOT_SENT, Seen
from tests.simulation.plan.doings import Watch
from tests.simulation.world.streams import Stream

AGAIN_SECONDS = 0.25
"""After which a watcher goes to the next gateway."""
POLL_SECONDS = 5.0
PAGE = 100


class Watcher:
    """Watches a tenant from its first event on, by the stream or by polling."""

    def __init__(
        self,
        watch: Watch,
        asking: Asking,
        gateways: Sequence[ServingGateway],
        notebook: Notebook,
        seen: list[Seen],
    ) -> None:
        self.watch = watch
        self.seen = seen
        self.reached = 0
        """The sequence of the last event that it has."""
        self.promised = 0
        """The highest sequence up to which a heartbeat said that it has everything."""
        self.ended: list[tuple[float, int, str]] = []
        """When which gateway ended its stream or its poll, and why; empty: as if all was told."""
        self._asking = asking
        self._gateways = gateways
        self._notebook = notebook
        self._at = watch.gateway % len(gateways)
        self._stream: Stream | None = None
        self._poll: asyncio.Task[None] | None = None
        self._stopped = False

    def begin(self) -> None:
        """Now, until `stop`."""
        if self.watch.polls:
            self._poll = self._asking.loop.create_task(self._keep_polling())
        else:
            self._open()

    def stop(self) -> None:
        """It leaves."""
        self._stopped = True
        if self._poll is not None:
            self._poll.cancel()
        if self._stream is not None:
            self._asking.network.close(self._stream)
            self._stream = None

    @property
    def _gateway(self) -> ServingGateway:
        return self._gateways[self._at]

    def _open(self) -> None:
        if self._stopped:
            return
        gateway = self._gateway
        if not gateway.up:
            self._go_on_elsewhere(NOT_SENT)
            return
        asked = calls_pb2.WatchCallsRequest(after_sequence=self.reached)
        serve = self._asking.streaming(gateway, "WatchCalls", self.watch.tenant, asked)
        asking = self._asking
        self._stream = asking.network.stream(
            asking.loop, gateway.loop, serve, self._receive, self._end
        )

    def _receive(self, message: Any) -> None:
        if message.HasField("event"):
            self._see(message.event)
        else:
            self.promised = max(self.promised, message.heartbeat.sequence)

    def _see(self, event: calls_pb2.CallEvent) -> None:
        self.seen.append(self._notebook.see(self.watch.tenant, self._at, event))
        self.reached = event.sequence

    def _end(self, error: BaseException | None) -> None:
        self._stream = None
        self._go_on_elsewhere("" if error is None else reason_of(error))

    def _note(self, reason: str) -> None:
        self.ended.append((self._asking.loop.time(), self._at, reason))
        self._notebook.tell(self.watch.tenant, "watch ended", by=self._at, reason=reason)
        self._at = (self._at + 1) % len(self._gateways)

    def _go_on_elsewhere(self, reason: str) -> None:
        self._note(reason)
        self._asking.loop.call_later(AGAIN_SECONDS, self._open)

    async def _keep_polling(self) -> None:
        while True:
            try:
                response = await self._ask()
            except FAILURES as failure:
                self._note(reason_of(failure))
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            for event in response.events:
                self._see(event)
            self.promised = max(self.promised, response.sequence)

    async def _ask(self) -> Any:
        asked = calls_pb2.ListCallEventsRequest(
            after_sequence=self.reached, page_size=PAGE, wait=duration(POLL_SECONDS)
        )
        return await self._asking.unary(self._gateway, "ListCallEvents", self.watch.tenant, asked)
