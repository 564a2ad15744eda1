"""Whether the machine stood still: what is late then is late because of that."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

LOOK_SECONDS = 0.05


class Witness:
    """Who does nothing but wake up, and so is late only if all else is."""

    longest = 0.0
    """Seconds that it woke up too late, at most."""

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Meanwhile, in a thread of its own."""
        over = threading.Event()
        thread = threading.Thread(target=self._look, args=[over], name="witness", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _look(self, over: threading.Event) -> None:
        looked = time.monotonic()
        while not over.wait(LOOK_SECONDS):
            now = time.monotonic()
            self.longest = max(self.longest, now - looked - LOOK_SECONDS)
            looked = now
