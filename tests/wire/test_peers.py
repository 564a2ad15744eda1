"""Who really sent a request."""

import pytest

from gateway.wire.peers import MOST_ENTRIES, Peers, origin_of, peer_of, plain

PROXIES = Peers(["10.0.0.0/8", "2001:db8:1::/48", "unix"])
PROXY = "ipv4:10.0.0.7:40312"


def named(*lines: str, peer: str = PROXY, peers: Peers = PROXIES) -> str:
    return peers.real_peer(peer, [("X-Forwarded-For", line) for line in lines])


@pytest.mark.parametrize(
    ("peer", "written"),
    [
        ("ipv4:10.0.0.7:40312", "ipv4:10.0.0.7:40312"),
        ("ipv6:[2001:db8::7]:40312", "ipv6:[2001:db8::7]:40312"),
        ("ipv6:%5B2001:db8::7%5D:40312", "ipv6:[2001:db8::7]:40312"),
        ("ipv6:%5Bfe80::7%25eth0%5D:40312", "ipv6:[fe80::7]:40312"),
        ("ipv6:[::ffff:10.0.0.7]:40312", "ipv4:10.0.0.7:40312"),
        ("ipv6:%5B::ffff:a00:7%5D:40312", "ipv4:10.0.0.7:40312"),
        ("unix:", "unix:"),
        ("unix:/run/gateway.sock", "unix:"),
        ("unix-abstract:gateway", "unix:"),
        ("something:else", "something:else"),
        ("", ""),
    ],
)
def test_peers_have_one_form(peer: str, written: str) -> None:
    """The same peer is the same text, whichever wire and socket it came by."""
    assert plain(peer) == written
    assert Peers().real_peer(peer, [("x-forwarded-for", "203.0.113.9")]) == written


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (("10.0.0.7", 40312), "ipv4:10.0.0.7:40312"),
        (("2001:db8::7", 40312, 0, 0), "ipv6:[2001:db8::7]:40312"),
        (("::ffff:10.0.0.7", 40312, 0, 0), "ipv4:10.0.0.7:40312"),
        ("", "unix:"),
        (b"\0abstract", "unix:"),
        (None, ""),
    ],
)
def test_what_sockets_call_a_peer(name: object, written: str) -> None:
    """Both families, and Unix sockets, whose peers have no name."""
    assert peer_of(name) == written


def test_nobody_is_believed_by_default() -> None:
    """A client that is no trusted proxy cannot make itself another."""
    assert named("203.0.113.9", peers=Peers()) == PROXY
    assert named("203.0.113.9", peer="ipv4:192.0.2.1:5") == "ipv4:192.0.2.1:5"


@pytest.mark.parametrize(
    ("lines", "written"),
    [
        (["203.0.113.9"], "ipv4:203.0.113.9"),
        (["203.0.113.9:4711"], "ipv4:203.0.113.9"),
        (["2001:db8:2::9"], "ipv6:[2001:db8:2::9]"),
        (["[2001:db8:2::9]:4711"], "ipv6:[2001:db8:2::9]"),
        (["::ffff:203.0.113.9"], "ipv4:203.0.113.9"),
        (["198.51.100.1, 203.0.113.9"], "ipv4:203.0.113.9"),
        (["198.51.100.1", "203.0.113.9"], "ipv4:203.0.113.9"),
        (["203.0.113.9 , 10.1.2.3,2001:db8:1::1"], "ipv4:203.0.113.9"),
        (["nonsense, 203.0.113.9, 10.1.2.3"], "ipv4:203.0.113.9"),
        (["10.1.2.3, 10.1.2.4"], "ipv4:10.1.2.3"),
        (["198.51.100.1, nonsense"], PROXY),
        (["198.51.100.1, "], PROXY),
        (["198.51.100.1, unknown, 10.1.2.3"], PROXY),
        (["203.0.113.999"], PROXY),
        (["203.0.113.9\x00"], PROXY),
        ([""], PROXY),
        ([], PROXY),
    ],
)
def test_whom_a_trusted_proxy_names(lines: list[str], written: str) -> None:
    """The last one named that is no trusted proxy; what cannot be read names nobody."""
    assert named(*lines) == written


def test_proxies_of_every_kind() -> None:
    """A proxy may come by IPv6, by IPv4 in its clothes, and by a Unix socket."""
    for peer in ("ipv6:%5B2001:db8:1::5%5D:1", "ipv6:[::ffff:10.0.0.7]:1", "unix:/run/x"):
        assert named("203.0.113.9", peer=peer) == "ipv4:203.0.113.9"
    mapped = Peers(["::ffff:10.0.0.0/104"])
    assert named("203.0.113.9", peers=mapped) == "ipv4:203.0.113.9"
    assert named("203.0.113.9", peer="unix:", peers=mapped) == "unix:"


def test_grpcs_metadata_is_read_too() -> None:
    """Lower case, bytes in some values, and other headers between."""
    headers: list[tuple[str, str | bytes]] = [
        ("x-forwarded-for", "198.51.100.1"),
        ("user-agent", "x"),
        ("trace-bin", b"\xff"),
        ("x-forwarded-for", b"203.0.113.9"),
    ]
    assert PROXIES.real_peer(PROXY, headers) == "ipv4:203.0.113.9"


def test_a_long_list_is_read_from_its_end() -> None:
    """What stands before the entries that proxies can have written is not looked at."""
    assert named("198.51.100.1" + ", 10.1.2.3" * MOST_ENTRIES) == "ipv4:10.1.2.3"


@pytest.mark.parametrize("name", ["10.0.0.0/33", "proxy.example", "10.0.0.1:80", ""])
def test_only_addresses_can_be_trusted(name: str) -> None:
    """A name would be whatever the DNS says."""
    with pytest.raises(ValueError, match="does not appear to be"):
        Peers([name])


def test_what_limits_are_counted_by() -> None:
    """Ports do not count, nor which address of its network somebody uses with IPv6."""
    assert origin_of("ipv4:10.0.0.7:1") == origin_of("ipv4:10.0.0.7") == "10.0.0.7"
    assert origin_of("ipv6:[2001:db8:0:1::7]:1") == origin_of("ipv6:[2001:db8:0:1:f::1]")
    assert origin_of("ipv6:[2001:db8::7]:1") != origin_of("ipv6:[2001:db8:0:1::7]:1")
    assert origin_of("unix:") == "unix:"
