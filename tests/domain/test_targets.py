"""Where a call may be handed to, and in which form it is judged and sent."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.numbers.targets import sip_target, target
from gateway.errors import GatewayError, Reason

TARGETS = [
    ("+15005550100", "+15005550100"),
    ("911", "911"),
    ("tel:+15005550100", "+15005550100"),
    ("TEL:+1-500-(555).0100", "+15005550100"),
    ("tel:911", "911"),
    ("sip:bob@example.com", "sip:bob@example.com"),
    ("SIP:alice@pbx.example", "sip:alice@pbx.example"),
    ("sip:Bob@EXAMPLE.com.", "sip:Bob@example.com"),
    ("sips:+4930@10.0.0.1:5061", "sips:+4930@10.0.0.1:5061"),
    ("sip:%2B4930123456@pbx.example", "sip:+4930123456@pbx.example"),
    ("sip:%39%31%31@pbx.example", "sip:911@pbx.example"),
    ("sip:%2331%23+4930123456@pbx.example", "sip:%2331%23+4930123456@pbx.example"),
    ("sip:bob@[2001:DB8::1]", "sip:bob@[2001:db8::1]"),
    ("sip:bob@[::1]:5080", "sip:bob@[::1]:5080"),
    ("sip:" + "b" * 64 + "@e.com", "sip:" + "b" * 64 + "@e.com"),
]


@pytest.mark.parametrize(("told", "canonical"), TARGETS)
def test_a_target_has_one_canonical_form(told: str, canonical: str) -> None:
    """However it is written: this is what is judged, stored and sent."""
    assert target("to", told) == canonical
    assert target("to", canonical) == canonical


REFUSED = [
    ("sip:example.com", "must be sip:user@host, and there is no user"),
    ("sip:a:pw@example.com", "must be sip:user@host, without a password"),
    ("sip:bob@example.com;transport=tcp", "must be sip:user@host, without parameters: transport"),
    ("sip:bob@example.com?X-H=1", "must be sip:user@host, without headers: X-H"),
    ("sip:911;phone-context=+1@e.com", "must be sip:user@host, without parameters in the user"),
    ("sip:911%3Bphone-context=+1@e.com", "must be sip:user@host, without parameters in the user"),
    ("sip:b%0D%0A@example.com", "must be sip:user@host, with a user of 1 to 64 letters"),
    ("sip:911%20@example.com", "must be sip:user@host, with a user of 1 to 64 letters"),
    ("sip:%EF%BC%91@example.com", "must be sip:user@host, with a user of 1 to 64 letters"),
    ("sip:a%40b@example.com", "must be sip:user@host, with a user of 1 to 64 letters"),
    ("sip:" + "b" * 65 + "@e.com", "must be sip:user@host, with a user of 1 to 64 letters"),
    ("sip:bob@example.com;x%0Ay", "must be sip:user@host, without parameters: x\\ny"),
    ("sip:bob@pbx:99999", "is not a SIP or tel URI: a port is a number from 1 to 65535"),
    ("sip:bob@pbx:0", "is not a SIP or tel URI: a port is a number from 1 to 65535"),
    ("sip:bob@a..b", "is not a SIP or tel URI: a host must not have an empty label"),
    ("sip:bob@[::::]", "is not a SIP or tel URI: there is no IPv6 address in the brackets"),
    ("sip:bob@example.com\r\nX: y", "is not a SIP or tel URI: "),
    ("sip:b\x00b@example.com", "is not a SIP or tel URI: "),
    ("sip:bob@example.com>", "is not a SIP or tel URI: "),
    ("sip:bob@" + "e" * 250, "is not a SIP or tel URI: it has at most 255 characters here"),
    ("tel:+15005550100;ext=7", "must be a number without parameters in a tel: URI: ext"),
    ("tel:7042;phone-context=e.com", "must be a number without parameters in a tel: URI: phone-"),
    ("tel:", "is not a SIP or tel URI: a tel: URI has a number"),
]  # fmt: skip


@pytest.mark.parametrize(("told", "why"), REFUSED, ids=[ascii(told[:40]) for told, _ in REFUSED])
def test_what_is_no_target(told: str, why: str) -> None:
    """The refusal names the field, and the part that must not be there."""
    with pytest.raises(GatewayError) as refused:
        target("to", told)
    assert refused.value.reason is Reason.INVALID_FIELD
    assert refused.value.metadata["field"] == "to"
    assert refused.value.violations[0].description.startswith(why)


def test_the_parts_of_a_target() -> None:
    """A number has none."""
    uri = sip_target("sip:Bob@example.com:5060")
    assert uri is not None
    assert (uri.user, uri.place.host, uri.place.port) == ("Bob", "example.com", 5060)
    assert sip_target("+15005550100") is None


texts = st.text(max_size=20)
controls = st.sampled_from([chr(code) for code in (*range(32), *range(127, 160))])


@given(st.sampled_from(["sip:", "sips:", "tel:", "sip:a%"]), texts, controls, texts)
def test_no_control_character_passes(scheme: str, begin: str, control: str, end: str) -> None:
    """Neither as it is nor behind an escape; and no refusal has one in it."""
    with pytest.raises(GatewayError) as refused:
        target("to", f"{scheme}{begin}{control}{end}")
    assert not any(unicodedata.category(char) == "Cc" for char in refused.value.message)


@given(st.integers(0, 255), st.sampled_from(["sip:a%{:02x}b@example.com", "sip:%{:02X}@e.com"]))
def test_escapes_are_judged_decoded(code: int, form: str) -> None:
    """What an escape stands for passes only where it could stand itself."""
    try:
        found = target("to", form.format(code))
    except GatewayError:
        assert not chr(code).isalnum() or code > 127
        return
    uri = sip_target(found)
    assert uri is not None
    assert chr(code) in uri.user
    assert "%" not in found or chr(code) == "#"
