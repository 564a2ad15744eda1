"""Where a gateway keeps its files: its database, and the keys beside it."""

import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sqlalchemy.engine import make_url

from gateway.settings import Settings

OTHERS = stat.S_IRWXG | stat.S_IRWXO
NEVER_READ = ("", "-wal", "-shm", ".key", ".audit-key")
"""What a database's own files end with."""


class ConfigurationError(Exception):
    """The environment prevents the gateway from starting; the text says what to set."""


def database_path(settings: Settings) -> Path | None:
    """SQLite's file; None with another database."""
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    return Path(url.database)


def key_file(path: Path, new: Callable[[], str] | None) -> str:
    """The key in this file, which is made if there is none; `new` None: it must be there.

    Raises ConfigurationError where others can read it.
    """
    if new is not None and not path.exists():
        _make_key_file(path, new())
    try:
        return _read_key_file(path)
    except OSError as away:
        raise ConfigurationError(f"the key file {path} cannot be read: {away.strerror}") from None


def _read_key_file(path: Path) -> str:
    with path.open() as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & OTHERS:
            raise ConfigurationError(
                f"others can read or write the key file {path} (its mode is {mode:04o}): "
                f"chmod 600 {path}"
            )
        return file.read().strip()


def _make_key_file(path: Path, key: str) -> None:
    """Written atomically, and never over another process's file."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
