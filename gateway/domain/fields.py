"""The rules of request fields, the same on every wire.

LiveKit puts numbers, headers and URIs on the wire as they are, so a line break in one of
them would forge a SIP header. What passes here cannot.
"""

import re
from collections.abc import Iterable, Mapping

from gateway.domain.together import Together
from gateway.errors import GatewayError, invalid_field

MAX_IDENTITY_BYTES = 256
MAX_ENTRIES = 32
MAX_HEADER_VALUE = 1024
MAX_LABEL_KEY = 64
MAX_LABEL_VALUE = 256
MAX_REQUEST_ID = 128

_TOKEN = re.compile(r"[!-~]+")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!%*_+`'~.-]{1,255}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""C0, DEL, C1, line separators, what turns the direction of writing, halves of pairs."""
# LiveKit sets these itself, or they change the meaning of the request.
_FORBIDDEN_HEADERS = {
    "call-id", "contact", "cseq", "event", "expires", "from", "max-forwards", "record-route",
    "refer-to", "reply-to", "route", "to", "via", "authorization", "proxy-authorization",
    "i", "m", "f", "t", "v", "l", "c", "e", "k", "s", "b", "r", "o", "u", "d", "x",
}  # fmt: skip
_FORBIDDEN_PREFIXES = ("accept", "allow", "content-")


def is_request_id(value: str) -> bool:
    """Printable ASCII without spaces, or empty."""
    return not value or (len(value) <= MAX_REQUEST_ID and _TOKEN.fullmatch(value) is not None)


def request_id(value: str) -> None:
    """Raises INVALID_FIELD for anything else."""
    if not is_request_id(value):
        raise invalid_field(
            "request_id", f"must be at most {MAX_REQUEST_ID} printable ASCII characters"
        )


def name(field: str, value: str) -> None:
    """A room, identity or participant name: LiveKit's limit, and no control characters."""
    plain(field, value, MAX_IDENTITY_BYTES)


def labels(values: Mapping[str, str], field: str = "labels") -> None:
    """The client's own keys and values."""
    if len(values) > MAX_ENTRIES:
        raise invalid_field(field, f"must be at most {MAX_ENTRIES} entries")
    with Together() as check:
        for key, value in values.items():
            check(_label, field, key, value)


def _label(field: str, key: str, value: str) -> None:
    if not key:
        raise invalid_field(field, "must not have an empty key")
    plain(field, key, MAX_LABEL_KEY)
    plain(f"{field}[{key}]", value, MAX_LABEL_VALUE)


def headers(field: str, values: Mapping[str, str], allowed: Iterable[str]) -> None:
    """SIP headers a tenant may send: identity headers would forge the caller."""
    if len(values) > MAX_ENTRIES:
        raise invalid_field(field, f"must be at most {MAX_ENTRIES} entries")
    extra = {header.lower() for header in allowed}
    with Together() as check:
        for key, value in values.items():
            check(_header, field, key, value, extra)


def _header(field: str, key: str, value: str, allowed: set[str]) -> None:
    if not _HEADER_NAME.fullmatch(key):
        raise invalid_field(field, "has a name that is not a SIP token", header=printable(key))
    if not may_send(key, allowed):
        raise invalid_field(
            f"{field}[{key}]", "is not among the headers this tenant may send", header=key
        )
    if len(value) > MAX_HEADER_VALUE or _CONTROL.search(value):
        raise invalid_field(
            f"{field}[{key}]", f"must be at most {MAX_HEADER_VALUE} printable characters"
        )


def is_header(name: str) -> bool:
    """Whether this is a valid name of a SIP header."""
    return _HEADER_NAME.fullmatch(name) is not None


def is_plain(text: str) -> bool:
    """Whether it has no control character, line separator or turn of the writing direction."""
    return _CONTROL.search(text) is None


def may_send(header: str, allowed: set[str]) -> bool:
    """Whether a tenant with these extra headers may send this one."""
    lowered = header.lower()
    if lowered in _FORBIDDEN_HEADERS or lowered.startswith(_FORBIDDEN_PREFIXES):
        return False
    return lowered.startswith("x-") or lowered == "user-to-user" or lowered in allowed


def printable(value: str) -> str:
    """`value` as it may appear in an error: shortened, control characters escaped."""
    return value[:64].encode("unicode_escape").decode("ascii")


def plain(field: str, value: str, limit: int) -> None:
    """A text of at most `limit` bytes of UTF-8, without control characters."""
    if len(value.encode()) > limit:
        raise _too_long(field, limit)
    if _CONTROL.search(value):
        raise invalid_field(field, "must not contain control characters", value=printable(value))


def _too_long(field: str, limit: int) -> GatewayError:
    return invalid_field(field, f"must be at most {limit} bytes", maximum=str(limit))
