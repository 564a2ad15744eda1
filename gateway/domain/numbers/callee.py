"""What a phone number implies: its country, its kind, whether it is an emergency number.

By Google's libphonenumber. It cannot say whether the number is in use.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType, shortnumberinfo
from phonenumbers.shortnumberinfo import ShortNumberCost

from gateway.domain.numbers import e164
from gateway.domain.tenant import NumberKind
from gateway.errors import invalid_field

NO_COUNTRY = "001"
"""The country of numbers that belong to none, such as +800, as libphonenumber has it.

Of a number format: the carrier follows no country's dialling rules.
"""

_SHORT = re.compile(r"[0-9]{2,6}")
_SATELLITE = frozenset({870, 881, 882, 883})
_KINDS = {
    PhoneNumberType.PREMIUM_RATE: NumberKind.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST: NumberKind.SHARED_COST,
    PhoneNumberType.TOLL_FREE: NumberKind.TOLL_FREE,
    PhoneNumberType.PERSONAL_NUMBER: NumberKind.PERSONAL,
    PhoneNumberType.PAGER: NumberKind.PAGER,
    PhoneNumberType.UAN: NumberKind.UAN,
    PhoneNumberType.VOIP: NumberKind.VOIP,
}
_SHORTEST_NATIONAL = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Callee:
    """A number that may be dialled, and what it implies."""

    number: str
    """E.164, or a short emergency number as requested."""
    country: str
    """ISO 3166-1 alpha-2; `001`: of no country; empty: unknown."""
    calling_code: str
    """With its `+`, such as `+49`; empty: unknown."""
    kinds: frozenset[NumberKind] = frozenset()
    emergency: bool = False
    internal: bool = False
    """An extension or a SIP user: no rule for numbers applies."""

    @property
    def routed_as(self) -> str:
        """What prefixes of routes are compared with.

        An emergency number has no place in the numbering plan, so it goes by its country's
        calling code alone.
        """
        return self.calling_code if self.emergency else self.number


def callee(
    field: str, value: str, default_country: str = "", extra: Collection[str] = ()
) -> Callee:
    """The number to call: E.164, or an emergency number of `default_country`.

    `extra`: further emergency numbers of that country. Raises INVALID_FIELD naming `field` for any
    other short number: its meaning depends on the country.
    """
    if is_short(value):
        return _emergency(field, value, default_country, extra)
    return _described(value, e164.parsed_number(field, value))


def is_short(number: str) -> bool:
    """Whether it has the form of an emergency number: 2 to 6 digits."""
    return _SHORT.fullmatch(number) is not None


def _emergency(field: str, value: str, default_country: str, extra: Collection[str]) -> Callee:
    if not default_country:
        raise invalid_field(
            field,
            "must be E.164: short numbers need the tenant's default_country",
            value=value,
        )
    if not is_emergency(value, default_country, extra):
        raise invalid_field(
            field,
            f"must be E.164 or an emergency number of {default_country}",
            value=value,
            country=default_country,
        )
    return emergency(value, default_country)


def emergency(number: str, country: str) -> Callee:
    """An emergency number of this country, as it is dialled there."""
    code = phonenumbers.country_code_for_region(country)
    return Callee(
        number=number,
        country=country,
        calling_code=f"+{code}" if code else "",
        emergency=True,
    )


def is_emergency(number: str, country: str, extra: Collection[str] = ()) -> bool:
    """Whether `number`, as it is dialled in `country`, reaches the emergency services.

    By libphonenumber, or by `extra`: further emergency numbers of that country
    (`Tenant.emergency_numbers_in`).
    """
    known = bool(country) and shortnumberinfo.is_emergency_number(number, country)
    return known or (bool(country) and number in extra)


@lru_cache(maxsize=1024)
def is_emergency_anywhere(number: str) -> bool:
    """Whether it reaches the emergency services of some country, by libphonenumber."""
    return is_short(number) and any(
        shortnumberinfo.is_emergency_number(number, country)
        for country in phonenumbers.SUPPORTED_REGIONS
    )


def described(number: str) -> Callee:
    """What an E.164 number implies; it must have passed `e164.phone_number`."""
    return _described(number, phonenumbers.parse(number))


def _described(number: str, parsed: PhoneNumber) -> Callee:
    return Callee(
        number=number,
        country=_country(parsed),
        calling_code=f"+{parsed.country_code}",
        kinds=_kinds(parsed),
    )


def country_of(number: str) -> str:
    """The country of an E.164 number; `001`: of no country; empty: of no calling code."""
    try:
        return _country(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return ""


def _country(parsed: PhoneNumber) -> str:
    # Countries that share a calling code are distinguished by their area codes; a number that fits
    # none is not assigned yet, and would be the main country's.
    found = phonenumbers.region_code_for_number(parsed)
    return found or phonenumbers.region_code_for_country_code(parsed.country_code or 0)


def _kinds(parsed: PhoneNumber) -> frozenset[NumberKind]:
    kind = _KINDS.get(_type_of(parsed))
    satellite = {NumberKind.SATELLITE} if parsed.country_code in _SATELLITE else set()
    return frozenset(satellite | ({kind} if kind else set()))


def _type_of(parsed: PhoneNumber) -> int:
    """Carriers ignore extra digits, so they must not hide a number's kind.

    A short number after its country code is not a regular number, but carriers may dial it.
    """
    country = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    for beginning in _beginnings(parsed):
        found = phonenumbers.number_type(beginning)
        if found != PhoneNumberType.UNKNOWN:
            return found
        if _is_costly_short(beginning, country):
            return PhoneNumberType.PREMIUM_RATE
    return PhoneNumberType.UNKNOWN


def _beginnings(parsed: PhoneNumber) -> Iterator[PhoneNumber]:
    """The number, and what is left of it with fewer and fewer digits."""
    yield parsed
    national = phonenumbers.national_significant_number(parsed)
    for length in range(len(national) - 1, _SHORTEST_NATIONAL - 1, -1):
        yield e164.as_written(parsed.country_code or 0, national[:length])


def _is_costly_short(short: PhoneNumber, country: str) -> bool:
    """Whether this is a short number, such as 11833 in Germany, that is not known to be cheap.

    Short numbers for messages are left out: regular numbers begin like them.
    """
    cost = shortnumberinfo.expected_cost_for_region(short, country)
    if cost == ShortNumberCost.UNKNOWN_COST:
        costly = shortnumberinfo.is_valid_short_number_for_region(short, country)
    else:
        costly = cost == ShortNumberCost.PREMIUM_RATE
    return costly and not (
        shortnumberinfo.is_sms_service_for_region(short, country)
        or shortnumberinfo.is_carrier_specific_for_region(short, country)
    )
