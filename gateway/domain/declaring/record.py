"""What the gateway remembers of each object that it has made, or is to make."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.config.diff import ConfigChange
from gateway.domain.ids import new_id
from gateway.domain.inbound.objects import InboundKey, InboundKind
from gateway.domain.tenant import Config, Tenant


class InboundPlace(StrEnum):
    """The platform that holds an object."""

    LIVE = "LIVE"
    SANDBOX = "SANDBOX"


class InboundState(StrEnum):
    """Whether the platform has an object as the configuration declares it."""

    IN_PLACE = "IN_PLACE"
    PENDING = "PENDING"
    """The last configuration has not been carried out yet."""
    DRIFTED = "DRIFTED"
    """It was made so, and somebody else has changed or removed it since."""


class InboundAction(StrEnum):
    """What makes the platform as the configuration declares."""

    NONE = "NONE"
    CREATE = "CREATE"
    CHANGE = "CHANGE"
    DELETE = "DELETE"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundRecord:
    """An object that is made on a platform, from before the first request for it is sent.

    `mark` is in the object's name there: so it is found if nobody heard of its id any more.
    """

    key: InboundKey
    place: InboundPlace
    mark: str
    platform_id: str = ""
    """Empty: not known, or not made yet."""
    version: int = 0
    """Of the configuration for which it was last made so; 0: never."""
    state: InboundState = InboundState.PENDING
    action: InboundAction = InboundAction.CREATE
    """What is to be done; at IN_PLACE nothing."""
    changes: tuple[ConfigChange, ...] = ()
    error: str = ""
    """Why it was not done."""
    failures: int = 0
    """How often in a row the platform did not do it."""
    retry_time: datetime | None = None
    """When it is tried again without being asked for; None: at once."""

    @property
    def name(self) -> str:
        """Its name on the platform."""
        return f"{self.key.tenant_id}/{self.key.name} {self.mark}"


def new_record(key: InboundKey, place: InboundPlace, now: datetime) -> InboundRecord:
    """A record of an object that is to be made; its mark is nobody else's."""
    return InboundRecord(key=key, place=place, mark=new_id("gateway", now))


def declared(tenants: Iterable[Tenant]) -> Iterator[InboundKey]:
    """What they declare."""
    for tenant in tenants:
        for trunk in tenant.inbound.trunks:
            yield InboundKey(tenant.tenant_id, InboundKind.TRUNK, trunk.trunk_id)
        for rule in tenant.inbound.dispatch_rules:
            yield InboundKey(tenant.tenant_id, InboundKind.RULE, rule.rule_id)


def tenants_at(config: Config, place: InboundPlace, *, live: bool) -> Iterator[Tenant]:
    """The tenants whose declared objects are made there.

    Those of sandbox tenants are made in the sandbox, and all if no platform is `live`.
    """
    for tenant in config.tenants:
        played = tenant.sandbox or not live
        if place is (InboundPlace.SANDBOX if played else InboundPlace.LIVE):
            yield tenant
