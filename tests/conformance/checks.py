"""How cases say what they expect."""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

from tests.conformance.case import Ask, Check, Exchange
from tests.conformance.target import EncodingName, Path, Target

STATUS: Mapping[str, int] = {
    "canceled": 408,
    "unknown": 500,
    "invalid_argument": 400,
    "malformed": 400,
    "deadline_exceeded": 408,
    "not_found": 404,
    "bad_route": 404,
    "already_exists": 409,
    "permission_denied": 403,
    "unauthenticated": 401,
    "resource_exhausted": 429,
    "failed_precondition": 412,
    "aborted": 409,
    "out_of_range": 400,
    "unimplemented": 501,
    "internal": 500,
    "unavailable": 503,
    "data_loss": 500,
}
"""Twirp's error codes and the HTTP status of each."""


def is_success(encoding: EncodingName) -> Check:
    """Status 200, the request's encoding, and a length."""

    def check(exchange: Exchange) -> None:
        answer = exchange.answer
        assert answer.status == 200, f"status {answer.status}: {answer.body[:300]!r}"
        assert answer.media_type == f"application/{encoding}", _type_of(exchange)
        if encoding == "json":
            assert isinstance(answer.json, dict), "the answer is no JSON object"
        has_length(exchange)

    return check


def is_error(code: str) -> Check:
    """The code with its status, as a JSON object of Twirp's keys, and a length."""

    def check(exchange: Exchange) -> None:
        answer = exchange.answer
        assert answer.status == STATUS[code], f"status {answer.status}: {answer.body[:300]!r}"
        assert answer.media_type == "application/json", _type_of(exchange)
        has_length(exchange)
        if exchange.request.method != "HEAD":
            _has_error_shape(answer.json)
            assert answer.json["code"] == code

    return check


def is_bad_route(exchange: Exchange) -> None:
    """`bad_route`, with the route as it was asked for in `twirp_invalid_route`."""
    is_error("bad_route")(exchange)
    if exchange.request.method == "HEAD":
        return
    path = exchange.request.path.partition("?")[0]
    meta = exchange.answer.json.get("meta", {})
    assert meta.get("twirp_invalid_route") == f"{exchange.request.method} {path}", meta


def says(text: str) -> Check:
    """The error's message is this one."""

    def check(exchange: Exchange) -> None:
        assert exchange.answer.json["msg"] == text

    return check


def has_length(exchange: Exchange) -> None:
    """`Content-Length` is there, and is the body's."""
    told = exchange.answer.headers.get("content-length")
    assert told is not None, f"no Content-Length: {dict(exchange.answer.headers)}"
    if exchange.request.method != "HEAD":
        assert int(told) == len(exchange.answer.body), f"{told} is not the length of the body"


def has_no_body(exchange: Exchange) -> None:
    """Nothing follows the headers."""
    assert exchange.answer.body == b""


def same_as(ask: Ask) -> Check:
    """The other request has the same answer."""

    def check(exchange: Exchange) -> None:
        assert exchange.answer.json == exchange.ask(ask).answer.json

    return check


def other_than(ask: Ask) -> Check:
    """The other request, which also succeeds, has another answer."""

    def check(exchange: Exchange) -> None:
        other = exchange.ask(ask)
        is_success("json")(other)
        assert exchange.answer.json != other.answer.json, "the fields were not read"

    return check


def says_the_same_as_json(ask: Ask) -> Check:
    """The protobuf answer holds what the answer to the JSON request holds."""

    def check(exchange: Exchange) -> None:
        read = exchange.target.read
        assert read is not None
        told = without_nulls(exchange.ask(ask).answer.json)
        assert without_nulls(read(exchange.answer.body)) == told

    return check


def writes_default(exchange: Exchange) -> None:
    """The field at its default stands in the answer, under the proto's own name."""
    name = exchange.target.default_field
    assert name in exchange.answer.json, f"{name} is not in {sorted(exchange.answer.json)}"
    assert not exchange.answer.json[name], f"{name} is not at its default"


def value_at(where: Callable[[Target], Path], is_right: Callable[[Any], bool]) -> Check:
    """The value at a place of the answer is as it must be."""

    def check(exchange: Exchange) -> None:
        place = where(exchange.target)
        value = reduce(lambda inner, key: inner[key], place, exchange.answer.json)
        assert is_right(value), f"{place} is {value!r}"

    return check


def without_nulls(value: Any) -> Any:
    """A JSON document without its nulls: in proto3 JSON they mean unset fields."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _has_error_shape(error: Any) -> None:
    assert isinstance(error, dict), f"the error is no JSON object: {error!r}"
    others = set(error) - {"code", "msg", "meta"}
    assert not others, f"keys that make Go's client blame a proxy: {others}"
    assert isinstance(error.get("code"), str), f"code is no string: {error!r}"
    assert isinstance(error.get("msg"), str), f"msg is no string: {error!r}"
    meta = error.get("meta", {})
    assert isinstance(meta, dict), f"meta is no object: {meta!r}"
    wrong = {key: value for key, value in meta.items() if not isinstance(value, str)}
    assert not wrong, f"values of meta that are no strings: {wrong!r}"


def _type_of(exchange: Exchange) -> str:
    return f"content type {exchange.answer.headers.get('content-type')!r}"
