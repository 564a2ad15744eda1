"""The tree in tiles of 256 hashes, as C2SP's tlog-tiles has them, and how it grows.

A tile of level 0 holds hashes of leaves; each hash of a tile above is that of a full tile below.
Whatever needs the tree reads a few tiles of each level: never the log.
"""

from collections.abc import Callable, Mapping, Sequence

from gateway.audit.tree.hashing import EMPTY_ROOT, HASH_BYTES, hash_children, hash_full, split

WIDTH = 256
"""Hashes of a full tile."""
_HEIGHT = 8
"""Levels of the tree within a tile."""

Place = tuple[int, int]
"""The level of a tile, and its number in it."""
TileSource = Callable[[int, int], bytes]
"""Level and number of a tile → its hashes one behind the other; empty: there is no such tile."""


class TileMissingError(Exception):
    """A hash that the tree must have is not there."""

    def __init__(self, level: int, number: int, width: int) -> None:
        super().__init__(f"tile {tile_name(level, number)} does not have {width} hashes")
        self.level = level
        self.number = number


def tile_name(level: int | str, number: int, width: int = WIDTH) -> str:
    """A tile's path in tlog-tiles, such as `0/x001/x234/067` or `0/001.p/7`."""
    digits = f"{number:d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    return f"{level}/{path}" + (f".p/{width}" if width < WIDTH else "")


def widths(size: int) -> Mapping[int, int]:
    """Of each level that a tree of this size has: how many hashes there are in all."""
    found, level = {}, 0
    while count := size >> (_HEIGHT * level):
        found[level] = count
        level += 1
    return found


def grown(read: TileSource, size: int, leaves: Sequence[bytes]) -> Mapping[Place, bytes]:
    """The tiles that change when `leaves` are appended to a tree of `size`, whole.

    Raises TileMissingError where the tree is not what it should be.
    """
    changed: dict[Place, bytes] = {}
    level, start, hashes = 0, size, list(leaves)
    while hashes:
        number, offset = divmod(start, WIDTH)
        held = split_hashes(_prefix(read, level, number, offset)) if offset else []
        hashes = [*held, *hashes]
        filled = []
        for at in range(0, len(hashes), WIDTH):
            tile = hashes[at : at + WIDTH]
            changed[level, number + at // WIDTH] = b"".join(tile)
            if len(tile) == WIDTH:
                filled.append(hash_full(tile))
        level, start, hashes = level + 1, start // WIDTH, filled
    return changed


def split_hashes(tile: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def over(read: TileSource, changed: Mapping[Place, bytes]) -> TileSource:
    """What `read` tells once `changed` is written."""

    def tile(level: int, number: int) -> bytes:
        found = changed.get((level, number))
        return read(level, number) if found is None else found

    return tile


def root(read: TileSource, size: int) -> bytes:
    """The root of the tree of the first `size` leaves. Raises TileMissingError."""
    return subtree(read, 0, size) if size else EMPTY_ROOT


def subtree(read: TileSource, start: int, end: int) -> bytes:
    """The hash over the leaves from `start` to before `end`, a subtree as RFC 6962 splits.

    Raises TileMissingError.
    """
    count = end - start
    if count & (count - 1) == 0:
        return _node(read, count.bit_length() - 1, start)
    middle = start + split(count)
    return hash_children(subtree(read, start, middle), subtree(read, middle, end))


def _node(read: TileSource, height: int, start: int) -> bytes:
    """The hash above 2**height leaves from `start` on."""
    level, within = divmod(height, _HEIGHT)
    number, offset = divmod(start >> (_HEIGHT * level), WIDTH)
    end = offset + (1 << within)
    tile = _prefix(read, level, number, end)
    return hash_full(split_hashes(tile[offset * HASH_BYTES :]))


def _prefix(read: TileSource, level: int, number: int, width: int) -> bytes:
    found = read(level, number)[: width * HASH_BYTES]
    if len(found) < width * HASH_BYTES:
        raise TileMissingError(level, number, width)
    return found
