"""The newest checkpoint in a file, for the next process."""

from pathlib import Path

import pytest

from gateway.ports.checkpoints import OutletError
from gateway.publishing.file import FileMemory


def held_in(folder: Path) -> list[Path]:
    """The folder's files."""
    return list(folder.iterdir())


async def test_what_was_kept_last_is_recalled(tmp_path: Path) -> None:
    """The file is exchanged as a whole, and no draft stays beside it."""
    memory = FileMemory(tmp_path / "checkpoint")
    assert await memory.recall() == ""
    for note in ("old", "new"):
        await memory.keep(note)
    assert await FileMemory(memory.path).recall() == "new"
    assert held_in(tmp_path) == [memory.path]


async def test_an_empty_file_is_not_nothing(tmp_path: Path) -> None:
    """It was a checkpoint once: what was published is not known, and nothing may be signed."""
    memory = FileMemory(tmp_path / "checkpoint")
    memory.path.touch()
    with pytest.raises(OutletError, match="is empty"):
        await memory.recall()


async def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """With its path and the cause."""
    memory = FileMemory(tmp_path / "nowhere" / "checkpoint")
    with pytest.raises(OutletError, match="cannot be written: No such file"):
        await memory.keep("new")
