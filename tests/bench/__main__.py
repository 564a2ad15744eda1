"""`make bench`: what the gateway costs. Without arguments the calls; `all` is every subject.

Only the ratios mean something; the spread of the echo, or of a bare timer, says how far they
can be trusted. The environment says what is measured where a subject has a choice, and where the
results go as JSON (BENCH_JSON) and profiles (PROFILE=1, BENCH_PROFILES).
"""

import argparse
import asyncio
import json
import logging
import os
import platform
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
import uvloop
from rich.console import Console

from tests.bench.audited import audited
from tests.bench.calls import calls
from tests.bench.history import history
from tests.bench.measure import Told
from tests.bench.open_calls import open_calls
from tests.bench.ringing import ringing
from tests.bench.routing import routing
from tests.bench.soak import soak
from tests.bench.tree import tree
from tests.bench.two_gateways import two_gateways
from tests.bench.watchers import watchers

LIMIT_SECONDS = 7200.0
WIDTH = 150
RESULTS = ".cache/bench.json"
PROFILES = ".cache/bench-profiles"
"""Where the environment names no other place; git does not look there."""

Subject = Callable[[Console, Told], Awaitable[Mapping[str, Any] | None]]

SUBJECTS: Mapping[str, Subject] = {
    "calls": calls,
    "open": open_calls,
    "history": history,
    "gateways": two_gateways,
    "audit": audited,
    "tree": tree,
    "routing": routing,
    "ringing": ringing,
    "watchers": watchers,
    "soak": soak,
}
DEFAULT = ("calls",)
ALL = "all"


async def measure(
    console: Console, subjects: Mapping[str, Subject], told: Told, limit: float
) -> tuple[dict[str, Any], list[str]]:
    """Measures one after the other: what they tell, and the names of those that were cut.

    A subject is cut after `limit` seconds.
    """
    results: dict[str, Any] = {}
    late = []
    for name, subject in subjects.items():
        console.rule(name)
        try:
            async with asyncio.timeout(limit):
                results[name] = await subject(console, told)
        except TimeoutError:
            console.print(f"{name} was not over after {limit:g} s")
            late.append(name)
    return results, late


def keep(file: Path, results: Mapping[str, Any], told: Told) -> None:
    """Writes the results, with what they were measured on."""
    whole = {
        "time": datetime.now(UTC).isoformat(),
        "machine": {
            "cores": os.cpu_count(),
            "kind": platform.machine(),
            "python": platform.python_version(),
            "load": os.getloadavg(),
        },
        "seconds": told.seconds,
        "rounds": told.rounds,
        "subjects": {name: result for name, result in results.items() if result is not None},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(whole, indent=1) + "\n")


def main() -> int:
    """Reads what to measure and how long, and measures. 1: something took too long."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("subject", nargs="*", help=f"of {', '.join(SUBJECTS)}; {ALL}: all (calls)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each round (3)")
    parser.add_argument("--rounds", type=int, default=3, help="of each thing compared (3)")
    parser.add_argument(
        "--limit", type=float, default=LIMIT_SECONDS, help=f"of each subject ({LIMIT_SECONDS:g} s)"
    )
    asked = parser.parse_args()
    if unknown := set(asked.subject) - {*SUBJECTS, ALL}:
        parser.error(f"there is no subject {', '.join(sorted(unknown))}")
    # What the parts tell while they start would stand between the tables.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    named = tuple(SUBJECTS) if ALL in asked.subject else asked.subject or DEFAULT
    wanted = {name: SUBJECTS[name] for name in named}
    profiles = os.environ.get("BENCH_PROFILES", PROFILES) if os.environ.get("PROFILE") else None
    told = Told(asked.seconds, asked.rounds, Path(profiles) if profiles else None)
    console = Console(width=WIDTH)
    results, late = uvloop.run(measure(console, wanted, told, asked.limit))
    file = Path(os.environ.get("BENCH_JSON", RESULTS))
    keep(file, results, told)
    console.print(f"results: {file}")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
