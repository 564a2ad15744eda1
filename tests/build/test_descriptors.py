"""How many files a gateway may open."""

import resource
import subprocess
import sys

PROGRAM = """
import resource, sys
from gateway.build.descriptors import raise_limit
raise_limit(int(sys.argv[1]))
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def raised(clients: int, soft: int, hard: int) -> tuple[int, str]:
    """The soft limit that a process gets so, and what it says."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PROGRAM, str(clients)],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)),
    )
    said, _, limit = done.stdout.strip().rpartition("\n")
    return int(limit), said


def test_all_that_is_granted_is_taken() -> None:
    """The soft limit of many systems, 1,024, is no limit of the gateway's."""
    limit, said = raised(100, 128, 1000)
    assert limit == 1000
    assert "descriptors_few" not in said


def test_too_few_are_told() -> None:
    """Where the doors may hold more connections than there are files, the log says so."""
    limit, said = raised(1000, 128, 512)
    assert limit == 512
    assert "descriptors_few" in said
    assert "GATEWAY_MAX_CONNECTIONS" in said
