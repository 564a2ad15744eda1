"""Trunks that behave as a phone, whatever number is dialled on them."""

from typing import Any

from tests.stands.phones import ANSWERS, digits_of
from tests.stands.stand import NO_LIMITS, NUMBERS, Stand

OTHER = "+15005550197"


def sandbox_trunk(phone: str) -> str:
    """The name of the trunk on which every call in the sandbox meets this phone."""
    return f"sandbox-{digits_of(phone)}"


def trunk(stand: Stand, name: str, behaves_like: str, number: str, **more: Any) -> dict[str, Any]:
    """A trunk on which every call meets this phone."""
    if stand.stack:
        livekit_trunk_id = stand.stack.create_trunk(
            name, [number], f"phone-{digits_of(behaves_like)}.test"
        )
    else:
        livekit_trunk_id = sandbox_trunk(behaves_like)
    return {
        "trunk_id": name,
        "livekit_trunk_id": livekit_trunk_id,
        "numbers": [{"number": number}],
        **more,
    }


async def two_trunks(stand: Stand, first: str, second: str = ANSWERS, **more: Any) -> None:
    """A route over trunk `a`, then `b`, which behave as these phones; `more` is of `a`."""
    targets = [{"trunk_id": "a", "priority": 1}, {"trunk_id": "b", "priority": 2}]
    config = {
        "tenants": [
            {
                "tenant_id": "acme",
                "routes": [{"route_id": "all", "targets": targets}],
                "limits": NO_LIMITS,
            },
            {"tenant_id": "globex", "limits": NO_LIMITS},
        ],
        "trunks": [trunk(stand, "a", first, NUMBERS[0], **more), trunk(stand, "b", second, OTHER)],
    }
    await stand.apply(config)
