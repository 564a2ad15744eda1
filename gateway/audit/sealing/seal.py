"""Encrypts the personal values of a record, and opens them again while there is the key.

AES-256-GCM under a random key of the tenant and the month, which is stored wrapped by the master
key. A sealed text is the key's id, a dot, and nonce, ciphertext and tag in base 64.
"""

import base64
import binascii
import json
import os
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.audit.records import canonical
from gateway.audit.sealing.parting import Values, joined, parted
from gateway.domain.audit_event import AuditEvent
from gateway.domain.replacing import replace
from gateway.ports import NotSealableError
from gateway.ports.audit import KeysAtHand, KeyScope, MonthKey

NONCE_BYTES = 12
_KEY_ID_BYTES = 6
_MARK = '"sealed":"'
"""In the text of each record that has sealed values, and seldom in another's."""


FindKeys = Callable[[Collection[KeyScope]], Mapping[KeyScope, MonthKey]]
"""See `ports.audit.KeysAtHand.month_keys`."""


class KeyWrap(Protocol):
    """What wraps keys; its own key is not in the database."""

    def new_key(self, owner: str) -> bytes:
        """A new random key of 32 bytes in hexadecimal digits, wrapped for `owner`."""
        ...

    def open(self, sealed: bytes, owner: str) -> str:
        """The key. Raises ValueError if it cannot be opened, or is not `owner`'s."""
        ...


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """A record with its personal values, as far as they can be read."""

    record: Values | None = None
    """None: nothing is sealed in it, or it cannot be opened."""
    forgotten: bool = False
    """The key was destroyed."""


NOT_SEALED = OpenedRecord()


def month_of(time: datetime) -> str:
    """`2026-11`, in UTC."""
    return f"{time.astimezone(UTC):%Y-%m}"


class MonthSeal:
    """Makes the keys of tenants and months, seals with them and opens."""

    def __init__(self, wrap: KeyWrap) -> None:
        self._wrap = wrap

    def sealed(self, event: AuditEvent, keys: KeysAtHand) -> AuditEvent:
        """See `ports.audit.AuditSealing`.

        Keys are read from the database for each batch of records and never kept: once one is
        destroyed no gateway seals with it or opens anything.
        """
        shown, personal = parted(event)
        if not personal:
            return event
        scope = (event.tenant_id, month_of(event.time))
        key = keys.month_keys([scope]).get(scope)
        if key is None or key.is_destroyed:
            key = self.new_key(*scope)
            keys.put_month_key(key)
        try:
            ready = self.unwrapped(key)
        except ValueError as closed:
            raise NotSealableError(f"audit records cannot be sealed: {closed}") from closed
        return replace(shown, sealed=ready.close(personal))

    def new_key(self, tenant_id: str, month: str) -> MonthKey:
        """A new key."""
        wrapped = self._wrap.new_key(owner_of(tenant_id, month))
        return MonthKey(tenant_id, month, secrets.token_hex(_KEY_ID_BYTES), wrapped)

    def unwrapped(self, key: MonthKey) -> "OpenKey":
        """Ready for use. Raises ValueError if no master key opens it."""
        text = self._wrap.open(key.wrapped, owner_of(key.tenant_id, key.month))
        return OpenKey(key.key_id, AESGCM(bytes.fromhex(text)))

    def opened(self, records: Iterable[str], month_keys: FindKeys) -> list[OpenedRecord]:
        """Each of these records' texts. `month_keys` is asked once, if anything is sealed."""
        read = [_sealed_in(text) for text in records]
        scopes = {scope for _, scope in read if scope}
        keys = month_keys(scopes) if scopes else {}
        ready: dict[KeyScope, OpenKey | None] = {}
        return [self._opened(record, scope, keys, ready) for record, scope in read]

    def _opened(
        self,
        record: Values,
        scope: KeyScope | None,
        keys: Mapping[KeyScope, MonthKey],
        ready: dict[KeyScope, "OpenKey | None"],
    ) -> OpenedRecord:
        key = keys.get(scope) if scope else None
        if scope is None or key is None:
            return NOT_SEALED
        if key_id_in(record) != key.key_id:
            return OpenedRecord(forgotten=True)
        if scope not in ready:
            ready[scope] = self._ready(key)
        with_key = ready[scope]
        personal = with_key.open(record["sealed"]) if with_key else None
        return NOT_SEALED if personal is None else OpenedRecord(joined(record, personal))

    def _ready(self, key: MonthKey) -> "OpenKey | None":
        try:
            return self.unwrapped(key)
        except ValueError:
            return None


class OpenKey:
    """A key that can be used; never stored so."""

    def __init__(self, key_id: str, cipher: AESGCM) -> None:
        self._key_id = key_id
        self._cipher = cipher

    def close(self, personal: Values) -> str:
        """The sealed text of these values."""
        nonce = os.urandom(NONCE_BYTES)
        told = canonical(personal).encode()
        closed = nonce + self._cipher.encrypt(nonce, told, self._key_id.encode())
        return f"{self._key_id}.{base64.b64encode(closed).decode()}"

    def open(self, sealed: str) -> Values | None:
        """The values; None: it was sealed with another key, or is damaged."""
        key_id, _, text = sealed.partition(".")
        try:
            closed = base64.b64decode(text, validate=True)
            nonce = closed[:NONCE_BYTES]
            told = self._cipher.decrypt(nonce, closed[NONCE_BYTES:], key_id.encode())
        except (binascii.Error, InvalidTag, ValueError):
            return None
        found: Values = json.loads(told)
        return found


def owner_of(tenant_id: str, month: str) -> str:
    """Whose a wrapped key is."""
    return f"audit {month} {tenant_id}"


def key_id_in(record: Values) -> str:
    """Of the key that a record is sealed with."""
    return str(record["sealed"]).partition(".")[0]


def _sealed_in(text: str) -> tuple[dict[str, Any], KeyScope | None]:
    """The record, and tenant and month of its key; None: nothing is sealed in it."""
    if _MARK not in text:
        return {}, None
    try:
        record = json.loads(text)
        if not isinstance(record.get("sealed"), str):
            return {}, None
        time = datetime.fromisoformat(str(record["time"]))
    except (ValueError, KeyError, AttributeError):  # `gateway audit verify` says what is wrong
        return {}, None
    return record, (str(record.get("tenant_id", "")), month_of(time))
