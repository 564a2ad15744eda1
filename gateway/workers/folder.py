"""The folder where the processes of one gateway meet: their metrics, and the lock of their lines.

It is in memory where the machine has such a place: metrics are mapped files, and a full disk
would end the process that writes to one.
"""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108  only folders of this user's are made and used there
PREFIX = "gateway-workers-"


@contextmanager
def shared_folder() -> Iterator[Path]:
    """An empty folder of this user's alone, removed at the end. Raises OSError if there is none.

    Folders that processes left behind when they were killed are removed first.
    """
    base = MEMORY if os.access(MEMORY, os.W_OK) else Path(tempfile.gettempdir())
    for left in base.glob(f"{PREFIX}*"):
        with suppress(FileNotFoundError):  # removed meanwhile
            if _is_own(left) and not _is_used(left):
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=base) as made:
        used = os.open(made, os.O_RDONLY)  # not inherited: its lock ends with this process
        fcntl.flock(used, fcntl.LOCK_EX)
        try:
            yield Path(made)
        finally:
            os.close(used)


def _is_own(path: Path) -> bool:
    found = path.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _is_used(path: Path) -> bool:
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
