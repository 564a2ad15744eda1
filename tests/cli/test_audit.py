"""`gateway audit list|tail`: of a gateway where one is named, else of the database."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest

from gateway.cli import audit, client
from gateway.telephony.v1 import audit_pb2, audit_pb2_grpc
from tests.cli.conftest import CommandLine

LOG = "log_1"


def event(position: int) -> audit_pb2.AuditEvent:
    """A record as a gateway tells it."""
    told = audit_pb2.AuditEvent(log_id=LOG, sequence=position, position=position, hash="0" * 64)
    told.record.update({"kind": "DONE", "method": "CallService/GetCall", "sequence": position})
    return told


class Log(audit_pb2_grpc.AuditServiceServicer):
    """Ten records, told a few at a time; a watch breaks off after each."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def ListAuditEvents(self, request: Any, _: Any) -> Any:  # noqa: N802
        self.asked.append(request)
        newest = int(request.page_token or 10)
        events = [event(at) for at in range(newest, max(0, newest - 3), -1)]
        following = newest - len(events)
        return audit_pb2.ListAuditEventsResponse(
            events=events[: request.page_size], next_page_token=str(following or "")
        )

    def WatchAuditEvents(self, request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        self.asked.append(request)
        after = request.after_position if request.HasField("after_position") else 7
        beat = audit_pb2.AuditHeartbeat(position=after)
        yield audit_pb2.WatchAuditEventsResponse(heartbeat=beat)
        yield audit_pb2.WatchAuditEventsResponse(event=event(after + 1))
        context.abort(grpc.StatusCode.UNAVAILABLE, "going away")


@pytest.fixture
def log() -> Log:
    return Log()  # type: ignore[abstract, unused-ignore]  # it has what is asked for


@pytest.fixture
def remote(log: Log, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """The command line with a gateway's address and a token."""
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.01)
    server = grpc.server(ThreadPoolExecutor(2))
    audit_pb2_grpc.add_AuditServiceServicer_to_server(log, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield CommandLine({"GATEWAY_ADDRESS": f"127.0.0.1:{port}", "GATEWAY_TOKEN": "secret"})
    server.stop(0).wait()


def interrupt_after(count: int, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is shown until Ctrl-C, which comes with the last of so many records."""
    shown: list[dict[str, Any]] = []

    def show(fields: dict[str, Any]) -> None:
        shown.append(fields)
        if len(shown) == count:
            raise KeyboardInterrupt

    monkeypatch.setattr(audit, "show_fields", show)
    return shown


def test_a_gateway_lists_its_records(remote: CommandLine, log: Log) -> None:
    """The newest, oldest first, put together from as many pages as it takes."""
    filters = ("--tenant", "acme", "--outcome", "BUSY", "--since", "1h")
    records = remote("audit", "list", "--limit", "5", *filters, "--json").json_lines
    assert [record["position"] for record in records] == ["6", "7", "8", "9", "10"]
    assert records[0]["record"] == {"kind": "DONE", "method": "CallService/GetCall", "sequence": 6}
    assert (log.asked[0].filter.tenant_id, log.asked[0].filter.outcome) == ("acme", "BUSY")
    assert log.asked[0].filter.HasField("min_time")
    assert "CallService/GetCall" in remote("audit", "list").out


def test_a_tail_goes_on_behind_what_it_has_seen(
    remote: CommandLine, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost connection is opened again after the last record; Ctrl-C ends it."""
    shown = interrupt_after(3, monkeypatch)
    assert remote("audit", "tail", "--actor", "GW1", "--json").code == 130
    assert [record["position"] for record in shown] == ["8", "9", "10"]
    assert not log.asked[0].HasField("after_position")
    assert [request.after_position for request in log.asked[1:]] == [8, 9]
    assert log.asked[2].filter.actor == "GW1"


def test_the_database_is_read_without_a_gateway(
    local: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each criterion narrows the list; a tail tells what was stored and what comes."""
    for _ in range(2):
        assert local("keys", "create", "--operator").code == 0
    made = local("audit", "list", "--method", "keys create", "--json").json_lines
    assert [record["position"] for record in made] == ["1", "2"]
    assert local("audit", "list", "--outcome", "BUSY", "--json").out == ""
    wrong = local("audit", "list", "--number", "nonsense")
    assert (wrong.code, "number" in wrong.err) == (1, True)
    shown = interrupt_after(2, monkeypatch)
    assert local("audit", "tail", "--after", "1", "--json").code == 130
    assert [record["record"]["method"] for record in shown] == ["keys create", "audit list"]


def test_reading_the_database_is_recorded(local: CommandLine) -> None:
    """`list` and `export` leave a record with their criteria, behind what they show."""
    local("audit", "list", "--tenant", "acme", "--actor", "GW1")
    local("audit", "export")
    listed, exported = local("audit", "list", "--json").json_lines
    assert listed["record"]["method"] == "audit list"
    assert listed["record"]["request"] == {"tenant_id": "acme", "actor": "GW1"}
    assert exported["record"]["method"] == "audit export"
