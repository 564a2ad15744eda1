"""Callees that are no phone numbers: a PBX's extensions, and SIP users.

Their forms have nothing in common with E.164 and nothing that means anything in a SIP URI, so no
rule for numbers is passed by writing a number so, and nothing is added to what is sent.
"""

import re
from collections.abc import Iterable

from gateway.domain.tenant import Trunk

MAX_EXTENSION = 8
MAX_SIP_USER = 64

_EXTENSION = re.compile(rf"[0-9]{{1,{MAX_EXTENSION}}}")
_SIP_USER = re.compile(rf"[A-Za-z][A-Za-z0-9._-]{{0,{MAX_SIP_USER - 1}}}")

EXTENSION_FORM = f"1 to {MAX_EXTENSION} digits"
SIP_USER_FORM = (
    f"a letter and at most {MAX_SIP_USER - 1} letters, digits, '.', '_' and '-' after it"
)


def is_extension(text: str) -> bool:
    """Whether it has the form of an extension. Emergency numbers have it, too."""
    return _EXTENSION.fullmatch(text) is not None


def is_sip_user(text: str) -> bool:
    """Whether it has the form of a SIP user."""
    return _SIP_USER.fullmatch(text) is not None


def is_internal(text: str) -> bool:
    """Whether it has either form."""
    return is_extension(text) or is_sip_user(text)


def calls(trunk: Trunk, text: str) -> bool:
    """Whether the trunk calls this extension or SIP user."""
    callees = trunk.callees
    if is_extension(text):
        return _fits(text, callees.extensions)
    return is_sip_user(text) and _fits(text, callees.sip_users)


def other_callees(trunk: Trunk, to: str, *, emergency: bool = False) -> str:
    """Why the trunk does not call such callees; empty: it does.

    `emergency`: a number of few digits reaches the emergency services, so it is no extension.
    """
    if emergency or not is_internal(to):
        return "it calls no phone numbers" if trunk.callees.no_numbers else ""
    kind = "extension" if is_extension(to) else "SIP user"
    return "" if calls(trunk, to) else f"no pattern of its callees fits this {kind}"


def _fits(text: str, patterns: Iterable[str]) -> bool:
    return any(
        text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern
        for pattern in patterns
    )
