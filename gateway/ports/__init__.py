"""The seams: what a store, a platform and a clock owe the services.

Each may be replaced without a word changing elsewhere; one suite of tests per port runs
against every implementation. No implementation lives here.
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
