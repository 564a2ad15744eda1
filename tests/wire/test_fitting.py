"""Refusals fit the trailers that carry them, however much there was to say."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from gateway.domain.route_decision import MAX_TRUNKS_TOLD, Verdict, verdicts_text
from gateway.errors import FieldViolation, GatewayError, Reason
from gateway.telephony.v1 import calls_pb2
from gateway.wire.fitting import within
from gateway.wire.grpc.status import status_of
from gateway.wire.livekit.errors import refused as refused_at_livekits_door
from gateway.wire.twirp.errors import refusal
from tests.wire.test_status import details

MAX_STATUS = 6 * 1024
SOFT_LIMIT = 8 * 1024
"""Of trailers; above it C core's clients refuse by chance, above twice as much always."""

_trunks = verdicts_text({f"{at:03}-{'t' * 60}": Verdict.DISABLED for at in range(200)})

BIG = [
    GatewayError(
        Reason.NO_TRUNK,
        "no trunk may carry the call: " + ", ".join(f"trunk-{at} DISABLED" for at in range(200)),
        {f"trunk.trunk-{at}": "DISABLED" for at in range(200)},
    ),
    GatewayError(Reason.NO_TRUNK, _trunks[0], _trunks[1]),
    GatewayError(Reason.API_KEY_NOT_FOUND, f"no key {'ä' * 10_000}", {"key": "ä" * 10_000}),
    GatewayError(
        Reason.CONFIG_INVALID,
        "mistakes " * 10_000,
        {"ä" * 10_000: "€" * 10_000},
        timedelta(seconds=3),
        tuple(FieldViolation(f"f{at}" * 1000, "is wrong" * 1000) for at in range(1000)),
    ),
]
IDS = ["200 trunks", "200 long trunks", "a 20 KB key", "everything"]


@pytest.mark.parametrize("error", BIG, ids=IDS)
def test_a_status_fits_its_trailers(error: GatewayError) -> None:
    """At most 6 KiB serialised, and with the message 8 KiB on the wire; the reason stays."""
    status = status_of(error)
    on_the_wire = len(status.SerializeToString()) * 4 // 3 + len(quote(status.message, safe=" "))
    assert len(status.SerializeToString()) <= MAX_STATUS
    assert on_the_wire <= SOFT_LIMIT
    (info,) = details(error, error_details_pb2.ErrorInfo)
    assert info.reason == error.reason.value
    assert status.message[:5] == error.message[:5]


def test_what_was_left_out_is_counted() -> None:
    """The first facts and violations are told, and how many there were more."""
    error = BIG[-1]
    (info,) = details(error, error_details_pb2.ErrorInfo)
    (bad,) = details(error, error_details_pb2.BadRequest)
    (retry,) = details(error, error_details_pb2.RetryInfo)
    told = len(bad.field_violations)
    assert told >= 1
    assert bad.field_violations[0].field.startswith("f0f0")
    assert bad.field_violations[0].field.endswith("…(2000 bytes)")
    assert int(info.metadata["violations_left_out"]) == 1000 - told
    assert retry.retry_delay.seconds == 3


def test_two_hundred_trunks_are_counted() -> None:
    """A refusal names the first trunks and says how many more there are."""
    words, facts = verdicts_text({f"t{at}": Verdict.FULL for at in range(200)})
    assert words.endswith(f"t{MAX_TRUNKS_TOLD - 1} FULL and {200 - MAX_TRUNKS_TOLD} more")
    assert facts["trunks_left_out"] == str(200 - MAX_TRUNKS_TOLD)
    assert len(facts) == MAX_TRUNKS_TOLD + 1


@pytest.mark.parametrize("error", BIG, ids=IDS)
def test_a_twirp_error_is_short(error: GatewayError) -> None:
    """The same in Twirp's meta, at both doors: 12 KiB at most, with the reason."""
    for told in (refusal(error), refused_at_livekits_door(error)):
        assert len(told.body) <= 12 * 1024
        assert json.loads(told.body)["meta"]["reason"] == error.reason.value


@pytest.mark.parametrize("error", BIG, ids=IDS)
async def test_a_client_hears_the_reason(error: GatewayError) -> None:
    """A client with gRPC's defaults gets the code and all details over a real connection."""

    async def refuse(_body: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        await context.abort_with_status(rpc_status.to_status(status_of(error)))
        raise AssertionError

    server = grpc.aio.server()
    handler: Any = grpc.unary_unary_rpc_method_handler(refuse)
    generic = grpc.method_handlers_generic_handler("test.Service", {"Method": handler})
    server.add_generic_rpc_handlers((generic,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        for _ in range(20):  # between the soft and the hard limit it is a matter of chance
            call: Any = channel.unary_unary("/test.Service/Method")
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await call(b"")
            assert failed.value.code().value[0] == status_of(error).code
            trailers = dict(failed.value.trailing_metadata() or ())
            assert trailers["grpc-status-details-bin"] == status_of(error).SerializeToString()
    await server.stop(None)


def test_a_list_ends_where_its_response_would_be_too_long() -> None:
    """The first ones that fit, and always one."""
    calls = [calls_pb2.Call(call_id="x" * 1000) for _ in range(10)]
    assert len(within(calls, 5100)) == 5
    assert len(within(calls, 1)) == 1
    assert calls_pb2.ListCallsResponse(calls=within(calls, 5100)).ByteSize() <= 5100
    assert within([], 10) == []
