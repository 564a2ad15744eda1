"""How many requests one peer and one tenant may send to this gateway, so that all are served."""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta

from gateway.domain.limits.traffic import Bucket, full, taken
from gateway.domain.rpc import Caller
from gateway.errors import GatewayError, Reason
from gateway.service.access.turns import Turns

MAX_REMEMBERED = 10_000
"""Peers; a forgotten one starts again with a full bucket."""
RETRY_PLACE = timedelta(seconds=1)
"""When to retry a stream or a poll: it is unknown when another one ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficLimits:
    """Limits of one gateway; 0: none."""

    requests_per_tenant: int = 0
    """A second; so is the next."""
    requests_per_peer: int = 0
    streams_per_tenant: int = 0
    """At once; so are polls."""
    polls_per_tenant: int = 0


class RequestRate:
    """A bucket for each peer or tenant."""

    def __init__(self, name: str, maximum: int, elapsed: Callable[[], float]) -> None:
        self._name = name
        self._maximum = maximum
        self._elapsed = elapsed
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def count(self, asker: str) -> GatewayError | None:
        """Counts one more request; returns the refusal if it is one too many."""
        if not self._maximum:
            return None
        moment = self._elapsed()
        bucket = self._buckets.pop(asker, None) or full(self._maximum, moment)
        self._buckets[asker], wait = taken(bucket, self._maximum, moment)
        if len(self._buckets) > MAX_REMEMBERED:
            self._buckets.popitem(last=False)
        return None if wait is None else _refusal(self._name, self._maximum, wait)


class _Places:
    """How many each peer or tenant may have at once."""

    def __init__(self, name: str, maximum: int) -> None:
        self._name = name
        self._maximum = maximum
        self._taken: Counter[str] = Counter()

    @contextmanager
    def place(self, asker: str) -> Iterator[None]:
        """A place, held until the end. Raises RATE_LIMITED if there is none."""
        if self._maximum and self._taken[asker] >= self._maximum:
            raise _refusal(self._name, self._maximum, RETRY_PLACE)
        self._taken[asker] += 1
        try:
            yield
        finally:
            self._taken[asker] -= 1
            if not self._taken[asker]:
                del self._taken[asker]


class Traffic:
    """Counts the requests to this gateway; each gateway counts on its own.

    `elapsed`: seconds of a monotonic clock.
    """

    def __init__(self, limits: TrafficLimits, elapsed: Callable[[], float]) -> None:
        self._tenants = RequestRate(
            "tenant.requests_per_second", limits.requests_per_tenant, elapsed
        )
        self._peers = RequestRate("peer.requests_per_second", limits.requests_per_peer, elapsed)
        self._streams = _Places("tenant.streams", limits.streams_per_tenant)
        self._turns = Turns()
        self._polls = _Places("tenant.polls", limits.polls_per_tenant)

    def of_stranger(self, origin: str) -> GatewayError | None:
        """A request without a valid token from this address; the refusal if there are too many.

        A known caller counts only by its tenant: others may use the same address.
        """
        return self._peers.count(origin)

    def of_caller(self, caller: Caller) -> GatewayError | None:
        """A request of this caller; returns the refusal if its tenant sends too many."""
        return self._tenants.count(caller.tenant_id or caller.key)

    async def turn(self, caller: Caller) -> None:
        """Returns when the request of this caller may begin."""
        await self._turns.turn(caller.tenant_id or caller.key)

    def stream(self, tenant_id: str) -> AbstractContextManager[None]:
        """A place for a stream. Raises RATE_LIMITED."""
        return self._streams.place(tenant_id)

    def poll(self, tenant_id: str) -> AbstractContextManager[None]:
        """A place for a request that waits for events. Raises RATE_LIMITED."""
        return self._polls.place(tenant_id)


def _refusal(name: str, maximum: int, wait: timedelta) -> GatewayError:
    return GatewayError(
        Reason.RATE_LIMITED,
        f"{name}: more than {maximum}",
        {"limit": name, "maximum": str(maximum)},
        retry_after=wait,
    )
