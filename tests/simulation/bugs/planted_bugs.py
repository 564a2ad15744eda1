"""All bugs that are planted."""

from tests.simulation.bugs import attending, consulting, dialling, keeping
from tests.simulation.bugs.bug import Bug

BUGS = (*dialling.BUGS, *keeping.BUGS, *consulting.BUGS, *attending.BUGS)


def named(name: str) -> Bug:
    """The bug of this name."""
    (bug,) = (one for one in BUGS if one.name == name)
    return bug
