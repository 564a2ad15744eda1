"""Output of several processes to one pipe or file, line by line."""

import fcntl
import io
import os
import sys
import threading
from pathlib import Path

LOCK = "lines.lock"


class Lines(io.TextIOBase):
    """A text stream that writes whole lines, while no other process with this lock writes.

    A pipe keeps only short writes together, and a line may be longer.
    """

    def __init__(self, handle: int, lock: Path) -> None:
        self._handle = handle
        self._among_processes = lock.open("w")
        self._among_threads = threading.Lock()
        self._begun = threading.local()

    def writable(self) -> bool:
        """It is all that can be done with it."""
        return True

    def isatty(self) -> bool:
        """Whether people read it."""
        return os.isatty(self._handle)

    def close(self) -> None:
        """Leaves the file or pipe open for others."""
        self._among_processes.close()
        super().close()

    def write(self, text: str) -> int:
        """Keeps what is no whole line yet, for the thread that wrote it."""
        begun = getattr(self._begun, "text", "") + text
        whole, end, self._begun.text = begun.rpartition("\n")
        if end:
            self._write(f"{whole}\n".encode(errors="backslashreplace"))
        return len(text)

    def _write(self, left: bytes) -> None:
        with self._among_threads:
            fcntl.flock(self._among_processes, fcntl.LOCK_EX)
            try:
                while left:
                    left = left[os.write(self._handle, left) :]
            finally:
                fcntl.flock(self._among_processes, fcntl.LOCK_UN)


def keep_lines_whole(folder: Path) -> None:
    """From now on stdout and stderr are written so. To be called before the log is configured."""
    sys.stdout = Lines(1, folder / LOCK)
    sys.stderr = Lines(2, folder / LOCK)
