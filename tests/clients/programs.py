"""The client programs: how they are built and run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.stands.patience import PATIENCE

HERE = Path(__file__).parent
BUILD = HERE / "build.sh"
PYTHON = {
    "python-livekit": HERE / "python" / "livekit_library.py",
}
SCRIPTS = {
    "http": HERE / "http" / "livekit.sh",
}
PACKAGED = {
    "python-grpc": HERE / "python" / "stubs_sync.py",
    "python-aio": HERE / "python" / "stubs_aio.py",
}
"""Scripts that run with the package for Python alone: the gateway's own is not there."""


@cache
def command(client: str) -> tuple[str, ...]:
    """What runs a client; builds it where that has not been done."""
    if client in PYTHON:
        return (sys.executable, str(PYTHON[client]))
    if client in SCRIPTS:
        return (str(SCRIPTS[client]),)
    if client in PACKAGED:
        return (*command("python"), str(PACKAGED[client]))
    built = subprocess.run(  # noqa: S603
        [str(BUILD), client],
        env={**os.environ, "PYTHON": sys.executable},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert built.returncode == 0, f"{client} could not be built"
    if not built.stdout:
        pytest.skip(f"the language of {client} is not on this machine")
    return (built.stdout.strip().removeprefix(f"{client}="),)


def run(client: str, scenario: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """What came of a scenario."""
    ended = subprocess.run(  # noqa: S603
        [*command(client), scenario],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, f"{client} {scenario} failed:\n{ended.stdout}{ended.stderr}"
    told: dict[str, Any] = json.loads(ended.stdout)
    return told


def short(name: str, enum: str) -> str:
    """A value's name without its enum's, which some languages' generators leave out."""
    prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", enum).upper() + "_"
    return name.removeprefix(prefix)


def code(name: str) -> str:
    """An error's code as gRPC spells it; Go and Connect say InvalidArgument, Twirp lower case."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper()
