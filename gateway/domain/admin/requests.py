"""Requests of operators and tenants' administrators, and their results."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.config.diff import ConfigChange
from gateway.domain.declaring.record import InboundRecord
from gateway.domain.tenant import Config, Right
from gateway.errors import FieldViolation

MAX_REPLAYED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A configuration that was checked as a whole: as the store holds it, and as values."""

    document: str
    config: Config = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyConfig:
    """Replace the whole configuration.

    `judge` checks what was sent and may take a second: call it in another thread. It raises
    CONFIG_INVALID. Audit records omit it, like everything that `repr` omits.
    """

    judge: Callable[[], Proposal] = field(repr=False)
    expected_version: int | None = None
    dry_run: bool = False
    replay_calls: int = 0
    source_digest: str | None = None
    """SHA-256 of the file; None: it does not come from a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reroute:
    """A call that would be routed differently: to `new_trunk_id`, or refused for `reason`.

    `trunk_id` is where the configuration in force would send it; empty: it would refuse the call.
    """

    call_id: str
    tenant_id: str
    to: str
    trunk_id: str
    new_trunk_id: str = ""
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What was changed, or would be; `version` is the one in force now, 0 if there is none."""

    version: int
    changes: tuple[ConfigChange, ...] = ()
    reroutes: tuple[Reroute, ...] = ()
    replayed_calls: int = 0
    dry_run: bool = False
    warnings: tuple[FieldViolation, ...] = ()
    """What is valid but probably not intended."""
    config: Config | None = field(default=None, repr=False)
    """The one that was applied, or would be, without its version."""
    inbound: tuple[InboundRecord, ...] = ()
    """What is done on platforms, or would be; IN_PLACE: it was."""
    inbound_error: str = ""
    """Why a platform could not be asked, or not about everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateApiKey:
    """Make a key."""

    tenant_id: str = ""
    rights: frozenset[Right] = frozenset()
    expire_time: datetime | None = None
    allowed_addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeApiKey:
    """Revoke a key for good."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListApiKeys:
    """List keys; of every tenant if none is named."""

    tenant_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDoNotCall:
    """Put numbers on a do-not-call list, or take them off.

    No tenant: the caller's own list, or every tenant's.
    """

    tenant_id: str = ""
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDoNotCall:
    """One page of a do-not-call list, or one number of it."""

    tenant_id: str = ""
    number: str = ""
    page_size: int = 0
    page_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTrunkHealth:
    """List the health of trunks."""

    trunk_id: str = ""
    window: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetTrunk:
    """Mark a trunk as healthy."""

    trunk_id: str
