"""Secrets at rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.service.seal import Seal

MASTER, OLDER = "the master key", "an older one"


@given(st.text(max_size=50), st.text(max_size=20))
def test_a_secret_comes_back(secret: str, owner: str) -> None:
    """What was sealed for an owner opens for that owner."""
    seal = Seal([MASTER])
    assert seal.open(seal.close(secret, owner), owner) == secret


def test_it_is_sealed() -> None:
    """The stored bytes do not hold the secret, and the same secret never looks the same."""
    seal = Seal([MASTER])
    once, twice = seal.close("hush", "acme"), seal.close("hush", "acme")
    assert b"hush" not in once
    assert once != twice


def test_another_owners_secret_does_not_open() -> None:
    """A sealed secret that is put into another key's row opens nothing."""
    seal = Seal([MASTER])
    with pytest.raises(ValueError, match="globex"):
        seal.open(seal.close("hush", "acme"), "globex")


def test_another_master_key_does_not_open() -> None:
    """Without the master key a secret stays sealed."""
    with pytest.raises(ValueError, match="another master key"):
        Seal(["a third one"]).open(Seal([MASTER]).close("hush", "acme"), "acme")


@pytest.mark.parametrize("at", [0, 12, -1], ids=["nonce", "text", "tag"])
def test_a_changed_secret_does_not_open(at: int) -> None:
    """One changed bit anywhere and nothing opens."""
    sealed = bytearray(Seal([MASTER]).close("hush", "acme"))
    sealed[at] ^= 1
    with pytest.raises(ValueError, match="acme"):
        Seal([MASTER]).open(bytes(sealed), "acme")


def test_rotation() -> None:
    """The first key seals; every listed one opens; a key that is taken off opens no more."""
    old = Seal([OLDER]).close("hush", "acme")
    both = Seal([MASTER, OLDER])
    assert both.open(old, "acme") == "hush"
    assert Seal([MASTER]).open(both.close("new", "acme"), "acme") == "new"
    with pytest.raises(ValueError, match="another master key"):
        Seal([MASTER]).open(old, "acme")


@pytest.mark.parametrize("keys", [[], [""], [MASTER, ""]], ids=["none", "empty", "one empty"])
def test_a_master_key_is_needed(keys: list[str]) -> None:
    """There is no seal without a key, or with an empty one."""
    with pytest.raises(ValueError, match="master key"):
        Seal(keys)


def test_pseudonyms() -> None:
    """The same number has the same pseudonym, another number or master key another one."""
    seal = Seal([MASTER])
    number = "+15005550100"
    assert seal.pseudonym(number) == Seal([MASTER, OLDER]).pseudonym(number)
    assert seal.pseudonym(number) not in {seal.pseudonym("+15005550101"), number}
    assert seal.pseudonym(number) != Seal([OLDER]).pseudonym(number)
