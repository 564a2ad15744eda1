"""How a number is written for a carrier, and how the carrier reads it.

A format that removes digits or adds a prefix may turn it into another number:
`+390019005550` without its `+39` is a call to North America in Italy. Such a number is never
sent; `misread` is checked wherever a trunk is chosen.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache, partial

import phonenumbers
from phonenumbers import (
    PhoneMetadata,
    PhoneNumber,
    ValidationResult,
    shortnumberinfo,
)

from gateway.domain.numbers import e164
from gateway.domain.numbers.callee import NO_COUNTRY, country_of
from gateway.domain.tenant import NumberFormat, Tenant, Trunk

ANY_EXIT_CODE = re.compile("00|011")
"""Exit codes if no country is known."""

_LONGEST_SHORT = 6
"""Digits of a short number; only very small countries' subscribers have so few."""
_SHORTEST_ABROAD = 8
"""Digits; only few countries have shorter numbers after an exit code."""
_ROOM_FOR_ANSWERS = 8192
_NUMBERS = frozenset({ValidationResult.IS_POSSIBLE, ValidationResult.IS_POSSIBLE_LOCAL_ONLY})


_Emergency = tuple[str, tuple[str, ...]]
"""A country, and its emergency numbers besides those that libphonenumber knows."""
_NONE_KNOWN: _Emergency = ("", ())


def written_for(form: NumberFormat, number: str) -> str:
    """`number` as the carrier gets it: first `strip`, then `prefix`, then the `+`.

    Short numbers are not changed, nor is a number of which `strip` would leave nothing.
    """
    if not number.startswith("+"):
        return number
    digits = number[1:]
    kept = digits[form.strip :] or digits
    return f"{'+' if form.plus else ''}{form.prefix}{kept}"


def at_home(trunk: Trunk) -> Trunk:
    """The trunk with the countries whose dialling rules its carrier follows.

    If its format names none these are the countries of its numbers.
    """
    form = trunk.number_format
    if form.is_plain or form.countries:
        return trunk
    found = {shown.country or country_of(shown.number) for shown in trunk.numbers}
    countries = tuple(sorted(found - {NO_COUNTRY, ""}))
    return replace(trunk, number_format=replace(form, countries=countries))


def misread(form: NumberFormat, number: str, tenant: Tenant | None = None) -> str:
    """Why the number sent would be read as something other than `number`; empty: it would not.

    `number` is canonical, or a short emergency number, which is sent unchanged. With its `+` it
    must be sent unchanged. Without, it is E.164 if nothing else was changed, and otherwise what is
    dialled in the format's countries: none of them may read another number or a special one.
    Digits that neither are nor begin with a number there are up to the carrier. `tenant` may
    know more emergency numbers than libphonenumber.
    """
    if form.is_plain or not number.startswith("+"):
        return ""
    known = (tenant.default_country, tenant.emergency_numbers) if tenant else _NONE_KNOWN
    return _misread(form, number, known)


@lru_cache(maxsize=_ROOM_FOR_ANSWERS)
def _misread(form: NumberFormat, number: str, known: _Emergency) -> str:
    leaves = written_for(form, number)
    if form.plus:
        return "" if leaves == number else f"{_shown(leaves)} would be sent instead of {number}"
    read = _as_e164 if form.keeps_digits else partial(_as_dialled, known=known)
    places: Iterable[str] = [one for one in form.countries if one != NO_COUNTRY] or [""]
    found = ((read(leaves, number, place), place) for place in places)
    return next(
        (f"{_shown(leaves)} would be read as {what}{_in(place)}" for what, place in found if what),
        "",
    )


def _shown(digits: str) -> str:
    """In a form that logs and audit records recognise as a number, so that it can be redacted."""
    return digits if digits.startswith("+") else f"tel:{digits}"


def _in(country: str) -> str:
    return f" in {country}" if country else ""


def _as_e164(digits: str, _number: str, country: str) -> str:
    """What else `digits`, an E.164 number without its `+`, could be; empty: nothing."""
    rest = _abroad(digits, country)
    if rest is None or (len(rest) < _SHORTEST_ABROAD and not e164.number_of(f"+{rest}")):
        return ""
    return f"an international call to {_shown(rest)}"


def _as_dialled(digits: str, number: str, country: str, known: _Emergency) -> str:
    """What `digits` reach when dialled there, if not `number`; empty: that, or nothing at all."""
    rest = _abroad(digits, country)
    if rest is not None:
        return "" if f"+{rest}" == number else f"an international call to {_shown(rest)}"
    few = len(digits) <= _LONGEST_SHORT
    try:
        parsed = phonenumbers.parse(digits, country) if country else None
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None:
        return "a short number" if few else ""
    found = e164.written(parsed)
    if found != number:
        if phonenumbers.is_possible_number_with_reason(parsed) in _NUMBERS:
            return "a short number" if few else found
        if rung := _rung_by_beginning(digits, country):
            return "" if rung == number else rung
    given_out = found == number and phonenumbers.is_valid_number(parsed)
    if not (given_out and digits == _in_full(parsed, country)) and (
        shortnumberinfo.connects_to_emergency_number(digits, country)
        or (known[0] == country and digits.startswith(known[1]))
    ):
        return "an emergency call"
    if (few and not given_out) or ((few or not given_out) and _is_short(digits, country)):
        return "a short number"
    return ""


def _rung_by_beginning(digits: str, country: str) -> str:
    """The number that a carrier rings that ignores digits too many; empty: none."""
    for length in range(len(digits) - 1, _LONGEST_SHORT, -1):
        parsed = phonenumbers.parse(digits[:length], country)
        if phonenumbers.is_valid_number(parsed):
            return e164.written(parsed)
    return ""


def _in_full(parsed: PhoneNumber, country: str) -> str:
    """The number as usually dialled there: some emergency numbers begin like a trunk digit."""
    return f"{e164.trunk_prefix(country)}{phonenumbers.national_significant_number(parsed)}"


def _is_short(digits: str, country: str) -> bool:
    short = e164.as_written(phonenumbers.country_code_for_region(country), digits)
    return shortnumberinfo.is_valid_short_number_for_region(short, country)


def _abroad(digits: str, country: str) -> str | None:
    """The digits after the exit code of `country`; None: they do not begin with one."""
    exit_code = _exit_code(country)
    found = exit_code.match(digits) if exit_code else None
    return digits[found.end() :] if found else None


@lru_cache(maxsize=512)
def _exit_code(country: str) -> re.Pattern[str] | None:
    if not country:
        return ANY_EXIT_CODE
    known = PhoneMetadata.metadata_for_region(country)
    return re.compile(known.international_prefix) if known and known.international_prefix else None
