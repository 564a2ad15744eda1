"""Who may import whom, and how long things may grow."""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
GENERATED = ROOT / "gateway" / "telephony"
LONGEST_FUNCTION = 50
LONGEST_FILE = 400
MOST_PARTS = 8
"""What a class may be handed when it is made; what needs more does two things."""

VALUES = frozenset({"domain", "errors"})
SEAMS = VALUES | {"ports", "audit"}

ROOMS: Mapping[str, frozenset[str]] = {
    "errors": frozenset(),
    "console": VALUES,
    "logs": VALUES | {"audit", "console"},
    "metrics": frozenset(),
    "watchdog": frozenset({"metrics"}),
    "workers": frozenset({"metrics"}),
    "tls": VALUES | {"metrics"},
    "settings": VALUES | {"logs", "audit", "telemetry"},
    "telemetry": VALUES | {"ports"},
    "domain": VALUES,
    "ports": VALUES,
    "audit": VALUES | {"ports"},
    "service": SEAMS,
    "issuers": SEAMS | {"service", "tls"},
    "store": SEAMS,
    "platform": SEAMS | {"tls"},
    "publishing": SEAMS,
    "webhooks": VALUES | {"ports"},
    "rpc": SEAMS | {"metrics", "service"},
    "wire": VALUES | {"ports", "rpc", "service", "telephony", "metrics", "tls"},
    "cli": SEAMS | {"service", "wire", "telephony", "settings", "logs", "build", "workers"},
    "telephony": frozenset(),
    "__main__": frozenset({"cli"}),
}
"""What each room of `gateway` may import of the others. `build` may import all of them."""

FOREIGN: Mapping[str, frozenset[str]] = {
    "errors": frozenset(),
    "ports": frozenset(),
    "domain": frozenset({"phonenumbers"}),
}
"""What a room may import from outside the standard library; unlisted rooms are free."""

FORBIDDEN: Mapping[str, frozenset[str]] = {
    "service": frozenset({"grpc", "sqlalchemy", "aiohttp", "google"}),
    "store": frozenset({"grpc", "aiohttp", "google"}),
    "platform": frozenset({"grpc", "sqlalchemy"}),
    "publishing": frozenset({"grpc", "sqlalchemy", "google"}),
    "webhooks": frozenset({"grpc", "sqlalchemy", "google"}),
    "audit": frozenset({"grpc", "sqlalchemy", "aiohttp", "google"}),
    "rpc": frozenset({"grpc", "sqlalchemy", "aiohttp"}),
    "wire": frozenset({"sqlalchemy"}),
    "workers": frozenset({"grpc", "sqlalchemy", "aiohttp", "google"}),
    "cli": frozenset({"sqlalchemy", "aiohttp"}),
}

API_CLIENTS = frozenset(
    {"calls", "client", "columns", "export", "options", "output", "records", "transfers", "views"}
)
"""The modules of `cli` that know a gateway only by its public API."""


@dataclass(frozen=True)
class Import:
    """One import statement's target: a module of this project, or a foreign one."""

    line: int
    target: str

    @property
    def top(self) -> str:
        """The outermost package."""
        return self.target.partition(".")[0]

    @property
    def room(self) -> str:
        """The room of `gateway`; empty for the package itself and for others."""
        parts = self.target.split(".")
        return parts[1] if parts[0] == "gateway" and len(parts) > 1 else ""


@dataclass(frozen=True)
class Module:
    """One source file."""

    path: str
    source: str = field(repr=False)

    @property
    def name(self) -> str:
        """Its dotted name."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def room(self) -> str:
        """Its room in `gateway`."""
        return Import(0, self.name).room

    @property
    def package(self) -> str:
        """Its folder in `gateway`, as `service.api`; empty for the outermost one."""
        return ".".join(Path(self.path).parent.parts[1:])

    @property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.source, self.path)

    def imports(self) -> Iterator[Import]:
        """Everything it imports, also inside functions; a name counts as its module."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (Import(node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self._base(node)
                for alias in node.names:
                    full = f"{base}.{alias.name}"
                    yield Import(node.lineno, full if exists(full) else base)

    def names(self) -> Iterator[tuple[int, str]]:
        """The line and the last two parts of each dotted name, such as `os.environ`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute):
                inner = node.value
                owner = inner.id if isinstance(inner, ast.Name) else getattr(inner, "attr", "")
                yield node.lineno, f"{owner}.{node.attr}"
            elif isinstance(node, ast.ImportFrom):
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        package = parts if self.path.endswith("__init__.py") else parts[:-1]
        kept = package[: len(package) - node.level + 1]
        return ".".join([*kept, *([node.module] if node.module else [])])


def exists(name: str) -> bool:
    """Whether this is a module of the project."""
    path = ROOT / name.replace(".", "/")
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()


def modules(*folders: str) -> list[Module]:
    """The written (not generated) files of these folders."""
    return [
        Module(str(path.relative_to(ROOT)), path.read_text())
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
        if GENERATED not in path.parents
    ]


GATEWAY = modules("gateway")
TESTS = modules("tests")


def room_offences(module: Module) -> Iterator[str]:
    """Imports that cross rooms the wrong way."""
    if module.room in ("", "build"):
        return
    allowed = ROOMS.get(module.room)
    if allowed is None:
        yield f"{module.path}:1: {module.room} is a new room: say in ROOMS what it may import"
        return
    for each in module.imports():
        if each.room and each.room != module.room and each.room not in allowed:
            may = ", ".join(sorted(allowed)) or "no other room"
            yield f"{module.path}:{each.line}: {module.room} imports {each.target}; may: {may}"


def foreign_offences(module: Module) -> Iterator[str]:
    """Imports of libraries that a room must not know."""
    allowed, forbidden = FOREIGN.get(module.room), FORBIDDEN.get(module.room, frozenset())
    for each in module.imports():
        if each.top == "gateway" or each.top in sys.stdlib_module_names:
            continue
        if each.top in forbidden or (allowed is not None and each.top not in allowed):
            yield f"{module.path}:{each.line}: {module.room} must not know {each.target}"


def livekit_offences(module: Module) -> Iterator[str]:
    """LiveKit's library outside the files that speak to LiveKit, or as LiveKit.

    The LiveKit door serves LiveKit's own messages, so its vocabulary must know them.
    """
    if module.package in {"platform.livekit", "wire.livekit"}:
        return
    for each in module.imports():
        if each.top == "livekit":
            yield (
                f"{module.path}:{each.line}: imports {each.target}; only "
                "gateway/platform/livekit/ speaks to LiveKit, and gateway/wire/livekit/ as LiveKit"
            )


def client_offences(module: Module) -> Iterator[str]:
    """The `calls` commands use the public API, as any client would."""
    if module.room != "cli" or Path(module.path).stem not in API_CLIENTS:
        return
    for each in module.imports():
        stem = each.target.split(".")[2:3]
        inside = each.room == "cli" and stem and stem[0] not in API_CLIENTS
        if inside or each.room not in ("", "cli", "errors", "telephony"):
            yield (
                f"{module.path}:{each.line}: imports {each.target}; the calls commands know a "
                "gateway only by its public API"
            )


def environment_offences(module: Module) -> Iterator[str]:
    """Readers of the environment beside settings.py."""
    if module.path == "gateway/settings.py":
        return
    for line, name in module.names():
        if name in {"os.environ", "os.environb", "os.getenv"}:
            yield f"{module.path}:{line}: {name}; only gateway/settings.py reads the environment"


def cycles(graph: Mapping[str, Mapping[str, int]]) -> Iterator[list[str]]:
    """Each loop that a walk along the imports runs into."""
    done: set[str] = set()

    def walk(name: str, trail: list[str]) -> Iterator[list[str]]:
        if name in trail:
            yield [*trail[trail.index(name) :], name]
        elif name not in done:
            for target in graph.get(name, {}):
                yield from walk(target, [*trail, name])
            done.add(name)

    for name in graph:
        yield from walk(name, [])


def length_offences(module: Module) -> Iterator[str]:
    """Functions and files that have grown too long. Docstrings and decorators are free."""
    lines = len(module.source.splitlines())
    if lines > LONGEST_FILE:
        yield f"{module.path}:{LONGEST_FILE}: {lines} lines; at most {LONGEST_FILE} in a file"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = lines_of(node)
            if length > LONGEST_FUNCTION:
                yield (
                    f"{module.path}:{node.lineno}: {node.name} has {length} lines; "
                    f"at most {LONGEST_FUNCTION} in a function"
                )


def constructor_offences(module: Module) -> Iterator[str]:
    """Classes that are handed too much when they are made."""
    for kind in ast.walk(module.tree):
        for node in kind.body if isinstance(kind, ast.ClassDef) else ():
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                parts = len(node.args.args) + len(node.args.kwonlyargs) - 1
                if parts > MOST_PARTS:
                    yield (
                        f"{module.path}:{node.lineno}: {parts} parts; at most {MOST_PARTS} "
                        "are handed to a constructor"
                    )


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """From `def` to the end, without the docstring."""
    first, docstring = function.body[0], 0
    if ast.get_docstring(function) is not None:
        docstring = (first.end_lineno or first.lineno) - first.lineno + 1
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring


def offences(module: Module) -> list[str]:
    """All that one file does against the rules of the house."""
    checks = (
        room_offences,
        foreign_offences,
        livekit_offences,
        client_offences,
        environment_offences,
        length_offences,
        constructor_offences,
    )
    return [offence for check in checks for offence in check(module)]


@pytest.mark.parametrize("module", GATEWAY, ids=lambda module: module.path)
def test_every_file_keeps_the_rules_of_the_house(module: Module) -> None:
    """A file imports only what its room may, leaves the environment to settings, and is short."""
    found = offences(module)
    assert not found, "\n".join(found)


def test_imports_form_no_cycle() -> None:
    """No module imports itself by way of others."""
    names = {module.name for module in GATEWAY}
    graph = {
        module.name: {each.target: each.line for each in module.imports() if each.target in names}
        for module in GATEWAY
    }
    found = [
        f"{loop[0].replace('.', '/')}.py:{graph[loop[0]][loop[1]]}: cycle {' → '.join(loop)}"
        for loop in cycles(graph)
    ]
    assert not found, "\n".join(found)


def test_a_name_stands_for_one_class() -> None:
    """Whoever reads a class's name in one file knows it in every other."""
    places: dict[str, list[str]] = {}
    for module in GATEWAY:
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(f"{module.path}:{node.lineno}")
    found = [f"{name}: {', '.join(of)}" for name, of in places.items() if len(of) > 1]
    assert not found, "\n".join(found)


def test_tests_stay_short_too() -> None:
    """Tests are bound by the same lengths."""
    found = [offence for module in TESTS for offence in length_offences(module)]
    assert not found, "\n".join(found)


def test_every_package_says_what_lives_in_it() -> None:
    """Each package's `__init__.py` begins with a docstring."""
    folders = {Path(module.path).parent for module in [*GATEWAY, *TESTS]}
    found = []
    for folder in sorted(folders):
        init = ROOT / folder / "__init__.py"
        if not init.exists() or not ast.get_docstring(ast.parse(init.read_text())):
            found.append(
                f"{folder}/__init__.py:1: a package says in its docstring what lives there"
            )
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("gateway/domain/x.py", "from gateway.service import calls"),
        ("gateway/domain/x.py", "import pydantic"),
        ("gateway/domain/x.py", "def f():\n    from .. import ports"),
        ("gateway/service/x.py", "import gateway.store.store"),
        ("gateway/service/x.py", "from sqlalchemy.exc import DBAPIError"),
        ("gateway/service/x.py", "from gateway.telephony.v1 import calls_pb2"),
        ("gateway/store/x.py", "from ..service import feed"),
        ("gateway/platform/sandbox/platform.py", "from livekit import api"),
        ("gateway/wire/telephony_v1/rows.py", "from livekit.protocol import sip"),
        ("gateway/wire/x.py", "from gateway.store import schema"),
        ("gateway/wire/x.py", "from gateway import settings"),
        ("gateway/cli/keys.py", "from gateway.platform import sandbox"),
        ("gateway/cli/calls.py", "from gateway.build import build"),
        ("gateway/cli/views.py", "from gateway.cli.keys import app"),
        ("gateway/rpc/pipeline.py", "from gateway.wire.grpc.engine import serve"),
        ("gateway/newroom/x.py", "import json"),
        ("gateway/build.py", "import os\nos.environ['X']"),
        ("gateway/build.py", "from os import getenv"),
        ("gateway/build.py", "def f():\n" + "    pass\n" * 50),
        ("gateway/build.py", "\n" * 401),
        (
            "gateway/build.py",
            "class C:\n    def __init__(self, a, b, c, d, *, e, f, g, h, i): pass",
        ),
    ],
)
def test_the_rules_bite(path: str, source: str) -> None:
    """Each rule finds its own breach, and names the file and the line."""
    (found,) = offences(Module(path, source))
    assert found.startswith(f"{path}:")
    assert found.split(":")[1].isdigit()


def test_a_cycle_is_found() -> None:
    """A loop over three modules is told once, with its way."""
    graph = {"a": {"b": 1}, "b": {"c": 1}, "c": {"b": 1}, "d": {"a": 1}}
    assert list(cycles(graph)) == [["b", "c", "b"]]
