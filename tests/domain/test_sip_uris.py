"""SIP and tel URIs, by the examples of RFC 3261, 3966, 4475 and 5118."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.numbers.hosts import Place
from gateway.domain.numbers.sip_uris import SipUri, TelUri, is_uri, parse

ATLANTA, GATEWAY, EXAMPLE = Place("atlanta.com"), Place("gateway.com"), Place("example.com")
ODD = "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
ODD_PASSWORD = "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"

SIP: list[tuple[str, SipUri]] = [
    # RFC 3261, section 19.1.3
    ("sip:alice@atlanta.com", SipUri(user="alice", place=ATLANTA)),
    (
        "sip:alice:secretword@atlanta.com;transport=tcp",
        SipUri(
            user="alice", password="secretword", place=ATLANTA, parameters=(("transport", "tcp"),)
        ),
    ),
    (
        "sips:alice@atlanta.com?subject=project%20x&priority=urgent",
        SipUri(
            scheme="sips",
            user="alice",
            place=ATLANTA,
            headers=(("subject", "project x"), ("priority", "urgent")),
        ),
    ),
    (
        "sip:+1-212-555-1212:1234@gateway.com;user=phone",
        SipUri(
            user="+1-212-555-1212",
            password="1234",
            place=GATEWAY,
            parameters=(("user", "phone"),),
        ),
    ),
    ("sips:1212@gateway.com", SipUri(scheme="sips", user="1212", place=GATEWAY)),
    ("sip:alice@192.0.2.4", SipUri(user="alice", place=Place("192.0.2.4"))),
    (
        "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
        SipUri(
            place=ATLANTA,
            parameters=(("method", "REGISTER"),),
            headers=(("to", "alice@atlanta.com"),),
        ),
    ),
    ("sip:alice;day=tuesday@atlanta.com", SipUri(user="alice;day=tuesday", place=ATLANTA)),
    # section 19.1.4
    (
        "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
        SipUri(
            place=Place("biloxi.com"),
            parameters=(("transport", "tcp"), ("method", "REGISTER")),
            headers=(("to", "sip:bob@biloxi.com"),),
        ),
    ),
    # section 19.1.6
    (
        "sip:+358-555-1234567;postd=pp22@foo.com;user=phone",
        SipUri(
            user="+358-555-1234567;postd=pp22",
            place=Place("foo.com"),
            parameters=(("user", "phone"),),
        ),
    ),
    # RFC 4475
    (
        "sip:vivekg@chair-dnrc.example.com;unknownparam",
        SipUri(
            user="vivekg",
            place=Place("chair-dnrc.example.com"),
            parameters=(("unknownparam", None),),
        ),
    ),
    (
        "sip:services.example.com;lr;unknownwith=value;unknown-no-value",
        SipUri(
            place=Place("services.example.com"),
            parameters=(("lr", None), ("unknownwith", "value"), ("unknown-no-value", None)),
        ),
    ),
    (
        f"sip:{ODD}:{ODD_PASSWORD}@example.com",
        SipUri(user=ODD, password=ODD_PASSWORD, place=EXAMPLE),
    ),
    (f"sip:{ODD}@example.com", SipUri(user=ODD, place=EXAMPLE)),
    (
        "sip:sips%3Auser%40example.com@example.net",
        SipUri(user="sips:user@example.com", place=Place("example.net")),
    ),
    ("sip:I%20have%20spaces@example.com", SipUri(user="I have spaces", place=EXAMPLE)),
    ("sip:null-%00-null@example.com", SipUri(user="null-\x00-null", place=EXAMPLE)),
    ("sip:%00%00@example.com", SipUri(user="\x00\x00", place=EXAMPLE)),
    (
        "sip:user;par=u%40example.net@example.com",
        SipUri(user="user;par=u@example.net", place=EXAMPLE),
    ),
    (
        "sip:user@example.com?Route=%3Csip:example.com%3E",
        SipUri(user="user", place=EXAMPLE, headers=(("Route", "<sip:example.com>"),)),
    ),
    (
        "sip:user@example.com?Subject=",
        SipUri(user="user", place=EXAMPLE, headers=(("Subject", ""),)),
    ),
    # RFC 5118
    ("sip:[2001:db8::10]", SipUri(place=Place("[2001:db8::10]"))),
    ("sip:user@[2001:db8::10]:5070", SipUri(user="user", place=Place("[2001:db8::10]", 5070))),
    ("sip:[2001:db8::10:5070]", SipUri(place=Place("[2001:db8::10:5070]"))),
    (
        "sip:user@host;maddr=[2001:db8::1]",
        SipUri(user="user", place=Place("host"), parameters=(("maddr", "[2001:db8::1]"),)),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "uri"), SIP, ids=[text for text, _ in SIP])
def test_a_sip_uri(text: str, uri: SipUri) -> None:
    """Its parts are decoded, and written again it is the same."""
    assert parse(text) == uri
    assert str(uri) == text


SAME = [
    ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=TCP"),
    ("SIP:alice@atlanta.com", "sip:alice@atlanta.com"),
    ("SiPs:alice@atlanta.com.", "sips:alice@atlanta.com"),
    ("sip:%75se%72@example.com", "sip:user@example.com"),
    ("sip:%2B4930123456@pbx.example", "sip:+4930123456@pbx.example"),
    ("sip:%2b4930123456@pbx.example", "sip:+4930123456@pbx.example"),
    ("sip:null-%00-null@example.com", "sip:null-%00-null@EXAMPLE.com"),
    ("sip:j%c3%bcrgen@example.com", "sip:j%C3%BCrgen@example.com"),
    ("sip:a@[2001:DB8:0::1]", "sip:a@[2001:db8::1]"),
    ("sip:a@example.com:05060", "sip:a@example.com:5060"),
    (
        "sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31",
        "sip:caller@host5.example.net;lr;name=value%2541",
    ),
    ("tel:+1-201-555-0123", "tel:+12015550123"),
    ("TEL:+1.201.(555).0123", "tel:+12015550123"),
    ("tel:7042;PHONE-CONTEXT=example.com", "tel:7042;phone-context=example.com"),
    ("tel:*21a#;phone-context=+1", "tel:*21A#;phone-context=+1"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_ways_to_write_one_uri(one: str, other: str) -> None:
    """Needless escapes, case of scheme, host and names, and separators are no difference."""
    assert parse(one) == parse(other)
    assert str(parse(one)) == str(parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SIP:ALICE@AtLanTa.CoM", "sip:alice@AtLanTa.CoM"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:a%3Ab@h.example", "sip:a:b@h.example"),
        ("tel:+7042", "tel:7042"),
    ],
)
def test_what_is_not_the_same(one: str, other: str) -> None:
    """Users have a case, the usual port and transport are something that is said."""
    assert parse(one) != parse(other)
    assert str(parse(one)) != str(parse(other))


TEL = [
    ("tel:+12015550123", TelUri(number="+12015550123")),
    (
        "tel:7042;phone-context=example.com",
        TelUri(number="7042", parameters=(("phone-context", "example.com"),)),
    ),
    (
        "tel:8631234;phone-context=+1-914-555",
        TelUri(number="8631234", parameters=(("phone-context", "+1-914-555"),)),
    ),
    (
        "tel:+358555123;isub=1411;ext=7",
        TelUri(number="+358555123", parameters=(("isub", "1411"), ("ext", "7"))),
    ),
    ("tel:911", TelUri(number="911")),
]


@pytest.mark.parametrize(("text", "uri"), TEL, ids=[text for text, _ in TEL])
def test_a_tel_uri(text: str, uri: TelUri) -> None:
    """A number and its parameters; written again it is the same."""
    assert parse(text) == uri
    assert str(uri) == text


WRONG = [
    "", "sip:", "sips:", "tel:", "sip::", "sip:@", "sip:@example.com", "sip:alice@", "sip:alice:@",
    "sip::pw@example.com", "sip:alice@:5060", "alice@example.com", "mailto:a@example.com",
    "nobodyKnowsThisScheme:totallyopaquecontent", "soap.beep://192.0.2.103:3002", "sip",
    " sip:a@example.com", "sip :a@example.com", "sip:a@example.com ", "sip:a@example.com\n",
    "<sip:user@example.com>", "sip:user@example.com>", "sip:user@example.com; lr",
    "sip:a b@example.com", "sip:a@b@example.com", "sip:a:b:c@example.com", "sip:a#b@example.com",
    "sip:a\r\nX: y@example.com", "sip:a\x00b@example.com", 'sip:"a"@example.com', "sip:a|b@e.com",
    "sip:a%@example.com", "sip:a%2@example.com", "sip:a%zz@example.com", "sip:a%ff@example.com",
    "sip:a%c3@example.com", "sip:j\xfcrgen@example.com", "sip:\uff11@example.com",
    "sip:a@example.com:", "sip:a@example.com:0", "sip:a@example.com:99999", "sip:a@exa mple.com",
    "sip:a@...", "sip:a@a..b", "sip:a@[::::]", "sip:a@999.1.1.1", "sip:a@2001:db8::10",
    "sip:a@[2001:db8:::192.0.2.1]", "sip:a@%65xample.com",
    "sip:a@example.com;", "sip:a@example.com;;lr", "sip:a@example.com;=x", "sip:a@example.com;a=",
    "sip:a@example.com;a=b=c", 'sip:a@example.com;a=b"', "sip:a@example.com;lr;LR",
    "sip:a@e.com;%6Cr;lr", "sip:a@example.com?", "sip:a@example.com?a", "sip:a@example.com?=b",
    "sip:a@example.com?a=b&", "sip:a@example.com?a=b;c",
    "tel:+", "tel:()", "tel:-", "tel:+1 201", "tel:++1", "tel:1+2", "tel:+12a", "tel:%2B1201555",
    "tel:+1201555;", "tel:+1201555;a=", "tel:+1201555;a_b=c", "tel:+1201555?a=b",
    "tel:\uff11\uff12", "tel:+1201555@example.com", "tel:+1;ext=1;ext=2",
    "sip:" + "a" * 2100 + "@example.com",
]  # fmt: skip


@pytest.mark.parametrize("text", WRONG, ids=lambda text: ascii(text[:40]))
def test_what_is_no_uri(text: str) -> None:
    """It is refused as a whole, by a text that repeats nothing of it that is not printable."""
    with pytest.raises(ValueError, match=r".") as refused:
        parse(text)
    assert len(str(refused.value)) < 120
    assert str(refused.value).replace("…", "").isprintable()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sip:a#b@example.com", "the user has a # that must be written %23"),
        ("sip:a b@example.com", "the user has a character that must be written %20"),
        ("sip:a@b@example.com", "the user has a @ that must be written %40"),
        ("sip:@example.com", "there is no user before the @"),
        ("sip:a@example.com:99999", "a port is a number from 1 to 65535"),
        ("sip:a@2001:db8::1", "an IPv6 address must be in brackets, such as [2001:db8::1]"),
        ("sip:a%4@example.com", "the user has a % without two hexadecimal digits after it"),
    ],
)
def test_what_is_wrong_is_said(text: str, why: str) -> None:
    """With the part that it is about, and what must stand there."""
    with pytest.raises(ValueError, match=r".") as refused:
        parse(text)
    assert str(refused.value) == why


parts = st.text(max_size=20)
names = st.text(min_size=1, max_size=10).map(str.lower).filter(lambda name: name == name.lower())
uris = st.builds(
    SipUri,
    scheme=st.sampled_from(["sip", "sips"]),
    user=parts.filter(bool),
    password=parts | st.none(),
    place=st.sampled_from([Place("pbx.example"), Place("[::1]", 5061), Place("192.0.2.1", 1)]),
    parameters=st.dictionaries(names, st.text(min_size=1) | st.none(), max_size=3).map(
        lambda told: tuple(told.items())
    ),
    headers=st.lists(st.tuples(st.text(min_size=1), parts), max_size=3).map(tuple),
)


@given(uris)
def test_whatever_is_written_is_read_as_what_it_was(uri: SipUri) -> None:
    """No text in a part turns into another part; what is written is plain ASCII."""
    text = str(uri)
    assert parse(text) == uri
    assert text.isascii()
    assert text.isprintable()


@given(st.text() | st.from_regex(r"(sips?|tel):[a-z0-9@:;=?&%+#.\[\]-]{0,40}", fullmatch=True))
def test_whatever_is_told(text: str) -> None:
    """It is a URI with a canonical form, which is its own, or is refused."""
    try:
        found = parse(text)
    except ValueError:
        return
    assert is_uri(text)
    assert parse(str(found)) == found
    assert str(parse(str(found))) == str(found)
