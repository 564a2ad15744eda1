"""Trunks that behave as a phone, whatever number is dialled on them."""

from typing import Any

from tests.stands.stand import NO_LIMITS, NUMBERS, Stand

OTHER = "+15005550197"


def trunk(stand: Stand, name: str, behaves_as: str, number: str, **more: Any) -> dict[str, Any]:
    """A trunk on which every call meets this phone."""
    if stand.stack:
        livekit_trunk_id = stand.stack.create_trunk(name, [number], f"phone-{behaves_as}.test")
    else:
        livekit_trunk_id = f"sandbox-{behaves_as}"
    return {
        "trunk_id": name,
        "livekit_trunk_id": livekit_trunk_id,
        "numbers": [{"number": number}],
        **more,
    }


async def two_trunks(stand: Stand, first: str, second: str = "00", **more: Any) -> None:
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
