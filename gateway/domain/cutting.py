"""Texts cut to a length, with a visible mark."""

import re

_MARK = re.compile(r"…\([0-9]+ bytes\)$")


def is_cut(text: str) -> bool:
    """Whether it ends with the mark: what is before that may be half of something."""
    return text.endswith(" bytes)") and _MARK.search(text) is not None


def cut(text: str, limit: int) -> str:
    """`text`, or as much of its beginning as fits into `limit` bytes with `…(N bytes)` after it.

    N is the length of the whole. A limit below the mark's own length gives the mark alone.
    """
    if 4 * len(text) <= limit:
        return text
    encoded = text.encode(errors="replace")
    if len(encoded) <= limit:
        return text
    mark = f"…({len(encoded)} bytes)"
    room = max(0, limit - len(mark.encode()))
    return encoded[:room].decode(errors="ignore") + mark
