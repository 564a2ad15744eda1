"""What a store needs of those who keep its writing and its watching going."""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

J = TypeVar("J")
J_contra = TypeVar("J_contra", contravariant=True)

MAX_BATCH = 128
"""Jobs a commit: bounds how long the first of them waits for the last."""


@dataclass(frozen=True, slots=True)
class Wait:
    """For how many seconds to wait at most, and on what."""

    seconds: float
    source: int | None = None
    """The file descriptor that is readable when there is something to hear; None: only time."""


Write = Callable[[Sequence[J]], Iterator[float]]
"""Does the jobs, at most MAX_BATCH of them; yields the seconds to pause before it goes on."""
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

    def writing(self, write: Write[J]) -> Writing[J]:
        """Writes, batch after batch: a pause holds up all that comes later."""
        ...

    def watching(self, watch: Watch) -> Watching:
        """Watches beside the writing. Called within the store's event loop."""
        ...
