"""Where checkpoints of the audit tree go, and what is remembered of them outside the database."""

from collections.abc import Sequence
from typing import Protocol


class OutletError(Exception):
    """A checkpoint did not reach its place, or the memory of one cannot be read; why."""


class CheckpointMemory(Protocol):
    """Remembers the newest checkpoint where a change of the database does not reach it."""

    async def recall(self) -> str:
        """What was kept last, by this process or one before it; empty: nothing.

        Raises OutletError where that cannot be known: it MUST NOT be taken for nothing.
        """
        ...

    async def keep(self, note: str) -> None:
        """Keeps this one instead. Raises OutletError."""
        ...


class CheckpointOutlet(Protocol):
    """Somebody who is told of checkpoints."""

    name: str
    """For the log: no secret is in it."""

    async def publish(self, note: str) -> None:
        """Tells it, within seconds. Raises OutletError."""
        ...


class WitnessBehindError(OutletError):
    """The witness knows a tree of another `size`: the proof must begin there."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the witness knows a tree of {size}")
        self.size = size


class Witness(Protocol):
    """Somebody who signs what follows from what it has signed before (C2SP's tlog-witness)."""

    name: str

    async def cosign(self, old: int, proof: Sequence[bytes], note: str) -> str:
        """Its lines of signatures below a checkpoint that `proof` leads to from a tree of `old`.

        Raises OutletError, and WitnessBehindError where it knows another tree than that of `old`.
        """
        ...
