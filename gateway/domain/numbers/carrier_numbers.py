"""A number as a carrier writes it, read as the E.164 number that it is.

Carriers write one number as `+4930123456`, `4930123456`, `004930123456` or `030123456`, with
visual separators, in a `sip:` or `tel:` URI, with parameters. The input may be any text: it is cut
before it is read, and no text raises an error.
"""

import re
from urllib.parse import unquote

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat

from gateway.domain.numbers import e164

LONGEST_TEXT = 255
"""Characters; a longer text is not a number."""
LONGEST_DIGITS = e164.LONGEST + 9
"""An exit code, a carrier selection code after it, and an E.164 number."""

_PARTS = re.compile(
    r"<?(?:(?:sips?|tel):)?(?P<number>[^;:?@>]*)(?P<parameters>[^@?>]*)", re.IGNORECASE
)
_WRITTEN = re.compile(r"\(?(?P<plus>\+?)(?P<digits>[0-9 ()./~\u00a0-]+)")
_CONTEXT = re.compile(r";phone-context=(?P<context>\+[0-9()./-]+)", re.IGNORECASE)
_NO_DIGITS = re.compile(r"[^0-9]")
_E164 = re.compile(r"\+[1-9][0-9]*")


def dialled(text: str) -> str:
    """The digits of `text`, after a `+` if it has one; empty: it is not a number.

    Scheme, host, parameters and separators are left out; a `phone-context` that is the beginning
    of a number comes before it, as RFC 3966 has it.
    """
    parts = _PARTS.match(text.strip()) if len(text) <= LONGEST_TEXT else None
    found = _WRITTEN.fullmatch(unquote(parts["number"]).strip()) if parts else None
    if parts is None or found is None:
        return ""
    digits = found["plus"] + _NO_DIGITS.sub("", found["digits"])
    context = _CONTEXT.search(parts["parameters"])
    if context and not found["plus"]:
        digits = f"+{_NO_DIGITS.sub('', context['context'])}{digits}"
    if len(digits) > LONGEST_DIGITS or (digits.startswith("+") and not _E164.fullmatch(digits)):
        return ""
    return digits


def as_e164(number: str) -> str:
    """`number`, a `+` and digits, without a trunk prefix after its country code.

    Empty: it does not begin with a country code, or does not have this form.
    """
    return _e164(_parsed(number)) if _E164.fullmatch(number) else ""


def in_country(digits: str, country: str) -> str:
    """The E.164 number that these digits reach when dialled in `country`; or empty."""
    return _e164(_parsed(digits, country))


def is_number_in(digits: str, country: str) -> bool:
    """Whether these digits, dialled in `country`, are a number there that is given out."""
    return bool(country and not digits.startswith("+") and _valid(_parsed(digits, country)))


def behind_exit_code(digits: str) -> str:
    """The number after `00`, with a `+` instead; empty: there is no `00`.

    Nearly every country has this exit code, and carriers write it in the others too.
    """
    return f"+{digits[2:]}" if digits.startswith("00") else ""


def canonical(text: str, country: str) -> str:
    """The one valid E.164 number that `text` is for a carrier of `country`; empty: there is none.

    `country` empty: unknown, so only a number with `+` or `00` is clear. Digits alone may be both a
    number of `country` and, as E.164, another one. They are read as the first if the country writes
    its numbers exactly so, and as the second if the code is its own.
    """
    found = _canonical(dialled(text), country)
    return found if found and e164.number_of(found) == found else ""


def _canonical(digits: str, country: str) -> str:
    if digits.startswith("+"):
        return _valid(_parsed(digits))
    there = _parsed(digits, country) if country else None
    national, whole = _valid(there), _whole(f"+{digits}") if country else ""
    if not there or not national or not whole:
        return national or whole or _whole(behind_exit_code(digits))
    if _national(there) == digits:
        return national
    return whole if whole == national or whole.startswith(_code_of(country)) else ""


def _parsed(digits: str, country: str | None = None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return None


def _valid(parsed: PhoneNumber | None) -> str:
    return _e164(parsed) if parsed and phonenumbers.is_valid_number(parsed) else ""


def _whole(number: str) -> str:
    """`number`, if it is valid exactly as it is."""
    return number if _valid(_parsed(number)) == number else ""


def _e164(parsed: PhoneNumber | None) -> str:
    return e164.canonical(parsed) if parsed else ""


def _code_of(country: str) -> str:
    return f"+{phonenumbers.country_code_for_region(country)}"


def _national(parsed: PhoneNumber) -> str:
    written = phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)
    return _NO_DIGITS.sub("", written)
