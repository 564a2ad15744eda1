"""The tools that `build.sh` makes, and how they are run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "call-gateway"
KUBERNETES = ("1.30.0", "1.37.0")
LONG = 120.0
"""Seconds that a tool may take on a busy machine."""


@cache
def tools() -> dict[str, str]:
    """Their paths by name; builds them where that has not been done."""
    built = subprocess.run(  # noqa: S603
        [str(Path(__file__).parent / "build.sh")],
        env={**os.environ, "PYTHON": sys.executable},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert built.returncode == 0, "the tools could not be built"
    return dict(line.split("=", 1) for line in built.stdout.splitlines())


@dataclass(frozen=True)
class Ran:
    """What a tool left behind."""

    code: int
    out: str
    err: str


def run(command: Sequence[str], stdin: str = "", **environment: str) -> Ran:
    """Runs a tool."""
    ended = subprocess.run(  # noqa: S603
        command,
        input=stdin,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)


def helm(*words: str, values: dict[str, Any] | None = None) -> Ran:
    """Runs helm for the newest Kubernetes, with these values on top of the chart's own."""
    options = [f"--kube-version={KUBERNETES[-1]}"]
    if values is not None:
        options += ["--values", "-"]
    return run([tools()["HELM"], *words, *options], stdin=json.dumps(values))


def wrong(manifests: str, version: str = KUBERNETES[-1]) -> list[str]:
    """What kubeconform says against these resources; it refuses fields that do not exist."""
    schemas = tools()["SCHEMAS"]
    places = [
        f"{schemas}/kubernetes-{version}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json",
        f"{schemas}/others/{{{{.Group}}}}/{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json",
    ]
    locations = [word for place in places for word in ("-schema-location", place)]
    told = run(
        [tools()["KUBECONFORM"], "-strict", "-output", "json", "-verbose", *locations],
        stdin=manifests,
    )
    found: list[dict[str, Any]] = json.loads(told.out)["resources"]
    assert found, told.err
    return [f"{one['kind']}: {one['msg']}" for one in found if one["status"] != "statusValid"]


def documents(text: str) -> list[dict[str, Any]]:
    """The documents of a YAML text that are not empty."""
    return [each for each in yaml.safe_load_all(text) if each]


def of_kind(found: Iterable[dict[str, Any]], kind: str) -> dict[str, Any]:
    """The one resource of a kind."""
    (one,) = [each for each in found if each["kind"] == kind]
    return one
