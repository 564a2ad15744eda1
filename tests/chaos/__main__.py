"""`make chaos`: prints each fault, each broken promise, and at the end the counts.

`CHAOS_SECONDS`: how long things are broken (120); `CHAOS_SEED`: which faults, when.
"""

import asyncio
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from tests.chaos.campaign import campaign


def main() -> int:
    """0 when every promise was kept."""
    seconds = float(os.environ.get("CHAOS_SECONDS", "120"))
    seed = int(os.environ.get("CHAOS_SEED", str(time.time_ns() % 1_000_000)))
    started = time.monotonic()
    console = Console(highlight=False, soft_wrap=True)

    def say(text: str) -> None:
        console.print(f"{time.monotonic() - started:6.1f} s  {text}")

    console.print(f"seed {seed}, {seconds:g} s of faults")
    folder = Path(tempfile.mkdtemp(prefix="gateway-chaos-"))
    verdict, webhooks = asyncio.run(campaign(seconds, seed, folder, say))
    say(f"over; {webhooks} webhooks had reached a gateway")
    for promise, broken in verdict.broken.items():
        for one in broken[:20]:
            console.print(f"{promise}: {one}")
    if verdict.broken:
        console.print(f"logs: {folder}")
    else:
        shutil.rmtree(folder)
    console.print(str(verdict))
    return 1 if verdict.broken else 0


if __name__ == "__main__":
    sys.exit(main())
