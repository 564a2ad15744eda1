"""One call's trace, from a Go program through the gateway to LiveKit, span by span."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.programs import run
from tests.clients.served import configuration
from tests.stands.stand import Stand
from tests.stands.tracing.collector import Exported, collecting
from tests.stands.tracing.livekit import settings_of, traced_livekit

CALLS = "gateway.telephony.v1.CallService"
PLACE, HANG_UP = f"{CALLS}/PlaceCall", f"{CALLS}/HangUpCall"
DIAL = "livekit.SIP/CreateSIPParticipant"
REMOVE = "livekit.RoomService/RemoveParticipant"
TASK = "answer a customer"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Told = tuple[str, str, str, str, str, str]


async def test_a_call_is_one_trace_from_go_to_livekit(tmp_path: Path) -> None:
    """Both programs export to one collector: each span is under the one that caused it."""
    async with traced_livekit() as livekit, collecting() as collector:
        environment: dict[str, Any] = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        stand = Stand(
            *("grpc", f"sqlite:///{tmp_path}/gateway.db", None, tmp_path),
            **environment | settings_of(livekit),
        )
        await stand.apply(configuration("ST_x"))
        await stand.gateway.start()
        token = (await stand.client("acme")).token
        port = stand.gateway.grpc_port
        told = await asyncio.to_thread(
            run,
            "go-traced",
            "",
            {**environment, "GATEWAY_GRPC": f"127.0.0.1:{port}", "GATEWAY_TOKEN": token},
        )
        await stand.stop()
    spans, trace = collector.spans, told["trace_id"]
    assert {row for row in map(of(spans), spans) if row[5] == trace} == {
        (TASK, "internal", "", "", "go", trace),
        (PLACE, "client", TASK, "", "go", trace),
        (PLACE, "server", PLACE, "", "gateway", trace),
        ("dial", "internal", PLACE, "call", "gateway", trace),
        (DIAL, "client", "dial", "", "gateway", trace),
        (HANG_UP, "client", TASK, "", "go", trace),
        (HANG_UP, "server", HANG_UP, "", "gateway", trace),
    }
    rest = [each for each in spans if each.trace_id != trace]
    (call,) = {each.trace_id for each in rest}
    assert {of(spans)(each) for each in rest} == {
        ("call", "internal", "", PLACE, "gateway", call),
        (REMOVE, "client", "call", "", "gateway", call),
    }
    (heard,) = livekit.of("CreateSIPParticipant")
    (dialed,) = collector.named(DIAL)
    assert heard.traceparent[3:-3] == dialed.place
    named = {each.attributes.get("gateway.call_id") for each in rest if each.name == "call"}
    assert named == {told["call_id"]}


def of(spans: list[Exported]) -> Callable[[Exported], Told]:
    """A span as a row: name, kind, what it is under, what it is linked to, whose, which trace."""
    names = {each.span_id: each.name for each in spans}

    def row(one: Exported) -> Told:
        whose = "gateway" if one.service == "call-gateway" else "go"
        linked = ",".join(names[link] for link in one.links)
        return (one.name, one.kind, names.get(one.parent_id, ""), linked, whose, one.trace_id)

    return row
