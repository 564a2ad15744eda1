"""The command line, run in this process against a canned gateway."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.__main__ import app
from gateway.commands import client
from tests.commands.canned import CannedGateway, serve


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

    address: str
    token: str = "secret"

    def __call__(self, *words: str) -> Result:
        """Runs the command that these words are."""
        environment = {"GATEWAY_ADDRESS": self.address, "GATEWAY_TOKEN": self.token}
        result = CliRunner(env=environment).invoke(app, words)
        return Result(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def gateway() -> CannedGateway:
    return CannedGateway()


@pytest.fixture
def run(gateway: CannedGateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.01)
    server, address = serve(gateway)
    yield CommandLine(address)
    server.stop(grace=None).wait()
