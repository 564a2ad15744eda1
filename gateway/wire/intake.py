"""What both engines need for receiving a request."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.ports import reading_for
from gateway.wire.bodies import Bodies
from gateway.wire.peers import Peers

BODY_PATIENCE = timedelta(seconds=10)
MAX_BODIES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The engines' timeouts, their limit on concurrent bodies, and the trusted proxies."""

    peers: Peers = field(default_factory=Peers)
    bodies: Bodies = field(default_factory=lambda: Bodies(MAX_BODIES))
    patience: timedelta = BODY_PATIENCE
    """How long a request's body may take to arrive."""

    def place(
        self, origin: str, size: int | None = None, *, always: bool = False
    ) -> AbstractAsyncContextManager[None]:
        """A place for a body that is about to arrive. Raises RATE_LIMITED if all are taken.

        The caller's tenant has a share of them, from any address; without a tenant, its `origin`
        does. `always`: see Endpoint; such a request waits for no place.
        """
        return self.bodies.place(reading_for.get() or origin, 0 if always else size)
