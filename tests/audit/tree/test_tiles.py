"""The tree of RFC 6962: what is kept in tiles gives its hashes, and proofs that hold."""

import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.tree.growing import GrowingTree
from gateway.audit.tree.hashing import EMPTY_ROOT, hash_children, hash_leaf, split
from gateway.audit.tree.proofs import (
    ProofError,
    check_consistency,
    check_inclusion,
    consistency,
    inclusion,
)
from gateway.audit.tree.tiles import TileMissingError, grown, root, tile_name, widths

LEAVES = [hash_leaf(b"%d" % number) for number in range(70_000)]


class Stored:
    """Tiles in a dictionary, grown in steps."""

    def __init__(self, steps: Sequence[int]) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.size = 0
        for step in steps:
            more = LEAVES[self.size : self.size + step]
            self.tiles |= grown(self, self.size, more)
            self.size += step

    def __call__(self, level: int, number: int) -> bytes:
        return self.tiles.get((level, number), b"")


def by_definition(leaves: Sequence[bytes]) -> bytes:
    """The Merkle tree hash as RFC 6962 defines it."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else EMPTY_ROOT
    middle = split(len(leaves))
    return hash_children(by_definition(leaves[:middle]), by_definition(leaves[middle:]))


def test_known_hashes() -> None:
    """The hashes that RFC 6962's test vectors have for one empty leaf, and for none."""
    assert hash_leaf(b"").hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(st.lists(st.integers(1, 400), max_size=12))
def test_the_root_is_that_of_the_definition(steps: list[int]) -> None:
    """In whatever steps the tree has grown."""
    tree = Stored(steps)
    assert root(tree, tree.size) == by_definition(LEAVES[: tree.size])


def test_a_tree_of_three_levels() -> None:
    """Beyond 65,536 leaves there are tiles above tiles above tiles."""
    tree, growing = Stored([65_000, 1, 4_999]), GrowingTree()
    for leaf in LEAVES:
        growing.append(leaf)
    assert root(tree, 70_000) == growing.root == by_definition(LEAVES)
    assert widths(70_000) == {0: 70_000, 1: 273, 2: 1}
    assert {level: len(tree(level, 0)) // 32 for level in range(4)} == {0: 256, 1: 256, 2: 1, 3: 0}
    for index in (0, 255, 256, 65_535, 65_536, 69_999):
        proof = inclusion(tree, index, 70_000)
        check_inclusion(proof, index, LEAVES[index], 70_000, growing.root)
    check_consistency(
        consistency(tree, 65_000, 70_000), 65_000, root(tree, 65_000), 70_000, growing.root
    )


@pytest.mark.parametrize("size", [*range(1, 20), 255, 256, 257, 300])
def test_every_proof_holds(size: int) -> None:
    """Each leaf is proved to be in the tree, each smaller tree to be its beginning."""
    tree = Stored([size])
    top = by_definition(LEAVES[:size])
    for index in range(size):
        check_inclusion(inclusion(tree, index, size), index, LEAVES[index], size, top)
    for old in range(size + 1):
        before = by_definition(LEAVES[:old])
        check_consistency(consistency(tree, old, size), old, before, size, top)


def _refused(check: Callable[[], None]) -> None:
    with pytest.raises(ProofError):
        check()


@pytest.mark.parametrize("seed", range(30))
def test_no_other_proof_holds(seed: int) -> None:
    """Another leaf, place, size, root, or a hash more, less or changed is refused."""
    chance = random.Random(seed)
    size = chance.randrange(2, 700)
    index = chance.randrange(size)
    tree, top = Stored([size]), by_definition(LEAVES[:size])
    proof = inclusion(tree, index, size)
    changed = [hash_leaf(b"other"), *proof[1:]]
    for leaf, place, hashes, root_ in (
        (LEAVES[-1], index, proof, top),
        (LEAVES[index], size, proof, top),
        (LEAVES[index], index, changed, top),
        (LEAVES[index], index, proof[:-1], top),
        (LEAVES[index], index, [*proof, top], top),
        (LEAVES[index], index, proof, LEAVES[0]),
    ):
        _refused(lambda: check_inclusion(hashes, place, leaf, size, root_))  # noqa: B023
    old = chance.randrange(1, size)
    before, proof = by_definition(LEAVES[:old]), consistency(tree, old, size)
    for hashes, first, last in (
        ([hash_leaf(b"other"), *proof[1:]], before, top),
        (proof[:-1], before, top),
        ([*proof, top], before, top),
        (proof, LEAVES[-1], top),
        (proof, before, LEAVES[-1]),
    ):
        _refused(lambda: check_consistency(hashes, old, first, size, last))  # noqa: B023
    _refused(lambda: check_consistency(proof, size + 1, before, size, top))


def test_a_missing_tile_is_named() -> None:
    """Neither proof nor growth goes on without a hash that must be there."""
    tree = Stored([600])
    del tree.tiles[0, 2]
    with pytest.raises(TileMissingError, match=r"tile 0/002 does not have 88 hashes"):
        grown(tree, 600, LEAVES[600:601])
    with pytest.raises(TileMissingError, match=r"tile 0/002"):
        root(tree, 600)


@pytest.mark.parametrize(
    ("number", "width", "name"),
    [(0, 256, "0/000"), (1_234_067, 256, "0/x001/x234/067"), (1000, 7, "0/x001/000.p/7")],
)
def test_tiles_are_named_as_in_tlog_tiles(number: int, width: int, name: str) -> None:
    """Three digits a part, an x before all parts but the last, and the width of a partial one."""
    assert tile_name(0, number, width) == name
