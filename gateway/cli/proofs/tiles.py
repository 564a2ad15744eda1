"""The log in files as C2SP's tlog-tiles has them: any program for such logs can read them."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from gateway.audit.tree.hashing import HASH_BYTES
from gateway.audit.tree.tiles import WIDTH, tile_name, widths
from gateway.cli.proofs.forms import record_fields
from gateway.ports import Reading

LEFT_OUT = "left-out.jsonl"
"""Records of bundles that are left out, as in an export of lines."""
LONGEST_ENTRY = 0xFFFF
"""Bytes: the form has two for the length."""


def write_tiles(reading: Reading, folder: Path, size: int) -> Sequence[int]:
    """The tiles and records of the tree of `size`; leaves whose records the form cannot hold.

    A bundle with such a record is left out, and one with a record that is kept no longer; what
    there is of their records is in a file of lines.
    """
    for level, count in widths(size).items():
        for number, width in _tiles(count):
            hashes = reading.audit_tile(level, number)[: width * HASH_BYTES]
            _write(folder / "tile" / tile_name(level, number, width), hashes)
    too_long: list[int] = []
    lines: list[str] = []
    for number, width in _tiles(size):
        records = reading.audit_leaf_records(number * WIDTH, width)
        entries = [record.text.encode() for _, record in records]
        long = [leaf for leaf, record in records if len(record.text.encode()) > LONGEST_ENTRY]
        too_long += long
        if long or not all(entries):
            lines += [json.dumps(record_fields(each, leaf)) for leaf, each in records if each.text]
        else:
            bundle = b"".join(len(each).to_bytes(2) + each for each in entries)
            _write(folder / "tile" / tile_name("entries", number, width), bundle)
    if lines:
        (folder / LEFT_OUT).write_text("".join(f"{each}\n" for each in lines), "utf-8")
    return too_long


def entries_in(folder: Path, size: int) -> Iterator[tuple[bytes | None, bytes | None]]:
    """Of each leaf its record and its hash, None where there is none."""
    for number, width in _tiles(size):
        entries = _entries(folder / "tile" / tile_name("entries", number, width))
        path = folder / "tile" / tile_name(0, number, width)
        tile = path.read_bytes() if path.is_file() else b""
        for place in range(width):
            hashed = tile[place * HASH_BYTES : (place + 1) * HASH_BYTES]
            entry = entries[place] if place < len(entries) else None
            yield entry, hashed if len(hashed) == HASH_BYTES else None


def _tiles(count: int) -> Iterator[tuple[int, int]]:
    """The number and width of each tile of a level with `count` hashes."""
    for number in range(-(-count // WIDTH)):
        yield number, min(WIDTH, count - number * WIDTH)


def _entries(path: Path) -> list[bytes]:
    found: list[bytes] = []
    held = path.read_bytes() if path.is_file() else b""
    while len(held) >= 2:
        end = 2 + int.from_bytes(held[:2])
        found.append(held[2:end])
        held = held[end:]
    return found


def _write(path: Path, held: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(held)
