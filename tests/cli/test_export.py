"""`gateway calls export`: every call of a period, one a line."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.cli.records.columns import COLUMNS, LEFT_OUT, SAID_OTHERWISE, safe
from gateway.telephony.v1 import calls_pb2
from tests.cli.canned import ANSWERED, BEGIN, BUSY, DRAINING, CannedGateway, a_call
from tests.cli.conftest import CommandLine

PAGE = Path(__file__).parents[2] / "docs" / "export.md"


def page(*calls: calls_pb2.Call, more: str = "") -> calls_pb2.ExportCallsResponse:
    return calls_pb2.ExportCallsResponse(calls=calls, next_page_token=more)


def test_csv_has_a_line_per_call(run: CommandLine, gateway: CannedGateway) -> None:
    """Times are RFC 3339 in UTC, spans are seconds; what was never reached is empty."""
    answered = a_call(*ANSWERED, labels={"team": "sales", "a": "1"}, sandbox=True)
    answered.ring_time.FromDatetime(BEGIN + timedelta(seconds=1))
    answered.held_duration.FromTimedelta(timedelta(seconds=0.25))
    gateway.will([page(answered, more="next"), page(a_call(*BUSY, call_id="call_0"))])
    first, second = csv.DictReader(io.StringIO(run("calls", "export").out))
    assert list(first) == list(COLUMNS)
    assert (first["create_time"], first["answer_time"]) == (
        "2026-11-21T10:00:00Z",
        "2026-11-21T10:00:02Z",
    )
    seconds = ("setup_seconds", "ringing_seconds", "talk_seconds", "held_seconds")
    assert [first[name] for name in seconds] == ["1.0", "1.0", "1.0", "0.25"]
    assert [second[name] for name in seconds] == ["", "", "0", ""]
    assert (first["direction"], first["state"]) == ("OUTBOUND", "ENDED")
    assert json.loads(first["labels"]) == {"team": "sales", "a": "1"}
    assert (first["sandbox"], second["sandbox"]) == ("true", "false")
    told = ("end_reason", "hangup_source", "sip_status_code", "sip_status", "ring_time")
    assert [second[name] for name in told] == ["BUSY", "REMOTE", "486", "Busy here", ""]


def test_jsonl_has_a_call_per_line(run: CommandLine, gateway: CannedGateway) -> None:
    """Each line is the call as `calls get --json` prints it."""
    gateway.will([page(a_call(*ANSWERED), a_call(*BUSY, call_id="call_0"))])
    gateway.will(calls_pb2.GetCallResponse(call=a_call(*ANSWERED)))
    lines = run("calls", "export", "--format", "jsonl").json_lines
    assert [line["call_id"] for line in lines] == ["call_1", "call_0"]
    assert lines[0] == run("calls", "get", "call_1", "--json").json


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T08:00:00Z", datetime(2026, 11, 1, 8, tzinfo=UTC)),
        ("2026-11-01T08:00:00.5+01:00", datetime(2026, 11, 1, 7, 0, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_it_narrows(run: CommandLine, gateway: CannedGateway, text: str, time: datetime) -> None:
    """`--since` and `--until` are days in UTC, or times with their zone."""
    gateway.will([page()])
    run("calls", "export", "--since", text, "--until", text, "--room", "demo-1", "--label", "a=b")
    asked = calls_pb2.ExportCallsRequest(
        min_create_time=time, max_create_time=time, room="demo-1", labels={"a": "b"}
    )
    assert gateway.requests == [asked]


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-11-01T08:00:00", "20261101"])
def test_a_time_without_its_zone_is_refused(
    run: CommandLine, gateway: CannedGateway, text: str
) -> None:
    """Anything else is refused, before the gateway is asked."""
    result = run("calls", "export", "--since", text)
    assert result.code == 2
    assert "2026-11-01T08:00:00Z" in result.err.replace("\n", "").replace("│", "")
    assert not gateway.requests


def test_it_goes_on_where_it_broke_off(run: CommandLine, gateway: CannedGateway) -> None:
    """A gateway that shuts down costs no call and repeats none."""
    gateway.will([page(a_call(*BUSY), more="next"), DRAINING], [page(a_call(call_id="call_0"))])
    result = run("calls", "export")
    assert [line["call_id"] for line in csv.DictReader(io.StringIO(result.out))] == [
        "call_1",
        "call_0",
    ]
    assert [request.page_token for request in gateway.requests] == ["", "next"]
    assert "DRAINING" in result.err


HARMLESS = ["", "Busy here", "+15005550100", "-1", "486", "a=1", "{}"]
FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "\t=1", "\r=1", "\n=1"]


def test_no_cell_is_a_formula() -> None:
    """What a spreadsheet would run is marked as text; a number of digits alone stays one."""
    assert [safe(text) for text in HARMLESS] == HARMLESS
    assert [safe(text) for text in FORMULAS] == [f"'{text}" for text in FORMULAS]


def test_a_separator_begins_no_cell(run: CommandLine, gateway: CannedGateway) -> None:
    """Texts are in quotes whatever is in them, so one that expects `;` finds no formula either."""
    gateway.will([page(a_call(*BUSY, sip_status='Busy";=1+1', room="=demo"))])
    out = run("calls", "export").out
    assert '"Busy"";=1+1"' in out
    assert '"\'=demo"' in out


def test_every_field_of_a_call_is_a_column_or_left_out() -> None:
    """A new field of Call is given a column, or is left out with intent."""
    fields = set(calls_pb2.Call.DESCRIPTOR.fields_by_name)
    assert fields - set(COLUMNS) == SAID_OTHERWISE | LEFT_OUT
    derived = {name for name in COLUMNS if name not in fields}
    assert all(name.startswith("agent_") or name.endswith("_seconds") for name in derived)


def test_every_column_is_documented() -> None:
    """docs/export.md has a row for each, in their order, and no other."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    assert [line.split("`")[1] for line in lines] == list(COLUMNS)
