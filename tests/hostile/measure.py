"""What an attack cost, read from outside of the gateway."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.stands.patience import LATE

KIB = 1024
MIB = 1024 * KIB

STALL = 0.05
"""The longest that anybody's request may be held up by somebody else's, in seconds."""
WAIT = 2.0
"""The longest that anybody may wait for anything else, in seconds, noise apart."""
MANY = 20
NOISE = 4
"""So many times the worst answer of the calm before count as the machine's own noise."""
MEMORY = 64 * MIB
"""How much more memory an attack may take."""
REFUSAL = 10 * KIB
"""How much a refused request may leave in the database, and in the log."""
CUT_OFF = 15.0 + LATE
"""Within so many seconds a connection that does nothing useful is closed, on a busy machine."""


@dataclass(frozen=True)
class Answer:
    """One request of the probe's."""

    seconds: float
    """What the answer took."""
    worked: float
    """How long the gateway's threads ran meanwhile, in seconds."""
    status: int
    """The HTTP status; 0: there was no answer."""

    @property
    def held_up(self) -> float:
        """How long the gateway held it up, in seconds: no longer than it worked meanwhile.

        A thread that holds the interpreter's lock and waits for a processor holds up the others,
        and that is the machine's doing.
        """
        return min(self.seconds, self.worked)


@dataclass(frozen=True)
class Seen:
    """What the probe saw, in order."""

    answers: tuple[Answer, ...]

    @property
    def worst(self) -> float:
        """The longest that an answer was held up."""
        return max(answer.held_up for answer in self.answers)

    @property
    def stalled(self) -> float:
        """The same of many answers but for two: so many may fall into the machine's own pauses."""
        return sorted(answer.held_up for answer in self.answers)[
            -3 if len(self.answers) > MANY else -1
        ]

    @property
    def longest(self) -> float:
        """The longest that an answer took, whatever the gateway did meanwhile."""
        return max(answer.seconds for answer in self.answers)

    @property
    def median(self) -> float:
        """Half of the answers were held up no longer."""
        return sorted(answer.held_up for answer in self.answers)[len(self.answers) // 2]

    @property
    def refused(self) -> list[int]:
        """The statuses other than 200."""
        return [answer.status for answer in self.answers if answer.status != 200]

    def __str__(self) -> str:
        median, worst = self.median * 1000, self.worst * 1000
        held_up = f"held up {median:.1f} ms in the median, {worst:.0f} ms at worst"
        return f"{len(self.answers)} answers, {held_up}, longest {self.longest * 1000:.0f} ms"


def quiet(calm: Seen, during: Seen, *, stall: float = STALL) -> bool:
    """Whether the well-behaved were held up no longer than `stall` seconds.

    Once more than twice: what an attack does to others it does to more than two of them.
    """
    return during.stalled <= _allowed(calm, stall)


def unharmed(calm: Seen, during: Seen, *, stall: float = STALL) -> None:
    """Fails if they were refused, or held up longer than that."""
    assert not during.refused, f"refused: {during.refused[:10]} of {during}"
    allowed = _allowed(calm, stall)
    assert quiet(calm, during, stall=stall), (
        f"{during}; before: {calm}; allowed {allowed * 1000:.0f} ms"
    )
    wait = WAIT + NOISE * calm.longest
    assert during.longest <= wait, f"{during}: somebody waited for what is no work"


def _allowed(calm: Seen, stall: float) -> float:
    return stall + NOISE * calm.worst


def memory(pid: int) -> int:
    """The bytes of memory that a process holds now."""
    return _status(pid, "VmRSS")


def peak(pid: int) -> int:
    """The most that it held since `forget_peak`."""
    return _status(pid, "VmHWM")


def forget_peak(pid: int) -> None:
    """The peak is counted from now on."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def stored(url: str) -> int:
    """The bytes that a database holds."""
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        with sqlite3.connect(path, timeout=10) as database:
            database.execute("PRAGMA wal_checkpoint(PASSIVE)")
            (pages,) = database.execute("PRAGMA page_count").fetchone()
            (size,) = database.execute("PRAGMA page_size").fetchone()
            (free,) = database.execute("PRAGMA freelist_count").fetchone()
        database.close()
        return int((pages - free) * size)
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute("SELECT pg_database_size(current_database())").fetchone()
        assert found
        return int(found[0])


def _status(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * KIB
    raise AssertionError(f"no {name} of {pid}")
