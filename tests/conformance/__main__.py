"""Holds the suite against any Twirp server.

python -m tests.conformance http://localhost:8080 example.v1.Haberdasher MakeHat '{"inches": 12}' \
    --header 'Authorization: Bearer …' --protobuf 080c --max-body 1048576
"""

import argparse
import sys

from tests.conformance.table import CASES
from tests.conformance.target import Rpc, Target


def target_told(words: list[str] | None = None) -> Target:
    """The target that the command line describes."""
    parser = argparse.ArgumentParser(prog="tests.conformance", description=__doc__)
    parser.add_argument("url", help="scheme, host and port")
    parser.add_argument("service", help="with its package")
    parser.add_argument("method", help="one that may be asked again and again")
    parser.add_argument("json", help="a request that it answers with success, as a JSON object")
    parser.add_argument("--protobuf", help="the same request in protobuf, hexadecimal")
    parser.add_argument("--prefix", default="/twirp")
    parser.add_argument("--header", action="append", default=[], metavar="'Name: value'")
    parser.add_argument("--max-body", type=int, default=0, metavar="BYTES")
    parser.add_argument("--defaults", action="store_true", help="it answers {} too, otherwise")
    told = parser.parse_args(words)
    protobuf = None if told.protobuf is None else bytes.fromhex(told.protobuf)
    return Target(
        name=told.url,
        url=told.url,
        prefix=told.prefix,
        service=told.service,
        headers=dict(line.split(": ", 1) for line in told.header),
        rpc=Rpc(method=told.method, json=told.json.encode(), protobuf=protobuf),
        defaults_answered=told.defaults,
        max_body_bytes=told.max_body,
    )


def report(target: Target) -> int:
    """Prints what becomes of each case; returns how many promises are not kept."""
    broken = 0
    for case in CASES:
        if not case.needs(target):
            print(f"  ?  {case.name}")  # noqa: T201
            continue
        try:
            case.run(target)
        except (AssertionError, OSError) as wrong:
            broken += 1
            print(f"FAIL {case.name}: {case.promise}\n     {wrong}")  # noqa: T201
            if case.note:
                print(f"     {case.note}")  # noqa: T201
        else:
            print(f"  ok {case.name}")  # noqa: T201
    return broken


if __name__ == "__main__":
    sys.exit(report(target_told()) > 0)
