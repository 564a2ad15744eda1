"""What many runs add up to."""

from collections import Counter
from hashlib import sha256

from tests.simulation.plan.doings import Fault
from tests.simulation.reports.playing import Played


class Totals:
    """The sums of all runs that were added, in the order of their seeds."""

    def __init__(self) -> None:
        self.runs = 0
        self.calls = 0
        self.virtual = 0.0
        self.cpu = 0.0
        self.begun: Counter[str] = Counter()
        self.met: Counter[str] = Counter()
        self.broken: Counter[str] = Counter()
        """How often each rule was."""
        self._digest = sha256()

    def add(self, played: Played) -> None:
        """The next run."""
        self.runs += 1
        self.calls += played.calls
        self.virtual += played.virtual
        self.cpu += played.cpu
        self.begun.update(played.begun)
        self.met.update(played.met)
        self.broken.update(violation.rule for violation in played.violations)
        self._digest.update(f"{played.plan.seed} {played.digest}\n".encode())

    @property
    def digest(self) -> str:
        """The same on every machine for the same code, the same seeds and the same calls."""
        return self._digest.hexdigest()

    def table(self) -> list[str]:
        """Each fault and how often it struck; each broken promise; what was simulated."""
        rows = [
            *((fault.value, f"{self.begun[fault.value]:,}") for fault in Fault),
            *((f"met by a statement: {name}", f"{self.met[name]:,}") for name in sorted(self.met)),
            *((f"broken: {rule}", f"{count:,}") for rule, count in self.broken.most_common()),
            ("calls", f"{self.calls:,}"),
            ("hours of virtual time", f"{self.virtual / 3600:,.1f}"),
            ("calls a second of one core", f"{self.calls / max(self.cpu, 1e-9):,.0f}"),
        ]
        width = max(len(name) for name, _ in rows)
        return [f"{name:<{width}}  {count:>10}" for name, count in rows]

    def progress(self, of: int) -> str:
        """How far it is."""
        return f"{self.runs} of {of} seeds, {self.counts()}"

    def counts(self) -> str:
        """In one line, for people and for scripts."""
        return f"calls={self.calls} faults={self.begun.total()} violations={self.broken.total()}"

    def __str__(self) -> str:
        return f"seeds={self.runs} {self.counts()}"
