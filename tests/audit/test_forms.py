"""An audit record as an event of OCSF 1.8, and what sinks do with lines."""

import json
import stat
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from gateway.audit.forms import ocsf, ocsf_line, record_line
from gateway.audit.sinks import FileSink, NotTakenError, OtlpSink
from gateway.domain.audit_event import ChainedAuditEvent
from gateway.domain.texts import UNSAFE

RECORD: dict[str, Any] = {
    "log_id": "log_1",
    "sequence": 7,
    "time": "2026-03-01T12:00:00.250000Z",
    "kind": "DONE",
    "tenant_id": "acme",
    "actor": "GW1",
    "peer": "ipv4:10.0.0.7:40312",
    "method": "CallService/HangUpCall",
    "rpc_id": "rpc_1",
    "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "call_id": "call_1",
    "code": "OK",
    "latency": "0.25s",
}
REQUIRED = (
    *("activity_id", "actor", "api", "category_uid", "class_uid", "metadata"),
    *("severity_id", "src_endpoint", "time", "type_uid"),
)
"""Of API Activity in OCSF 1.8."""


def chained(**changes: Any) -> ChainedAuditEvent:
    record = {name: value for name, value in (RECORD | changes).items() if value is not None}
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return ChainedAuditEvent("log_1", 7, "", "ab" * 32, text)


def test_a_record_is_an_ocsf_event() -> None:
    """With all that API Activity requires, and what the record tells in OCSF's own places."""
    told = ocsf(chained())
    assert [name for name in REQUIRED if name not in told] == []
    assert (told["class_uid"], told["category_uid"], told["type_uid"]) == (6003, 6, 600304)
    assert told["metadata"]["version"] == "1.8.0"
    assert told["metadata"]["uid"] == "log_1#7"
    assert told["actor"]["user"]["uid"] == "GW1"
    assert told["api"] == {
        "operation": "HangUpCall",
        "service": {"name": "CallService"},
        "request": {"uid": "rpc_1"},
    }
    assert told["src_endpoint"] == {"ip": "10.0.0.7", "port": 40312}
    assert (told["time"], told["duration"]) == (1772366400250, 250)
    assert (told["status_id"], told["status_code"]) == (1, "OK")
    assert told["trace"] == {"uid": RECORD["trace_id"]}
    assert told["resources"] == [{"type": "call", "uid": "call_1"}]
    assert json.loads(told["raw_data"]) == RECORD


@pytest.mark.parametrize(
    ("changes", "activity", "status"),
    [
        ({"method": "CallService/PlaceCall", "kind": "INTENT"}, 1, 0),
        ({"method": "CallService/PlaceCall", "kind": "OUTCOME", "reason": "BUSY"}, 1, 2),
        ({"method": "CallService/PlaceCall", "kind": "OUTCOME", "reason": "COMPLETED"}, 1, 1),
        ({"method": "AuditService/ListAuditEvents"}, 2, 1),
        ({"method": "AdminService/ApplyConfig"}, 3, 1),
        ({"method": "AdminService/RevokeApiKey", "kind": "REFUSED", "code": "X"}, 4, 2),
        ({"method": "keys create", "actor": "command line", "peer": None}, 99, 1),
        ({"method": "livekit/webhook", "actor": None, "kind": "REFUSED"}, 99, 2),
        ({"method": "CallService/HoldCall", "code": "CANCELLED"}, 3, 2),
    ],
)
def test_what_was_done_and_how_it_went(changes: dict[str, Any], activity: int, status: int) -> None:
    """Created, read, changed, deleted or else; succeeded, failed, or not known yet."""
    told = ocsf(chained(**changes))
    assert (told["activity_id"], told["status_id"]) == (activity, status)
    assert [name for name in REQUIRED if name not in told] == []
    assert told["type_uid"] == 600300 + activity


def test_both_forms_are_safe_lines() -> None:
    """One line each, without what a terminal would act on; the record can be read from it."""
    nasty = chained(reason="\x1b[31m\u2028\u202e\n")
    for form in (record_line, ocsf_line):
        line = form(nasty)
        assert not UNSAFE.search(line)
        assert "\n" not in line
    raw = json.loads(json.loads(ocsf_line(nasty))["raw_data"])
    assert raw["reason"] == "\x1b[31m\u2028\u202e\n"


def test_a_full_file_gives_way_to_another(tmp_path: Path) -> None:
    """No line is cut, so many full files are kept, and only their owner can read them."""
    path = tmp_path / "audit.jsonl"
    line = record_line(chained())
    sink = FileSink(path, record_line, most_bytes=3 * len(line), kept=2)
    for _ in range(8):
        sink([chained()])
    sink.close()
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["audit.jsonl", "audit.jsonl.1", "audit.jsonl.2"]
    lines = [text for file in files for text in file.read_text().splitlines()]
    assert set(lines) == {line}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_file_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """The error is raised for the outlet to try again."""
    sink = FileSink(tmp_path / "gone" / "audit.jsonl", record_line, most_bytes=1000, kept=1)
    with pytest.raises(OSError, match="gone"):
        sink([chained()])


class Collector(HTTPServer):
    """Keeps what is posted, and answers as told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.status, self.answer = 200, b"{}"
        self.seen: list[tuple[str, dict[str, str], Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/logs"


class Asked(BaseHTTPRequestHandler):
    """One request."""

    server: Collector

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append((self.path, headers, body))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_collector_is_given_logs(collector: Collector) -> None:
    """As OTLP over HTTP has them in JSON, with the headers that it wants."""
    OtlpSink(collector.url, record_line, {"authorization": "Bearer x"})([chained(), chained()])
    ((path, headers, body),) = collector.seen
    assert (path, headers["content-type"]) == ("/v1/logs", "application/json")
    assert headers["authorization"] == "Bearer x"
    (resource,) = body["resourceLogs"]
    (scope,) = resource["scopeLogs"]
    first, second = scope["logRecords"]
    assert first == second
    assert first["timeUnixNano"] == "1772366400250000000"
    assert first["body"]["stringValue"] == record_line(chained())
    assert first["traceId"] == RECORD["trace_id"]
    told = {one["key"]: one["value"]["stringValue"] for one in first["attributes"]}
    assert told["call_id"] == "call_1"


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (503, b"", OSError),
        (429, b"", OSError),
        (400, b"", NotTakenError),
        (200, b'{"partialSuccess":{"rejectedLogRecords":"1"}}', NotTakenError),
    ],
)
def test_a_collector_that_does_not_take_them(
    collector: Collector, status: int, answer: bytes, error: type[Exception]
) -> None:
    """What OTLP has sent again is told apart from what it does not."""
    collector.status, collector.answer = status, answer
    with pytest.raises(error):
        OtlpSink(collector.url, record_line, {})([chained()])


def test_a_collector_that_is_not_there() -> None:
    """May be back later."""
    with pytest.raises(OSError, match="refused"):
        OtlpSink("http://127.0.0.1:9/v1/logs", record_line, {})([chained()])
