"""The addresses that the gateway may connect to for a tenant.

A tenant names the URL, so it must not reach what only the gateway can: itself, its neighbours,
the cloud's metadata. The check is made on the address of each connection, so neither a name
that resolves to such an address nor one that changes between two look-ups helps.
"""

import ipaddress
import socket
from typing import Any

_UNICAST_V6 = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052's well-known prefix: how a machine without IPv4 reaches an IPv4 address."""
_REFUSED = [
    ipaddress.ip_network(each)
    for each in (
        "168.63.129.16/32",  # Azure's own services
        "192.0.0.0/24",  # protocol assignments, Oracle's metadata among them
        "192.88.99.0/24",  # relays into 6to4
        "2001::/32",  # Teredo: an IPv4 address within
        "2002::/16",  # 6to4: the same
    )
]


class PrivateAddressError(OSError):
    """The receiver's address is one that no tenant may reach."""


def is_public(address: str) -> bool:
    """Whether the address is of the public internet, and no way into a private one."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if parsed in _NAT64:
        return is_public(str(ipaddress.IPv4Address(parsed.packed[-4:])))
    # IPv4-mapped and IPv4-compatible addresses and RFC 8215's prefix for a network's own NAT64
    # (64:ff9b:1::/48) lie outside of global unicast.
    if parsed.version == 6 and parsed not in _UNICAST_V6:
        return False
    if any(parsed in network for network in _REFUSED if network.version == parsed.version):
        return False
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def public_socket(address: tuple[Any, ...]) -> socket.socket:
    """A socket to connect to this entry of `getaddrinfo`. Raises PrivateAddressError."""
    family, kind, protocol, _, place = address
    if not is_public(str(place[0])):
        raise PrivateAddressError("the receiver's address is private")
    return socket.socket(family, kind, protocol)
