"""One number in every form in which carriers write it, and texts that are none."""

from dataclasses import replace

import phonenumbers
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumber, PhoneNumberFormat

from gateway.domain.calls.owners import Owner, Owners
from gateway.domain.numbers.carrier_numbers import LONGEST_DIGITS, LONGEST_TEXT, canonical, dialled
from gateway.domain.numbers.e164 import number_of
from gateway.domain.tenant import Inbound, Tenant
from tests.domain.test_inbound import LEG

COUNTRIES = sorted(phonenumbers.SUPPORTED_REGIONS)
KINDS = range(11)

FORMS = {
    ("DE", "+493012345678"): [
        "+493012345678",
        "493012345678",
        "00493012345678",
        "03012345678",
        "3012345678",
        "030 12345678",
        "(030) 1234-5678",
        "030/12345678",
        "+49 (0)30 12345678",
        "+493012345678;npdi;rn=+49199123",
        "03012345678;npdi;rn=199123",
        "tel:+49-30-1234-5678",
        "tel:30-12345678;phone-context=+49",
        "TEL:030.12345678;phone-context=carrier.example",
        "sip:+493012345678@203.0.113.7:5060;user=phone",
        "sips:03012345678;npdi@sbc.example;user=phone",
        "<sip:00493012345678@sbc.example>",
        "<tel:+493012345678>",
        "%2B493012345678",
        " +493012345678 ",
    ],
    ("DE", "+492211234567"): ["492211234567", "02211234567", "00492211234567"],
    ("IT", "+390612345678"): ["0612345678", "390612345678", "00390612345678", "06 1234 5678"],
    ("US", "+12125550123"): [
        "2125550123",
        "12125550123",
        "01112125550123",
        "(212) 555-0123",
        "212.555.0123",
    ],
    ("GB", "+442079460000"): ["02079460000", "442079460000", "00442079460000", "+4402079460000"],
    ("SG", "+6561234567"): ["61234567", "6561234567", "0016561234567", "6123 4567"],
    ("CI", "+2250712345678"): ["0712345678", "2250712345678", "002250712345678"],
    ("BJ", "+2290195123456"): ["0195123456", "2290195123456", "002290195123456"],
    ("NU", "+6834002"): ["4002", "6834002", "006834002"],
    ("RU", "+74951234567"): ["84951234567", "74951234567", "8~10 7 495 123 45 67"],
    ("AR", "+5491123456789"): ["01115-2345-6789", "5491123456789", "+54 11 15 2345 6789"],
    ("AU", "+61212345678"): ["0212345678", "61212345678", "001161212345678"],
    ("JP", "+81312345678"): ["0312345678", "81312345678", "01081312345678"],
    ("HK", "+25722201268"): ["0025722201268", "25722201268"],
    ("DE", "+80012345678"): ["0080012345678", "+800 1234 5678"],
}
ROWS = [(*key, form) for key, forms in FORMS.items() for form in forms]


def owner(number: str, country: str, called: str) -> Owner | None:
    """Who is found for `called`, where one tenant has `number`."""
    inbound = Inbound(numbers=(number,), number_country=country)
    tenant = Tenant(tenant_id="acme", default_country="ZW", inbound=inbound)
    return Owners([tenant]).of(replace(LEG, room="lobby", own_number=called))


@pytest.mark.parametrize(("country", "number", "form"), ROWS, ids=[row[2] for row in ROWS])
def test_a_form_that_carriers_write(country: str, number: str, form: str) -> None:
    """It finds the tenant that has the number, and is stored as the one number that it is."""
    found = owner(number, country, form)
    assert found is not None
    assert found.number == number
    assert canonical(form, country) == number


def forms(number: PhoneNumber, country: str, trunk: str) -> list[str]:
    """Every form that libphonenumber prints of a number for a carrier in the country `trunk`."""
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    printed = [
        phonenumbers.format_number(number, form)
        for form in (PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.RFC3966)
    ]
    abroad = phonenumbers.format_out_of_country_calling_number(number, trunk)
    at_home = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    return [
        e164,
        e164[1:],
        *printed,
        abroad,
        *([at_home] if trunk == country else []),
        f"sip:{e164};npdi@sbc.example;user=phone",
    ]


EXAMPLES = [
    (country, found)
    for country in COUNTRIES
    for kind in KINDS
    if (found := phonenumbers.example_number_for_type(country, kind))
    and phonenumbers.is_valid_number_for_region(found, country)
]


@settings(deadline=None)  # what is known of a country is loaded when it is first asked for
@given(st.sampled_from(EXAMPLES), st.integers(0, 9999), st.none() | st.sampled_from(COUNTRIES))
@example(("CA", phonenumbers.parse("+13101234")), 135, None)
@example(("BI", phonenumbers.parse("+25722201268")), 1268, "HK")
@example(("AC", phonenumbers.parse("+247548657")), 8657, "RU")
def test_every_form_of_every_number(
    chosen: tuple[str, PhoneNumber], end: int, abroad: str | None
) -> None:
    """Valid numbers of all countries find their tenant in every form, by a trunk of any country."""
    country, model = chosen
    national = phonenumbers.national_significant_number(model)
    number = phonenumbers.parse(f"+{model.country_code}{national[:-4]}{end:04}")
    assume(phonenumbers.is_valid_number_for_region(number, country))
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    assume(number_of(e164) == e164)  # Canada's 310-1234 is called from within the country alone
    trunk = abroad or country
    for form in forms(number, country, trunk):
        found = owner(e164, trunk, form)
        assert found is not None, form
        assert found.number == e164, form
        if form != e164[1:]:  # digits alone may be a number of the trunk's country as well
            assert canonical(form, trunk) == e164, form


UNCLEAR = [
    ("4312345678", "AT", "+4312345678"),
    ("4312345678", "DE", ""),
    ("4312345678", "US", "+14312345678"),
    ("4312345678", "", ""),
    ("4951234567", "RU", ""),
    ("9161234567", "RU", "+79161234567"),
    ("0301234567", "", ""),
    ("004930123456", "", "+4930123456"),
    ("+4930123456", "", "+4930123456"),
    ("+1 (500) 555-0177", "", "+15005550177"),
    ("+15555550100", "US", ""),
    ("anonymous", "DE", ""),
    ("", "DE", ""),
    ("110", "DE", ""),
    ("+110", "DE", ""),
    ("+0049301234567", "DE", ""),
    ("*31#03012345678", "DE", ""),
    ("03012345678x9", "DE", ""),
    ("٠٣٠١٢٣٤٥٦٧٨", "DE", ""),
    ("0301234" * 4, "DE", ""),
    ("sip:@host", "DE", ""),
    ("03012345678", "XX", ""),
]


@pytest.mark.parametrize(("text", "country", "number"), UNCLEAR)
def test_what_is_one_valid_number(text: str, country: str, number: str) -> None:
    """Without a country only + and 00 are clear; what is no valid number is none."""
    assert canonical(text, country) == number


HOSTILE = [
    "9" * 100_000,
    "+" * 100_000,
    " " * 250 + "x",
    "(" * 255,
    "0" * 255,
    "+49" + "(0)" * 80,
    ";" * 255,
    "%2" * 127,
    "%" * 255,
    "<" * 255,
    "sip:" * 60,
    "tel:1;phone-context=+" + "1" * 230,
    "tel:1;phone-context=" * 12,
    "\ud800" * 20,
    "\0",
    "\r\nX: y",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_cost_nothing(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long and odd texts are nobody's number, and no long one is ever parsed."""
    read: list[str] = []
    parse = phonenumbers.parse

    def recorded(number: str, region: str | None = None) -> PhoneNumber:
        read.append(number)
        return parse(number, region)

    monkeypatch.setattr(phonenumbers, "parse", recorded)
    assert canonical(text, "DE") == ""
    read.clear()
    assert owner("+493012345678", "DE", text) is None
    assert len(read) <= 4
    assert all(len(number) <= LONGEST_DIGITS for number in read)
    assert canonical("+493012345678" + " " * LONGEST_TEXT, "DE") == ""


@settings(deadline=None)
@given(st.text(max_size=300) | st.from_regex(r"\+?[-0-9 ();=%@<>:~./]{0,60}"))
def test_no_text_raises(text: str) -> None:
    """What passes is digits, behind a + at most; anything else is no number."""
    assert set(dialled(text).removeprefix("+")) <= set("0123456789")
    for country in ("", "DE", "US", "XX"):
        found = canonical(text, country)
        assert not found or phonenumbers.is_valid_number(phonenumbers.parse(found))
