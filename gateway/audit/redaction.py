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

from gateway.audit.records import NOTHING, Described, plain
from gateway.domain.texts import HIDDEN, without_secrets
from gateway.domain.timeouts import seconds

NUMBER_KEYS = frozenset({"to", "caller_id", "number", "numbers", "target", "dialed_number"})
SECRET_KEYS = frozenset({"digits"})
PERSONAL_KEYS = frozenset(
    {
        *("participant_metadata", "participant_name", "agent_metadata", "display_name"),
        *("metadata", "name"),
    }
)
CHANGEABLE_KEYS = frozenset({"headers", "participant_attributes", "agent_attributes", "attributes"})
NAMING_KEYS = frozenset({"room", "identity", "participant_identity", "leaves", "names"})
"""They name a person as often as a thing; with pseudonyms, the same stays the same."""
LABEL_KEYS = frozenset({"labels", "set_labels"})

CODECS = "codecs"
"""Their names are nobody's."""

_SPECIAL = (
    {CODECS}
    | NUMBER_KEYS
    | SECRET_KEYS
    | PERSONAL_KEYS
    | CHANGEABLE_KEYS
    | NAMING_KEYS
    | LABEL_KEYS
)
_PLAIN = frozenset({int, bool, float, type(None)})
_SAYS_NOTHING: Sequence[object] = ("", [], {})
_EMPTY = frozenset({str, bool, type(None), dict, list, tuple, set, frozenset})
"""A value of these that is false says nothing; a number does."""

Redact = Callable[[str], str]

SEALED = "[sealed]"
"""Stands in a record where a value was that is encrypted beside it."""

# A carrier's number format may add more digits in front than a number has.
_NUMBER = re.compile(
    r"\+[0-9](?:[-.()]*[0-9]){6,39}|(?:(?<=sip:)|(?<=sips:)|(?<=tel:)|(?<=%2b))[0-9]{3,40}",
    re.IGNORECASE,
)

_DIGITS = re.compile(r"[0-9]{5,}")
"""Longer than a SIP status or a warning code."""


def keep(value: str) -> str:
    """Numbers as they are."""
    return value


def last4(value: str) -> str:
    """Only the last four characters; of an extension, which may have no more, none."""
    return f"…{value[-4:]}" if len(value) > 4 else HIDDEN


def sealed(_value: str) -> str:
    """Nothing of it: the value itself is encrypted beside the record."""
    return SEALED


def hidden(_value: str) -> str:
    """Nothing of it, and it is nowhere else either."""
    return HIDDEN


def text(value: str, redact: Redact) -> str:
    """A message with the numbers in it as configured."""
    if redact is keep:
        return value
    return _NUMBER.sub(lambda number: redact(number[0]), value)


def carriers(value: str, redact: Redact) -> str:
    """A carrier's text: where numbers are redacted, no longer run of digits is left of it."""
    return value if redact is keep else _DIGITS.sub(HIDDEN, text(value, redact))


def describe(value: Any, redact: Redact) -> Described:
    """A command or decision as plain JSON values, without empty ones, personal ones hidden.

    Digits (they may be a PIN) are always hidden; names, metadata and the values of headers
    and attributes are hidden whenever numbers are. A bare text is the requested id.
    """
    if isinstance(value, str):
        return Described(id=_described(value, redact))
    described = _described(value, redact)
    return Described(described) if isinstance(described, dict) else NOTHING


def _described(value: Any, redact: Redact) -> Any:
    kind = type(value)
    if kind is str:
        return text(without_secrets(value), redact) if value else value
    if kind in _PLAIN:
        return value
    if kind is dict:
        return _entries([(str(key), inner) for key, inner in value.items()], redact)
    if names := _names(cast("Hashable", kind)):
        return _entries([(name, getattr(value, name)) for name in names], redact)
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


def without_numbers(described: Described) -> Described:
    """The same without any number, in whatever form: whoever may not know them reads the log."""
    hidden = {key: HIDDEN for key in NUMBER_KEYS if described.get(key)}
    return Described({**described, **hidden}) if hidden else described


@cache
def _names(kind: Hashable) -> tuple[str, ...]:
    """The fields of a dataclass but for those that its repr omits: the log omits them too."""
    return tuple(field.name for field in fields(kind) if field.repr) if is_dataclass(kind) else ()


def _entries(items: Iterable[tuple[str, Any]], redact: Redact) -> dict[str, Any]:
    """Those that say something."""
    told = {}
    for key, value in items:
        if not value and type(value) in _EMPTY:
            continue
        found = _special(key, value, redact) if key in _SPECIAL else _described(value, redact)
        if found or found not in _SAYS_NOTHING:
            told[key] = found
    return told


def _special(key: str, value: Any, redact: Redact) -> Any:
    if key in NUMBER_KEYS:
        return _numbers(value, redact)
    if key == CODECS:
        return _described(value, keep)
    if redact is not keep and key in NAMING_KEYS:
        several = isinstance(value, Sequence) and not isinstance(value, str)
        return [_name(str(one), redact) for one in value] if several else _name(str(value), redact)
    if redact is not keep and key in LABEL_KEYS and isinstance(value, Mapping):
        return {str(key): _name(str(label), redact) for key, label in value.items()}
    described = _described(value, redact)
    if not described:
        return described
    if key in SECRET_KEYS or (key in PERSONAL_KEYS and redact is not keep):
        return SEALED if redact is sealed and key not in SECRET_KEYS else HIDDEN
    if key in CHANGEABLE_KEYS and redact is not keep and isinstance(value, Mapping):
        return dict.fromkeys(map(str, value), SEALED if redact is sealed else HIDDEN)
    return described


def _numbers(value: Any, redact: Redact) -> Any:
    """One or several; what a caller takes for a number need not be in the form of one."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list | tuple):
        return [_numbers(one, redact) for one in value]
    return _described(value, redact)


def _name(value: str, redact: Redact) -> str:
    """The last four characters of a name may be all of it."""
    return HIDDEN if redact is last4 else redact(value)
