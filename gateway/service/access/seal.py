"""Secrets at rest: sealed with AES-256-GCM under a key derived from the master key."""

import hashlib
import hmac
import os
from collections.abc import Sequence
from functools import cached_property, lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MIN_CHARACTERS = 32
MIN_DIFFERENT_CHARACTERS = 8
KEY_BYTES = 32
NONCE_BYTES = 12
FORM = b"gs2\x00"
"""Prefix of what is sealed under a derived key; the older form began with its nonce."""

# One salt for all: every gateway and command must derive the same key on its own.
_SALT = b"gateway.telephony.v1 master key"
_SCRYPT = {"n": 2**15, "r": 8, "p": 1}
"""32 MiB and about 0.1 s for each guess."""


def weakness(master_key: str) -> str:
    """What a master key lacks; empty: it is strong enough to seal."""
    if len(master_key) < MIN_CHARACTERS:
        return f"has {len(master_key)} characters; it needs {MIN_CHARACTERS}"
    if len(set(master_key)) < MIN_DIFFERENT_CHARACTERS:
        return f"has {len(set(master_key))} different characters; it needs more than that"
    return ""


class Seal:
    """Seals with the first master key and opens with any, so that keys can be rotated.

    The first use takes 0.1 s a master key: see `prepare`.
    """

    def __init__(self, master_keys: Sequence[str]) -> None:
        if not master_keys or not all(master_keys):
            raise ValueError("a master key is needed")
        self._masters = [_Master(key) for key in master_keys]
        self._first = self._masters[0]

    def prepare(self) -> None:
        """Derives the keys, which is slow; call it in a thread other than the event loop's."""
        for master in self._masters:
            master.cipher  # noqa: B018  it is kept

    def close(self, secret: str, owner: str) -> bytes:
        """`secret`, readable only as `owner`'s and only with the master key."""
        nonce = os.urandom(NONCE_BYTES)
        return FORM + nonce + self._first.cipher.encrypt(nonce, secret.encode(), owner.encode())

    def new_key(self, owner: str) -> bytes:
        """A new random key in hexadecimal digits, sealed as `close` seals."""
        return self.close(os.urandom(KEY_BYTES).hex(), owner)

    def open(self, sealed: bytes, owner: str) -> str:
        """The secret. Raises ValueError if no master key opens it or it is not `owner`'s."""
        for master in self._masters:
            plain = master.opened(sealed, owner)
            if plain is not None:
                return plain
        raise ValueError(f"the secret of {owner} was sealed with another master key")

    def is_current(self, sealed: bytes, owner: str) -> bool:
        """Whether it is sealed as `close` would seal it: with the first key, in this form."""
        return sealed.startswith(FORM) and self._first.opened(sealed, owner) is not None

    def pseudonym(self, value: str) -> str:
        """The same short text for the same value; without the key it reveals nothing."""
        return hmac.new(self._first.pseudonyms, value.encode(), hashlib.sha256).hexdigest()[:16]


class _Master:
    """One master key, and what is derived from it."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def cipher(self) -> AESGCM:
        return AESGCM(_derived(self._text, b"seal"))

    @cached_property
    def pseudonyms(self) -> bytes:
        return _derived(self._text, b"pseudonyms")

    @cached_property
    def older(self) -> AESGCM:
        """Of the older form, which took the master key's digest."""
        return AESGCM(hashlib.sha256(self._text.encode()).digest())

    def opened(self, sealed: bytes, owner: str) -> str | None:
        """The secret; None: sealed with another key, or for another owner."""
        if sealed.startswith(FORM):
            plain = _decrypted(self.cipher, sealed[len(FORM) :], owner)
            if plain is not None:
                return plain
        return _decrypted(self.older, sealed, owner)


def _decrypted(cipher: AESGCM, sealed: bytes, owner: str) -> str | None:
    try:
        plain = cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], owner.encode())
    except InvalidTag:
        return None
    return plain.decode()


@lru_cache(maxsize=16)
def _derived(master_key: str, purpose: bytes) -> bytes:
    return HKDFExpand(SHA256(), KEY_BYTES, purpose).derive(_stretched(master_key))


@lru_cache(maxsize=8)
def _stretched(master_key: str) -> bytes:
    return Scrypt(salt=_SALT, length=KEY_BYTES, **_SCRYPT).derive(master_key.encode())
