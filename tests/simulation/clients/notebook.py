"""All that clients were told, in the order in which they asked, and in the history."""

from collections.abc import Callable
from typing import Any

from gateway.errors import GatewayError
from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.simulation.clients.asking import reason_of
from tests.simulation.clients.messages import LABEL
from tests.simulation.clients.told import END_REASONS, EVENT_TYPES, STATES, Seen, Told
from tests.simulation.engine.history import History

CREATED = calls_pb2.CALL_EVENT_TYPE_CALL_CREATED
WARM = transfers_pb2.TRANSFER_MODE_WARM
INBOUND = calls_pb2.CALL_DIRECTION_INBOUND


class Notebook:
    """What clients know. `now`: the virtual time."""

    def __init__(self, history: History, now: Callable[[], float]) -> None:
        self._history = history
        self._now = now
        self.told: list[Told] = []
        self.known: dict[int, str] = {}
        """Call ids by the plan's numbers, from answers and from events."""
        self.consulting: dict[str, str] = {}
        """The newest warm transfer of each call, from answers and from events."""
        self.callers: dict[tuple[str, str], int] = {}
        """Which number a caller has who rings a tenant."""

    def ask(self, told: Told) -> None:
        """A request leaves."""
        self.told.append(told)
        more = {"repeat": told.repeat} if told.repeat else {}
        if told.attempt:
            more["attempt"] = told.attempt
        self.tell(told.tenant, f"asks {told.method}", number=told.number, at=told.gateway, **more)

    def settle(self, told: Told, error: str, why: str = "") -> None:
        """Its client has an answer, or will have none."""
        told.told = self._now()
        told.error = error
        if told.call_id:
            self.known.setdefault(told.number, told.call_id)
        if told.transfer is not None:
            self._consults(told.transfer)
        more = {"why": why} if why else {}
        self.tell(told.tenant, f"told {told.method}", number=told.number, **_about(told), **more)

    def fail(self, told: Told, failure: Exception) -> None:
        """It was refused, or the connection failed."""
        if isinstance(failure, GatewayError):
            told.message = failure.message
        self.settle(told, reason_of(failure))

    def see(self, tenant: str, gateway: int, event: calls_pb2.CallEvent) -> Seen:
        """A watcher has received an event."""
        call = event.call
        if event.type == CREATED:
            number = self._number(tenant, call)
            if number is not None:
                self.known.setdefault(number, call.call_id)
        if event.HasField("transfer"):
            self._consults(event.transfer)
        seen = Seen(
            time=self._now(),
            gateway=gateway,
            sequence=event.sequence,
            event_id=event.event_id,
            type=EVENT_TYPES[event.type],
            call_id=call.call_id,
            state=STATES[call.state],
            end_reason=END_REASONS.get(call.end_reason),
            event=event,
        )
        self.tell(
            tenant,
            "sees",
            sequence=seen.sequence,
            type=seen.type.name,
            call_id=seen.call_id,
            by=gateway,
        )
        return seen

    def tell(self, tenant: str, what: str, **about: Any) -> None:
        """A line in the history."""
        self._history.tell(tenant, what, **about)

    def _consults(self, transfer: transfers_pb2.Transfer) -> None:
        """Ids grow, so the newest is the greatest."""
        if transfer.mode == WARM:
            known = self.consulting.get(transfer.call_id, "")
            self.consulting[transfer.call_id] = max(known, transfer.transfer_id)

    def _number(self, tenant: str, call: calls_pb2.Call) -> int | None:
        if call.direction == INBOUND:
            return self.callers.get((tenant, call.caller_id))
        label = call.labels.get(LABEL)
        return None if label is None else int(label)


def _about(told: Told) -> dict[str, Any]:
    if told.error:
        return {"error": told.error}
    about: dict[str, Any] = {"call_id": told.call_id}
    if told.state is not None:
        about["state"] = told.state.name
    if told.end_reason is not None:
        about["end_reason"] = told.end_reason.name
    if told.transfer_state is not None:
        about["transfer"] = told.transfer_state.name
    return about
