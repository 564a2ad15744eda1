"""The target of a transfer: a number, or a user at a SIP host."""

import re
from collections.abc import Sequence

from gateway.domain.fields import printable
from gateway.domain.numbers import sip_uris
from gateway.domain.numbers.sip_uris import SipUri, TelUri
from gateway.errors import GatewayError, invalid_field

MAX_TARGET = 255
"""Characters of a URI."""

_USER = re.compile(r"[A-Za-z0-9+*#._~!$&'()-]{1,64}")


def target(field: str, value: str) -> str:
    """The canonical form of a target: a number, or `sip:user@host`, optionally with `:port`.

    `tel:` before a number is removed, since it adds nothing. The number itself is judged with the
    tenant's country. Raises INVALID_FIELD for a URI with other parts.
    """
    if not sip_uris.is_uri(value):
        return value
    try:
        uri = _parsed(value)
    except ValueError as error:
        raise _refused(field, value, f"is not a SIP or tel URI: {error}") from None
    if isinstance(uri, TelUri):
        if uri.parameters:
            told = f"must be a number without parameters in a tel: URI: {_told(uri.parameters)}"
            raise _refused(field, value, told)
        return uri.number
    if beside := _beside(uri):
        raise _refused(field, value, f"must be sip:user@host, {beside}")
    return str(uri)


def sip_target(value: str) -> SipUri | None:
    """The URI of a target in canonical form; None: it is a number."""
    uri = sip_uris.parse(value) if sip_uris.is_uri(value) else None
    return uri if isinstance(uri, SipUri) else None


def _parsed(value: str) -> SipUri | TelUri:
    if len(value) > MAX_TARGET:
        raise ValueError(f"it has at most {MAX_TARGET} characters here")
    return sip_uris.parse(value)


def _beside(uri: SipUri) -> str:
    """A part that a target may not have; empty: none."""
    if not uri.user:
        return "and there is no user"
    if uri.password is not None:
        return "without a password"
    if uri.parameters:
        return f"without parameters: {_told(uri.parameters)}"
    if uri.headers:
        return f"without headers: {_told(uri.headers)}"
    if ";" in uri.user:
        return "without parameters in the user"
    if not _USER.fullmatch(uri.user):
        return "with a user of 1 to 64 letters, digits and + * # . _ ~ ! $ & ' ( ) -"
    return ""


def _told(named: Sequence[tuple[str, str | None]]) -> str:
    return printable(named[0][0])


def _refused(field: str, value: str, text: str) -> GatewayError:
    return invalid_field(field, text, value=printable(value))
