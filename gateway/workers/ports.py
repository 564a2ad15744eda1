"""Addresses that several processes of this machine share (SO_REUSEPORT), kept for them."""

import errno
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

ABSENT = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
"""What a name may lead to besides, as `localhost` to ::1 on a machine without IPv6."""


class TakenError(Exception):
    """An address that cannot be listened at. `name`: which of those asked for."""

    def __init__(self, name: str, address: str, cause: OSError) -> None:
        super().__init__(f"cannot listen at {address}: {cause.strerror or cause}")
        self.name = name


@contextmanager
def kept(addresses: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """The addresses by name, port 0 replaced by a free one, until the end of the block.

    Only processes of this user that ask for shared ports can listen there. Raises TakenError if
    somebody does already, or two of the names have the same address.
    """
    with ExitStack() as stack:
        found: dict[str, str] = {}
        for name, address in addresses.items():
            host, _, port = address.rpartition(":")
            try:
                sockets = _kept(host.strip("[]"), int(port), stack)
            except OSError as taken:
                raise TakenError(name, address, taken) from taken
            found[name] = f"{host}:{_port(sockets, int(port))}"
        yield found


def _kept(host: str, port: int, stack: ExitStack) -> Sequence[socket.socket]:
    """A socket for each address that the name leads to, all with one port."""
    sockets: list[socket.socket] = []
    places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, _, _, _, place in dict.fromkeys(places):
        bare = (place[0], _port(sockets, port), *place[2:])
        try:
            sockets.append(stack.enter_context(_bound(family, bare)))
        except OSError as error:
            if error.errno not in ABSENT:
                raise
    return sockets


def _bound(family: socket.AddressFamily, place: tuple[object, ...]) -> socket.socket:
    """A socket that holds the address and takes no connection, as it does not listen.

    Sharing would join whoever shares there already, so it is first bound without.
    """
    with _socket(family, socket.SO_REUSEADDR) as alone:
        alone.bind(place)
        place = (place[0], alone.getsockname()[1], *place[2:])
    try:
        return _at(place, family, socket.SO_REUSEPORT)
    except OSError:
        # Old connections of a gateway that did not share stand in the way for a minute.
        return _at(place, family, socket.SO_REUSEPORT, socket.SO_REUSEADDR)


def _at(place: tuple[object, ...], family: socket.AddressFamily, *options: int) -> socket.socket:
    held = _socket(family, *options)
    try:
        held.bind(place)
    except OSError:
        held.close()
        raise
    return held


def _socket(family: socket.AddressFamily, *options: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    if family is socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    for option in options:
        made.setsockopt(socket.SOL_SOCKET, option, 1)
    return made


def _port(sockets: Sequence[socket.socket], otherwise: int) -> int:
    found: int = sockets[0].getsockname()[1] if sockets else otherwise
    return found
