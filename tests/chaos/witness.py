"""Whether the machine stood still: what is late then is late because of that."""

import threading
import time
from types import TracebackType
from typing import Self

LOOK_SECONDS = 0.05


class Witness:
    """A thread that does nothing but wake up, and so is late only if all else is."""

    def __init__(self) -> None:
        self.longest = 0.0
        """Seconds that it woke up too late, at most."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="witness", daemon=True)

    def __enter__(self) -> Self:
        """Looks from now on."""
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Looks no more."""
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        looked = time.monotonic()
        while not self._over.wait(LOOK_SECONDS):
            now = time.monotonic()
            self.longest = max(self.longest, now - looked - LOOK_SECONDS)
            looked = now
