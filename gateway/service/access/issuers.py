"""Who is calling by a token of somebody else: an issuer that the configuration names."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import jwt

from gateway.domain import fields
from gateway.domain.rpc import Caller, DoorGrant
from gateway.domain.tenant import Right, TokenGrant, TokenIssuer
from gateway.ports import Clock
from gateway.service.access.directory import Directory
from gateway.service.access.identity import (
    LEEWAY_SECONDS,
    MAX_LIFE,
    check_times,
    invalid,
    remember,
    unverified,
)
from gateway.service.access.key_sets import KeySets, PublicKey

MAX_SUBJECT = 256
"""Characters of `sub` that are told."""
_CLAIMS_ONLY = {
    "require": ["exp", "iss"],
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
}


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token that need not be checked again while its issuer and its key are unchanged."""

    issuer: TokenIssuer
    key: PublicKey
    caller: Caller
    expires: float


class Issuers:
    """Turns a token of a configured issuer into a Caller, or refuses it.

    `max_life`: how long a token may be valid.
    """

    def __init__(
        self,
        directory: Directory,
        key_sets: KeySets,
        clock: Clock,
        *,
        max_life: timedelta = MAX_LIFE,
    ) -> None:
        self._directory = directory
        self._key_sets = key_sets
        self._clock = clock
        self._max_life = max_life
        self._verified: dict[bytes, _Verified] = {}

    def issuer_of(self, token: bytes) -> TokenIssuer | None:
        """The issuer that the token names, if it is configured; this proves nothing yet."""
        issuers = self._directory.config.token_issuers
        if not issuers:
            return None
        known = self._verified.get(sha256(token).digest())
        named = known.issuer.issuer if known else unverified(token).get("iss")
        return next((each for each in issuers if each.issuer == named), None)

    async def authenticate(self, issuer: TokenIssuer, token: bytes) -> Caller:
        """The caller. Raises UNAUTHENTICATED or ISSUER_UNAVAILABLE."""
        digest = sha256(token).digest()
        known = self._verified.get(digest)
        if known is None or not self._still(known, issuer):
            known = await self._verify(issuer, token)
            remember(self._verified, digest, known)
        return known.caller

    def holds(self, caller: Caller) -> bool:
        """Whether the token has not expired, and its issuer still has its key and speaks for it.

        Keys that could not be fetched for a day count no more, so then it does not hold either.
        """
        name, _, _ = caller.key.partition("#")
        expired = caller.expire_time is not None and caller.expire_time <= self._clock.now()
        issuers = self._directory.config.token_issuers
        issuer = next((each for each in issuers if each.issuer == name), None)
        if expired or issuer is None or not self._key_sets.tells(issuer, caller.signed_by):
            return False
        return any(
            grant.tenant_id == caller.tenant_id and grant.rights >= caller.rights
            for grant in issuer.grants
        )

    def _still(self, known: _Verified, issuer: TokenIssuer) -> bool:
        now = self._clock.now().timestamp()
        return (
            now < known.expires + LEEWAY_SECONDS
            and known.issuer == issuer
            and self._key_sets.has(issuer, known.key)
        )

    async def _verify(self, issuer: TokenIssuer, token: bytes) -> _Verified:
        header = _header(token)
        kid = header.get("kid", "")
        if not isinstance(kid, str):
            raise invalid("kid is not a text")
        key = await self._key_sets.key(issuer, kid)
        if key is None:
            raise invalid(f"{issuer.issuer} has no key {fields.printable(kid) or 'without an id'}")
        if header.get("alg") != key.algorithm:
            raise invalid(f"the token is not signed with {key.algorithm}, as its key is for")
        claims = _claims(token, key, issuer)
        expires = check_times(claims, self._clock.now(), self._max_life)
        end = datetime.fromtimestamp(expires + LEEWAY_SECONDS, UTC)
        return _Verified(issuer, key, _caller(issuer, claims, end, key), expires)


def _header(token: bytes) -> Mapping[str, Any]:
    try:
        return jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise invalid("the token is not a JWT") from None


def _claims(token: bytes, key: PublicKey, issuer: TokenIssuer) -> Mapping[str, Any]:
    try:
        return jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm],
            audience=issuer.audiences,
            issuer=issuer.issuer,
            options=_CLAIMS_ONLY,  # type: ignore[arg-type]
        )
    except jwt.InvalidSignatureError:
        raise invalid("the token is signed with another key than it names") from None
    except (jwt.InvalidAudienceError, jwt.MissingRequiredClaimError):
        raise invalid("the token is for another audience, or has no exp") from None
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise invalid("the token is not a JWT of its issuer") from None


def _caller(
    issuer: TokenIssuer, claims: Mapping[str, Any], end: datetime, key: PublicKey
) -> Caller:
    grant = next((one for one in issuer.grants if _fits(one, claims)), None)
    if grant is None:
        raise invalid(f"no grant of {issuer.issuer} fits the token's claims")
    subject = claims.get("sub")
    told = fields.printable(subject[:MAX_SUBJECT]) if isinstance(subject, str) else ""
    return Caller(
        key=f"{issuer.issuer}#{told}",
        tenant_id=grant.tenant_id,
        rights=grant.rights,
        grants=frozenset(DoorGrant) if Right.CALL in grant.rights else frozenset(),
        expire_time=end,
        signed_by=key.digest,
    )


def _fits(grant: TokenGrant, claims: Mapping[str, Any]) -> bool:
    return all(_has(claims, name, value) for name, value in grant.claims.items())


def _has(claims: Mapping[str, Any], name: str, value: str) -> bool:
    found: Any = claims.get(name)
    if name not in claims:
        found = claims
        for step in name.split("."):
            found = found.get(step) if isinstance(found, dict) else None
    return value in found if isinstance(found, list) else found == value
