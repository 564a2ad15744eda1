"""Signed notes: a text, and lines with signatures (C2SP's signed-note, with Ed25519).

Keys are written as Go's `golang.org/x/mod/sumdb/note` writes them: `NAME+ID+KEY` is public, and
`PRIVATE+KEY+NAME+ID+KEY` signs.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = 1
"""The kind of a log's key."""
COSIGNATURE = 4
"""The kind of a witness's key: its signatures have a time (C2SP's tlog-cosignature)."""
KINDS = frozenset({ED25519, COSIGNATURE})
MOST_SIGNATURES = 32
LONGEST_NOTE = 64 * 1024
"""Bytes."""

_MARK = "— "
_PRIVATE = "PRIVATE+KEY+"
_NAME = re.compile(r"[^\s+]{1,255}")
_ID = re.compile(r"[0-9a-f]{8}")
_SEED_BYTES = 32


class NoteError(Exception):
    """A note, or a key, is not what it should be; the text says what."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key, by its name."""

    name: str
    key: bytes
    kind: int = ED25519

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell it from other keys of the name."""
        return sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64_of(bytes([self.kind]) + self.key)}"

    def verifies(self, text: str, signature: bytes) -> bool:
        """Whether this key made `signature` of the text."""
        signed = text.encode()
        if self.kind == COSIGNATURE:
            time, signature = int.from_bytes(signature[:8]), signature[8:]
            signed = f"cosignature/v1\ntime {time}\n".encode() + signed
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, signed)
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer(Protocol):
    """Signs texts with a key."""

    @property
    def verifier(self) -> Verifier:
        """The key's public half."""
        ...

    async def sign(self, text: str) -> bytes:
        """The signature of a text: whoever asks must know that it may be signed.

        Raises NoteError.
        """
        ...


@dataclass(frozen=True, slots=True)
class KeySigner:
    """A private key, by its name."""

    name: str
    _seed: bytes = field(repr=False)

    @property
    def verifier(self) -> Verifier:
        """See `Signer`."""
        return Verifier(self.name, self._key.public_key().public_bytes_raw())

    async def sign(self, text: str) -> bytes:
        """See `Signer`."""
        return self._key.sign(text.encode())

    @property
    def text(self) -> str:
        """The key itself, as `signer_of` reads it."""
        secret = base64_of(bytes([ED25519]) + self._seed)
        return f"{_PRIVATE}{self.name}+{self.verifier.key_id.hex()}+{secret}"

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._seed)


@dataclass(frozen=True, slots=True)
class Signature:
    """A line below a note."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{_MARK}{self.name} {base64_of(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends with a line end, and who has signed it."""

    text: str
    signatures: Sequence[Signature]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"

    def signed_by(self, verifiers: Iterable[Verifier]) -> Sequence[Verifier]:
        """Those of `verifiers` that have signed it.

        Raises NoteError where one of them is named and has not.
        """
        known = {(each.name, each.key_id): each for each in verifiers}
        found = []
        for each in self.signatures:
            verifier = known.get((each.name, each.key_id))
            if verifier is None:
                continue
            if not verifier.verifies(self.text, each.signature):
                raise NoteError(f"the signature of {each.name} is not of this text")
            found.append(verifier)
        return found


def new_signer(name: str, seed: bytes) -> KeySigner:
    """A key of this name from 32 random bytes. Raises NoteError for a name that no key has."""
    if not _NAME.fullmatch(name):
        raise NoteError("a key's name must be 1 to 255 characters without blanks and '+'")
    return KeySigner(name, seed)


async def sign_note(text: str, signer: Signer) -> Note:
    """The note. Raises NoteError, also where the signature does not verify."""
    verifier, signature = signer.verifier, await signer.sign(text)
    if not verifier.verifies(text, signature):
        raise NoteError(f"what was signed is no signature of the key {verifier}")
    return Note(text, [Signature(verifier.name, verifier.key_id, signature)])


def note_of(written: str) -> Note:
    """The note that is written so. Raises NoteError."""
    if len(written.encode()) > LONGEST_NOTE:
        raise NoteError(f"a note has at most {LONGEST_NOTE} bytes")
    if any(character < " " and character != "\n" for character in written):
        raise NoteError("a note has no control characters")
    text, gap, lines = written.rpartition("\n\n")
    if not gap or not lines.endswith("\n"):
        raise NoteError("not a signed note: a text, an empty line, and lines of signatures")
    return Note(f"{text}\n", signatures_of(lines))


def signatures_of(lines: str) -> Sequence[Signature]:
    """Signatures, one a line. Raises NoteError."""
    found = [_signature_of(line) for line in lines.splitlines()]
    if len(found) > MOST_SIGNATURES:
        raise NoteError(f"a note has at most {MOST_SIGNATURES} signatures")
    return found


def _signature_of(line: str) -> Signature:
    name, gap, written = line.removeprefix(_MARK).partition(" ")
    if not line.startswith(_MARK) or not gap or not _NAME.fullmatch(name):
        raise NoteError("a line of signatures must be '— NAME SIGNATURE'")
    held = bytes_of_base64(written)
    return Signature(name, held[:4], held[4:])


def verifier_of(written: str) -> Verifier:
    """The key `NAME+ID+KEY`. Raises NoteError."""
    parts = written.strip().split("+", 2)
    if len(parts) != 3 or not _NAME.fullmatch(parts[0]) or not _ID.fullmatch(parts[1]):
        raise NoteError("a verifier key must be NAME+ID+KEY, as in signed notes")
    held = bytes_of_base64(parts[2])
    if len(held) != 1 + _SEED_BYTES or held[0] not in KINDS:
        raise NoteError("a verifier key must be an Ed25519 key, of a log or of a witness")
    found = Verifier(parts[0], held[1:], held[0])
    if found.key_id.hex() != parts[1]:
        raise NoteError(f"the ID of the verifier key of {parts[0]} is not that of its key")
    return found


def signer_of(written: str) -> KeySigner:
    """The key `PRIVATE+KEY+NAME+ID+KEY`. Raises NoteError, without the key."""
    written = written.strip()
    parts = written.removeprefix(_PRIVATE).split("+", 2)
    if not written.startswith(_PRIVATE) or len(parts) != 3:
        raise NoteError("a signing key must be PRIVATE+KEY+NAME+ID+KEY, as Go's note writes it")
    held = bytes_of_base64(parts[2])
    if len(held) != 1 + _SEED_BYTES or held[0] != ED25519:
        raise NoteError("a signing key must be an Ed25519 key")
    found = new_signer(parts[0], held[1:])
    if found.verifier.key_id.hex() != parts[1]:
        raise NoteError("the ID of the signing key is not that of its key")
    return found


def base64_of(held: bytes) -> str:
    """Base 64 with padding, as all texts here have it."""
    return base64.b64encode(held).decode()


def bytes_of_base64(written: str) -> bytes:
    """What is written so. Raises NoteError."""
    try:
        return base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("not base 64") from None
