"""What the audit log contains of a request: numbers as configured, digits never.

It happens before hashing, so the chain proves what is stored.
"""

import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from typing import Any, cast

from gateway.domain.texts import HIDDEN, without_secrets
from gateway.domain.timeouts import seconds

NUMBER_KEYS = frozenset({"to", "caller_id", "number", "target", "dialed_number"})
SECRET_KEYS = frozenset({"digits"})
PERSONAL_KEYS = frozenset({"participant_metadata", "display_name", "participant_name"})
CHANGEABLE_KEYS = frozenset({"headers", "participant_attributes"})

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


def describe(value: Any, redact: Redact) -> Mapping[str, Any]:
    """A command or decision as plain JSON values, without empty ones, personal ones hidden.

    Digits (they may be a PIN) are always hidden; names, metadata and the values of headers
    and attributes are hidden whenever numbers are. A bare text is the requested id.
    """
    if isinstance(value, str):
        return {"id": value}
    if value is None:
        return {}
    described = _described(value, redact)
    return described if isinstance(described, dict) else {}


def _described(value: Any, redact: Redact) -> Any:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, str):
        return text(without_secrets(value), redact)
    if is_dataclass(value):
        value = {name: getattr(value, name) for name in _names(cast("Hashable", type(value)))}
    if isinstance(value, Mapping):
        return {
            key: _entry(str(key), inner, redact)
            for key, inner in value.items()
            if not _empty(inner)
        }
    if isinstance(value, (set, frozenset)):
        return sorted((_described(inner, redact) for inner in value), key=str)
    if isinstance(value, (list, tuple)):
        return [_described(inner, redact) for inner in value]
    if isinstance(value, timedelta):
        return seconds(value)
    return value.isoformat() if isinstance(value, datetime) else value


@cache
def _names(kind: Hashable) -> tuple[str, ...]:
    # What a value's repr omits does not belong in the log either.
    return tuple(field.name for field in fields(cast("Any", kind)) if field.repr)


def _entry(key: str, value: Any, redact: Redact) -> Any:
    if key in SECRET_KEYS or (key in PERSONAL_KEYS and redact is not keep):
        return HIDDEN
    if key in CHANGEABLE_KEYS and redact is not keep and isinstance(value, Mapping):
        return dict.fromkeys(value, HIDDEN)
    if key in NUMBER_KEYS and isinstance(value, str):
        return redact(value)
    return _described(value, redact)


def _empty(value: Any) -> bool:
    if is_dataclass(value):
        return all(_empty(getattr(value, name)) for name in _names(cast("Hashable", type(value))))
    if isinstance(value, Mapping):
        return all(_empty(inner) for inner in value.values())
    return value is None or value is False or value in ("", (), [], frozenset())
