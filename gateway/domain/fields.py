"""The rules of request fields, the same on every wire.

LiveKit puts numbers, headers and URIs on the wire as they are, so a line break in one of
them would forge a SIP header. What passes here cannot.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import timedelta

import phonenumbers

from gateway.domain import e164
from gateway.domain.call import LegOptions
from gateway.domain.commands import PlaceCall, TransferCall
from gateway.errors import GatewayError, invalid_field

MAX_IDENTITY_BYTES = 256
MAX_ATTRIBUTES_BYTES = MAX_METADATA_BYTES = 64 * 1024
MAX_ENTRIES = 32
MAX_ATTRIBUTES = 64
MAX_HEADER_VALUE = 1024
MAX_LABEL_KEY = 64
MAX_LABEL_VALUE = 256
MAX_REQUEST_ID = 128
MAX_DIGITS = 64
MAX_DISPLAY_NAME = 128
MAX_MEDIA_TIMEOUT = timedelta(seconds=600)
MAX_CODECS = 16

_TOKEN = re.compile(r"[!-~]+")
_DIGITS = re.compile(r"[0-9A-D*#w]*")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!%*_+`'~.-]{1,255}")
_CODEC = re.compile(r"[A-Za-z0-9._-]{1,32}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""C0, DEL, C1, line separators, what turns the direction of writing, halves of pairs."""
_RESERVED_ATTRIBUTES = ("sip.", "lk.", "gateway.")
# LiveKit writes these itself, or they change what the request is.
_FORBIDDEN_HEADERS = {
    "call-id", "contact", "cseq", "event", "expires", "from", "max-forwards", "record-route",
    "refer-to", "reply-to", "route", "to", "via", "authorization", "proxy-authorization",
    "i", "m", "f", "t", "v", "l", "c", "e", "k", "s", "b", "r", "o", "u", "d", "x",
}  # fmt: skip
_FORBIDDEN_PREFIXES = ("accept", "allow", "content-")


def phone_number(field: str, value: str) -> str:
    """`value`, an E.164 number in its canonical form that some country could have given out.

    Refused, with the right form as `canonical`: what has a trunk zero behind the country's code.
    """
    if not value:
        raise invalid_field(field, "is required: an E.164 number such as +15005550100")
    if not e164.is_written(value):
        raise invalid_field(field, "must be E.164: '+' and 7 to 15 digits", value=printable(value))
    try:
        parsed = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        raise invalid_field(field, "begins with no country's code", value=value) from None
    if e164.canonical(parsed) != value:
        raise _not_canonical(field, value)
    if fault := e164.fault(parsed):
        raise invalid_field(field, fault, value=value)
    return value


def _not_canonical(field: str, value: str) -> GatewayError:
    if number := e164.number_of(value):
        told = f"is not in canonical form; the number is {number}"
        return invalid_field(field, told, value=value, canonical=number)
    return invalid_field(field, "is no number of its country's length", value=value)


def check_place_call(asked: PlaceCall, allowed_headers: Iterable[str]) -> None:
    """Every field but `request_id` that needs nothing but itself; the rest needs the tenant."""
    if asked.caller_id:
        phone_number("caller_id", asked.caller_id)
    name("room", asked.room)
    name("participant.identity", asked.identity)
    labels(asked.labels)
    if len(asked.trunk_id) > MAX_LABEL_KEY:
        raise invalid_field("trunk_id", f"must have at most {MAX_LABEL_KEY} characters")
    _check_leg(asked.leg, allowed_headers)


def check_transfer_call(asked: TransferCall, allowed_headers: Iterable[str]) -> None:
    """Every field of a transfer, beside its target, that needs nothing but itself."""
    request_id(asked.request_id)
    headers("headers", asked.headers, allowed_headers)


def _check_leg(leg: LegOptions, allowed_headers: Iterable[str]) -> None:
    name("participant.name", leg.participant_name)
    if len(leg.participant_metadata.encode()) > MAX_METADATA_BYTES:
        raise invalid_field("participant.metadata", f"must be at most {MAX_METADATA_BYTES} bytes")
    attributes(leg.participant_attributes)
    if len(leg.digits) > MAX_DIGITS or not _DIGITS.fullmatch(leg.digits):
        raise invalid_field(
            "digits",
            f"must be at most {MAX_DIGITS} of 0-9, A-D, *, # and w (half a second)",
            value=printable(leg.digits),
        )
    if leg.display_name is not None:
        _plain("display_name", leg.display_name, MAX_DISPLAY_NAME)
        if any(char in leg.display_name for char in '"\\<>'):
            raise invalid_field("display_name", 'must not contain any of " \\ < >')
    headers("headers", leg.headers, allowed_headers)
    _check_media(leg)


def _check_media(leg: LegOptions) -> None:
    if len(leg.codecs) > MAX_CODECS:
        raise invalid_field("media.codecs", f"must be at most {MAX_CODECS}")
    for at, codec in enumerate(leg.codecs):
        if not _CODEC.fullmatch(codec.name):
            raise invalid_field(f"media.codecs[{at}].name", "must be an SDP encoding name")
        if codec.rate < 0:
            raise invalid_field(f"media.codecs[{at}].rate", "must not be negative")
    timeout = leg.media_timeout
    if timeout is not None and not timedelta(0) < timeout <= MAX_MEDIA_TIMEOUT:
        raise invalid_field("media.media_timeout", "must be above 0 and at most 600s")


def request_id(value: str) -> None:
    """Printable ASCII without spaces, or empty."""
    if value and (len(value) > MAX_REQUEST_ID or not _TOKEN.fullmatch(value)):
        raise invalid_field(
            "request_id", f"must be at most {MAX_REQUEST_ID} printable ASCII characters"
        )


def name(field: str, value: str) -> None:
    """A room, identity or participant name: LiveKit's limit, and no control characters."""
    _plain(field, value, MAX_IDENTITY_BYTES)


def labels(values: Mapping[str, str], field: str = "labels") -> None:
    """The caller's own keys and values."""
    if len(values) > MAX_ENTRIES:
        raise invalid_field(field, f"must be at most {MAX_ENTRIES} entries")
    for key, value in values.items():
        if not key:
            raise invalid_field(field, "must not have an empty key")
        _plain(field, key, MAX_LABEL_KEY)
        _plain(f"{field}[{key}]", value, MAX_LABEL_VALUE)


def attributes(values: Mapping[str, str]) -> None:
    """Participant attributes; LiveKit's and the gateway's own cannot be forged."""
    field = "participant.attributes"
    if len(values) > MAX_ATTRIBUTES:
        raise invalid_field(field, f"must be at most {MAX_ATTRIBUTES} entries")
    if sum(len(k.encode()) + len(v.encode()) for k, v in values.items()) > MAX_ATTRIBUTES_BYTES:
        raise invalid_field(field, f"must be at most {MAX_ATTRIBUTES_BYTES} bytes in all")
    for key, value in values.items():
        if key.lower().startswith(_RESERVED_ATTRIBUTES):
            raise invalid_field(
                field, "must not begin with sip., lk. or gateway.", key=printable(key)
            )
        if not key or _CONTROL.search(key):
            raise invalid_field(field, "must have printable keys")
        if _CONTROL.search(value):  # a trunk's attributes_to_headers puts it on the wire
            raise invalid_field(
                f"{field}[{printable(key)}]",
                "must not contain control characters",
                value=printable(value),
            )


def headers(field: str, values: Mapping[str, str], allowed: Iterable[str]) -> None:
    """SIP headers a tenant may send: identity headers would forge the caller."""
    if len(values) > MAX_ENTRIES:
        raise invalid_field(field, f"must be at most {MAX_ENTRIES} entries")
    extra = {header.lower() for header in allowed}
    for key, value in values.items():
        if not _HEADER_NAME.fullmatch(key):
            raise invalid_field(field, "has a name that is no SIP token", header=printable(key))
        if not may_send(key, extra):
            raise invalid_field(
                f"{field}[{key}]", "is not among the headers this tenant may send", header=key
            )
        if len(value) > MAX_HEADER_VALUE or _CONTROL.search(value):
            raise invalid_field(
                f"{field}[{key}]", f"must be at most {MAX_HEADER_VALUE} printable characters"
            )


def is_header(name: str) -> bool:
    """Whether this is a name that a SIP header may have."""
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
    """`value` as it may stand in an error: shortened, control characters escaped."""
    return value[:64].encode("unicode_escape").decode("ascii")


def _plain(field: str, value: str, limit: int) -> None:
    if len(value.encode()) > limit:
        raise _too_long(field, limit)
    if _CONTROL.search(value):
        raise invalid_field(field, "must not contain control characters", value=printable(value))


def _too_long(field: str, limit: int) -> GatewayError:
    return invalid_field(field, f"must be at most {limit} bytes", maximum=str(limit))
