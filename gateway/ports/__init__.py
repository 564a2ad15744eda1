"""The interfaces: what a store, a platform and a clock must provide to the services.

Each can be replaced without changes elsewhere; one suite of tests per port runs against every
implementation. No implementation lives here.
"""

from gateway.ports.agents import Agents, CallAgents, Dispatch
from gateway.ports.audit import AuditQuery, FoundRecord, FoundRecords
from gateway.ports.clock import Clock
from gateway.ports.platform import (
    InboundRefusedError,
    NotGenuineError,
    NotInTimeError,
    NotReadableError,
    Platform,
    PlatformError,
    SignedNotices,
)
from gateway.ports.records import ApiKey, CallQuery, RequestClaim, StoredConfig
from gateway.ports.store import (
    NotSealableError,
    OutcomeUnknownError,
    Store,
    StoreInUseError,
    StoreUnavailableError,
    reading_for,
)
from gateway.ports.transaction import Reading, Transaction

__all__ = [
    "Agents",
    "ApiKey",
    "AuditQuery",
    "CallAgents",
    "CallQuery",
    "Clock",
    "Dispatch",
    "FoundRecord",
    "FoundRecords",
    "InboundRefusedError",
    "NotGenuineError",
    "NotInTimeError",
    "NotReadableError",
    "NotSealableError",
    "OutcomeUnknownError",
    "Platform",
    "PlatformError",
    "Reading",
    "RequestClaim",
    "SignedNotices",
    "Store",
    "StoreInUseError",
    "StoreUnavailableError",
    "StoredConfig",
    "Transaction",
    "reading_for",
]
