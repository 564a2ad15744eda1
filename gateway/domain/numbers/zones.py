"""The time zones that a number may be in, by Google's libphonenumber."""

import phonenumbers
from phonenumbers import timezone


def zones_of(number: str) -> tuple[str, ...]:
    """IANA names, in order; none: unknown. `number` is E.164.

    A number that is bound to no place, such as a mobile one, may be in every zone of its calling
    code.
    """
    parsed = phonenumbers.parse(number)
    # A number that is not assigned yet still begins like those of a place.
    found = _known(timezone.time_zones_for_number(parsed))
    return found or _known(timezone.time_zones_for_geographical_number(parsed))


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name != timezone.UNKNOWN_TIMEZONE)
