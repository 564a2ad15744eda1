"""All bugs that are planted."""

from tests.simulation.bugs import dialling, keeping

BUGS = (*dialling.BUGS, *keeping.BUGS)
