"""What the stack needs of the machine: its programs."""

from __future__ import annotations

import subprocess
from pathlib import Path

HERE = Path(__file__).parent


class StackError(RuntimeError):
    """A part of the stack could not be built, started or stopped."""


OLDER, NEWER = "v1.13.5", "v1.13.11"
"""The versions of livekit-server that the stack can run."""


def build(version: str = OLDER) -> dict[str, str]:
    """Run build.sh and read the programs' paths."""
    script = str(HERE / "build.sh")
    built = subprocess.run([script, version], stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if built.returncode != 0:
        raise StackError(f"build.sh failed with code {built.returncode}")
    return dict(line.split("=", 1) for line in built.stdout.splitlines())
