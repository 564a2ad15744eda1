"""Proofs of RFC 6962: that a leaf is in a tree, and that one tree is the beginning of another."""

from collections.abc import Iterator, Sequence

from gateway.audit.tree.hashing import hash_children, split
from gateway.audit.tree.tiles import TileSource, subtree

MOST_HASHES = 64
"""Of a proof: no tree is higher."""


class ProofError(Exception):
    """A proof does not prove what it should; the text says how."""


def inclusion(read: TileSource, index: int, size: int) -> list[bytes]:
    """That leaf `index` is in the tree of `size` leaves: hashes from its sibling upwards.

    Raises TileMissingError.
    """
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            path.append(subtree(read, middle, end))
            end = middle
        else:
            path.append(subtree(read, start, middle))
            start = middle
    return path[::-1]


def consistency(read: TileSource, old: int, new: int) -> list[bytes]:
    """That the tree of `old` leaves is the beginning of that of `new`.

    Raises TileMissingError.
    """
    if old in (0, new):
        return []
    path, start, end = [], 0, new
    while old != end:
        middle = start + split(end - start)
        if old <= middle:
            path.append(subtree(read, middle, end))
            end = middle
        else:
            path.append(subtree(read, start, middle))
            start = middle
    if start:
        path.append(subtree(read, start, end))
    return path[::-1]


def check_inclusion(proof: Sequence[bytes], index: int, leaf: bytes, size: int, top: bytes) -> None:
    """Raises ProofError unless `leaf` is at `index` of the tree of `size` leaves below `top`."""
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is not within a tree of {size}")
    at, last, found, hashes = index, size - 1, leaf, iter(proof)
    while last:
        if at & 1:
            found = hash_children(_next(hashes), found)
        elif at < last:
            found = hash_children(found, _next(hashes))
        at, last = at >> 1, last >> 1
    _is_used_up(hashes)
    if found != top:
        raise ProofError(f"leaf {index} does not lead to the root of the tree of {size}")


def check_consistency(
    proof: Sequence[bytes], old: int, old_top: bytes, new: int, new_top: bytes
) -> None:
    """Raises ProofError unless the tree of `old` leaves is the beginning of that of `new`."""
    if not 0 <= old <= new:
        raise ProofError(f"a tree of {old} is not the beginning of one of {new}")
    hashes = iter(proof)
    if old in (0, new):
        _is_used_up(hashes)
        if old == new and old_top != new_top:
            raise ProofError(f"two trees of {new} have different roots")
        return
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    below = above = _next(hashes) if at else old_top
    while last:
        if at & 1:
            left = _next(hashes)
            below, above = hash_children(left, below), hash_children(left, above)
        elif at < last:
            above = hash_children(above, _next(hashes))
        at, last = at >> 1, last >> 1
    _is_used_up(hashes)
    if (below, above) != (old_top, new_top):
        raise ProofError(f"the tree of {old} is not the beginning of that of {new}")


def _next(hashes: Iterator[bytes]) -> bytes:
    found = next(hashes, None)
    if found is None:
        raise ProofError("the proof is too short")
    return found


def _is_used_up(hashes: Iterator[bytes]) -> None:
    if next(hashes, None) is not None:
        raise ProofError("the proof is too long")
