"""The rules of request fields, the same on every wire.

LiveKit puts numbers, headers and URIs on the wire as they are, so a line break in one of
them would forge a SIP header. What passes here cannot.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

import phonenumbers

from gateway.domain import e164
from gateway.domain.call import Codec, LegOptions
from gateway.domain.commands import CallRef, PlaceCall, TransferCall
from gateway.domain.together import Together
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
    """Every field that needs nothing but itself; the rest is decided with the tenant."""
    with Together() as check:
        if asked.caller_id:
            check(phone_number, "caller_id", asked.caller_id)
        check(request_id, asked.request_id)
        check(name, "room", asked.room)
        check(name, "participant.identity", asked.identity)
        check(labels, asked.labels)
        check(_trunk_id, asked.trunk_id)
        check(_leg, asked.leg, allowed_headers)


def check_transfer_call(asked: TransferCall, allowed_headers: Iterable[str]) -> None:
    """Every field of a transfer, beside its target, that needs nothing but itself."""
    with Together() as check:
        check(request_id, asked.request_id)
        check(headers, "headers", asked.headers, allowed_headers)


def call_ref(ref: CallRef) -> None:
    """Which call is meant: by its id, or by room and identity of its leg."""
    with Together() as check:
        check(name, "call_id", ref.call_id)
        check(name, "room", ref.room)
        check(name, "participant_identity", ref.identity)
        if not ref.call_id and not (ref.room and ref.identity):
            raise invalid_field("call_id", "is required, or room and participant_identity")


def _trunk_id(value: str) -> None:
    if len(value) > MAX_LABEL_KEY:
        raise invalid_field("trunk_id", f"must have at most {MAX_LABEL_KEY} characters")


def _leg(leg: LegOptions, allowed_headers: Iterable[str]) -> None:
    with Together() as check:
        check(name, "participant.name", leg.participant_name)
        check(_metadata, leg.participant_metadata)
        check(attributes, leg.participant_attributes)
        check(_digits, leg.digits)
        check(_display_name, leg.display_name)
        check(headers, "headers", leg.headers, allowed_headers)
        check(_codecs, leg.codecs)
        check(_media_timeout, leg.media_timeout)


def _metadata(value: str) -> None:
    if len(value.encode()) > MAX_METADATA_BYTES:
        raise invalid_field("participant.metadata", f"must be at most {MAX_METADATA_BYTES} bytes")


def _digits(value: str) -> None:
    if len(value) > MAX_DIGITS or not _DIGITS.fullmatch(value):
        raise invalid_field(
            "digits",
            f"must be at most {MAX_DIGITS} of 0-9, A-D, *, # and w (half a second)",
            value=printable(value),
        )


def _display_name(value: str | None) -> None:
    if value is not None:
        _plain("display_name", value, MAX_DISPLAY_NAME)
        if any(char in value for char in '"\\<>'):
            raise invalid_field("display_name", 'must not contain any of " \\ < >')


def _codecs(codecs: Sequence[Codec]) -> None:
    if len(codecs) > MAX_CODECS:
        raise invalid_field("media.codecs", f"must be at most {MAX_CODECS}")
    with Together() as check:
        for at, codec in enumerate(codecs):
            check(_codec, f"media.codecs[{at}]", codec)


def _codec(field: str, codec: Codec) -> None:
    with Together() as check:
        check(_codec_name, f"{field}.name", codec.name)
        if codec.rate < 0:
            raise invalid_field(f"{field}.rate", "must not be negative")


def _codec_name(field: str, value: str) -> None:
    if not _CODEC.fullmatch(value):
        raise invalid_field(field, "must be an SDP encoding name")


def _media_timeout(value: timedelta | None) -> None:
    if value is not None and not timedelta(0) < value <= MAX_MEDIA_TIMEOUT:
        raise invalid_field("media.media_timeout", "must be above 0 and at most 600s")


def is_request_id(value: str) -> bool:
    """Printable ASCII without spaces, or empty."""
    return not value or (len(value) <= MAX_REQUEST_ID and _TOKEN.fullmatch(value) is not None)


def request_id(value: str) -> None:
    """Raises INVALID_FIELD for what is none."""
    if not is_request_id(value):
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
    with Together() as check:
        for key, value in values.items():
            check(_label, field, key, value)


def _label(field: str, key: str, value: str) -> None:
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
    with Together() as check:
        for key, value in values.items():
            check(_attribute, field, key, value)


def _attribute(field: str, key: str, value: str) -> None:
    if key.lower().startswith(_RESERVED_ATTRIBUTES):
        raise invalid_field(field, "must not begin with sip., lk. or gateway.", key=printable(key))
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
    with Together() as check:
        for key, value in values.items():
            check(_header, field, key, value, extra)


def _header(field: str, key: str, value: str, allowed: set[str]) -> None:
    if not _HEADER_NAME.fullmatch(key):
        raise invalid_field(field, "has a name that is no SIP token", header=printable(key))
    if not may_send(key, allowed):
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
