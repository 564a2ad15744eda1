"""The two servers that the suite is run against here, with the gateway's own API."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, Self, TypeVar

from google.protobuf import json_format
from google.protobuf.message import Message

from gateway.build import Gateway
from gateway.settings import Settings
from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.conformance.checks import STATUS
from tests.conformance.exchange import Request, send
from tests.conformance.target import NO_HEADERS, Rpc, Target
from tests.stands.phones import ANSWERS, BUSY, RINGS_FOR_EVER

T = TypeVar("T")

SERVICE = calls_pb2.DESCRIPTOR.services_by_name["CallService"].full_name
DEMO_CONFIG = Path(calls_pb2.__file__).parents[2] / "demo.yaml"
BUILD = Path(__file__).parent / "goserver" / "build.sh"
REQUEST_ID = "conformance-1"


def rpc(method: str, message: Message, **options: Any) -> Rpc:
    """A request of the gateway's API in both encodings."""
    text = json_format.MessageToJson(message, preserving_proto_field_name=True)
    body = message.SerializeToString()
    return Rpc(method=method, json=text.encode(), protobuf=body, **options)


def read_calls(body: bytes) -> Any:
    """A protobuf ListCallsResponse as its JSON object."""
    return json_format.MessageToDict(
        calls_pb2.ListCallsResponse.FromString(body),
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
    )


def target(name: str, port: int, **more: Any) -> Target:
    """A server of CallService that knows two calls, asked for a page of one."""
    return Target(
        name=name,
        url=f"http://127.0.0.1:{port}",
        service=SERVICE,
        rpc=rpc("ListCalls", calls_pb2.ListCallsRequest(page_size=1)),
        default_field="next_page_token",
        int64_at=("calls", 0, "sequence"),
        enum_at=("calls", 0, "state"),
        read=read_calls,
        bad_text=b"\x12\x01\xff",
        max_body_bytes=64 * 1024,
        **more,
    )


@contextmanager
def go_server() -> Iterator[Target]:
    """The reference: Twirp's Go runtime and generator, built if need be."""
    built = subprocess.run(  # noqa: S603
        [str(BUILD), sys.executable], stdout=subprocess.PIPE, text=True, check=False
    )
    assert built.returncode == 0, "the Go server could not be built"
    program = built.stdout.strip()
    with subprocess.Popen(  # noqa: S603
        [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        errors = {
            code: rpc("GetCall", calls_pb2.GetCallRequest(call_id=f"code:{code}"))
            for code in STATUS
        }
        yield target("go", int(process.stdout.readline()), errors=errors)
        process.communicate(input="")


class Background:
    """A gateway in an event loop and a thread of its own, so that tests can simply wait for it."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="gateway")
        environment: dict[str, Any] = {
            "GATEWAY_PLATFORM": "sandbox",
            "GATEWAY_DATABASE_URL": f"sqlite:///{folder}/gateway.db",
            "GATEWAY_GRPC_ADDRESS": "127.0.0.1:0",
            "GATEWAY_HTTP_ADDRESS": "127.0.0.1:0",
        }
        self._settings = Settings(**environment)
        self.gateway: Gateway
        self.token = ""

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Does this in the gateway's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def __enter__(self) -> Self:
        self._thread.start()
        self.run(self._start())
        return self

    def __exit__(self, *_failure: object) -> None:
        self.run(self.gateway.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> None:
        # Its audit log would come between what the tests say.
        with redirect_stdout(StringIO()):
            self.gateway = Gateway(self._settings)
        administration = self.gateway.administration
        await administration.apply_file(DEMO_CONFIG)
        await self.gateway.start()
        created = await administration.admin.create_key("demo")
        await administration.directory.refresh()
        self.token = administration.admin.sign(created.key)


@contextmanager
def gateway_server(folder: Path) -> Iterator[Target]:
    """The gateway on the sandbox, with two calls that have ended."""
    with Background(folder) as background:
        headers = {"Authorization": f"Bearer {background.token}"}
        url = f"http://127.0.0.1:{background.gateway.http_port}"
        calls = [_place(url, headers, request_id=name) for name in (REQUEST_ID, "conformance-2")]
        yield target(
            "gateway",
            background.gateway.http_port,
            headers=headers,
            errors=gateway_errors(headers, calls[0]["call_id"]),
            unreachable={
                "canceled": "whoever cancels does not read the answer",
                "unknown": "every refusal has a reason",
                "resource_exhausted": "no limit of the demo tenant is reached",
                "aborted": "no RPC of this service has such an outcome",
                "internal": "needs a fault inside",
                "unavailable": "needs a gateway that is going away",
                "data_loss": "no RPC has such an outcome",
            },
        )


def gateway_errors(headers: dict[str, str], ended_call: str) -> dict[str, Rpc]:
    """Requests that the gateway refuses."""
    place, wait = calls_pb2.PlaceCallRequest, {"X-Twirp-Timeout-Ms": "50"}
    events = calls_pb2.ListCallEventsRequest(after_sequence=10**9)
    transfer = transfers_pb2.TransferCallRequest(call_id=ended_call, to=ANSWERS)
    reused = place(to=RINGS_FOR_EVER, request_id=REQUEST_ID)
    foreign = place(to=BUSY, caller_id="+15005550006")
    ringing = place(to=RINGS_FOR_EVER, wait_until_answered=True)
    nothing = calls_pb2.ListCallsRequest()
    return {
        "bad_route": rpc("NoSuchMethod", nothing),
        "malformed": Rpc(method="ListCalls", json=b"[", protobuf=b"\xff"),
        "invalid_argument": rpc("ListCalls", calls_pb2.ListCallsRequest(page_size=-1)),
        "deadline_exceeded": rpc("PlaceCall", ringing, headers={**headers, **wait}),
        "not_found": rpc("GetCall", calls_pb2.GetCallRequest(call_id="call_none")),
        "already_exists": rpc("PlaceCall", reused),
        "permission_denied": rpc("PlaceCall", foreign),
        "unauthenticated": rpc("ListCalls", nothing, headers=NO_HEADERS),
        "failed_precondition": rpc("TransferCall", transfer),
        "out_of_range": rpc("ListCallEvents", events),
        "unimplemented": rpc("WatchCalls", calls_pb2.WatchCallsRequest()),
    }


def _place(url: str, headers: dict[str, str], *, request_id: str) -> Any:
    """A call to a busy phone, once it is over."""
    message = calls_pb2.PlaceCallRequest(to=BUSY, request_id=request_id, wait_until_answered=True)
    body = json_format.MessageToJson(message).encode()
    request = Request(path=f"/twirp/{SERVICE}/PlaceCall", headers=headers, body=body)
    answer = send(url, request)[0]
    assert answer.status == 200, answer.body
    return answer.json["call"]
