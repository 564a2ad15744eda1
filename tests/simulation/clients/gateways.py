"""What clients know of a gateway: whether it is there, and what it serves."""

from collections.abc import Mapping
from typing import Protocol

from gateway.rpc.endpoint import Endpoint
from gateway.rpc.pipeline import Pipeline
from tests.simulation.engine.loop import NodeLoop


class ServingGateway(Protocol):
    """A gateway's process, and the one that follows it when it is started again."""

    name: str
    wire: str

    @property
    def loop(self) -> NodeLoop:
        """Of the process that runs now."""
        ...

    @property
    def up(self) -> bool:
        """It takes connections."""
        ...

    @property
    def pipeline(self) -> Pipeline:
        """While it is up."""
        ...

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """By the RPC's name, such as `PlaceCall`."""
        ...
