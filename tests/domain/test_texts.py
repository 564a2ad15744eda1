"""What somebody outside says, brought into a form that can be kept, shown and logged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.texts import UNSAFE, cleaned, escaped, sip_code


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Busy Here", "Busy Here"),
        ("Zoë 漢 😀", "Zoë 漢 😀"),
        ("a\r\nVia: b", r"a\r\nVia: b"),
        ("\x00", r"\x00"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31m", r"\x9b31m"),
        ("\x7f", r"\x7f"),
        ("a\u2028b\u2029", r"a\u2028b\u2029"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2066x\u2069", r"\u2066x\u2069"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_would_be_obeyed_is_escaped(said: str, kept: str) -> None:
    """Control, bidi and separator characters; every language stays as it is."""
    assert escaped(said) == cleaned(said) == kept


@given(st.text(max_size=400), st.integers(8, 300))
def test_what_is_told_fits_and_can_be_encoded(said: str, limit: int) -> None:
    """At most so many bytes, nothing unsafe, and a mark where there was more."""
    kept = cleaned(said, limit)
    assert len(kept.encode()) <= limit
    assert not UNSAFE.search(kept)
    assert kept == escaped(said) or kept.endswith("…")


def test_sixty_kilobytes_are_cut() -> None:
    """A reason phrase is 256 bytes at most."""
    assert len(cleaned("x" * 60_000).encode()) == 256


@pytest.mark.parametrize(
    ("number", "kept"),
    [(99, 0), (100, 100), (486, 486), (699, 699), (700, 0), (-1, 0), (2**31, 0), (10**400, 0)],
)
def test_a_sip_code_is_one_or_none(number: int, kept: int) -> None:
    """100 to 699; anything else is as if none had been told."""
    assert sip_code(number) == kept
