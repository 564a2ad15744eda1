"""Plants a bug: a copy of the gateway with a few words changed."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.simulation.bugs.bug import Bug, Change

CHECKOUT = Path(__file__).parents[3]
PACKAGE = "gateway"


class OutOfStepError(Exception):
    """The words that a bug replaces are not in the code, or more than once."""


def changed(text: str, change: Change) -> str:
    """The text of a file with one change made. Raises OutOfStepError."""
    count = text.count(change.old)
    if count != 1:
        raise OutOfStepError(f"{change.file} has {count} times: {change.old}")
    return text.replace(change.old, change.new)


@contextmanager
def planted(bug: Bug | None) -> Iterator[Path]:
    """A folder with a copy of the gateway that has this bug; None: that has no bug more.

    Raises OutOfStepError.
    """
    with tempfile.TemporaryDirectory(prefix="gateway-bug-") as name:
        folder = Path(name)
        shutil.copytree(CHECKOUT / PACKAGE, folder / PACKAGE)
        for change in bug.changes if bug else ():
            file = folder / PACKAGE / change.file
            file.write_text(changed(file.read_text(), change))
        yield folder


def environment(folder: Path) -> Mapping[str, str]:
    """In which a process imports the gateway of this folder, and the tests of the checkout."""
    return os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{CHECKOUT}"}
