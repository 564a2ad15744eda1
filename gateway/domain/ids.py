"""Identifiers: a prefix for the kind, then a time-ordered random part."""

import secrets
from datetime import datetime


def new_id(prefix: str, now: datetime) -> str:
    """A new identifier such as `call_018f3c…`: later ones sort after earlier ones.

    The first 12 hexadecimal digits are milliseconds since 1970, the last 14 are random
    (56 bits), so identifiers can be made anywhere without coordination.
    """
    return f"{prefix}_{int(now.timestamp() * 1000):012x}{secrets.token_hex(7)}"
