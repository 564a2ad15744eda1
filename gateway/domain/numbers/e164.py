"""The canonical form in which a number is judged, matched, counted, stored and dialled.

libphonenumber ignores a trunk zero after the country code: it reads `+49030…` as `+4930…`. A
carrier may read it otherwise, and no prefix or limit would match it. So only the canonical form,
which libphonenumber would write itself, is a number here.
"""

import re

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat, ValidationResult

from gateway.domain import fields
from gateway.errors import GatewayError, invalid_field

LONGEST = 15
"""Digits of a number, with the country's code."""
ZERO_IN_FRONT = frozenset({
    39, 47, 225, 226, 227, 229, 241, 242, 247, 250, 267, 268, 378, 501, 507, 676, 679, 687,
    800, 853, 881, 888, 974, 992,
})  # fmt: skip
"""Codes of countries whose numbers may begin with 0, such as Italy's."""
TWO_ZEROS_IN_FRONT = frozenset({62, 66, 81, 82, 91, 359, 598})
"""Codes of countries where only numbers that begin with 00 do."""

_E164 = re.compile(rf"\+[1-9][0-9]{{6,{LONGEST - 1}}}")
_MOST_TRUNK_DIGITS = 10
_NORTH_AMERICA = 1
_SHORTEST_NATIONAL = 4
_HUNGARY = "36"
_NO_ZERO_IN_FRONT = (
    frozenset(phonenumbers.COUNTRY_CODE_TO_REGION_CODE) - ZERO_IN_FRONT - TWO_ZEROS_IN_FRONT - {1}
)


def _any_of(codes: frozenset[int]) -> str:
    return "|".join(map(str, sorted(codes)))


_TRUNK_DIGIT = (
    # Required zeros first: most prefixes have none there, and there are very many prefixes.
    rf"\+(?=[0-9]{{1,3}}0)(?:(?:{_any_of(_NO_ZERO_IN_FRONT)})0|(?:{_any_of(TWO_ZEROS_IN_FRONT)})0[1-9])"
)
PREFIX = re.compile(rf"(?!{_TRUNK_DIGIT})\+[0-9]{{1,{LONGEST}}}")
"""Valid prefixes of canonical numbers."""
_ANY_PREFIX = re.compile(rf"\+[0-9]{{1,{LONGEST}}}")
_CODE = re.compile(rf"\+({_any_of(_NO_ZERO_IN_FRONT | TWO_ZEROS_IN_FRONT)})([0-9]+)")


def is_written(number: str) -> bool:
    """Whether this is `+` and 7 to 15 digits, whatever they mean."""
    return _E164.fullmatch(number) is not None


def canonical(parsed: PhoneNumber, text: str = "") -> str:
    """The canonical form of what libphonenumber has read; its length may still be wrong.

    `text`: what it has read it from, if that was in international form.
    """
    number = written(parsed)
    for turn in range(_MOST_TRUNK_DIGITS):
        read = parsed if turn == 0 and number == text else phonenumbers.parse(number)
        again = written(read)
        if again == number:
            again = _without_trunk_prefix(read)
        if not again:
            break
        number = again
    return number


def _without_trunk_prefix(number: PhoneNumber) -> str:
    """`number` without the trunk prefix that libphonenumber has left; empty: it has none.

    libphonenumber takes a prefix away only where a number of good length is left, and knows
    those alone that a country has now.
    """
    code = number.country_code or 0
    national = phonenumbers.national_significant_number(number)
    if national.startswith("0"):
        rest = "" if _may_begin_with_zero(number, national) else national.lstrip("0")
    elif code == _NORTH_AMERICA:
        rest = national.lstrip("1") if national.startswith("1") else ""
    else:
        prefix = trunk_prefix(phonenumbers.region_code_for_country_code(code))
        hides = prefix and national.startswith(prefix) and not phonenumbers.is_valid_number(number)
        rest = national[len(prefix) :] if hides and _begins_valid(code, national, prefix) else ""
    return f"+{code}{rest}" if len(rest) >= _SHORTEST_NATIONAL else ""


def _may_begin_with_zero(number: PhoneNumber, national: str) -> bool:
    code = number.country_code
    if code in TWO_ZEROS_IN_FRONT:
        return national.startswith("00") and phonenumbers.is_valid_number(number)
    return code in ZERO_IN_FRONT


def trunk_prefix(region: str) -> str:
    """What is dialled before a national number there, such as 0; empty: nothing."""
    known = PhoneMetadata.metadata_for_region(region)
    return (known and known.national_prefix) or ""


def _begins_valid(code: int, national: str, prefix: str) -> bool:
    """Whether a number that is given out stands behind the prefix, perhaps with more digits."""
    rest = national[len(prefix) :]
    lengths = range(len(rest), _SHORTEST_NATIONAL, -1)
    beginnings = (rest[:length].lstrip("0") or "0" for length in lengths)
    return any(phonenumbers.is_valid_number(as_written(code, one)) for one in beginnings)


def as_written(calling_code: int, national: str) -> PhoneNumber:
    """The number with exactly these digits, without interpretation."""
    zeros = len(national) - len(national.lstrip("0"))
    return PhoneNumber(
        country_code=calling_code,
        national_number=int(national),
        italian_leading_zero=bool(zeros),
        number_of_leading_zeros=zeros or None,
    )


def written(parsed: PhoneNumber) -> str:
    """What libphonenumber has read, as it writes it in E.164; not always canonical."""
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)


def fault(parsed: PhoneNumber) -> str:
    """What is wrong with a number; empty: nothing."""
    national = phonenumbers.national_significant_number(parsed)
    if national.startswith("0") and not _may_begin_with_zero(parsed, national):
        return "has a trunk zero behind its country's code"
    match phonenumbers.is_possible_number_with_reason(parsed):
        case ValidationResult.IS_POSSIBLE:
            return ""
        case ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            return "is not a complete number: its area code is missing"
    return "has the wrong length for its country"


def number_of(text: str) -> str:
    """The canonical number that `text`, `+` and digits, is; empty: it is none."""
    try:
        number = canonical(phonenumbers.parse(text))
        whole = is_written(number) and not fault(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return ""
    return number if whole else ""


def prefix_fault(text: str) -> str:
    """Why this does not match `PREFIX`."""
    found = _CODE.match(text)
    if not _ANY_PREFIX.fullmatch(text) or found is None:
        return "must be + and 1 to 15 digits"
    code, rest = found[1], found[2]
    right = f"+{code}{_without_trunk_digits(code, rest)}"
    return f"has a trunk zero after +{code}; no number begins like that; perhaps {right}"


def _without_trunk_digits(code: str, rest: str) -> str:
    if code == _HUNGARY and rest.startswith("06"):
        return rest.removeprefix("06")
    return rest.lstrip("0")


def phone_number(field: str, value: str) -> str:
    """`value`, an E.164 number in its canonical form that some country could have assigned.

    Raises as `parsed_number` does.
    """
    parsed_number(field, value)
    return value


def parsed_number(field: str, value: str) -> PhoneNumber:
    """The same, as libphonenumber reads it.

    Raises INVALID_FIELD that names `field`. A number with a trunk zero after the country code is
    refused, with the right one as `canonical`.
    """
    if not value:
        raise invalid_field(field, "is required: an E.164 number such as +15005550100")
    if not is_written(value):
        shown = fields.printable(value)
        raise invalid_field(field, "must be E.164: '+' and 7 to 15 digits", value=shown)
    try:
        parsed = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        raise invalid_field(field, "does not begin with a country code", value=value) from None
    if canonical(parsed, value) != value:
        raise _not_canonical(field, value)
    if wrong := fault(parsed):
        raise invalid_field(field, wrong, value=value)
    return parsed


def _not_canonical(field: str, value: str) -> GatewayError:
    if number := number_of(value):
        told = f"is not in canonical form; the number is {number}"
        return invalid_field(field, told, value=value, canonical=number)
    return invalid_field(field, "has the wrong length for its country", value=value)
