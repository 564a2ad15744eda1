"""Calls without pause while all is attacked, and while it goes down and comes back besides."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import grpc

from gateway.domain.calls.call import Call
from gateway.domain.lease import LEASE
from gateway.telephony.v1 import calls_pb2
from tests.chaos.relay import LossyRelay
from tests.chaos.siege import Doors, Siege
from tests.chaos.witness import Witness
from tests.postgres.postgres_server import PostgresServer
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.cluster.cluster import Cluster, all_ended
from tests.stands.cluster.verdict import Verdict, verdict_of
from tests.stands.patience import LATE, PATIENCE
from tests.stands.phones import (
    ANSWERS,
    BUSY,
    CARRIER_FAILS,
    DECLINES,
    HANGS_UP,
    REFUSES_TRANSFERS,
    RINGS_FOR_EVER,
    RINGS_THEN_FAILS,
)
from tests.stands.stand import NO_LIMITS, NUMBERS, Client, span
from tests.stands.waiting import until
from tests.stands.wires import RefusedError

CALLERS = 6
PHONES = (
    ANSWERS,
    BUSY,
    RINGS_FOR_EVER,
    DECLINES,
    CARRIER_FAILS,
    HANGS_UP,
    REFUSES_TRANSFERS,
    RINGS_THEN_FAILS,
)
SIEGE = 0.4
"""Which part of the time there are attacks alone."""
ASKED_AGAIN_SECONDS = 4.0
"""A call that is not answered within this is asked for again; under siege, `LATE` later."""
RINGS_LONGER = timedelta(seconds=LATE)
"""The machine has much to do: what is late by more is late because of the attacks."""
STOOD_STILL_SECONDS = LEASE.total_seconds() / 2
"""Where the machine itself stood still for so long, it may have cost a gateway its lease."""
SETTLING_SECONDS = 90.0
"""After the last fault every call has ended within this: the longest ringing, and takeovers."""


@dataclass
class Seen:
    """What the clients were told."""

    placed: dict[str, str] = field(default_factory=dict)
    """Of each request id: the call it got."""
    changed: list[str] = field(default_factory=list)
    """Request ids that were told two different calls."""
    sequences: list[int] = field(default_factory=list)
    """Of the events that the watcher got, in its order."""
    refused: list[str] = field(default_factory=list)
    """What was refused, or not answered in time, while there was nothing but attacks."""
    took: list[float] = field(default_factory=list)
    """Seconds that answers took meanwhile."""
    rang_too_long: list[str] = field(default_factory=list)
    leases_lost: list[str] = field(default_factory=list)


class Campaign:
    """Two gateways on one PostgreSQL and one LiveKit, for so many seconds of faults.

    They are besieged all the time, and for a while by attackers alone: then nothing is an
    excuse for a request that is refused, a phone that rings too long, or a lease that is lost.
    """

    def __init__(
        self,
        cluster: Cluster,
        server: PostgresServer,
        rng: random.Random,
        say: Callable[[str], None],
    ) -> None:
        self._cluster = cluster
        self._server = server
        self._rng = rng
        self._say = say
        self._ids = count()
        self._over = asyncio.Event()
        self._besieged = True
        """There was no fault so far."""
        self._asked = 0
        """How many requests that were made under siege are under way."""
        self.seen = Seen()

    async def run(self, seconds: float) -> Verdict:
        """Everything that was broken is whole again when this returns."""
        callers = [asyncio.create_task(self._call_on()) for _ in range(CALLERS)]
        watcher = asyncio.create_task(self._watch())
        siege = Siege(self._doors, self._cluster.strangers_token, self._rng)
        try:
            async with siege.laid():
                self._say("besieged")
                witness = Witness()
                with witness.looking():
                    await asyncio.sleep(seconds * SIEGE)
                    await self._end_of_siege(witness)
                await self._break_things(seconds * (1 - SIEGE))
        finally:
            self._say(f"attacks that were over: {dict(siege.done)}")
            self._over.set()
            await asyncio.gather(*callers)
        with suppress(TimeoutError):  # the verdict names those that are stuck
            await all_ended(self._cluster, within=SETTLING_SECONDS)
        verdict = await self._verdict()
        await self._seen_all(verdict)
        watcher.cancel()
        return verdict

    def _doors(self) -> list[Doors]:
        return [Doors(one.http_port, one.grpc_port) for one in self._cluster.gateways]

    async def _end_of_siege(self, witness: Witness) -> None:
        """From now on there are faults, and excuses; but not for what was asked before."""
        self._besieged = False
        await until(lambda: not self._asked)
        lost = [
            log.name
            for log in sorted(self._cluster.folder.glob("gateway-*.log"))
            if "lease_was_over" in log.read_text(errors="replace")
        ]
        if witness.longest < STOOD_STILL_SECONDS:
            self.seen.leases_lost += lost
        else:
            self._say(f"the machine stood still for {witness.longest:.1f} s; leases lost: {lost}")
        calls = await self._cluster.calls()
        self.seen.rang_too_long += [
            call.call_id for call in calls if (end := _rang_until(call)) and end > RINGS_LONGER
        ]
        took = sorted(self.seen.took)
        spread = f"{took[len(took) // 2]:.3f} s, {took[-1]:.3f} s at most"
        self._say(f"{len(calls)} calls under siege; answers took {spread}")

    async def _break_things(self, seconds: float) -> None:
        faults: list[Callable[[], Awaitable[None]]] = [
            self._kill_a_gateway,
            self._stop_livekit,
            self._restart_postgresql,
        ]
        until = time.monotonic() + seconds
        order: list[Callable[[], Awaitable[None]]] = []
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(self._rng.uniform(2, 6), left))
            if not order:
                order = self._rng.sample(faults, len(faults))
            await order.pop()()

    async def _kill_a_gateway(self) -> None:
        gateway = self._rng.choice(self._cluster.gateways)
        self._say("kill -9 a gateway")
        gateway.kill()
        await gateway.wait()
        await asyncio.sleep(self._rng.uniform(0, 8))
        await gateway.start()

    async def _stop_livekit(self) -> None:
        graceful = self._rng.random() < 0.5
        self._say("stop livekit-server" if graceful else "kill -9 livekit-server")
        await asyncio.to_thread(self._cluster.stack.stop_livekit, graceful=graceful)
        await asyncio.sleep(self._rng.uniform(0, 5))
        await asyncio.to_thread(self._cluster.stack.start_livekit)

    async def _restart_postgresql(self) -> None:
        immediate = self._rng.random() < 0.5
        self._say("restart PostgreSQL" + (" at once, as if it had crashed" if immediate else ""))
        await asyncio.to_thread(self._server.restart, immediate=immediate)

    async def _call_on(self) -> None:
        clients = [self._cluster.client(at) for at in range(len(self._cluster.gateways))]
        while not self._over.is_set():
            call_id = await self._place(clients)
            if call_id and self._rng.random() < 0.3:
                with self._excused("HangUpCall"):
                    client = self._rng.choice(clients)
                    request = calls_pb2.HangUpCallRequest(call_id=call_id)
                    await client.call("HangUpCall", request, timeout=15)
            await asyncio.sleep(self._rng.uniform(0, 0.5))

    async def _place(self, clients: list[Client]) -> str:
        """One call, asked for again by the same request_id until somebody answers."""
        request = calls_pb2.PlaceCallRequest(
            request_id=f"chaos-{next(self._ids)}",
            to=self._rng.choice(PHONES),
            ringing_timeout=span(self._rng.uniform(1.5, 8)),
            setup_timeout=span(1),
            max_duration=span(self._rng.uniform(1, 6)),
            keep_on_disconnect=True,
        )
        call_id = ""
        for _ in range(self._rng.randint(1, 4)):
            with self._excused("PlaceCall"):
                within = ASKED_AGAIN_SECONDS + (LATE if self._besieged else 0)
                client = self._rng.choice(clients)
                answer = await client.call("PlaceCall", request, timeout=within)
                call_id = answer.call.call_id
                if self.seen.placed.setdefault(request.request_id, call_id) != call_id:
                    self.seen.changed.append(request.request_id)
        return call_id

    @contextmanager
    def _excused(self, method: str) -> Iterator[None]:
        """A refusal, or no answer in time, has an excuse if it was asked once there are faults."""
        besieged, begun = self._besieged, time.monotonic()
        self._asked += besieged
        try:
            yield
            if besieged:
                self.seen.took.append(time.monotonic() - begun)
        except (RefusedError, TimeoutError) as refusal:
            if besieged:
                self.seen.refused.append(f"{method}: {refusal!r}")
        finally:
            self._asked -= besieged

    async def _watch(self) -> None:
        """Every event in order, on whichever gateway lives, from the last one seen."""
        while True:
            last = self.seen.sequences[-1] if self.seen.sequences else 0
            request = calls_pb2.WatchCallsRequest(after_sequence=last)
            gateway = self._rng.choice(self._cluster.gateways)
            wire = self._cluster.wire(gateway.grpc_port)
            try:
                async for told in wire.watch(request, token=self._cluster.token):
                    if told.HasField("event"):
                        self.seen.sequences.append(told.event.sequence)
            except (RefusedError, grpc.aio.AioRpcError):
                await asyncio.sleep(0.2)

    async def _seen_all(self, verdict: Verdict) -> None:
        newest = len(await self._cluster.events())
        async with asyncio.timeout(PATIENCE):
            while len(self.seen.sequences) < newest:
                await asyncio.sleep(0.1)
        if self.seen.sequences != list(range(1, newest + 1)):
            verdict.event_gaps.append("the watcher's sequence")

    async def _verdict(self) -> Verdict:
        accepted = set(self.seen.placed.values())
        verdict = await verdict_of(self._cluster.store, self._cluster.stack, "acme", accepted)
        verdict.double_dialled += self.seen.changed
        verdict.refused += self.seen.refused
        verdict.rang_too_long += self.seen.rang_too_long
        verdict.leases_lost += self.seen.leases_lost
        return verdict


def _rang_until(call: Call) -> timedelta | None:
    """How much longer than its ringing timeout it took until the answer or the end."""
    until = call.answer_time or call.end_time
    return until - call.ringing_deadline if until else None


def routing(stack: LiveKitStack) -> dict[str, Any]:
    """Two trunks with the same phones behind them: what fails on one is tried on the other."""
    names = ("first", "second")
    return {
        "tenants": [{"tenant_id": name, "limits": NO_LIMITS} for name in ("acme", "globex")],
        "trunks": [
            {
                "trunk_id": name,
                "livekit_trunk_id": stack.create_trunk(name, list(NUMBERS), "phones.test"),
                "numbers": [{"number": number} for number in NUMBERS],
            }
            for name in names
        ],
    }


async def campaign(
    seconds: float, seed: int, folder: Path, say: Callable[[str], None]
) -> tuple[Verdict, int]:
    """Sets everything up, runs one campaign and takes everything down.

    The verdict, and how many webhooks reached a gateway.
    """
    rng = random.Random(seed)
    relay = LossyRelay(rng)
    url = await relay.start()
    with PostgresServer() as server, LiveKitStack(webhook_url=url) as stack:
        cluster = Cluster(stack, server.create_database(), folder, 2)
        cluster.routing = routing(stack)
        await cluster.start()
        relay.targets = [gateway.http_port for gateway in cluster.gateways]
        try:
            verdict = await Campaign(cluster, server, rng, say).run(seconds)
        finally:
            await cluster.stop()
            await relay.stop()
    return verdict, relay.handed_on
