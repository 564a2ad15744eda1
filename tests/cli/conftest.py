"""The command line, run in this process against a canned gateway."""

import json
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from gateway.__main__ import app
from gateway.cli import client, database
from tests.cli.canned import CannedGateway, serve
from tests.stands.databases.ready import with_tables


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on stdout."""
        return json.loads(self.out)

    @property
    def json_lines(self) -> list[Any]:
        """The objects on stdout, one a line."""
        return [json.loads(each) for each in self.out.splitlines()]


@dataclass(frozen=True)
class CommandLine:
    """Types commands."""

    environment: Mapping[str, str]

    def __call__(self, *words: str) -> Result:
        """Runs the command that these words are."""
        result = CliRunner(env=self.environment).invoke(app, words)
        return Result(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def gateway() -> CannedGateway:
    return CannedGateway()  # type: ignore[abstract, unused-ignore]  # it has what `calls` asks for


@pytest.fixture
def run(gateway: CannedGateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.01)
    server, address = serve(gateway)
    yield CommandLine({"GATEWAY_ADDRESS": address, "GATEWAY_TOKEN": "secret"})
    server.stop(grace=None).wait()


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """The commands that work on a database, on an empty one."""
    for name in [each for each in os.environ if each.startswith(("GATEWAY_", "LIVEKIT_"))]:
        monkeypatch.delenv(name)
    # As at work, but without keeping hold of this test's stderr.
    monkeypatch.setattr(database, "log_warnings", lambda _settings: None)
    only_warnings = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=only_warnings)
    yield CommandLine({"GATEWAY_DATABASE_URL": with_tables(f"sqlite:///{tmp_path}/gateway.db")})
    structlog.reset_defaults()
