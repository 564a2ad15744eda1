"""What a store holds of the inbound trunks and rules that are made on platforms."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from gateway.domain.declaring.record import InboundRecord, InboundState


class InboundReading(Protocol):
    """What can be asked."""

    def inbound_records(self) -> Sequence[InboundRecord]:
        """All of them, by place, tenant, kind and name."""
        ...

    def inbound_counts(self) -> Mapping[InboundState, int]:
        """How many are in each state; those without any are left out. Cheap."""
        ...


class InboundWriting(Protocol):
    """What can be changed."""

    def put_inbound(self, record: InboundRecord) -> None:
        """Inserts or replaces the record of this place and key."""
        ...

    def drop_inbound(self, record: InboundRecord) -> None:
        """Forgets it."""
        ...
