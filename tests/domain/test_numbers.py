"""What a number tells of itself, and which numbers may be rung."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.numbers.callee import Callee, callee, country_of, is_emergency
from gateway.domain.numbers.formats import written_for
from gateway.domain.tenant import NumberFormat, NumberKind, Tenant
from gateway.errors import GatewayError, Reason

TOLD = [
    ("+493012345678", "DE", "+49", set()),
    ("+12125550123", "US", "+1", set()),
    ("+14165550123", "CA", "+1", set()),
    ("+18765550123", "JM", "+1", set()),
    ("+15555550100", "US", "+1", set()),
    ("+447624123456", "IM", "+44", set()),
    ("+77012345678", "KZ", "+7", set()),
    ("+80012345678", "001", "+800", {NumberKind.TOLL_FREE}),
    ("+8816123456789", "001", "+881", {NumberKind.SATELLITE}),
    ("+870773123456", "001", "+870", {NumberKind.SATELLITE}),
    ("+883510012345", "001", "+883", {NumberKind.SATELLITE, NumberKind.VOIP}),
    ("+979123456789", "001", "+979", {NumberKind.PREMIUM_RATE}),
    ("+499001234567", "DE", "+49", {NumberKind.PREMIUM_RATE}),
    ("+19005550100", "US", "+1", {NumberKind.PREMIUM_RATE}),
    ("+491803123456", "DE", "+49", {NumberKind.SHARED_COST}),
    ("+15005550100", "US", "+1", {NumberKind.PERSONAL}),
    ("+18005550100", "US", "+1", {NumberKind.TOLL_FREE}),
    ("+443061234567", "GB", "+44", {NumberKind.UAN}),
    ("+447640123456", "GB", "+44", {NumberKind.PAGER}),
    ("+445612345678", "GB", "+44", {NumberKind.VOIP}),
]


@pytest.mark.parametrize(("number", "country", "code", "kinds"), TOLD)
def test_what_a_number_tells(number: str, country: str, code: str, kinds: set[NumberKind]) -> None:
    """Country, calling code and kinds; numbers of no country are those of 001."""
    assert callee("to", number) == Callee(
        number=number, country=country, calling_code=code, kinds=frozenset(kinds)
    )
    assert country_of(number) == country


@pytest.mark.parametrize("more", ["8", "88", "888", "8888"])
def test_digits_too_many_do_not_hide_a_kind(more: str) -> None:
    """Carriers ignore what stands behind a whole number, so it is told as if it were not."""
    assert callee("to", f"+49900123456{more}").kinds == {NumberKind.PREMIUM_RATE}


def test_a_number_of_no_calling_code_has_no_country() -> None:
    """What begins like no country's numbers is of unknown country."""
    assert country_of("+999123456") == ""


HELP = {"112": "DE", "110": "DE", "911": "US", "999": "GB", "17": "FR", "000": "AU"}
NO_HELP = {"11833": "DE", "911": "DE", "112": "XX", "110": "", "1": "DE", "+112": "DE"}


@pytest.mark.parametrize(("number", "country"), HELP.items())
def test_an_emergency_number(number: str, country: str) -> None:
    """A short number that calls for help in the tenant's country may be a callee."""
    assert is_emergency(number, country)
    found = callee("to", number, country)
    assert (found.number, found.country, found.emergency) == (number, country, True)
    assert found.routed_as == found.calling_code != ""


@pytest.mark.parametrize(("number", "country"), NO_HELP.items())
def test_no_emergency_number(number: str, country: str) -> None:
    """What calls for help elsewhere, or nowhere, does not here."""
    assert not is_emergency(number, country)


FRANCE = dict.fromkeys(("114", "119", "196"), "FR")
SPAIN = dict.fromkeys(("061", "091"), "ES")
LACKING = {"112": "NG", "988": "US", **FRANCE, **SPAIN}
"""Emergency numbers that libphonenumber does not know, each with its country."""


@pytest.mark.parametrize(("number", "country"), LACKING.items())
def test_an_emergency_number_that_is_configured(number: str, country: str) -> None:
    """What is not known calls for help where it is told so, and is left whole on its way."""
    assert not is_emergency(number, country)
    assert is_emergency(number, country, (number,))
    found = callee("to", number, country, (number,))
    assert (found.number, found.country, found.emergency) == (number, country, True)
    assert found.routed_as == found.calling_code != ""
    assert written_for(NumberFormat(prefix="99", strip=8), found.number) == number


def test_configured_numbers_come_beside_those_that_are_known() -> None:
    """They take nothing away, name no other number, and mean nothing without a country."""
    assert is_emergency("110", "DE", ("115",))
    assert not is_emergency("1155", "DE", ("115",))
    assert not is_emergency("115", "", ("115",))


def test_configured_numbers_are_those_of_one_country() -> None:
    """Elsewhere the same digits are what they are there."""
    tenant = Tenant(tenant_id="acme", default_country="US", emergency_numbers=("988",))
    assert tenant.emergency_numbers_in("US") == ("988",)
    assert tenant.emergency_numbers_in("DE") == tenant.emergency_numbers_in("") == ()


REFUSED = [
    ("", "", "is required"),
    ("112", "", "default_country"),
    ("11833", "DE", "emergency number of DE"),
    ("911", "DE", "emergency number of DE"),
    ("1122", "DE", "emergency number of DE"),
    ("49301234567", "DE", "E.164"),
    ("0301234567", "DE", "E.164"),
    ("112;x=1", "DE", "E.164"),
    ("112\r\nX: 1", "DE", "E.164"),
    ("+112", "DE", "E.164"),
    ("١١٢", "EG", "E.164"),
    ("*112#", "DE", "E.164"),
    ("sip:112@host", "DE", "E.164"),
    ("+999123456", "DE", "country code"),
    ("+4930", "DE", "E.164"),
]


@pytest.mark.parametrize(("value", "country", "why"), REFUSED)
def test_what_may_not_be_rung(value: str, country: str, why: str) -> None:
    """Anything but E.164 and the country's emergency numbers is INVALID_FIELD, with what may."""
    with pytest.raises(GatewayError) as refused:
        callee("target", value, country)
    assert refused.value.reason is Reason.INVALID_FIELD
    assert refused.value.metadata["field"] == "target"
    assert why in refused.value.message


@given(
    st.text(max_size=12) | st.from_regex(r"\+?[0-9]{2,9}[^a]?"),
    st.sampled_from(["", "DE", "US", "XX"]),
)
def test_nothing_but_digits_and_a_plus_is_ever_dialled(value: str, country: str) -> None:
    """Whatever is asked for, what passes cannot break out of a SIP URI."""
    try:
        number = callee("to", value, country).number
    except GatewayError:
        return
    assert set(number.removeprefix("+")) <= set("0123456789")
