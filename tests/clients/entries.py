"""Prints the entries of buf.gen.yaml whose `out` is the argument, as buf takes them; or nothing."""

import json
import sys
from pathlib import Path

import yaml

ALL = Path(__file__).parents[2] / "buf.gen.yaml"
SAME = {"go-traced": "go"}
"""Programs that are built from the entries of a package."""


def main(client: str) -> None:
    """Their output goes to the folder that buf is told, not to one below it."""
    told = yaml.safe_load(ALL.read_text())
    named = SAME.get(client, client)
    plugins = [{**each, "out": "."} for each in told["plugins"] if each["out"] == named]
    if plugins:
        sys.stdout.write(json.dumps({**told, "plugins": plugins}))


if __name__ == "__main__":
    main(sys.argv[1])
