"""The one form of a number, and how numbers in it begin."""

import random

import phonenumbers
import pytest
from phonenumbers import PhoneMetadata

from gateway.domain.numbers import e164
from gateway.domain.numbers.callee import callee
from gateway.domain.tenant import NumberKind
from gateway.errors import GatewayError, Reason

CANONICAL = [
    "+442079460958",
    "+4930123456789",
    "+390612345678",
    "+390019005550",
    "+39312345678",
    "+2250123456789",
    "+2290112345678",
    "+6834000",
    "+29022222",
    "+6903101",
    "+24101234567",
    "+3780549886377",
    "+5491123456789",
    "+78001234567",
    "+80012345678",
]
NOT_CANONICAL = {
    "+4402079460958": "+442079460958",
    "+49030123456789": "+4930123456789",
    "+49019005550100": "+4919005550100",
    "+3580912345678": "+358912345678",
    "+610312345678": "+61312345678",
    "+86013912345678": "+8613912345678",
    "+36061234567890": "",
    "+3606201234567": "+36201234567",
    "+5401143211234": "+541143211234",
    "+112125550123": "+12125550123",
    "+788001234567": "+78001234567",
    "+378886377": "+3780549886377",
    "+49000301234567": "+49301234567",
    "+6500190055501": "",
    "+480701234567": "+48701234567",
    "+41090012345612": "",
    "+5703211234567": "+573211234567",
    "+4200900123456": "+420900123456",
    "+46009001234567": "+469001234567",
    "+90090012345671": "",
    "+788091234567123": "",
    "+8100990123456": "+81990123456",
    "+82001020000000": "+821020000000",
    "+44064964061": "",
    "+10012345678": "",
    "+480000000": "",
}


@pytest.mark.parametrize("number", CANONICAL)
def test_a_canonical_number(number: str) -> None:
    """It is the number itself, whatever zeros belong to it and however few digits it has."""
    assert e164.phone_number("to", number) == number
    assert e164.number_of(number) == number


@pytest.mark.parametrize(("written", "number"), NOT_CANONICAL.items())
def test_another_form_is_refused_with_the_right_one(written: str, number: str) -> None:
    """Nobody guesses what a trunk digit behind the country's code was meant to be."""
    with pytest.raises(GatewayError) as refused:
        e164.phone_number("to", written)
    assert (refused.value.reason, refused.value.metadata["field"]) == (Reason.INVALID_FIELD, "to")
    assert refused.value.metadata.get("canonical", "") == number
    assert number in refused.value.message
    assert e164.number_of(written) == number


@pytest.mark.parametrize("number", ["+15550100", "+499", "+22912345678"])
def test_a_number_of_another_length_is_none(number: str) -> None:
    """Nor is one that lacks its area code."""
    with pytest.raises(GatewayError) as refused:
        e164.phone_number("to", number)
    assert "canonical" not in refused.value.metadata


@pytest.mark.parametrize("number", ["+4911833", "+4911833999", "+41181112345"])
def test_a_short_number_behind_its_countrys_code_costs(number: str) -> None:
    """Carriers may dial it as the short number that it is at home."""
    assert NumberKind.PREMIUM_RATE in callee("to", number).kinds


@pytest.mark.parametrize(
    "number", ["+493012345678", "+33722307437", "+15555550100", "+49116117", "+6834000"]
)
def test_what_begins_like_a_short_number_costs_no_more(number: str) -> None:
    """Nor does a short number that is free."""
    assert callee("to", number).kinds == frozenset()


DEAD = {
    "+490": "+49",
    "+49030": "+4930",
    "+4400": "+44",
    "+3606": "+36",
    "+360620": "+3620",
    "+610": "+61",
    "+6602": "+662",
}
ALIVE = [
    "+4",
    "+49",
    "+4930",
    "+390",
    "+3906",
    "+2250",
    "+2290",
    "+2410",
    "+660",
    "+66001",
    "+1",
    "+7",
]


@pytest.mark.parametrize(("prefix", "right"), DEAD.items())
def test_a_prefix_that_no_number_has(prefix: str, right: str) -> None:
    """A trunk zero stands in no canonical number; the right prefix is told."""
    assert not e164.PREFIX.fullmatch(prefix)
    assert e164.prefix_fault(prefix).endswith(f"perhaps {right}")


@pytest.mark.parametrize("prefix", ALIVE)
def test_a_prefix_that_numbers_have(prefix: str) -> None:
    """Italy's zero belongs to the number, and so do some others."""
    assert e164.PREFIX.fullmatch(prefix)


@pytest.mark.parametrize("prefix", ["", "+", "49", "+49x", "+1234567890123456", "+٤٩"])
def test_what_is_no_prefix(prefix: str) -> None:
    """A prefix is + and digits."""
    assert not e164.PREFIX.fullmatch(prefix)
    assert e164.prefix_fault(prefix) == "must be + and 1 to 15 digits"


def test_no_number_that_is_given_out_begins_with_a_dead_prefix() -> None:
    """Every country's examples, and many numbers of each with a zero in front."""
    chance = random.Random(5)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        known = PhoneMetadata.metadata_for_region(region)
        assert known is not None
        assert known.general_desc is not None
        for kind in range(11):
            example = phonenumbers.example_number_for_type(region, kind)
            if example:
                number = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
                assert all(e164.PREFIX.fullmatch(number[:end]) for end in range(2, len(number)))
        if e164.PREFIX.fullmatch(f"+{known.country_code}0"):
            continue
        for length in known.general_desc.possible_length:
            for _ in range(30):
                rest = "".join(chance.choices("0123456789", k=length - 1))
                number = f"+{known.country_code}0{rest}"
                assert e164.number_of(number) != number
