"""The rules for API keys, and how many there may be."""

from collections.abc import Sequence
from datetime import datetime

from gateway.domain.admin.addresses import range_of
from gateway.domain.fields import printable
from gateway.domain.tenant import Right
from gateway.domain.together import Together, passed
from gateway.errors import GatewayError, Reason, invalid_field

MAX_KEYS = 100
"""Keys of one tenant, or of operators, that are neither revoked nor expired."""
MAX_GONE_KEYS = 1000
"""Keys of one tenant, or of operators, that are revoked or expired but still listed."""
MAX_ADDRESSES = 16


def owner(tenant_id: str, rights: frozenset[Right]) -> None:
    """A key belongs to a tenant, or is an operator's."""
    if bool(tenant_id) == (Right.OPERATOR in rights):
        raise invalid_field("rights", "a key has either a tenant or the right OPERATOR")


def expiry(expire_time: datetime | None, now: datetime) -> datetime | None:
    """When a new key expires; None: never."""
    if expire_time is not None and expire_time <= now:
        raise invalid_field("expire_time", "must be later than now")
    return expire_time


def ranges(texts: Sequence[str]) -> tuple[str, ...]:
    """Where a new key may be used from, each range as it is usually written."""
    if len(texts) > MAX_ADDRESSES:
        raise invalid_field("allowed_addresses", f"must be at most {MAX_ADDRESSES}")
    with Together() as check:
        found = [check(_range, at, text) for at, text in enumerate(texts)]
    return tuple(map(passed, found))


def _range(at: int, text: str) -> str:
    try:
        return str(range_of(text))
    except ValueError:
        raise invalid_field(
            f"allowed_addresses[{at}]",
            "must be an address or a range such as 10.0.0.0/8, without bits set after the prefix",
            value=printable(text),
        ) from None


def room_for_one_more(held: int) -> None:
    """Raises TENANT_LIMIT if no further key is allowed."""
    if held >= MAX_KEYS:
        raise GatewayError(
            Reason.TENANT_LIMIT,
            f"has {held} API keys of {MAX_KEYS}: revoke one that is no longer used",
            {"limit": "api_keys", "used": str(held), "maximum": str(MAX_KEYS)},
        )
