"""Secrets at rest."""

import hashlib

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from gateway.service.access.seal import FORM, NONCE_BYTES, Seal, weakness
from tests.stands.phones import ANSWERS, BUSY

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


@pytest.mark.parametrize("at", [0, 4, 16, -1], ids=["form", "nonce", "text", "tag"])
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
    number = ANSWERS
    assert seal.pseudonym(number) == Seal([MASTER, OLDER]).pseudonym(number)
    assert seal.pseudonym(number) not in {seal.pseudonym(BUSY), number}
    assert seal.pseudonym(number) != Seal([OLDER]).pseudonym(number)


def as_before(secret: str, owner: str, master: str) -> bytes:
    """As secrets were sealed before master keys were stretched."""
    nonce = b"n" * NONCE_BYTES
    cipher = AESGCM(hashlib.sha256(master.encode()).digest())
    return nonce + cipher.encrypt(nonce, secret.encode(), owner.encode())


def test_the_older_form_opens() -> None:
    """What was sealed before opens, with each master key, and counts as not current."""
    seal = Seal([MASTER, OLDER])
    for master in (MASTER, OLDER):
        old = as_before("hush", "acme", master)
        assert seal.open(old, "acme") == "hush"
        assert not seal.is_current(old, "acme")
    assert seal.is_current(seal.close("hush", "acme"), "acme")
    assert not seal.is_current(Seal([OLDER]).close("hush", "acme"), "acme")


def test_the_older_form_may_begin_like_the_newer() -> None:
    """By chance a nonce is the mark of the newer form."""
    nonce = FORM + b"12345678"
    cipher = AESGCM(hashlib.sha256(MASTER.encode()).digest())
    sealed = nonce + cipher.encrypt(nonce, b"hush", b"acme")
    assert Seal([MASTER]).open(sealed, "acme") == "hush"


def test_a_master_key_is_stretched() -> None:
    """Its plain digest, which costs nothing to guess with, opens nothing that is sealed now."""
    sealed = Seal([MASTER]).close("hush", "acme")[len(FORM) :]
    cipher = AESGCM(hashlib.sha256(MASTER.encode()).digest())
    with pytest.raises(InvalidTag):
        cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], b"acme")


@pytest.mark.parametrize("key", ["", "hunter2", "x" * 31, "x" * 64, "password" * 8, "01234567" * 4])
def test_weak_master_keys(key: str) -> None:
    """Short ones, and long ones of few characters; it is said what is missing, not the key."""
    told = weakness(key)
    assert bool(told) is (key != "01234567" * 4)
    assert not key or key not in told
