"""Errors as Twirp writes them: `code`, `msg`, `meta` and nothing else, `meta` of strings only.

Go's client takes an error with any other key for a proxy's response and loses its code.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.errors import GatewayError
from gateway.rpc.endpoint import ToldAsError
from gateway.wire.codes import CODES
from gateway.wire.fitting import MAX_BODY_MESSAGE_BYTES, fitted


@dataclass(eq=False)
class TwirpError(ToldAsError):
    """An error response."""

    code: str
    status: int
    msg: str
    meta: Mapping[str, str] = field(default_factory=dict)
    last: bool = False
    """The rest of the request is not worth reading: the connection closes."""

    def __str__(self) -> str:
        return f"{self.code}: {self.msg}"

    @property
    def body(self) -> bytes:
        """The JSON of it, whatever the request's content type was."""
        meta = {"meta": dict(self.meta)} if self.meta else {}
        return json.dumps({"code": self.code, "msg": self.msg, **meta}).encode()


def refusal(error: GatewayError) -> TwirpError:
    """A refusal with all its metadata, as far as it fits."""
    error = fitted(error, MAX_BODY_MESSAGE_BYTES)
    meta = dict(error.metadata)
    if names := [violation.field for violation in error.violations if violation.field]:
        meta["field"] = ",".join(dict.fromkeys(names))
    if error.retry_after is not None:
        meta["retry_after_ms"] = str(-(-error.retry_after // timedelta(milliseconds=1)))
    meta["reason"] = error.reason.value
    code = CODES[error.reason]
    return TwirpError(code.twirp, code.http, error.message, meta)


def bad_route(msg: str, method: str, path: str) -> TwirpError:
    """Not a request for an RPC: wrong path, HTTP method or content type."""
    return TwirpError("bad_route", 404, msg, {"twirp_invalid_route": f"{method} {path}"})


def malformed(msg: str, meta: Mapping[str, str] | None = None, *, last: bool = False) -> TwirpError:
    """The body is not what its content type says."""
    return TwirpError("malformed", 400, msg, meta or {}, last)


def deadline_exceeded(msg: str, *, last: bool = False) -> TwirpError:
    """The client's deadline has passed, or the timeout for a slow body."""
    return TwirpError("deadline_exceeded", 408, msg, last=last)


def internal() -> TwirpError:
    """The cause is only in the log."""
    return TwirpError("internal", 500, "internal error")
