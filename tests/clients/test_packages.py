"""The packages of stubs: what `make clients` builds repeats what certainly did nothing."""

import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from gateway.telephony.v1 import calls_pb2
from gateway.telephony.v1.calls_pb2_grpc import (
    CallServiceServicer,
    add_CallServiceServicer_to_server,
)
from tests.clients.programs import run, short

ROOT = Path(__file__).parents[2]
CLIENTS = [
    # The first time, they are built.
    pytest.param("python-grpc", marks=pytest.mark.slow),
    pytest.param("python-aio", marks=pytest.mark.slow),
    pytest.param("go-grpc", marks=pytest.mark.slow),
    pytest.param("java-grpc", marks=pytest.mark.slow),
    pytest.param("rust-grpc", marks=pytest.mark.slow),
    pytest.param("ts-connect", marks=pytest.mark.slow),
]
TOKEN = "a token that nobody checks"
REFUSED_FIRST = 2

pytestmark = pytest.mark.timeout(900)


class Hesitating(CallServiceServicer):
    """Answers UNAVAILABLE at first, as a gateway that cannot dial now, and then with a call."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._lock = threading.Lock()

    def PlaceCall(  # noqa: N802
        self, _request: calls_pb2.PlaceCallRequest, context: grpc.ServicerContext
    ) -> calls_pb2.PlaceCallResponse:
        """The method's name is the API's."""
        with self._lock:
            told = dict(context.invocation_metadata())
            self.asked.append(str(told.get("authorization", "")))
            refuses = len(self.asked) <= REFUSED_FIRST
        if refuses:
            context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
        return calls_pb2.PlaceCallResponse(
            call=calls_pb2.Call(call_id="call_1", state=calls_pb2.CALL_STATE_ACTIVE)
        )


@pytest.fixture
def hesitating() -> Iterator[tuple[Hesitating, str]]:
    """Such a gateway, and its address."""
    servicer = Hesitating()  # type: ignore[abstract]
    server = grpc.server(ThreadPoolExecutor(2))
    add_CallServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield servicer, f"127.0.0.1:{port}"
    server.stop(grace=None).wait()


@pytest.mark.parametrize("client", CLIENTS)
def test_what_did_nothing_is_repeated(client: str, hesitating: tuple[Hesitating, str]) -> None:
    """A PlaceCall that is answered UNAVAILABLE twice succeeds, signed each time."""
    servicer, address = hesitating
    told = run(client, "answered", {"GATEWAY_GRPC": address, "GATEWAY_TOKEN": TOKEN})
    assert short(told["state"], "CallState") == "ACTIVE"
    assert servicer.asked == [f"Bearer {TOKEN}"] * (REFUSED_FIRST + 1)


def test_each_package_has_a_short_guide() -> None:
    """A README of ten lines or so, with the name of the package and how a call is placed."""
    for folder in sorted((ROOT / "clients").iterdir()):
        text = (folder / "README.md").read_text()
        assert len(text.splitlines()) <= 13, folder
        assert re.search(r"place_?call", text, re.IGNORECASE), folder
        assert "order-4711" in text, folder


def test_no_package_has_a_version_of_its_own() -> None:
    """The version is the API's, which is written in one place."""
    files = ["maven/pom.xml", "npm/package.json", "python/pyproject.toml", "rust/Cargo.toml"]
    for name in files:
        assert len(re.findall(r"[\">]0\.0\.0[\"<]", (ROOT / "clients" / name).read_text())) == 1, (
            name
        )


def test_only_what_certainly_did_nothing_is_repeated() -> None:
    """The policy that all packages have: nothing that may have dialled is in it."""
    config = json.loads((ROOT / "docs" / "service-config.json").read_text())
    (method,) = config["methodConfig"]
    assert set(method["retryPolicy"]["retryableStatusCodes"]) == {"UNAVAILABLE", "CANCELLED"}
