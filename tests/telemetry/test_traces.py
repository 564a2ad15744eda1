"""What is recorded of a call: its spans, what they are under or linked to, and what they tell."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs

from gateway.domain.calls.delivery import WebhookRef
from gateway.telephony.v1 import calls_pb2
from tests.stands.phones import ANSWERS, OWN
from tests.stands.receiving import SECRET, Inbox
from tests.stands.stand import configuration, refusal
from tests.stands.tracing.collector import Exported
from tests.stands.waiting import eventually, until
from tests.telemetry.stand import PARENT, SERVICE, UNSAMPLED, Traced, traced

LIVEKIT = "livekit.SIP"
STATE = "vendor=t61rcWkgMzE,other=1"
ROOM, IDENTITY, LABEL = "acme-secret-room", "secret-person", "secret-label"


def parent_of(one: Exported, spans: list[Exported]) -> str:
    """The name of the span that it is under; empty: of none that was exported."""
    return next((each.name for each in spans if each.span_id == one.parent_id), "")


def links_of(one: Exported, spans: list[Exported]) -> list[str]:
    return [each.name for link in one.links for each in spans if each.span_id == link]


def tree(spans: list[Exported]) -> set[tuple[str, str, str, tuple[str, ...]]]:
    """Every span: name, kind, what it is under, what it is linked to."""
    return {
        (each.name, each.kind, parent_of(each, spans), tuple(links_of(each, spans)))
        for each in spans
    }


PLACED = f"{SERVICE}/PlaceCall"
HUNG_UP = f"{SERVICE}/HangUpCall"
A_CALL = {
    (PLACED, "server", "", ()),
    ("dial", "internal", PLACED, ("call",)),
    (f"{LIVEKIT}/CreateSIPParticipant", "client", "dial", ()),
    ("call", "internal", "", (PLACED,)),
    (HUNG_UP, "server", "", ()),
    ("livekit.RoomService/RemoveParticipant", "client", "call", ()),
}


async def a_call(
    made: Traced, headers: Mapping[str, str], told: calls_pb2.PlaceCallRequest | None = None
) -> str:
    """Places a call, and hangs it up; its id."""
    acme = made.stand.acme
    acme.wire.headers.update(headers)
    asked = calls_pb2.PlaceCallRequest(to=ANSWERS, wait_until_answered=True)
    asked.MergeFrom(told or calls_pb2.PlaceCallRequest())
    call: calls_pb2.Call = (await acme.call("PlaceCall", asked)).call
    assert call.state == calls_pb2.CALL_STATE_ACTIVE
    assert (await acme.hang_up(call.call_id)).state == calls_pb2.CALL_STATE_ENDED
    return call.call_id


@pytest.mark.parametrize("wire", ["grpc", "twirp", "twirp+json"])
async def test_a_call_is_one_trace_from_its_client_to_livekit(tmp_path: Path, wire: str) -> None:
    """The request and the dial are under the client's span; the call has its own, linked to it."""
    async with traced(tmp_path, wire) as made:
        call_id = await a_call(made, {"traceparent": PARENT, "tracestate": STATE})
        spans = await made.exported()
    assert tree(spans) == A_CALL
    placed, dial, call = (made.one(name) for name in (PLACED, "dial", "call"))
    assert placed.trace_id == dial.trace_id == PARENT.split("-")[1] != call.trace_id
    assert placed.parent_id == PARENT.split("-")[2]
    assert {each.attributes["gateway.call_id"] for each in (placed, dial, call)} == {call_id}
    (heard,) = made.livekit.of("CreateSIPParticipant")
    assert heard.traceparent[3:-3] == made.one(f"{LIVEKIT}/CreateSIPParticipant").place
    assert heard.tracestate == STATE
    (ended,) = made.livekit.of("RemoveParticipant")
    assert ended.traceparent[3:-3] == made.one("livekit.RoomService/RemoveParticipant").place
    assert {each.traceparent for each in made.livekit.of("GetParticipant")} == {""}


async def test_spans_have_the_names_of_the_conventions(tmp_path: Path) -> None:
    """Requests to the gateway and to LiveKit, and what the dial and the call came to."""
    async with traced(tmp_path) as made:
        await a_call(made, {"traceparent": PARENT})
        await made.exported()
    placed = made.one(PLACED).attributes
    assert placed["rpc.system"] == "grpc"
    assert (placed["rpc.service"], placed["rpc.method"]) == (SERVICE, "PlaceCall")
    assert placed["rpc.grpc.status_code"] == 0
    assert placed["gateway.tenant_id"] == "acme"
    asked = made.one(f"{LIVEKIT}/CreateSIPParticipant").attributes
    host, port = made.livekit.url.removeprefix("http://").split(":")
    assert (asked["server.address"], asked["server.port"]) == (host, int(port))
    assert (asked["rpc.system"], asked["rpc.method"]) == ("twirp", "CreateSIPParticipant")
    dial = made.one("dial").attributes
    assert (dial["gateway.trunk_id"], dial["gateway.attempt"]) == ("acme-main", 1)
    assert dial["gateway.outcome"] == "PickedUp"
    assert made.one("call").attributes["gateway.outcome"] == "COMPLETED"
    assert {each.service for each in made.collector.spans} == {"call-gateway"}


async def test_no_span_tells_who_was_called(tmp_path: Path) -> None:
    """No number, room, identity, label, name or header is in anything that is exported."""
    told = calls_pb2.PlaceCallRequest(
        room=ROOM,
        labels={"customer": LABEL},
        headers={"X-Customer": "secret-header"},
        display_name="secret-name",
        participant=calls_pb2.Participant(identity=IDENTITY, name="secret-name"),
    )
    async with traced(tmp_path) as made:
        await a_call(made, {}, told)
        spans = await made.exported()
    assert len(spans) == len(A_CALL)
    exported = b"".join(each.span.SerializeToString() for each in spans)
    found = [each for each in ("secret", ANSWERS[1:], OWN[1:]) if each.encode() in exported]
    assert found == []


async def test_what_its_client_does_not_record_nobody_does(tmp_path: Path) -> None:
    """Nothing is exported, also not of the call after its request; LiveKit is told the same."""
    async with traced(tmp_path) as made:
        await a_call(made, {"traceparent": UNSAMPLED})
        spans = await made.exported()
    assert spans == []
    (heard,) = made.livekit.of("CreateSIPParticipant")
    assert heard.traceparent.startswith(UNSAMPLED[:36])
    assert heard.traceparent.endswith("-00")


async def test_a_ratio_of_nothing_records_nothing(tmp_path: Path) -> None:
    """`OTEL_TRACES_SAMPLER_ARG` is the part that is recorded, of those who have not decided."""
    async with traced(
        tmp_path, OTEL_TRACES_SAMPLER="parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG="0"
    ) as made:
        await a_call(made, {})
        made.stand.acme.wire.headers["traceparent"] = PARENT
        await made.stand.acme.events()
        spans = await made.exported()
    assert [each.name for each in spans] == [f"{SERVICE}/ListCallEvents"]


async def test_a_refusal_is_no_error_of_the_gateway(tmp_path: Path) -> None:
    """Its span has the status and the reason; it is not marked, as one of a fault is."""
    async with traced(tmp_path) as made:
        await refusal(made.stand.acme.place("nonsense"))
        await made.exported()
    refused = made.one(PLACED)
    assert refused.attributes["gateway.outcome"] == "INVALID_FIELD"
    assert refused.attributes["rpc.grpc.status_code"] == 3
    assert not refused.is_error


async def test_a_transfer_is_under_its_request(tmp_path: Path) -> None:
    """So is the REFER; it is linked to the request that has placed the call."""
    async with traced(tmp_path) as made:
        acme = made.stand.acme
        call = await acme.place(ANSWERS, wait_until_answered=True)
        await acme.transfer(call.call_id, OWN, wait_until_settled=True)
        spans = await made.exported()
    found = tree(spans)
    assert ("transfer", "internal", f"{SERVICE}/TransferCall", (PLACED,)) in found
    assert (f"{LIVEKIT}/TransferSIPParticipant", "client", "transfer", ()) in found
    assert made.one("transfer").attributes["gateway.outcome"] == "ReferCompleted"


async def test_receivers_of_webhooks_get_a_trace_of_their_own(tmp_path: Path) -> None:
    """Each try is linked to the call's request, and its receiver is told of it."""
    (tmp_path / "secret").write_text(SECRET)
    async with Inbox().serve() as inbox, traced(tmp_path) as made:
        hook = {"webhook_id": "crm", "url": inbox.url, "secret_from": f"file:{tmp_path}/secret"}
        await made.stand.apply(configuration(made.stand.trunk, webhooks=[hook]))
        await attended(made, WebhookRef("acme", "crm"))
        await a_call(made, {"traceparent": PARENT})
        await until(lambda: len(inbox.seen) >= 2)
        spans = await made.exported()
    tries = made.collector.named("POST webhook")
    assert {tuple(links_of(each, spans)) for each in tries} == {(PLACED,)}
    assert {each.kind for each in tries} == {"client"}
    told = {posted.headers["traceparent"][3:-3] for posted in inbox.seen}
    assert told == {each.place for each in tries}
    assert {each.attributes["http.response.status_code"] for each in tries} == {204}


async def test_another_gateway_goes_on_with_the_trace(tmp_path: Path) -> None:
    """It follows the call within a span of its own, linked to the same request."""
    async with traced(tmp_path) as made:
        call = await made.stand.acme.place(ANSWERS, wait_until_answered=True)
        await made.stop()
        async with traced(tmp_path, beside=made) as after:
            await after.stand.acme.hang_up(call.call_id)
            await after.exported()
    placed, first, second = made.one(PLACED), made.one("call"), after.one("call")
    assert first.links == second.links == (placed.span_id,)
    assert first.attributes["gateway.outcome"] == "CANCELLED"
    assert second.attributes["gateway.outcome"] == "COMPLETED"
    assert first.attributes["gateway.call_id"] == second.attributes["gateway.call_id"]


async def attended(made: Traced, webhook: WebhookRef) -> None:
    """Returns when the gateway delivers to this webhook."""
    store = made.stand.gateway.administration.store

    async def there() -> bool:
        cursor = await store.read(lambda tx: tx.webhook_cursor(webhook))
        return cursor is not None and bool(cursor.gateway_id)

    await eventually(there)


async def test_log_and_audit_name_the_trace(tmp_path: Path) -> None:
    """The id of the client's trace is in the lines of its request, and in its audit record."""
    trace_id = PARENT.split("-")[1]
    merged = [structlog.contextvars.merge_contextvars]
    async with traced(tmp_path) as made:
        made.stand.acme.wire.headers["traceparent"] = PARENT
        with capture_logs(processors=merged) as lines:
            await refusal(made.stand.acme.place("nonsense"))
        call_id = await a_call(made, {"traceparent": PARENT})
        audited = await made.stand.audit(call_id)
        await made.exported()
    assert {one["trace_id"] for one in lines if one["event"] == "refused"} == {trace_id}
    assert {one["trace_id"] for one in audited if one["kind"] == "INTENT"} == {trace_id}
