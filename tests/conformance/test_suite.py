"""The suite itself: a server with a fault does not pass."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.conformance import exchange
from tests.conformance.exchange import Answer, Request
from tests.conformance.table import CASES, applicable
from tests.conformance.target import Target
from tests.conformance.targets import go_server

Fault = Callable[[Request, Answer], Answer]


@pytest.fixture(scope="module")
def reference() -> Iterator[Target]:
    """A server without a fault."""
    with go_server() as running:
        yield running


@dataclass(frozen=True)
class FaultySend:
    """Answers as a server with this fault would give them."""

    fault: Fault

    def __call__(self, url: str, *requests: Request) -> list[Answer]:
        """See Send."""
        answers = exchange.send(url, *requests)
        return [self.fault(*pair) for pair in zip(requests, answers, strict=True)]


def on_errors(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Fault:
    """Errors with another body."""

    def fault(request: Request, answer: Answer) -> Answer:
        if answer.status == 200 or request.method == "HEAD":
            return answer
        body = json.dumps(change(answer.json)).encode()
        return with_headers(replace(answer, body=body), **{"content-length": str(len(body))})

    return fault


def on_success(change: Callable[[dict[str, Any]], Any]) -> Fault:
    """JSON answers with another body."""

    def fault(_request: Request, answer: Answer) -> Answer:
        if answer.status != 200 or answer.media_type != "application/json":
            return answer
        body = json.dumps(change(answer.json)).encode()
        return with_headers(replace(answer, body=body), **{"content-length": str(len(body))})

    return fault


def with_headers(answer: Answer, **headers: str) -> Answer:
    """The answer with these headers instead."""
    return replace(answer, headers={**answer.headers, **headers})


def without_length(_request: Request, answer: Answer) -> Answer:
    """No Content-Length."""
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    return replace(answer, headers=headers)


def other_status(status: int, code: str) -> Fault:
    """Another HTTP status for a code."""

    def fault(request: Request, answer: Answer) -> Answer:
        told = answer.status != 200 and request.method != "HEAD" and answer.json["code"] == code
        return replace(answer, status=status) if told else answer

    return fault


def refusing(is_wrong: Callable[[Request], bool]) -> Fault:
    """An own refusal of what a Twirp server takes."""
    body = b'{"code":"malformed","msg":"no"}'

    def fault(request: Request, answer: Answer) -> Answer:
        refused = Answer(status=400, headers=answer.headers, body=body)
        return refused if is_wrong(request) else answer

    return fault


FAULTS: dict[str, tuple[Fault, str]] = {
    "a further key in errors": (on_errors(lambda e: {**e, "status": 1}), "path: no method"),
    "a number in meta": (on_errors(lambda e: {**e, "meta": {"n": 1}}), "not_found to a json"),
    "meta null": (on_errors(lambda e: {**e, "meta": None}), "not_found to a json"),
    "no msg": (on_errors(lambda e: {"code": e["code"]}), "not_found to a json"),
    "dataloss": (
        on_errors(lambda e: {**e, "code": e["code"].replace("data_loss", "dataloss")}),
        "data_loss to a json",
    ),
    "no route in bad_route": (on_errors(lambda e: {**e, "meta": {}}), "HTTP method GET"),
    "405 for GET": (other_status(405, "bad_route"), "HTTP method GET"),
    "415 for types": (other_status(415, "bad_route"), "content type 'text/plain'"),
    "403 for limits": (other_status(403, "resource_exhausted"), "resource_exhausted to a json"),
    "504 for deadlines": (other_status(504, "deadline_exceeded"), "deadline_exceeded to a"),
    "errors in text": (
        lambda _r, a: a if a.status == 200 else with_headers(a, **{"content-type": "text/plain"}),
        "malformed",
    ),
    "no length": (without_length, "a JSON request"),
    "always protobuf": (
        lambda _r, a: with_headers(a, **{"content-type": "application/protobuf"}),
        "a JSON request",
    ),
    "numbers as numbers": (
        on_success(lambda m: {**m, "calls": [{**c, "sequence": 1} for c in m["calls"]]}),
        "64-bit numbers",
    ),
    "no defaults": (
        on_success(lambda m: {key: value for key, value in m.items() if value}),
        "fields at their default",
    ),
    "charset refused": (
        refusing(lambda r: "charset" in (r.content_type or "")),
        "content type json with a parameter",
    ),
    "unknown fields refused": (
        refusing(lambda r: b"conformance_unknown" in r.body),
        "unknown fields in JSON",
    ),
    "an empty protobuf refused": (
        refusing(lambda r: r.content_type == "application/protobuf" and not r.body),
        "an empty protobuf body",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_server_breaks_a_promise(reference: Target, name: str) -> None:
    """The case that is about a fault fails on a server that has it."""
    fault, blamed = FAULTS[name]
    cases = [case for case in applicable(reference) if case.name.startswith(blamed)]
    assert cases, f"no case begins with {blamed!r}"
    for case in cases:
        with pytest.raises(AssertionError):
            case.run(reference, FaultySend(fault))


def test_every_case_has_a_name_of_its_own() -> None:
    """A report names a promise without doubt."""
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
