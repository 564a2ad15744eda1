"""The real sender of a request: the connection's peer, or the one that a trusted proxy names."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import unquote

FORWARDED = "x-forwarded-for"
MOST_ENTRIES = 32
"""No request passes more proxies; earlier entries, added by a client, are ignored."""
UNIX = "unix"
"""The name of a peer on a Unix socket, also among the trusted ones."""

MOST_REMEMBERED = 4096
"""Peers whose addresses need not be read again at each request of a connection."""

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_MAPPED_BITS = 96
_SITE_BITS = 64
"""The network of one IPv6 subscriber, which controls all its addresses."""


class Peers:
    """Determines the real peers of requests, using the trusted proxies.

    `trusted`: addresses, networks (CIDR) and `unix`. Raises ValueError for anything else.
    """

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        names = set(trusted)
        self._trusts_unix = UNIX in names
        self._networks = [_network(name) for name in names - {UNIX}]

    def real_peer(self, peer: str, headers: Iterable[tuple[str, str | bytes]]) -> str:
        """The peer in one form: `ipv4:10.0.0.7:40312`, `ipv6:[2001:db8::7]:40312`, `unix:`.

        `peer`: the connection's, as gRPC writes it. `headers`: every line that came, in its
        order, names in any case; two lines of one name are read as one. Where a trusted proxy
        names the peer its port is omitted, since it is unknown. The entries count from the right
        as far as the proxies are trusted; if one cannot be read, the connection's own peer counts.
        """
        own = plain(peer)
        if not self.trusts(own):
            return own
        lines = [_text(value) for name, value in headers if name.lower() == FORWARDED]
        named = self._named(",".join(lines).split(",")[-MOST_ENTRIES:])
        return own if named is None else _written(named)

    def trusts(self, peer: str) -> bool:
        """Whether this peer, in any form that gRPC writes, is one of the trusted proxies."""
        if peer.startswith(UNIX):
            return self._trusts_unix
        address = _host(peer)
        return address is not None and self._is_trusted(address)

    def _named(self, entries: Sequence[str]) -> Address | None:
        """The last one that is not a trusted proxy; the first if all of them are."""
        address = None
        for entry in reversed(entries):
            address = _entry(entry.strip())
            if address is None or not self._is_trusted(address):
                return address
        return address

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


@lru_cache(MOST_REMEMBERED)
def plain(peer: str) -> str:
    """The peer without percent signs, zones and IPv4-mapped IPv6 addresses."""
    if peer.startswith(UNIX):
        return f"{UNIX}:"
    address = _host(peer)
    if address is None:
        return peer
    _, _, port = peer.rpartition(":")
    return f"{_written(address)}:{port}" if port.isdecimal() else _written(address)


def peer_of(name: object) -> str:
    """The peer as gRPC writes it, from a socket's address; empty if it has none."""
    if not isinstance(name, tuple):
        return "" if name is None else f"{UNIX}:"
    host, port = name[:2]
    return plain(f"ipv6:[{host}]:{port}" if ":" in host else f"ipv4:{host}:{port}")


def origin_of(peer: str) -> str:
    """What limits of one peer are counted by: its address, or the /64 around an IPv6 one."""
    address = _host(peer)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _SITE_BITS), strict=False))
    return str(address) if address else peer


@lru_cache(MOST_REMEMBERED)
def _host(peer: str) -> Address | None:
    """The address in `ipv4:…:port` or `ipv6:%5B…%5D:port`, with the port or without."""
    scheme, _, rest = unquote(peer).partition(":")
    return _entry(rest) if scheme in {"ipv4", "ipv6"} else None


def _entry(text: str) -> Address | None:
    """The address that stands alone, in brackets, or before a port."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _network(text: str) -> Network:
    network = ip_network(text, strict=False)
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED_BITS:
        mapped = network.network_address.ipv4_mapped
        if mapped:
            return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))
    return network


def _written(address: Address) -> str:
    return f"ipv4:{address}" if isinstance(address, IPv4Address) else f"ipv6:[{address}]"


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode(errors="replace")
