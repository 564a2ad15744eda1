"""How a number is written for a carrier, and that nothing leaves which it reads differently."""

import random
from collections.abc import Iterator
from dataclasses import replace

import phonenumbers
import pytest
from phonenumbers import PhoneMetadata, PhoneNumberFormat, ValidationResult

from gateway.domain.numbers import e164
from gateway.domain.numbers.formats import at_home, misread, written_for
from gateway.domain.tenant import NumberFormat, Tenant, Trunk, TrunkNumber
from gateway.errors import GatewayError

WRITTEN = [
    ("as it is", NumberFormat(), "+493012345678"),
    ("without its plus", NumberFormat(plus=False), "493012345678"),
    ("with a tech prefix", NumberFormat(plus=False, prefix="7788"), "7788493012345678"),
    ("a prefix behind the plus", NumberFormat(prefix="00"), "+00493012345678"),
    ("national", NumberFormat(plus=False, prefix="0", strip=2), "03012345678"),
    ("stripped, with its plus", NumberFormat(strip=2), "+3012345678"),
]


@pytest.mark.parametrize(("_how", "form", "expected"), WRITTEN, ids=[row[0] for row in WRITTEN])
def test_how_a_number_is_written(_how: str, form: NumberFormat, expected: str) -> None:
    """First digits are left out, then the prefix comes before them, then the plus."""
    assert written_for(form, "+493012345678") == expected


def test_what_is_left_whole() -> None:
    """Short numbers have neither prefix nor plus; a number is never stripped to nothing."""
    form = NumberFormat(prefix="99", strip=8)
    assert written_for(form, "112") == "112"
    assert written_for(form, "+29012345") == "+9929012345"


def form(text: str, *countries: str) -> NumberFormat:
    """A format without a plus: `-2 0` leaves two digits out and puts a 0 in front."""
    strip, _, prefix = text.partition(" ")
    return NumberFormat(plus=False, strip=-int(strip), prefix=prefix, countries=countries)


RIGHT = [
    (NumberFormat(), "+493012345678"),
    (form("-0", "DE"), "+493012345678"),
    (form("-0", "FR"), "+15005550100"),
    (form("-0", "CL"), "+15105550100"),
    (form("-0", "CN"), "+12125001234"),
    (form("-0 00", "DE"), "+12125550123"),
    (form("-0 011", "US"), "+493012345678"),
    (form("-0 0011", "AU"), "+493012345678"),
    (form("-0 7788", "001"), "+493012345678"),
    (form("-2 9911", "001"), "+493012345678"),
    (form("-0 7788"), "+493012345678"),
    (form("-2 0", "DE"), "+493012345678"),
    (form("-2 0", "GB"), "+442079460958"),
    (form("-2 0"), "+493012345678"),
    (form("-1", "US"), "+12125550123"),
    (form("-1", "CA", "US"), "+14165550123"),
    (form("-0 1", "US"), "+493012345678"),
    (form("-2", "IT"), "+390612345678"),
    (form("-2", "IT"), "+390111234567"),
    (form("-3", "CI"), "+2250123456789"),
    (form("-3", "BJ"), "+2290112345678"),
    (form("-3", "NU"), "+6834000"),
    (form("-3", "SH"), "+29022222"),
    (form("-3", "TK"), "+6903101"),
    (form("-2 0", "FR"), "+33112345678"),
    (form("-3 0", "LT"), "+37031234567"),
    (form("-2 0", "DE"), "112"),
    (NumberFormat(strip=2, prefix="0"), "112"),
]
WRONG = [
    (NumberFormat(strip=2), "+493012345678", "+3012345678 would be sent instead of +493012345678"),
    (NumberFormat(prefix="49"), "+493012345678", "+49493012345678 would be sent"),
    (form("-2 0", "DE"), "+435123456789", "tel:05123456789 would be read as +495123456789 in DE"),
    (form("-2 0", "DE"), "+12125550123", "tel:0125550123 would be read as +49125550123 in DE"),
    (form("-2 0", "AT", "DE"), "+493012345678", "read as +433012345678 in AT"),
    (form("-0 7788", "US"), "+493012345678", "read as +17788493012 in US"),
    (form("-2 0", "FR"), "+447400123456", "tel:07400123456 would be read as +33740012345 in FR"),
    (form("-2 0", "CH"), "+819012301575", "tel:09012301575 would be read as +41901230157 in CH"),
    (form("-2 0", "FR"), "+4989912345678", "read as +33899123456 in FR"),
    (form("-2 0", "ZA"), "+43664123451628", "in ZA"),
    (form("-2 0", "DE", "FR"), "+4989912345678", "read as +33899123456 in FR"),
    (form("-2", "IT"), "+390019005550", "an international call to tel:19005550 in IT"),
    (
        form("-2"),
        "+390019005550",
        "tel:0019005550 would be read as an international call to tel:19005550",
    ),
    (form("-2", "001"), "+390019005550", "an international call to tel:19005550"),
    (form("-2"), "+390111234567", "an international call to tel:1234567"),
    (form("-2 0"), "+49019005550100", "an international call to tel:19005550100"),
    (form("-0", "FI"), "+994501234567", "an international call to tel:501234567 in FI"),
    (form("-0 9", "FI"), "+4930123", "read as +35894930123 in FI"),
    (form("-2", "FR"), "+33112345678", "tel:112345678 would be read as an emergency call in FR"),
    (form("-1", "US"), "+19115550123", "an emergency call in US"),
    (form("-2", "DE"), "+4911833", "tel:11833 would be read as a short number in DE"),
    (form("-2 0", "DE"), "+4911833", "tel:011833 would be read as a short number in DE"),
    (form("-2"), "+4911833", "tel:11833 would be read as a short number"),
    (form("-4", "US"), "+12125550123", "tel:5550123 would be read as +15550123 in US"),
]


@pytest.mark.parametrize(("wanted", "number"), RIGHT)
def test_what_leaves_is_the_number_or_nobodys(wanted: NumberFormat, number: str) -> None:
    """The number itself where the carrier is, or digits that are no number there at all."""
    assert misread(wanted, number) == ""


@pytest.mark.parametrize(("wanted", "number", "why"), WRONG)
def test_what_would_be_read_differently(wanted: NumberFormat, number: str, why: str) -> None:
    """It says what would leave, and what that would be in which country."""
    assert why in misread(wanted, number)


def test_a_tenants_emergency_numbers_count_too() -> None:
    """A carrier reads 196 as the coast guard, whatever libphonenumber knows."""
    tenant = Tenant(tenant_id="a", default_country="FR", emergency_numbers=("114", "196"))
    for number in ("+33196123456", "+33114123456"):
        assert misread(form("-2", "FR"), number) == ""
        assert "an emergency call in FR" in misread(form("-2", "FR"), number, tenant)
        assert misread(form("-2 0", "FR"), number, tenant) == ""
    assert misread(form("-2", "ES"), "+34961123456", tenant) == ""


def test_a_carrier_follows_the_rules_of_its_numbers_countries() -> None:
    """Unless its format names a country; numbers of no country are at home nowhere."""
    shown = (TrunkNumber("+493012345678"), TrunkNumber("+80012345678"), TrunkNumber("+1", "US"))
    trunk = Trunk(trunk_id="a", numbers=shown, number_format=form("-2 0"))
    assert at_home(trunk).number_format.countries == ("DE", "US")
    named = replace(trunk, number_format=form("-2 0", "AT"))
    plain = replace(trunk, number_format=NumberFormat())
    assert (at_home(named), at_home(plain)) == (named, plain)


FORMATS = [
    NumberFormat(),
    NumberFormat(strip=2),
    form("-0", "US"),
    form("-0", "FI"),
    form("-0 00", "DE"),
    form("-0 011", "US", "CA"),
    form("-2 0", "DE"),
    form("-1", "US"),
    form("-2", "SG"),
    form("-2", "IT"),
    form("-0 0015", "BR"),
    form("-2 0", "DE", "FR"),
]
POSSIBLE = (ValidationResult.IS_POSSIBLE, ValidationResult.IS_POSSIBLE_LOCAL_ONLY)
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


def some_numbers(seed: int, count: int) -> Iterator[str]:
    """Numbers of all countries: given out, only possible, with trunk digits put in."""
    chance = random.Random(seed)
    for _ in range(count):
        known = PhoneMetadata.metadata_for_region(chance.choice(REGIONS))
        assert known is not None
        assert known.general_desc is not None
        example = phonenumbers.example_number(known.id)
        assert example is not None
        national = phonenumbers.national_significant_number(example)
        if chance.random() < 0.5:
            keep = chance.randrange(len(national))
            national = national[:keep]
        lengths = (len(national), *known.general_desc.possible_length)
        while len(national) < chance.choice(lengths):
            national += chance.choice("0123456789")
        trunk = chance.choice(["", "", "", "", "", "0", "00", known.national_prefix or "0"])
        yield f"+{known.country_code}{trunk}{national}"


def judged(value: str) -> str:
    """The number that is judged; empty: it is refused."""
    try:
        return e164.phone_number("to", value)
    except GatewayError:
        return ""


def meaning(wanted: NumberFormat, digits: str, country: str) -> str:
    """What libphonenumber reads in what leaves; empty: no number.

    A format that neither strips nor puts something in front is E.164 without its `+`, and is read
    so. Whatever else has no `+` is dialled in the country.
    """
    text = f"+{digits}" if wanted.keeps_digits and not wanted.plus else digits
    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return ""
    if phonenumbers.is_possible_number_with_reason(parsed) in POSSIBLE:
        return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    # Carriers ignore digits too many.
    shorter = phonenumbers.PhoneNumber()
    shorter.merge_from(parsed)
    if not phonenumbers.truncate_too_long_number(shorter):
        return ""
    return phonenumbers.format_number(shorter, PhoneNumberFormat.E164)


def test_nothing_is_dialled_that_means_another_number() -> None:
    """20,000 numbers of all countries in 12 formats, each read by libphonenumber itself."""
    left = dict.fromkeys(FORMATS, 0)
    numbers = [number for value in some_numbers(7, 20_000) if (number := judged(value))]
    assert len(numbers) > 7_000
    for number in numbers:
        for wanted in FORMATS:
            if misread(wanted, number):
                continue
            left[wanted] += 1
            leaves = written_for(wanted, number)
            for country in wanted.countries or ("US",):
                assert meaning(wanted, leaves, country) in ("", number), (wanted, number)
    # Few numbers are of a national format's own country; E.164 goes out whole.
    assert left[FORMATS[0]] == len(numbers)
    assert left[FORMATS[2]] > 0.9 * len(numbers)
    assert min(count for wanted, count in left.items() if not wanted.plus) > 5


def test_a_country_is_called_in_its_own_form() -> None:
    """Numbers that are given out leave in the national form, and mean the same there."""
    for region in REGIONS:
        known = PhoneMetadata.metadata_for_region(region)
        assert known is not None
        example = phonenumbers.example_number(region)
        assert example is not None
        number = phonenumbers.format_number(example, PhoneNumberFormat.E164)
        strip = len(str(known.country_code))
        wanted = form(f"-{strip} {known.national_prefix or ''}", region)
        assert misread(wanted, number) == "", region
        assert meaning(wanted, written_for(wanted, number), region) == number
