"""Secrets at rest: sealed with AES-256-GCM under the master key."""

import hashlib
import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class Seal:
    """Seals with the first master key and opens with any, so that keys can be rotated."""

    def __init__(self, master_keys: list[str]) -> None:
        if not master_keys or not all(master_keys):
            raise ValueError("a master key is needed")
        self._ciphers = [AESGCM(hashlib.sha256(key.encode()).digest()) for key in master_keys]
        self._first = master_keys[0].encode()

    def close(self, secret: str, owner: str) -> bytes:
        """`secret`, readable only as `owner`'s and only with the master key."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._ciphers[0].encrypt(nonce, secret.encode(), owner.encode())

    def open(self, sealed: bytes, owner: str) -> str:
        """The secret. Raises ValueError if no master key opens it or it is not `owner`'s."""
        for cipher in self._ciphers:
            try:
                plain = cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner.encode())
            except InvalidTag:
                continue
            return plain.decode()
        raise ValueError(f"the secret of {owner} was sealed with another master key")

    def pseudonym(self, value: str) -> str:
        """The same short text for the same value, telling nothing of it without the key."""
        return hmac.new(self._first, value.encode(), hashlib.sha256).hexdigest()[:16]
