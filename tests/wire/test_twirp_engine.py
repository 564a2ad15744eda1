"""The Twirp engine: what it brings to the pipeline, and how it says what comes back."""

import asyncio
import gzip
from datetime import timedelta

import pytest
from google.protobuf.message import Message

from gateway.errors import FieldViolation, GatewayError, Reason
from gateway.rpc.endpoint import ORDINARY_BYTES
from gateway.telephony.v1 import calls_pb2
from gateway.wire.codes import CODES
from gateway.wire.twirp.engine import TIMEOUT_HEADER
from tests.conformance.checks import STATUS
from tests.stands.patience import PATIENCE
from tests.wire.twirp_stand import head, standing


async def answer(_message: Message) -> Message:
    return calls_pb2.GetCallResponse(call=calls_pb2.Call(call_id="call_1", sequence=7))


async def never(_message: Message) -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def refuse(_message: Message) -> Message:
    raise GatewayError(
        Reason.INVALID_FIELD,
        "to and room are wrong",
        {"field": "to", "value": "x"},
        retry_after=timedelta(microseconds=1_500_001),
        violations=(FieldViolation("to", "no number"), FieldViolation("room", "no room")),
    )


async def break_down(_message: Message) -> Message:
    raise RuntimeError("the secret is 4711")


async def test_a_request_reaches_the_pipeline_as_it_came() -> None:
    """Headers arrive in lower case, with the wire's name and the client's address."""
    async with standing(answer) as stand:
        await stand.post(body=b'{"call_id": "call_1"}', Authorization="Bearer abc")
        await stand.post(body=b"\x0a\x01x", content_type="application/protobuf")
    (told, message), (second, _) = stand.pipeline.seen
    assert told.wire == "twirp+json"
    assert second.wire == "twirp+protobuf"
    assert told.headers["authorization"] == "Bearer abc"
    assert told.peer.startswith("ipv4:127.0.0.1:")
    assert told.patience is None
    assert message == calls_pb2.GetCallRequest(call_id="call_1")


async def test_json_is_written_for_people_and_javascript() -> None:
    """JSON answers have the proto's names, defaults, 64-bit numbers as strings, enums by name."""
    async with standing(answer) as stand:
        call = (await stand.post()).json["call"]
    assert call["sequence"] == "7"
    assert call["state"] == "CALL_STATE_UNSPECIFIED"
    assert call["participant_identity"] == ""


async def test_the_timeout_header_is_the_deadline() -> None:
    """X-Twirp-Timeout-Ms tells the pipeline how long the client waits."""
    async with standing(answer) as stand:
        await stand.post(X_Twirp_Timeout_Ms="60000")
    (told, _) = stand.pipeline.seen[0]
    assert told.patience == timedelta(seconds=60)


async def test_a_deadline_ends_the_work() -> None:
    """When the time is up the handler is cancelled and the client reads deadline_exceeded."""
    async with standing(never) as stand:
        reply = await stand.post(X_Twirp_Timeout_Ms="1000")
        assert stand.pipeline.cancelled.is_set()
    assert (reply.status, reply.json["code"]) == (408, "deadline_exceeded")
    assert TIMEOUT_HEADER in reply.json["msg"]


@pytest.mark.parametrize("told", ["", "0", "-1", "+1", "1.5", "1_000", "1e3", "soon", "86400001"])
async def test_a_bad_timeout_is_named(told: str) -> None:
    """A timeout that is no number of milliseconds is refused by its name, and nothing is done."""
    async with standing(answer) as stand:
        reply = await stand.post(X_Twirp_Timeout_Ms=told)
    assert (reply.status, reply.json["code"]) == (400, "invalid_argument")
    assert reply.json["meta"]["field"] == TIMEOUT_HEADER
    assert reply.json["meta"]["reason"] == "INVALID_FIELD"
    assert not stand.pipeline.seen


async def test_a_client_that_leaves_cancels_its_request() -> None:
    """A broken connection cancels the handler."""
    async with standing(never) as stand:
        async with stand.raw() as (_, writer):
            writer.write(head("GetCall", "Content-Length: 2") + b"{}")
            await stand.pipeline.begun.wait()
        async with asyncio.timeout(PATIENCE):
            await stand.pipeline.cancelled.wait()


async def test_a_client_that_leaves_amid_its_body_is_no_fault() -> None:
    """A connection that breaks before the body has come leaves the server as it was."""
    async with standing(answer) as stand:
        async with stand.raw() as (_, writer):
            writer.write(head("GetCall", "Content-Length: 100") + b"{")
            await writer.drain()
            await asyncio.sleep(0.05)
        assert (await stand.post()).status == 200
    assert len(stand.pipeline.seen) == 1


async def test_a_refusal_keeps_its_facts() -> None:
    """An error's meta holds the reason, the metadata, each field and the time to wait."""
    async with standing(refuse) as stand:
        reply = await stand.post()
    assert reply.status == 400
    assert reply.json == {
        "code": "invalid_argument",
        "msg": "to and room are wrong",
        "meta": {
            "reason": "INVALID_FIELD",
            "field": "to,room",
            "value": "x",
            "retry_after_ms": "1501",
        },
    }


@pytest.mark.parametrize("reason", CODES)
def test_each_reason_has_its_codes_status(reason: Reason) -> None:
    """The table's Twirp codes are Twirp's, each with the HTTP status that Twirp gives it."""
    assert STATUS[CODES[reason].twirp] == CODES[reason].http


async def test_an_unexpected_failure_says_nothing() -> None:
    """What no one expected is `internal`, and its text stays in the log."""
    async with standing(break_down) as stand:
        reply = await stand.post()
    assert (reply.status, reply.json) == (500, {"code": "internal", "msg": "internal error"})


async def test_a_stream_is_not_served() -> None:
    """Twirp has no streams: the refusal names the RPC that does the same without."""
    async with standing(answer) as stand:
        reply = await stand.post("WatchCalls")
    assert (reply.status, reply.json["code"]) == (501, "unimplemented")
    assert "ListCallEvents" in reply.json["msg"]
    assert reply.json["meta"]["reason"] == "UNIMPLEMENTED"


async def test_a_large_body_is_refused_before_it_has_come() -> None:
    """A length above the limit is refused at once, by a connection that then closes."""
    async with standing(answer) as stand, stand.raw() as (reader, writer):
        writer.write(head("GetCall", f"Content-Length: {ORDINARY_BYTES + 1}"))
        async with asyncio.timeout(PATIENCE):
            told = await reader.readuntil(b"}}")
    assert told.startswith(b"HTTP/1.1 400 ")
    assert b'"malformed"' in told
    assert f'"limit_bytes": "{ORDINARY_BYTES}"'.encode() in told
    assert b"Connection: close" in told


async def test_a_large_body_without_a_length_is_refused() -> None:
    """Chunks count towards the limit as they come."""
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    async with standing(answer) as stand, stand.raw() as (reader, writer):
        writer.write(head("GetCall", "Transfer-Encoding: chunked") + chunk * 17)
        async with asyncio.timeout(PATIENCE):
            told = await reader.readuntil(b"}}")
    assert told.startswith(b"HTTP/1.1 400 ")
    assert not stand.pipeline.seen


async def test_a_slow_body_is_not_waited_for() -> None:
    """A body that does not come is deadline_exceeded after a while, and the connection closes."""
    patience = timedelta(seconds=0.1)
    async with standing(answer, patience=patience) as stand, stand.raw() as (reader, writer):
        writer.write(head("GetCall", "Content-Length: 2") + b"{")
        async with asyncio.timeout(PATIENCE):
            told = await reader.readuntil(b"}")
    assert told.startswith(b"HTTP/1.1 408 ")
    assert b"Connection: close" in told


async def test_a_broken_chunk_is_the_clients_mistake() -> None:
    """A body whose chunks are no chunks is refused in time, and nothing is done."""
    patience = timedelta(seconds=0.2)
    async with standing(answer, patience=patience) as stand, stand.raw() as (reader, writer):
        writer.write(head("GetCall", "Transfer-Encoding: chunked") + b"2\r\n{}\r\nno length\r\n")
        async with asyncio.timeout(PATIENCE):
            told = await reader.readuntil(b"\r\n")
    assert told[8:].startswith(b" 40")
    assert not stand.pipeline.seen


async def test_a_compressed_body_is_not_unpacked() -> None:
    """Twirp has no compressed requests, so nothing small becomes large here."""
    async with standing(answer) as stand:
        reply = await stand.post(body=gzip.compress(b"{}"), Content_Encoding="gzip")
    assert (reply.status, reply.json["code"]) == (400, "malformed")


async def test_health_and_twirp_share_the_port() -> None:
    """Health and metrics stay where they are; any other path reads as a Twirp error."""
    async with standing(answer) as stand:
        base = f"http://127.0.0.1:{stand.port}"
        for path in ("/healthz", "/readyz", "/metrics"):
            async with stand.session.get(base + path) as reply:
                assert reply.status == 200
        async with stand.session.post(f"{base}/healthz") as reply:
            told = await reply.json()
    assert told["meta"] == {"twirp_invalid_route": "POST /healthz"}


async def test_what_was_wrong_with_json_is_told() -> None:
    """Beside Go's message, a malformed JSON request learns which field could not be read."""
    async with standing(answer) as stand:
        reply = await stand.post(body=b'{"call_id": 1}')
    assert reply.json["msg"] == "the json request could not be decoded"
    assert "call_id" in reply.json["meta"]["cause"]
