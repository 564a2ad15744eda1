"""The tenants' API keys, and tokens signed with them as LiveKit's libraries sign."""

import jwt

LIFE_SECONDS = 12 * 3600
"""As long as a token may be valid when a gateway's clock is wrong by hours."""


class Keys:
    """The key that each tenant's clients use now. `begin`: Unix time of the virtual second 0."""

    def __init__(self, begin: float) -> None:
        self._expires = int(begin) + LIFE_SECONDS
        self._bearers: dict[str, str] = {}
        self.names: dict[str, str] = {}
        """The key (`iss`) in use, by tenant."""

    def give(self, tenant: str, key: str, secret: str) -> None:
        """From now on its clients use this key."""
        claims = {"iss": key, "sub": tenant, "exp": self._expires, "sip": {"call": True}}
        self._bearers[tenant] = "Bearer " + jwt.encode(claims, secret, algorithm="HS256")
        self.names[tenant] = key

    def bearer(self, tenant: str) -> str:
        """The value of the header `authorization`."""
        return self._bearers[tenant]
