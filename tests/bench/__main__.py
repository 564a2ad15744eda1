"""`make bench`: what the gateway costs. Without arguments every subject, one after the other.

Only the ratios mean something; the spread of the echo, or of a bare timer, says how far they
can be trusted.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Mapping

import structlog
import uvloop
from rich.console import Console

from tests.bench.measure import Told
from tests.bench.placing import placing
from tests.bench.ringing import ringing
from tests.bench.routing import routing
from tests.bench.watchers import watchers

LIMIT_SECONDS = 240.0
WIDTH = 120

Subject = Callable[[Console, Told], Awaitable[None]]

SUBJECTS: Mapping[str, Subject] = {
    "placing": placing,
    "routing": routing,
    "ringing": ringing,
    "watchers": watchers,
}


async def measure(
    console: Console, subjects: Mapping[str, Subject], told: Told, limit: float
) -> list[str]:
    """Measures one after the other; the names of those not over after `limit` seconds."""
    late = []
    for name, subject in subjects.items():
        console.rule(name)
        try:
            async with asyncio.timeout(limit):
                await subject(console, told)
        except TimeoutError:
            console.print(f"{name} was not over after {limit:g} s")
            late.append(name)
    return late


def main() -> int:
    """Reads what to measure and how long, and measures. 1: something took too long."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("subject", nargs="*", help=f"of {', '.join(SUBJECTS)} (all)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each round (3)")
    parser.add_argument("--rounds", type=int, default=3, help="of each thing compared (3)")
    parser.add_argument(
        "--limit", type=float, default=LIMIT_SECONDS, help=f"of each subject ({LIMIT_SECONDS:g} s)"
    )
    asked = parser.parse_args()
    if unknown := set(asked.subject) - set(SUBJECTS):
        parser.error(f"there is no subject {', '.join(sorted(unknown))}")
    # What the parts tell while they start would stand between the tables.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    wanted = {name: SUBJECTS[name] for name in asked.subject or SUBJECTS}
    told = Told(asked.seconds, asked.rounds)
    late = uvloop.run(measure(Console(width=WIDTH), wanted, told, asked.limit))
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
