"""Certificates in files, read again when a file has changed."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from gateway.tls.certificates import Certificates
from gateway.tls.material import Material, MaterialError

MAX_BYTES = 1024 * 1024
"""Of each file; a bundle of all public authorities has a quarter of it."""

_Signature = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Where they are; None: there is none."""

    chain: Path | None = None
    key: Path | None = None
    authorities: Path | None = None

    def read(self) -> Material:
        """What the files hold now, checked. Raises MaterialError that names the file."""
        return Material(
            chain=_held(self.chain), key=_held(self.key), authorities=_held(self.authorities)
        ).checked()

    def signature(self) -> _Signature:
        """Differs whenever a file was written or replaced."""
        return tuple(_stat(path) for path in (self.chain, self.key, self.authorities))


class FileCertificates:
    """Exchanges `certificates` when their files change.

    Files that do not fit together, as while they are being written, are read again when they
    change once more; until then what is in force stays.
    """

    def __init__(self, paths: Paths, purpose: str) -> None:
        self._paths = paths
        self._seen = paths.signature()
        self.certificates = Certificates(purpose, paths.read())

    async def look(self) -> None:
        """Reads the files if they have changed."""
        await asyncio.to_thread(self._look)

    def _look(self) -> None:
        signature = self._paths.signature()
        if signature == self._seen:
            return
        self._seen = signature
        try:
            material = self._paths.read()
        except MaterialError as wrong:
            self.certificates.kept(str(wrong))
        else:
            self.certificates.replace(material)


def _held(path: Path | None) -> bytes:
    if path is None:
        return b""
    try:
        with path.open("rb") as file:
            held = file.read(MAX_BYTES + 1)
    except OSError as away:
        raise MaterialError(f"{path} cannot be read: {away.strerror}") from None
    if not held.strip() or len(held) > MAX_BYTES:
        raise MaterialError(f"{path} is empty, or longer than {MAX_BYTES} bytes")
    return held


def _stat(path: Path | None) -> tuple[int, int, int] | None:
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_ino, found.st_size) if found else None
