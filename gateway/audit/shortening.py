"""Cuts long requests for their records, before hashing."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.audit.records import Described, canonical, text_of
from gateway.domain.cutting import cut

MAX_TEXT_BYTES = 256
MAX_KEY_BYTES = 128
MAX_DEPTH = 6
_OF_A_VALUE = 8
"""Bytes that a value takes in addition to its text: quotes, a comma, a number."""


def bytes_of(value: Any) -> int:
    """How long `value` is in a record."""
    return len(text_of(value).encode(errors="replace"))


def shortened(value: Described, limit: int) -> Described:
    """`value`, cut to about `limit` bytes if it is longer, with a mark at each cut."""
    return value if bytes_of(value) <= limit else Described(_Room(limit).mapping(value, MAX_DEPTH))


class _Room:
    """`left`: bytes that may still be used."""

    def __init__(self, left: int) -> None:
        self.left = left

    def value(self, value: Any, depth: int) -> Any:
        self.left -= _OF_A_VALUE
        if isinstance(value, str):
            return self.text(value, MAX_TEXT_BYTES)
        if isinstance(value, Mapping):
            return self.mapping(value, depth) if depth else "…"
        if isinstance(value, Sequence):
            return self.list(value, depth) if depth else "…"
        return value

    def text(self, value: str, limit: int) -> str:
        kept = cut(value, limit)
        # As it will be written: control characters take more.
        self.left -= len(canonical({"": kept}).encode(errors="replace"))
        return kept

    def mapping(self, value: Mapping[str, Any], depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for at, (key, inner) in enumerate(value.items()):
            if self.left <= 0:
                kept["…"] = f"{len(value) - at} more"
                break
            kept[self.text(key, MAX_KEY_BYTES)] = self.value(inner, depth - 1)
        return kept

    def list(self, value: Sequence[Any], depth: int) -> list[Any]:
        kept: list[Any] = []
        for at, inner in enumerate(value):
            if self.left <= 0:
                kept.append(f"…({len(value) - at} more)")
                break
            kept.append(self.value(inner, depth - 1))
        return kept
