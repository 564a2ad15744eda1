"""LiveKit's words: its codes and texts for what a carrier says, as they were measured."""

from asyncio import Future
from collections.abc import Callable, Mapping

from google.protobuf.message import Message
from livekit.api import ServerError, ServerErrorCode

from gateway.domain.calls.observation import LeaveReason

HTTP: Mapping[str, int] = {
    ServerErrorCode.CANCELED: 408,
    ServerErrorCode.DEADLINE_EXCEEDED: 408,
    ServerErrorCode.UNKNOWN: 500,
    ServerErrorCode.INVALID_ARGUMENT: 400,
    ServerErrorCode.NOT_FOUND: 404,
    ServerErrorCode.PERMISSION_DENIED: 403,
    ServerErrorCode.RESOURCE_EXHAUSTED: 429,
    ServerErrorCode.FAILED_PRECONDITION: 412,
    ServerErrorCode.ABORTED: 409,
    ServerErrorCode.INTERNAL: 500,
    ServerErrorCode.UNAVAILABLE: 503,
}

_PHRASES: Mapping[int, str] = {
    301: "Moved Permanently",
    302: "Moved Temporarily",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    410: "Gone",
    480: "Temporarily Unavailable",
    484: "Address Incomplete",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    500: "Server Internal Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Server Time-out",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    607: "Unwanted",
    608: "Rejected",
}
_CODES: Mapping[int, str] = {
    **dict.fromkeys((480, 486, 600), ServerErrorCode.RESOURCE_EXHAUSTED),
    **dict.fromkeys((403, 603, 607, 608), ServerErrorCode.PERMISSION_DENIED),
    **dict.fromkeys((301, 302, 404, 410, 604), ServerErrorCode.NOT_FOUND),
    **dict.fromkeys((408, 504), ServerErrorCode.DEADLINE_EXCEEDED),
    487: ServerErrorCode.ABORTED,
    **dict.fromkeys((500, 501, 502, 503), ServerErrorCode.FAILED_PRECONDITION),
}
_WELL_KNOWN = {400, 404, 480, 486, 488}
_AUTH_REQUIRED = {401, 407}


def error(code: str, text: str, **meta: str) -> ServerError:
    """A Twirp error as livekit-api raises it, for something that the SIP node or psrpc says."""
    return ServerError(code, f"twirp error unknown: {text}", status=HTTP[code], metadata=meta)


def timed_out() -> ServerError:
    """An INVITE that LiveKit has cancelled, whoever wanted that."""
    return error(ServerErrorCode.CANCELED, "sip request timed out")


def silent() -> ServerError:
    """A trunk that has not answered at all for 32 s (SIP's timer B)."""
    text = "transaction failed to complete (0 intermediate responses)"
    return error(ServerErrorCode.CANCELED, text)


def not_joined() -> ServerError:
    """The SIP node could not join the room, so it has dialled nothing."""
    return error(ServerErrorCode.INTERNAL, "update room failed: the room is gone")


def request_over() -> ServerError:
    """The request's own time is up."""
    return error(ServerErrorCode.DEADLINE_EXCEEDED, "request timed out")


def not_found(what: str) -> ServerError:
    """There is no such room or participant."""
    code = ServerErrorCode.NOT_FOUND
    return ServerError(code, f"{what} does not exist", status=HTTP[code])


def key_refused() -> ServerError:
    """What livekit-api makes of the plain text of LiveKit's JWT middleware."""
    return ServerError(ServerErrorCode.UNKNOWN, "", status=401)


def bad_gateway() -> ServerError:
    """What livekit-api makes of a proxy's page."""
    return ServerError(ServerErrorCode.UNKNOWN, "", status=502)


def refused(status: int) -> ServerError:
    """A final response to the INVITE other than 200."""
    if status in _AUTH_REQUIRED:
        text = "sip server required auth, but no username or password was provided"
        return error(ServerErrorCode.FAILED_PRECONDITION, text)
    well_known = status in _WELL_KNOWN
    text = "INVITE failed" if well_known else "unexpected status from INVITE response"
    return _sip_error(text, status)


def refer_refused(status: int) -> ServerError:
    """A final NOTIFY other than 200."""
    return _sip_error("call transfer failed", status)


def succeed(future: Future[Message], message: Message) -> None:
    """Answers a request, if it still waits."""
    if not future.done():
        future.set_result(message)


def fail(future: Future[Message], why: Callable[[], Exception]) -> None:
    """Answers a request with an error, if it still waits."""
    if not future.done():
        future.set_exception(why())


def leave_reason(status: int, *, newer: bool) -> LeaveReason:
    """Why a leg leaves its room after this response.

    A carrier's 5xx looks like a hang-up unless the server is a `newer` one (from 1.13.11 on).
    """
    if status in {404, 408, 480}:
        return LeaveReason.USER_UNAVAILABLE
    if 400 <= status < 500 or 600 <= status < 700:
        return LeaveReason.USER_REJECTED
    return LeaveReason.SIP_TRUNK_FAILURE if newer else LeaveReason.CLIENT_INITIATED


def _sip_error(text: str, status: int) -> ServerError:
    other = ServerErrorCode.INVALID_ARGUMENT if status < 500 else ServerErrorCode.UNKNOWN
    phrase = _PHRASES.get(status, f"Status {status}")
    return error(
        _CODES.get(status, other),
        f"{text}: sip status: {status}: {phrase}",
        sip_status_code=str(status),
        sip_status=phrase,
    )
