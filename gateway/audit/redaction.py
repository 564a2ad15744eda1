"""What the audit log contains of a request: numbers as configured, digits never.

It happens before hashing, so the chain proves what is stored.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, cast

from gateway.audit.chain import NOTHING, Described, plain
from gateway.domain.texts import HIDDEN, without_secrets
from gateway.domain.timeouts import seconds

NUMBER_KEYS = frozenset({"to", "caller_id", "number", "target", "dialed_number"})
SECRET_KEYS = frozenset({"digits"})
PERSONAL_KEYS = frozenset({"participant_metadata", "display_name", "participant_name"})
CHANGEABLE_KEYS = frozenset({"headers", "participant_attributes"})

_SPECIAL = NUMBER_KEYS | SECRET_KEYS | PERSONAL_KEYS | CHANGEABLE_KEYS
_PLAIN = frozenset({int, bool, float, type(None)})
_SAYS_NOTHING: Sequence[object] = ("", [], {})

Redact = Callable[[str], str]

# A carrier's number format may add more digits in front than a number has.
_NUMBER = re.compile(
    r"\+[0-9](?:[-.()]*[0-9]){6,39}|(?:(?<=sip:)|(?<=sips:)|(?<=tel:)|(?<=%2b))[0-9]{3,40}",
    re.IGNORECASE,
)


def keep(value: str) -> str:
    """Numbers as they are."""
    return value


def last4(value: str) -> str:
    """Only the last four characters."""
    return f"…{value[-4:]}"


def text(value: str, redact: Redact) -> str:
    """A message with the numbers in it as configured."""
    if redact is keep:
        return value
    return _NUMBER.sub(lambda number: redact(number[0]), value)


def describe(value: Any, redact: Redact) -> Described:
    """A command or decision as plain JSON values, without empty ones, personal ones hidden.

    Digits (they may be a PIN) are always hidden; names, metadata and the values of headers
    and attributes are hidden whenever numbers are. A bare text is the requested id.
    """
    if isinstance(value, str):
        return Described(id=value)
    described = _described(value, redact)
    return Described(described) if isinstance(described, dict) else NOTHING


def _described(value: Any, redact: Redact) -> Any:
    kind = type(value)
    if kind is str:
        return text(without_secrets(value), redact) if value else value
    if kind in _PLAIN:
        return value
    if names := _names(cast("Hashable", kind)):
        return _entries(((name, getattr(value, name)) for name in names), redact)
    return _other(value, redact)


def _other(value: Any, redact: Redact) -> Any:
    match value:
        case Enum():
            return value.name
        case list() | tuple():
            return [_described(inner, redact) for inner in value]
        case timedelta():
            return seconds(value)
        case datetime():
            return value.isoformat()
        case Mapping():
            return _entries(((str(key), inner) for key, inner in value.items()), redact)
        case set() | frozenset():
            return sorted((_described(inner, redact) for inner in value), key=str)
        case str():
            return text(without_secrets(value), redact)
        case _:
            return plain(value)


@cache
def _names(kind: Hashable) -> tuple[str, ...]:
    """The fields of a dataclass but for those that its repr omits: the log omits them too."""
    return tuple(field.name for field in fields(kind) if field.repr) if is_dataclass(kind) else ()


def _entries(items: Iterable[tuple[str, Any]], redact: Redact) -> dict[str, Any]:
    """Those that say something."""
    told = {}
    for key, value in items:
        if value is None or value is False or value == "":
            continue
        found = _special(key, value, redact) if key in _SPECIAL else _described(value, redact)
        if found or found not in _SAYS_NOTHING:
            told[key] = found
    return told


def _special(key: str, value: Any, redact: Redact) -> Any:
    if key in NUMBER_KEYS and isinstance(value, str):
        return redact(value)
    described = _described(value, redact)
    if not described:
        return described
    if key in SECRET_KEYS or (key in PERSONAL_KEYS and redact is not keep):
        return HIDDEN
    if key in CHANGEABLE_KEYS and redact is not keep and isinstance(value, Mapping):
        return dict.fromkeys(map(str, value), HIDDEN)
    return described
