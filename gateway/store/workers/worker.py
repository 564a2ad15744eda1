"""What a store needs of those who keep its writing and its watching going."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol, TypeVar

J = TypeVar("J")
J_contra = TypeVar("J_contra", contravariant=True)

MAX_BATCH = 128
"""Jobs a commit: bounds how long the first of them waits for the last."""
MANY = 4
"""Jobs of a batch after which more are expected at once."""
TOGETHER_SECONDS = 0.004
"""What comes within it is written by one commit then: each commit costs."""


@dataclass(frozen=True, slots=True)
class Wait:
    """For how many seconds to wait at most, and on what."""

    seconds: float
    source: int | None = None
    """The file descriptor that is readable when there is something to hear; None: only time."""


class Apart(Enum):
    """What a batch says before it waits for the disk or another process, or when it takes long.

    It may say so again.
    """

    FROM_HERE = auto()


Write = Callable[[Sequence[J]], Iterator[float | Apart]]
"""Does the jobs, at most MAX_BATCH of them.

Yields the seconds to pause before it goes on, or that the rest of it must not be in anybody's way.
"""
Watch = Callable[[], Generator[Wait, bool, None]]
"""Looks, yields what to wait for, is sent whether it came, and so on until it is closed.

An error of the waiting is thrown into it.
"""


class Writing(Protocol[J_contra]):
    """Does jobs in the order they came."""

    def put(self, job: J_contra) -> None:
        """Queues the job; returns at once. MUST NOT be called after `stop`."""
        ...

    def stop(self) -> None:
        """Ends the writing after all that waits now."""
        ...

    def join(self) -> None:
        """Returns when the writing has ended."""
        ...


class Watching(Protocol):
    """Watches until it is stopped."""

    def stop(self) -> None:
        """Ends the watching; what it looks at now it looks at to the end."""
        ...

    def join(self) -> None:
        """Returns when the watching has ended."""
        ...


class Workers(Protocol):
    """Starts a store's writing and its watching."""

    def writing(self, write: Write[J], *, at_hand: bool) -> Writing[J]:
        """Writes, batch after batch: a pause holds up all that comes later.

        `at_hand`: until a batch says `Apart`, it waits for nobody. Jobs are put on an event loop
        then; there need not be one yet.
        """
        ...

    def watching(self, watch: Watch) -> Watching:
        """Watches beside the writing. Called within the store's event loop."""
        ...
