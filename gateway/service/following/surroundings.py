"""What all followers of a gateway share."""

from dataclasses import dataclass

from gateway.ports import Store
from gateway.ports.tracing import Tracing
from gateway.service.following.agents.attendance import Attendance
from gateway.service.following.failover import Failover
from gateway.service.following.looking.hearing import Hearing
from gateway.service.ledger.lease import Lease
from gateway.service.ledger.record import Record


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all followers of a gateway share."""

    record: Record
    store: Store
    lease: Lease
    failover: Failover
    hearing: Hearing
    tracing: Tracing
    attendance: Attendance
