"""Texts cut so that it shows."""

import pytest

from gateway.domain.cutting import cut

CUT = [
    ("short", 5, "short"),
    ("", 0, ""),
    ("x" * 100, 30, "x" * 16 + "…(100 bytes)"),
    ("ä" * 50, 30, "ä" * 8 + "…(100 bytes)"),
    ("x" * 100, 3, "…(100 bytes)"),
]


@pytest.mark.parametrize(("text", "limit", "kept"), CUT)
def test_a_cut_shows(text: str, limit: int, kept: str) -> None:
    """What fits stays as it is; else its end is a mark with the length of the whole."""
    assert cut(text, limit) == kept


@pytest.mark.parametrize("limit", [20, 64, 1000])
@pytest.mark.parametrize("letter", ["x", "ä", "€", "😀", "\x00"])
def test_a_cut_text_fits(letter: str, limit: int) -> None:
    """It never has more bytes than it may, whatever its characters take."""
    for length in (limit // 4, limit - 1, limit, limit + 1, 10 * limit):
        assert len(cut(letter * length, limit).encode()) <= limit
