"""The interfaces: what a store, a platform and a clock must provide to the services.

Each can be replaced without changes elsewhere; one suite of tests per port runs against every
implementation. No implementation lives here.
"""

from gateway.ports.clock import Clock
from gateway.ports.platform import (
    NotGenuineError,
    NotReadableError,
    Platform,
    PlatformError,
    SignedNotices,
)
from gateway.ports.records import ApiKey, AuditQuery, CallQuery, RequestClaim, StoredConfig
from gateway.ports.store import OutcomeUnknownError, Store, StoreUnavailableError, reading_for
from gateway.ports.transaction import Reading, Transaction

__all__ = [
    "ApiKey",
    "AuditQuery",
    "CallQuery",
    "Clock",
    "NotGenuineError",
    "NotReadableError",
    "OutcomeUnknownError",
    "Platform",
    "PlatformError",
    "Reading",
    "RequestClaim",
    "SignedNotices",
    "Store",
    "StoreUnavailableError",
    "StoredConfig",
    "Transaction",
    "reading_for",
]
