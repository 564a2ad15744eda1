"""What decides, follows and stores is given the time and chance, so that it can be done again."""

from collections.abc import Iterator, Mapping

import pytest

from tests.test_architecture import GATEWAY, Module

REPEATABLE = frozenset({"domain", "service", "rpc", "audit", "store"})
"""Rooms that are given the time and chance, so that whatever they did can be done again."""
UNREPEATABLE = frozenset({"time", "random", "secrets", "uuid"})
UNREPEATABLE_NAMES = frozenset({"datetime.now", "datetime.utcnow", "date.today", "os.urandom"})
NOT_GIVEN: Mapping[str, str] = {
    "gateway/domain/ids.py": "where nothing else is set, ids are random",
    "gateway/audit/sealing/seal.py": "nonces must never repeat",
    "gateway/service/access/seal.py": "here neither",
    "gateway/service/api/admin/service.py": "nor must the secrets of keys",
    "gateway/store/databases/dialect.py": "tools that open a database have no clock to give",
    "gateway/store/workers/threads.py": "its threads sleep as long as they are told",
    "gateway/store/workers/loop.py": "its thread does too",
}
"""Files that take it from the machine, and why."""


def chance_offences(module: Module) -> Iterator[str]:
    """Time and chance that were not given: a simulation could not repeat what follows."""
    if module.room not in REPEATABLE or module.path in NOT_GIVEN:
        return
    told = "take the time from ports.Clock, ids from new_id, and chance as an argument"
    modules = ((one.line, one.top) for one in module.imports() if one.top in UNREPEATABLE)
    names = (found for found in module.names() if found[1] in UNREPEATABLE_NAMES)
    for line, name in (*modules, *names):
        yield f"{module.path}:{line}: {name}; {told}"


@pytest.mark.parametrize("module", GATEWAY, ids=lambda module: module.path)
def test_time_and_chance_are_given(module: Module) -> None:
    """Nothing in these rooms asks the machine for them, except where it says why."""
    found = list(chance_offences(module))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("gateway/service/x.py", "from time import monotonic"),
        ("gateway/domain/x.py", "import random"),
        ("gateway/store/x.py", "import datetime\ndatetime.datetime.now()"),
        ("gateway/audit/x.py", "from os import urandom"),
    ],
)
def test_the_rule_bites(path: str, source: str) -> None:
    """Each way around it is found, with its file and line."""
    (found,) = chance_offences(Module(path, source))
    assert found.startswith(f"{path}:")
    assert found.split(":")[1].isdigit()
