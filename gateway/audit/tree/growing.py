"""The root of a tree whose leaves come one after the other, kept in a few hashes."""

from gateway.audit.tree.hashing import EMPTY_ROOT, hash_children


class GrowingTree:
    """A tree by the roots of its full subtrees: as many as its size has bits."""

    def __init__(self) -> None:
        self.size = 0
        self._roots: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """One leaf more, by its hash."""
        found, size = leaf, self.size
        while size & 1:
            found = hash_children(self._roots.pop(), found)
            size >>= 1
        self._roots.append(found)
        self.size += 1

    @property
    def root(self) -> bytes:
        """The root of the leaves so far."""
        if not self._roots:
            return EMPTY_ROOT
        found = self._roots[-1]
        for left in self._roots[-2::-1]:
            found = hash_children(left, found)
        return found
