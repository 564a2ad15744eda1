"""What happened to the calls that a violation is about, for people to read."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tests.simulation.engine.history import Line
from tests.simulation.judge.evidence import Violation
from tests.simulation.reports.names import Names, meant, readable, short
from tests.simulation.reports.playing import Played

MOST_LINES = 100
FIRST_LINES = 25
LINES_AFTER = 20
"""Of a timeline that is too long: its first lines are kept, and those about the verdict."""
LONGEST = 120
"""Characters of what is told about a line."""
ASIDE = {"sees": "events", "receives": "webhooks"}
"""What is left out of a long timeline, unless the rule is of this family."""
JUDGE = "JUDGE"
_IDS = frozenset({"call_id", "number"})


@dataclass(frozen=True, slots=True)
class _Row:
    """A line, and the call that it is about; empty: none."""

    time: float
    who: str
    what: str
    call: str
    about: str

    def __str__(self) -> str:
        shown = f"{self.time:11.6f}  {self.who:<18} {self.call:<9} {self.what:<22} {self.about}"
        return shown.rstrip()


def whole(played: Played) -> list[str]:
    """Everything that happened, with what the judge says of it."""
    rows = (_row(played.names, line) for line in played.lines)
    return [str(row) for row in _with_verdicts(rows, played, played.violations)]


def timeline(played: Played, violation: Violation) -> list[str]:
    """What happened to what it is about, with all faults; not more than a screen or two."""
    rows = list(_once(_concerning(played, violation)))
    if len(rows) > MOST_LINES:
        family = violation.rule.partition(".")[0]
        rows = [row for row in rows if ASIDE.get(row.what, family) == family]
    return [*_cut(_with_verdicts(rows, played, (violation,)))]


def concerned(played: Played, violation: Violation) -> dict[str, None]:
    """The short names of the calls that a violation is about; empty if it is about no call."""
    return dict.fromkeys(meant(played.names, f"{violation.about} {violation.text}"))


def _concerning(played: Played, violation: Violation) -> Iterator[_Row]:
    calls = concerned(played, violation)
    places = violation.about.split("/")
    for line in played.lines:
        row = _row(played.names, line)
        if calls:
            wanted = row.call in calls if row.call else _is_of_all(line)
        else:
            wanted = _is_of_all(line) or _is_at(line, places)
        if wanted:
            yield row


def _is_of_all(line: Line) -> bool:
    """A fault, or something in the life of a process."""
    return line.who in {"fault", "operator"} or line.who.startswith("gateway-")


def _is_at(line: Line, places: Sequence[str]) -> bool:
    """It is about the tenant or room that a violation is about."""
    return line.who.partition("/")[0] in places or any(
        name in {"tenant", "room"} and value in places for name, value in line.about
    )


def _row(names: Names, line: Line) -> _Row:
    about = " ".join(f"{name}={value}" for name, value in line.about if name not in _IDS)
    text = readable(names, about)
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "…"
    return _Row(line.time, line.who, line.what, _call(names, line), text)


def _call(names: Names, line: Line) -> str:
    told = dict(line.about)
    number = told.get("number")
    if isinstance(number, int):
        return short(number)
    texts = (str(told.get(name, "")) for name in ("call_id", "sip_call_id", "room"))
    return next(meant(names, " ".join((*texts, line.who))), "")


def _once(rows: Iterable[_Row]) -> Iterator[_Row]:
    """What a process logs again and again is shown once, with how often."""
    held: _Row | None = None
    count = 0
    for row in rows:
        if (
            row.what.startswith("log ")
            and held
            and (row.who, row.what, row.call) == (held.who, held.what, held.call)
        ):
            count += 1
            continue
        yield from _told(held, count)
        held, count = row, 1
    yield from _told(held, count)


def _told(row: _Row | None, count: int) -> Iterator[_Row]:
    if row is not None:
        again = f"  ({count} times)" if count > 1 else ""
        yield _Row(row.time, row.who, row.what, row.call, f"{row.about}{again}")


def _with_verdicts(
    rows: Iterable[_Row], played: Played, violations: Iterable[Violation]
) -> list[_Row]:
    verdicts = [
        _Row(
            one.time,
            JUDGE,
            one.rule,
            next(iter(concerned(played, one)), ""),
            f"{one.about}: {one.text}",
        )
        for one in violations
    ]
    return sorted([*rows, *verdicts], key=lambda row: row.time)


def _cut(rows: list[_Row]) -> Iterator[str]:
    """The first lines, and those about the first verdict."""
    verdict = next((at for at, row in enumerate(rows) if row.who == JUDGE), len(rows))
    end = min(max(verdict + LINES_AFTER, MOST_LINES), len(rows))
    begin = end - (MOST_LINES - FIRST_LINES)
    kept = [*range(min(FIRST_LINES, end)), *range(max(begin, FIRST_LINES), end)]
    before = -1
    for at in (*kept, len(rows)):
        if at > before + 1:
            yield f"{'':13}… {at - before - 1} lines …"
        if at < len(rows):
            yield str(rows[at])
        before = at
