"""Watches calls across gateways that come and go."""

from collections.abc import Callable

from gateway.telephony.v1 import calls_pb2
from tests.stands.stand import refusal
from tests.stands.wires import GrpcWire


async def watch(connect: Callable[[], GrpcWire], token: str, seen: list[int]) -> None:
    """All events, from gateway to gateway, each after the last sequence seen."""
    while True:
        wire = connect()
        refused = await refusal(watched(wire, token, seen))
        await wire.close()
        assert refused.code in {"unavailable", "cancelled"}, refused


async def watched(wire: GrpcWire, token: str, seen: list[int]) -> None:
    """Events after the last one seen, until the watch ends."""
    request = calls_pb2.WatchCallsRequest(after_sequence=seen[-1] if seen else 0)
    async for response in wire.watch(request, token=token):
        if response.WhichOneof("message") == "event":
            seen.append(response.event.sequence)  # noqa: PERF401  kept if it breaks off
