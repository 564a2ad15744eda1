"""One grammar of hosts, wherever one is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.numbers import hosts

LABEL = "a" * 63
LONGEST = ".".join([LABEL, LABEL, LABEL, "a" * 61])

CANONICAL = [
    ("atlanta.com", "atlanta.com"),
    ("AtLanTa.CoM", "atlanta.com"),
    ("pbx.example.com.", "pbx.example.com"),
    ("localhost", "localhost"),
    ("1and1.example", "1and1.example"),
    ("x-1.a-b.xn--p1ai", "x-1.a-b.xn--p1ai"),
    ("acme_pbx_1", "acme_pbx_1"),
    (LONGEST, LONGEST),
    (LONGEST + ".", LONGEST),
    ("192.0.2.4", "192.0.2.4"),
    ("255.255.255.255", "255.255.255.255"),
    ("[2001:db8::10]", "[2001:db8::10]"),
    ("[2001:DB8:0::1]", "[2001:db8::1]"),
    ("[2001:db8:0:0:0:0:0:1]", "[2001:db8::1]"),
    ("[2001:db8::10:5070]", "[2001:db8::10:5070]"),
    ("[::1]", "[::1]"),
    ("[::ffff:c000:20a]", hosts.host("[::ffff:192.0.2.10]")),
]


@pytest.mark.parametrize(("text", "canonical"), CANONICAL)
def test_a_host_has_one_canonical_form(text: str, canonical: str) -> None:
    """However it is written; and the canonical form is its own."""
    assert hosts.host(text) == canonical
    assert hosts.host(canonical) == canonical


WRONG = [
    "", ".", "..", "...", "a..b", ".a", "a..", "-a", "a-", "a-.b", "_a", "a_", "a._b", "pbx.-",
    "pbx.1", "1", "a.1b", "123", "999.1.1.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.4.",
    "1.2.3.256", "0x7f.0.0.1", "2130706433", "::1", "2001:db8::1", "[]", "[::::]", "[::1", "::1]",
    "[2001:db8:::192.0.2.1]", "[192.0.2.1]", "[fe80::1%eth0]", "[::1]x", "[[::1]]", "[::12345]",
    "a b", "a\r\nb", "a\n", "a\x00", "a/b", "a@b", "a;b", "a?b", "a#b", "a%41", "*.example.com",
    "b\xfccher.example", "\uff41.example", "\u212a.example", "1\u0662.0.0.1",
    LABEL + "a", LONGEST + "a", "a." * 126 + "ab", "a:5060", "a" * 100_000, "[" + ":" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("text", WRONG, ids=lambda text: ascii(text[:30]))
def test_what_is_no_host(text: str) -> None:
    """It is refused by a text that does not repeat it."""
    with pytest.raises(ValueError, match=r"host|IPv4|IPv6|port") as refused:
        hosts.host(text)
    assert len(str(refused.value)) < 120
    assert str(refused.value).replace("…", "").isascii()


PLACES = [
    ("a.example", "a.example", None),
    ("A.example.:5060", "a.example:5060", 5060),
    ("a.example:1", "a.example:1", 1),
    ("a.example:65535", "a.example:65535", 65535),
    ("a.example:05061", "a.example:5061", 5061),
    ("192.0.2.4:5060", "192.0.2.4:5060", 5060),
    ("[2001:DB8::10]:5070", "[2001:db8::10]:5070", 5070),
    ("[2001:db8::10]", "[2001:db8::10]", None),
]


@pytest.mark.parametrize(("text", "canonical", "port"), PLACES)
def test_a_place_has_a_host_and_perhaps_a_port(text: str, canonical: str, port: int | None) -> None:
    """The usual port is none; what is written is kept."""
    found = hosts.place(text)
    assert (str(found), found.port) == (canonical, port)
    assert hosts.place(canonical) == found


NO_PLACES = [
    *(text for text in WRONG if text != "a:5060"),
    "a:0", "a:65536", "a:99999", "a:100000", "a:", "a:x", "a:-1", "a:+1", "a:5060 ", "a:\uff11",
    "a:1:2", ":5060", "[::1]:", "[::1]:0", "[::1]5060", "2001:db8::1:5060", "a:5060\n",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_PLACES, ids=lambda text: ascii(text[:30]))
def test_what_is_no_place(text: str) -> None:
    """Ports are from 1 to 65535."""
    with pytest.raises(ValueError, match=r"host|IPv4|IPv6|port"):
        hosts.place(text)


def test_what_was_configured_before_stays_as_it_is() -> None:
    """A host that is none is nothing's canonical form but its own."""
    assert hosts.canonical("A.Example.:5060") == "a.example:5060"
    assert hosts.canonical("A..b") == "A..b"


@given(st.text() | st.text("[]:.-_0123456789abcdefABCDEF", max_size=40))
def test_whatever_is_told(text: str) -> None:
    """It has a canonical form, which is plain ASCII, or is refused."""
    try:
        found = str(hosts.place(text))
    except ValueError:
        return
    assert str(hosts.place(found)) == found
    assert set(found) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-:[]")
