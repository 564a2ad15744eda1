"""Addresses of peers, and ranges of them."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import unquote

Address = IPv4Address | IPv6Address
Range = IPv4Network | IPv6Network

MAX_RANGE_CHARACTERS = 64


def of_peer(peer: str) -> Address | None:
    """The address of a peer, such as `ipv4:10.0.0.7:40312` or `ipv6:[::1]`; None: it has none.

    An IPv4 address within an IPv6 one (`::ffff:10.0.0.7`) is the IPv4 address.
    """
    kind, _, place = unquote(peer).partition(":")
    if kind == "ipv6":
        place = place.partition("]")[0].removeprefix("[")
    elif kind == "ipv4":
        place = place.partition(":")[0]
    else:
        return None
    try:
        address = ip_address(place)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def range_of(text: str) -> Range:
    """The range that an address or a CIDR names. Raises ValueError.

    Also if bits are set after the prefix, as in 10.0.0.7/8: that is probably a mistake.
    """
    if len(text) > MAX_RANGE_CHARACTERS or "%" in text:
        raise ValueError("is not an address range")
    return ip_network(text)


def within(address: Address | None, ranges: Iterable[str]) -> bool:
    """Whether the address lies in one of the ranges; without ranges everything does."""
    listed = _ranges(tuple(ranges))
    return not listed or (address is not None and any(address in each for each in listed))


@lru_cache(maxsize=1024)
def _ranges(texts: tuple[str, ...]) -> tuple[Range, ...]:
    return tuple(range_of(text) for text in texts)
