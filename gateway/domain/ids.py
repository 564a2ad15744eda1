"""Identifiers: a prefix for the kind, then a time-ordered random part."""

import re
import secrets
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime

id_source: ContextVar[Callable[[int], str]] = ContextVar("id_source", default=secrets.token_hex)
"""What makes identifiers unique: hexadecimal digits, two for each byte asked for.

A simulation sets one that it can repeat. Threads that do not inherit its context have the default.
"""


def new_id(prefix: str, now: datetime) -> str:
    """A new identifier such as `call_018f3c…`: later ones sort after earlier ones.

    The first 12 hexadecimal digits are milliseconds since 1970, the last 14 are random
    (56 bits), so identifiers can be made anywhere without coordination.
    """
    return f"{prefix}_{int(now.timestamp() * 1000):012x}{id_source.get()(7)}"


def is_id(prefix: str, value: str) -> bool:
    """Whether `value` has the form of an identifier that `new_id` makes with this prefix."""
    return re.fullmatch(rf"{prefix}_[0-9a-f]{{26}}", value) is not None
