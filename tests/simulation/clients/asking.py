"""One request of a client to a gateway, as gRPC would carry it."""

from datetime import timedelta
from typing import Any, cast

from google.protobuf.message import Message

from gateway.errors import GatewayError
from gateway.rpc.endpoint import StreamEndpoint, UnaryEndpoint
from gateway.rpc.pipeline import Incoming
from tests.simulation.clients.gateways import ServingGateway
from tests.simulation.clients.keys import Keys
from tests.simulation.clients.told import LOST, NOT_SENT
from tests.simulation.engine.loop import NodeLoop
from tests.simulation.world.network import ConnectionLostError, Network, NotConnectedError
from tests.simulation.world.streams import Serve

PEER = "ipv4:192.0.2.1:40000"
ORIGIN = "192.0.2.1"

FAILURES = (GatewayError, NotConnectedError, ConnectionLostError)
"""All that a request can end with, besides its answer and its client's leaving."""


class Asking:
    """All clients are one process; each request is a connection of its own."""

    def __init__(self, loop: NodeLoop, network: Network, keys: Keys) -> None:
        self.loop = loop
        self.network = network
        self._keys = keys

    async def unary(
        self,
        gateway: ServingGateway,
        name: str,
        tenant: str,
        message: Message,
        patience: float | None = None,
    ) -> Any:
        """The response. Raises one of `FAILURES`. `patience`: until the deadline, in seconds."""
        if not gateway.up:
            raise NotConnectedError(f"{gateway.name} does not listen")
        pipeline = gateway.pipeline
        endpoint = cast("UnaryEndpoint", gateway.endpoints[name])
        incoming = self._incoming(gateway, tenant, patience)

        async def receive() -> Message:
            return message

        return await self.network.ask(
            self.loop, gateway.loop, lambda: pipeline.unary(endpoint, incoming, receive)
        )

    def streaming(self, gateway: ServingGateway, name: str, tenant: str, message: Message) -> Serve:
        """What a gateway that is up serves then, for `Network.stream`."""
        pipeline = gateway.pipeline
        endpoint = cast("StreamEndpoint", gateway.endpoints[name])
        incoming = self._incoming(gateway, tenant, None)

        async def receive() -> Message:
            return message

        return lambda: pipeline.stream(endpoint, incoming, receive)

    def _incoming(self, gateway: ServingGateway, tenant: str, patience: float | None) -> Incoming:
        return Incoming(
            wire=gateway.wire,
            peer=PEER,
            origin=ORIGIN,
            credentials=(self._keys.bearer(tenant),),
            patience=None if patience is None else timedelta(seconds=patience),
        )


def reason_of(failure: BaseException) -> str:
    """In one word, why a request failed."""
    if isinstance(failure, GatewayError):
        return failure.reason.value
    return NOT_SENT if isinstance(failure, NotConnectedError) else LOST
