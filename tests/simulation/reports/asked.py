"""What `make simulate` is asked for by the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CALLS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How many runs of which kind."""

    first: int = 0
    """SIMULATE_FIRST: the first seed."""
    seeds: int = 1000
    """SIMULATE_SEEDS: how many, counted on from the first."""
    calls: int = CALLS
    """SIMULATE_CALLS: how many calls a run has."""
    processes: int = 1
    """SIMULATE_PROCESSES: over how many the runs are spread; a machine's cores, if unset."""
    seed: str = ""
    """SIMULATE_SEED: this one alone, with all that happened in it."""
    plan: Path | None = None
    """SIMULATE_PLAN: the file of a plan, the same way."""
    shrinking: float = 60.0
    """SIMULATE_SHRINKING: seconds for which a failed run is made smaller; 0: it is not."""

    def again(self, seed: str) -> str:
        """The command that repeats one seed."""
        calls = f"SIMULATE_CALLS={self.calls} " if self.calls != CALLS else ""
        return f"SIMULATE_SEED={seed} {calls}make simulate"


def asked(environment: Mapping[str, str] = os.environ) -> Asked:
    """Raises ValueError for what is no number."""
    plan = environment.get("SIMULATE_PLAN", "")
    return Asked(
        first=int(environment.get("SIMULATE_FIRST", "0")),
        seeds=int(environment.get("SIMULATE_SEEDS", "1000")),
        calls=int(environment.get("SIMULATE_CALLS", str(CALLS))),
        processes=int(environment.get("SIMULATE_PROCESSES", "0")) or os.cpu_count() or 1,
        seed=environment.get("SIMULATE_SEED", ""),
        plan=Path(plan) if plan else None,
        shrinking=float(environment.get("SIMULATE_SHRINKING", "60")),
    )
