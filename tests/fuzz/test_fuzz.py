"""Bodies, headers and paths of any kind, on Twirp, the LiveKit door and gRPC."""

import json
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.telephony.v1 import calls_pb2
from tests.fuzz.target import Target, is_twirp_error
from tests.stands.phones import BUSY
from tests.stands.wires import SERVICES

EXAMPLES = 250
GROWTH = 40 * 1024 * 1024

bounded = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

METHODS = [
    f"/twirp/{service.full_name}/{method.name}"
    for service in SERVICES
    for method in service.methods
] + [
    f"/twirp/livekit.SIP/{name}"
    for name in ("CreateSIPParticipant", "TransferSIPParticipant", "ListSIPOutboundTrunk")
]
FIELDS = st.sampled_from(
    [
        *(field.name for field in calls_pb2.PlaceCallRequest.DESCRIPTOR.fields),
        *("call_id", "page_size", "wait", "sip_call_to", "room_name", "participant_identity"),
        *("sip_trunk_id", "transfer_to", "trunk", "nonsense"),
    ]
)
WORDS = st.one_of(
    st.text(max_size=40),
    st.sampled_from([BUSY, "acme-1", "30s", "-1s", "1e400", "\r\nX: y", "\x00"]),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.one_of(FIELDS, st.text(max_size=10)), inner, max_size=6)
    ),
    max_leaves=12,
)
BODIES = st.one_of(
    st.binary(max_size=300),
    JSON.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
    st.dictionaries(FIELDS, JSON, max_size=6).map(
        lambda value: json.dumps(value).encode("utf-8", "surrogatepass")
    ),
)
HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
TYPES = st.one_of(
    st.sampled_from(["application/json", "application/protobuf", "APPLICATION/JSON; charset=x"]),
    HEADER,
)
PATHS = st.one_of(
    st.sampled_from(METHODS),
    st.sampled_from(METHODS).flatmap(lambda path: HEADER.map(lambda tail: path + tail)),
    HEADER.map(lambda text: "/" + text),
).map(lambda path: path.replace(" ", "%20"))
TIMEOUTS = st.one_of(st.none(), st.sampled_from(["1", "0", "-5", "1e9", "x"]), HEADER)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A gateway of its own for the nonsense."""
    folder: Path = tmp_path_factory.mktemp("fuzz")
    made = Target(folder)
    made.start()
    yield made
    made.stop()


@bounded
@given(path=PATHS, kind=TYPES, body=BODIES, timeout=TIMEOUTS, known=st.booleans(), token=HEADER)
def test_http_answers_nonsense(
    target: Target,
    path: str,
    kind: str,
    body: bytes,
    timeout: str | None,
    known: bool,  # noqa: FBT001  hypothesis names its arguments
    token: str,
) -> None:
    """Any path, headers and body get an answer below 500 (or 501), errors in Twirp's form."""
    headers = {"Content-Type": kind, "Authorization": f"Bearer {target.token if known else token}"}
    if timeout is not None:
        headers["X-Twirp-Timeout-Ms"] = timeout
    status, answer = target.post("POST", path, headers, body)
    assert status < 500 or status == 501, (status, answer)
    if status >= 400 and not answer.startswith(b"invalid"):
        assert is_twirp_error(answer), answer


@bounded
@given(
    name=st.sampled_from(METHODS[:9]),
    body=st.one_of(st.binary(max_size=300), BODIES),
    known=st.booleans(),
)
def test_grpc_answers_nonsense(
    target: Target,
    name: str,
    body: bytes,
    known: bool,  # noqa: FBT001  hypothesis names its arguments
) -> None:
    """Any bytes to any gRPC method get a status that is the caller's fault, never INTERNAL."""
    if name.endswith("WatchCalls"):
        return
    path = name.removeprefix("/twirp")
    code = target.call(path, body, target.token if known else "")
    assert code not in {
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    }, body


def test_nonsense_leaves_nothing_behind(target: Target) -> None:
    """Thousands of bad requests leave no traceback in the log and no growing memory."""

    def nonsense(times: int) -> None:
        for n in range(times):
            path = METHODS[n % len(METHODS)]
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {n}"}
            target.post("POST", path, headers, b'{"to": "%d"}' % n)
            target.call("/gateway.telephony.v1.CallService/PlaceCall", b"\xff" * 20, str(n))

    nonsense(300)
    before = target.memory()
    nonsense(1000)
    assert target.memory() - before < GROWTH
    assert target.faults() == []
