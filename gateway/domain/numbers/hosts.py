"""Hosts as SIP writes them: names, IPv4 addresses, and IPv6 addresses in brackets.

The grammar is that of RFC 3261, section 25.1, plus the underscore within a label: containers and
some carriers' machines have such names, and every resolver accepts them.
"""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

MAX_HOST = 253
MAX_LABEL = 63
MAX_PORT = 65535

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
_PORT = re.compile(r"[0-9]{1,5}")
_IN_BRACKETS = "an IPv6 address must be in brackets, such as [2001:db8::1]"


@dataclass(frozen=True, slots=True)
class Place:
    """A host in canonical form, and its port unless it is the usual one."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


def host(text: str) -> str:
    """The canonical form of a host without a port.

    Names are in lower case without a dot at their end, IPv6 addresses as RFC 5952 writes them.
    Raises ValueError that says what is wrong, without repeating `text`.
    """
    if text.startswith("["):
        return _ipv6(text)
    if not text:
        raise ValueError("there is no host")
    if not text.isascii():
        raise ValueError("a host has ASCII letters only; write others as xn--…")
    if ":" in text:
        raise ValueError(_IN_BRACKETS if text.count(":") > 1 else "no port is allowed here")
    name = text.lower().removesuffix(".")
    if len(name) > MAX_HOST:
        raise ValueError(f"a host has at most {MAX_HOST} characters")
    labels = name.split(".")
    if labels[-1][:1].isdigit():
        return _ipv4(text)
    for label in labels:
        _check_label(label)
    return name


def place(text: str, *, least_port: int = 1) -> Place:
    """A host, optionally with `:port`, at most 65535. Raises ValueError that says what is wrong."""
    closed = text.find("]") + 1 if text.startswith("[") else 0
    if not closed and text.count(":") > 1:
        raise ValueError(_IN_BRACKETS)
    name, colon, port = text[closed:].partition(":")
    found = host(text[:closed] + name)
    if not colon:
        return Place(found)
    if not _PORT.fullmatch(port) or not least_port <= int(port) <= MAX_PORT:
        raise ValueError(f"a port is a number from {least_port} to {MAX_PORT}")
    return Place(found, int(port))


def canonical(text: str) -> str:
    """A configured host, optionally with a port, in canonical form.

    What was configured before this grammar was enforced stays as it is.
    """
    try:
        return str(place(text))
    except ValueError:
        return text


def _check_label(label: str) -> None:
    if not label:
        raise ValueError(
            "a host must not have an empty label: one dot between two labels, none at the start"
        )
    if len(label) > MAX_LABEL:
        raise ValueError(f"a label of a host has at most {MAX_LABEL} characters")
    if not _LABEL.fullmatch(label):
        raise ValueError(
            "a label of a host has letters, digits, '-' and '_', the last two not at its ends"
        )


def _ipv4(text: str) -> str:
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        raise ValueError(
            "a host whose last label begins with a digit must be an IPv4 address"
        ) from None


def _ipv6(text: str) -> str:
    inner = text[1:-1]
    # ipaddress accepts a zone after a %, which is meaningless on another machine.
    if not text.endswith("]") or "%" in inner:
        raise ValueError(_IN_BRACKETS)
    try:
        return f"[{IPv6Address(inner).compressed}]"
    except AddressValueError:
        raise ValueError("there is no IPv6 address in the brackets") from None
