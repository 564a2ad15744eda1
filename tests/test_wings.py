"""The folders within the rooms of the house: who may import whom, and how full they may be."""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

import pytest

from tests.test_architecture import (
    GATEWAY,
    ROOMS,
    ROOT,
    TESTS,
    Module,
    cycles,
    exists,
    lines_of,
)

MOST_FILES = 15
MEDIAN_FUNCTION = 8
MEDIAN_FILE = 120

SHARED = frozenset({"stands", "stack", "postgres", "conformance", "simulation", "agents"})
"""Folders of tests that every suite may import: stands, real servers, a simulated world, and the
conformance suite, which stands by itself, for any server."""

WINGS: Mapping[str, frozenset[str]] = {
    "service": frozenset(),
    "service.access": frozenset({"service"}),
    "service.ledger": frozenset(),
    "service.sequencing": frozenset({"service"}),
    "service.following.looking": frozenset(),
    "service.following.agents": frozenset({"service.ledger", "service.following.looking"}),
    "service.following": frozenset(
        {
            "service",
            "service.access",
            "service.ledger",
            "service.following.looking",
            "service.following.agents",
        }
    ),
    "service.arrivals": frozenset(
        {"service", "service.access", "service.ledger", "service.following"}
    ),
    "service.deliveries": frozenset({"service", "service.ledger"}),
    "service.declaring": frozenset({"service"}),
    "service.api.paging": frozenset(),
    "service.api": frozenset(
        {
            "service",
            "service.access",
            "service.ledger",
            "service.following",
            "service.arrivals",
            "service.api.paging",
        }
    ),
    "service.api.livekit": frozenset(
        {
            "service",
            "service.access",
            "service.ledger",
            "service.following",
            "service.arrivals",
            "service.api",
        }
    ),
    "service.api.warm": frozenset(
        {
            "service",
            "service.access",
            "service.ledger",
            "service.following",
            "service.following.looking",
            "service.arrivals",
            "service.api",
        }
    ),
    "service.api.admin": frozenset(
        {
            "service",
            "service.access",
            "service.sequencing",
            "service.ledger",
            "service.following",
            "service.declaring",
            "service.api",
            "service.api.paging",
        }
    ),
    "domain.inbound": frozenset(),
    "domain": frozenset({"domain.inbound"}),
    "domain.numbers": frozenset({"domain"}),
    "domain.rooms": frozenset({"domain", "domain.calls"}),
    "domain.config": frozenset({"domain", "domain.inbound", "domain.numbers"}),
    "domain.declaring": frozenset({"domain", "domain.inbound", "domain.config"}),
    "domain.admin": frozenset({"domain", "domain.config", "domain.declaring"}),
    "domain.agents": frozenset({"domain"}),
    "domain.calls": frozenset({"domain", "domain.numbers", "domain.agents"}),
    "domain.warm": frozenset({"domain", "domain.calls", "domain.rooms"}),
    "domain.limits": frozenset({"domain", "domain.numbers"}),
    "domain.routing": frozenset({"domain", "domain.numbers", "domain.calls", "domain.limits"}),
    "wire": frozenset(),
    "wire.grpc": frozenset({"wire"}),
    "wire.twirp": frozenset({"wire"}),
    "wire.config": frozenset({"wire"}),
    "wire.admin_v1": frozenset({"wire", "wire.config"}),
    # Bodies of webhooks are the JSON of Twirp, and LiveKit's API is a Twirp API.
    "wire.telephony_v1": frozenset({"wire", "wire.twirp"}),
    "wire.livekit": frozenset({"wire", "wire.twirp"}),
    "cli.records": frozenset({"cli"}),
    "platform": frozenset(),
    "platform.livekit": frozenset({"platform"}),
    "platform.sandbox": frozenset({"platform"}),
    "audit.tree": frozenset(),
    "audit": frozenset({"audit.tree"}),
    "audit.sealing": frozenset({"audit"}),
    "ports": frozenset({"ports.inbound"}),
    "ports.inbound": frozenset(),
    "store.databases": frozenset(),
    "store.workers": frozenset(),
    "cli": frozenset(),
    "cli.proofs": frozenset({"cli"}),
    "store.tree": frozenset({"store.databases"}),
    "store.forgetting": frozenset({"store.databases"}),
    "store.declared": frozenset({"store.databases"}),
    "store": frozenset(
        {
            "store.databases",
            "store.workers",
            "store.tree",
            "store.forgetting",
            "store.declared",
        }
    ),
    "store.migrations": frozenset({"store.databases"}),
    "store.migrations.versions": frozenset({"store.databases"}),
}
"""What each folder may import of the others in its room. Arrows go one way."""


def wing_offences(module: Module) -> Iterator[str]:
    """Imports that go the wrong way between the folders of one room."""
    own = module.package
    allowed = WINGS.get(own)
    if allowed is None:
        if "." in own:
            yield f"{module.path}:1: {own} is a new folder: say in WINGS what it may import"
        return
    for each in module.imports():
        other = folder_of(each.target)
        if each.room == module.room and other != own and other not in allowed:
            may = ", ".join(sorted(allowed)) or "no other"
            yield f"{module.path}:{each.line}: {own} imports {each.target}; may: {may}"


def folder_of(target: str) -> str:
    """The folder of a module of `gateway`, as `service.api`."""
    is_folder = (ROOT / target.replace(".", "/")).is_dir()
    package = target if is_folder else target.rpartition(".")[0]
    return package.removeprefix("gateway").removeprefix(".")


@pytest.mark.parametrize("module", GATEWAY, ids=lambda module: module.path)
def test_imports_between_folders_go_one_way(module: Module) -> None:
    """A file imports only from the folders that its own may know."""
    found = list(wing_offences(module))
    assert not found, "\n".join(found)


def test_the_tables_are_true() -> None:
    """They name nothing that is gone, and no folders import each other in a circle."""
    paths = {name: ROOT / "gateway" / name.replace(".", "/") for name in (*ROOMS, *WINGS)}
    assert [n for n, path in paths.items() if not (path.is_dir() or exists(f"gateway.{n}"))] == []
    graph = {name: dict.fromkeys(sorted(allowed), 0) for name, allowed in WINGS.items()}
    assert list(cycles(graph)) == []


def suite_offences(module: Module) -> Iterator[str]:
    """Imports of one suite of tests by another."""
    own = Path(module.path).parts[1]
    for each in module.imports():
        parts = each.target.split(".")
        if parts[0] == "tests" and len(parts) > 2 and parts[1] not in SHARED | {own}:
            yield f"{module.path}:{each.line}: imports {each.target}; share it in tests/stands"


def test_no_suite_imports_another() -> None:
    """What several suites use is in `tests/stands`."""
    found = [offence for module in TESTS for offence in suite_offences(module)]
    assert not found, "\n".join(found)


def test_no_folder_is_a_warehouse() -> None:
    """Whoever opens a folder sees at once what is in it."""
    stands = [module for module in TESTS if module.path.startswith("tests/stands/")]
    counts = Counter(Path(module.path).parent for module in [*GATEWAY, *stands])
    found = {str(folder): count for folder, count in counts.items() if count > MOST_FILES}
    assert not found, f"more than {MOST_FILES} files: {found}"


def test_most_functions_and_files_are_short() -> None:
    """Half of them are far below the limits."""
    functions = [
        lines_of(node)
        for module in GATEWAY
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert median(functions) <= MEDIAN_FUNCTION
    assert median(len(module.source.splitlines()) for module in GATEWAY) <= MEDIAN_FILE


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("gateway/service/newwing/x.py", "import json"),
        ("gateway/service/ledger/x.py", "from gateway.service.api import events"),
        ("gateway/service/following/x.py", "import gateway.service.arrivals.sweep"),
        ("gateway/domain/x.py", "from gateway.domain.calls.call import Call"),
        ("gateway/wire/x.py", "from gateway.wire import twirp"),
    ],
)
def test_the_rule_bites(path: str, source: str) -> None:
    """A new folder and an arrow that runs back are found, with file and line."""
    (found,) = wing_offences(Module(path, source))
    assert found.startswith(f"{path}:1:")
