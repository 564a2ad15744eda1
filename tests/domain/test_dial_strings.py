"""What the user of a SIP URI may reach: every reading of it is a number to be judged."""

import pytest

from gateway.domain.numbers import e164
from gateway.domain.numbers.dial_strings import readings
from gateway.domain.tenant import NumberKind
from gateway.errors import GatewayError, Reason

PERSONAL = "+15005550110"


def numbers(user: str, *countries: str) -> list[str]:
    return [callee.number for callee in readings("to", user, countries)]


@pytest.mark.parametrize(
    ("user", "countries"),
    [
        ("+15005550110", ()),
        ("15005550110", ()),
        ("15005550110", ("DE",)),
        ("0015005550110", ()),
        ("01115005550110", ()),
        ("81015005550110", ("RU",)),
        ("5005550110", ("US",)),
        ("1-500-555-0110", ()),
        ("+1.500.555.0110", ()),
        ("(500)555-0110", ("US",)),
        ("*6715005550110", ()),
        ("*67+15005550110", ()),
        ("#31#15005550110", ()),
        ("*21*15005550110#", ()),
        ("15005550110999", ()),
        ("0015005550110999", ()),
        ("15005550110x22", ()),
        ("15005550110~x", ()),
    ],
)
def test_a_number_is_found_in_every_form(user: str, countries: tuple[str, ...]) -> None:
    """With and without +, behind exit codes and service codes, and with digits too many."""
    assert PERSONAL in numbers(user, *countries)


@pytest.mark.parametrize(
    ("user", "countries", "country"),
    [
        ("911", ("US",), "US"),
        ("9-1-1", ("US",), "US"),
        ("112", ("US", "DE"), "DE"),
        ("110", ("DE",), "DE"),
        ("999", ("DE", "GB"), "GB"),
        ("*67911", ("US",), "US"),
        ("911~", ("US",), "US"),
        ("1123456", ("FR",), "FR"),
        ("9!1_1", ("US",), "US"),
        ("'911'", ("US",), "US"),
        ("112", (), "001"),
        ("911", ("",), "001"),
    ],
)
def test_an_emergency_number_of_any_country_concerned(
    user: str, countries: tuple[str, ...], country: str
) -> None:
    """112 and 911 are ones everywhere; the others where any of the countries has them."""
    (found,) = [callee for callee in readings("to", user, countries) if callee.emergency]
    assert found.country == country


@pytest.mark.parametrize("user", ["988", "9-8-8", "*67988", "#31#988"])
def test_a_configured_emergency_number(user: str) -> None:
    """It is one where it is configured; elsewhere it is an extension."""

    def extra_of(country: str) -> tuple[str, ...]:
        return ("988",) if country == "US" else ()

    (found,) = readings("to", user, ("DE", "US"), extra_of)
    assert (found.number, found.country, found.emergency) == ("988", "US", True)
    assert readings("to", user, ("DE", ""), extra_of) == ()


@pytest.mark.parametrize("user", ["alice", "anonymous", "1000", "4711", "3f2a9c", "a911", "_alice"])
def test_a_name_or_an_extension_is_no_number(user: str) -> None:
    """It is whoever the host knows under it."""
    assert numbers(user, "US", "DE") == []


def test_a_national_number_is_not_taken_for_a_short_one_abroad() -> None:
    """`500…` of ten digits is a number of the country, not one of the Falklands' with too many."""
    assert numbers("5005550110", "US") == [PERSONAL]


def test_a_reading_tells_what_a_number_tells() -> None:
    """Country and kinds are those of the number itself."""
    (found,) = readings("to", "0019005550110", ())
    assert (found.country, found.kinds) == ("US", frozenset({NumberKind.PREMIUM_RATE}))


@pytest.mark.parametrize(
    ("user", "countries", "number"),
    [
        ("49030123456789", (), "+4930123456789"),
        ("0049030123456789", (), "+4930123456789"),
        ("4402079460958", (), "+442079460958"),
        ("*6749019005550100", (), "+4919005550100"),
        ("0612345678", ("IT",), "+390612345678"),
    ],
)
def test_every_reading_is_canonical(user: str, countries: tuple[str, ...], number: str) -> None:
    """A trunk zero behind the country's code hides no number from routes and limits."""
    assert number in numbers(user, *countries)
    assert all(e164.number_of(one) == one for one in numbers(user, *countries))


@pytest.mark.parametrize("user", ["+49030123456789", "*67+49030123456789", "+49-030-123456789"])
def test_a_plus_before_another_form_is_refused_with_the_right_one(user: str) -> None:
    """As everywhere else."""
    with pytest.raises(GatewayError, match=r"it is \+4930123456789") as refused:
        readings("to", user, ())
    assert refused.value.metadata["canonical"] == "+4930123456789"


@pytest.mark.parametrize("user", ["+911", "+4915", "+1500555011099", "*67+112"])
def test_a_plus_before_no_number_is_refused(user: str) -> None:
    """What claims to be E.164 must be."""
    with pytest.raises(GatewayError) as refused:
        readings("to", user, ("US",))
    assert (refused.value.reason, refused.value.metadata["field"]) == (Reason.INVALID_FIELD, "to")
