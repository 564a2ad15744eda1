"""What the user of a SIP URI reaches if it is dialled: every number that it may be read as.

`sip:+4930…@carrier`, `sip:004930…@carrier` and `sip:911@carrier` reach the same phones as the
number itself, so they are judged like it. It is unknown which reading a carrier uses, so each of
them must be allowed.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator

import phonenumbers
from phonenumbers import shortnumberinfo

from gateway.domain.numbers import e164
from gateway.domain.numbers.callee import NO_COUNTRY, Callee, described, emergency, is_emergency
from gateway.errors import invalid_field

EVERYWHERE_EMERGENCY = frozenset({"112", "911"})
"""Mobile networks take these as emergency numbers in every country."""
LONGEST_SHORT = 6
"""Digits of a short number; with more it may be a regular number of a country."""
LONGEST_NATIONAL = 11
"""Digits that are more likely a national number than an international one with extra digits."""
LONGEST_DIALLED = 20
"""Digits: an exit code and an E.164 number; what follows is ignored, by carriers too."""
_SEPARATORS = re.compile(r"[-.()~!$&'_]")
"""Visual separators, and what is no part of a number: a carrier may leave it out."""
_DIAL_STRING = re.compile(r"[0-9+*#]+")
_LEADING_DIGITS = re.compile(r"\+?[0-9]{7,}")
_RUN = re.compile(r"(?P<service>[*#]?)(?P<number>\+?[0-9]+)")
_SERVICE_CODES = (2, 3)
"""Digits of a code such as `*67` or `#31#` in front of a number."""
_EXIT_CODES = ("00", "011")
"""Before an international number nearly everywhere, whatever the country."""

ExtraOf = Callable[[str], Collection[str]]
"""Further emergency numbers of a country, besides those that are known."""


def _none(_country: str) -> Collection[str]:
    return ()


def readings(
    field: str, user: str, countries: Iterable[str], extra_of: ExtraOf = _none
) -> tuple[Callee, ...]:
    """Each number that `user`, dialled in one of `countries`, may reach; none: it is a name.

    A user is dialled if it consists of digits, `+`, `*`, `#` and separators, or begins
    with seven digits or more. Numbers of up to six digits are extensions unless they are
    emergency numbers. Raises INVALID_FIELD naming `field` for a `+` before no E.164 number.
    """
    plain = _SEPARATORS.sub("", user)
    if not _DIAL_STRING.fullmatch(plain):
        found = _LEADING_DIGITS.match(plain)
        plain = found[0] if found else ""
    where = sorted({country for country in countries if country})
    every = {
        callee.number: callee
        for digits in _runs(plain)
        for callee in _read(field, digits, where, extra_of)
    }
    return tuple(every.values())


def _runs(dialled: str) -> Iterator[str]:
    """What `dialled` may reach: its numbers, also after a service code."""
    for run in _RUN.finditer(dialled):
        yield run["number"]
        if run["service"] and "+" not in run["number"]:
            yield from (run["number"][length:] for length in _SERVICE_CODES)


def _read(field: str, digits: str, countries: Iterable[str], extra_of: ExtraOf) -> Iterator[Callee]:
    if digits.startswith("+"):
        yield described(_with_plus(field, digits))
    elif len(digits) <= LONGEST_SHORT:
        yield from _short(digits, countries, extra_of)
    else:
        found = tuple(_long(digits, countries))
        yield from found or _emergency_beginning(digits, countries)


def _with_plus(field: str, digits: str) -> str:
    """A number with a `+` must be E.164 in its canonical form."""
    number = e164.number_of(digits) if e164.is_written(digits) else ""
    if not number:
        raise invalid_field(field, "has a + before something that is not an E.164 number")
    if number != digits:
        told = f"has a number that is not in canonical form; it is {number}"
        raise invalid_field(field, told, canonical=number)
    return number


def _short(digits: str, countries: Iterable[str], extra_of: ExtraOf) -> Iterator[Callee]:
    found = [each for each in countries if is_emergency(digits, each, extra_of(each))]
    if not found and digits in EVERYWHERE_EMERGENCY:
        found = [NO_COUNTRY]
    yield from (emergency(digits, country) for country in found[:1])


def _emergency_beginning(digits: str, countries: Iterable[str]) -> Iterator[Callee]:
    """Digits that are not a number may still reach one there: extra digits are ignored."""
    for country in countries:
        if shortnumberinfo.connects_to_emergency_number(digits, country):
            yield emergency(digits, country)
            return


def _long(digits: str, countries: Iterable[str]) -> Iterator[Callee]:
    yield from _international(digits, min(len(digits), LONGEST_NATIONAL))
    for exit_code in _EXIT_CODES:
        if digits.startswith(exit_code):
            yield from _international(digits.removeprefix(exit_code))
    for country in countries:
        yield from _in_country(digits, country)


def _international(digits: str, shortest: int = LONGEST_SHORT + 1) -> Iterator[Callee]:
    """Carriers ignore extra digits, so the longest prefix that is a number counts."""
    for length in range(min(len(digits), e164.LONGEST), shortest - 1, -1):
        if number := e164.number_of(f"+{digits[:length]}"):
            yield described(number)
            return


def _in_country(digits: str, country: str) -> Iterator[Callee]:
    """As libphonenumber reads it there: with the exit code, a trunk prefix, or nothing."""
    for length in range(min(len(digits), LONGEST_DIALLED), LONGEST_SHORT, -1):
        try:
            parsed = phonenumbers.parse(digits[:length], country)
        except phonenumbers.NumberParseException:
            return
        verdict = phonenumbers.is_possible_number_with_reason(parsed)
        if verdict == phonenumbers.ValidationResult.IS_POSSIBLE:
            yield described(e164.canonical(parsed))
        if verdict != phonenumbers.ValidationResult.TOO_LONG:
            return
