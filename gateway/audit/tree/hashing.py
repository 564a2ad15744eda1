"""Merkle tree hashes as RFC 6962, section 2.1, defines them, with SHA-256."""

from collections.abc import Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""


def hash_leaf(entry: bytes) -> bytes:
    """The hash of a leaf that holds `entry`."""
    return sha256(b"\0" + entry).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """The hash of the node above these two."""
    return sha256(b"\1" + left + right).digest()


def hash_full(hashes: Sequence[bytes]) -> bytes:
    """The hash above 2, 4, 8… nodes of one height, side by side; one node is its own."""
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=True)
        hashes = [hash_children(left, right) for left, right in pairs]
    return hashes[0]


def split(count: int) -> int:
    """How many of `count` leaves are left of the root: the largest power of two below it."""
    return int(1 << ((count - 1).bit_length() - 1))
