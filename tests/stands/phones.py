"""The phones of the sandbox and of the stack, by what they do.

The numbers are those of `gateway/platform/sandbox/phones.py`.
"""

ANSWERS = "+15005550100"
BUSY = "+15005550101"
RINGS_FOR_EVER = "+15005550102"
DECLINES = "+15005550103"
UNKNOWN = "+15005550104"
UNAVAILABLE = "+15005550105"
CARRIER_FAILS = "+15005550106"
"""Before anything rings."""
SILENT = "+15005550107"
"""The trunk gives no sign of life."""
HANGS_UP = "+15005550108"
"""2 s after it has answered."""
ANSWERS_LATE = "+15005550109"
"""After 3 s of ringing."""
REFUSES_TRANSFERS = "+15005550110"
"""Answers at once, as do the next two."""
TRANSFERS_LATE = "+15005550111"
"""Takes a transfer, and reports its success 8 s later."""
NEVER_REPORTS = "+15005550112"
"""Takes a transfer, and never tells what came of it."""
RINGS_THEN_FAILS = "+15005550113"
NOBODY = "+15005550114"
"""The first number that is no phone's."""

PHONES = {
    name.lower().replace("_", "-"): value for name, value in globals().items() if name.isupper()
}
"""All of them and nobody's, by what they do."""

OWN, OWN_TOO = "+15005550199", "+15005550198"
"""Numbers of the tenants' trunks: caller IDs. Nobody's, when they are rung."""
CALLER, HOTLINE, UNKNOWN_LINE = "+15005550177", "+15005550188", "+15005550189"
"""Who calls in, the line of a tenant that is called, and one that is no tenant's."""


def tel(number: str) -> str:
    """A number as a transfer's target."""
    return f"tel:{number}"


def digits_of(number: str) -> str:
    """The two digits by which trunks and hosts name a phone, as in `sandbox-06`."""
    return number[-2:]


def phone_id(value: object) -> str | None:
    """The id of a parameter that is a phone: what it does, instead of its number."""
    return next((name for name, number in PHONES.items() if number == value), None)
