"""The newest checkpoint in a file: for whoever collects it, and for the next process."""

import asyncio
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from gateway.audit.tree.notes import LONGEST_NOTE
from gateway.ports.checkpoints import OutletError


class NoMemory:
    """`CheckpointMemory` of a process alone: what was published before it is not known."""

    async def recall(self) -> str:
        """See `CheckpointMemory`."""
        return ""

    async def keep(self, note: str) -> None:
        """See `CheckpointMemory`."""


@dataclass(frozen=True, slots=True)
class FileMemory:
    """`CheckpointMemory` in a file that is exchanged as a whole, so that it is never a half."""

    path: Path

    async def recall(self) -> str:
        """See `CheckpointMemory`."""
        return await asyncio.to_thread(self._read)

    async def keep(self, note: str) -> None:
        """See `CheckpointMemory`."""
        await asyncio.to_thread(self._write, note)

    def _read(self) -> str:
        try:
            with self.path.open("rb") as file:
                held = file.read(LONGEST_NOTE + 1)
        except FileNotFoundError:
            return ""
        except OSError as away:
            raise OutletError(f"{self.path} cannot be read: {away.strerror}") from None
        if not held:
            raise OutletError(f"{self.path} is empty: it must be a checkpoint, or not be there")
        try:
            return held.decode()
        except UnicodeDecodeError:
            raise OutletError(f"{self.path} is no checkpoint: it is not UTF-8") from None

    def _write(self, note: str) -> None:
        draft = self.path.with_name(f"{self.path.name}.{secrets.token_hex(8)}")
        try:
            try:
                with draft.open("x", encoding="utf-8") as file:
                    file.write(note)
                    file.flush()
                    os.fsync(file.fileno())
                draft.replace(self.path)
                _sync(self.path.parent)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise
        except OSError as away:
            raise OutletError(
                f"{self.path} cannot be written: {os.strerror(away.errno or 0)}"
            ) from None


def _sync(folder: Path) -> None:
    """So that the exchange outlives a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
