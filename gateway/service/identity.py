"""Who is calling: a token signed with a stored key, as every LiveKit SDK signs them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import jwt
import structlog

from gateway.domain.tenant import Caller, Right
from gateway.errors import GatewayError, Reason
from gateway.ports import ApiKey
from gateway.service.directory import Directory
from gateway.service.seal import Seal

log = structlog.get_logger()

LEEWAY_SECONDS = 5
"""Clocks of callers may differ by this much."""
MAX_VERIFIED = 10_000
"""How many tokens are remembered as verified."""


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token whose signature need not be checked again while its key stays as it is."""

    key: ApiKey
    caller: Caller
    expires: float

    def holds(self, directory: Directory) -> bool:
        return time.time() < self.expires and directory.key(self.key.key) == self.key


class Identity:
    """Turns a bearer token into a Caller, or refuses without saying what was wrong."""

    def __init__(self, directory: Directory, seal: Seal) -> None:
        self._directory = directory
        self._seal = seal
        self._secrets: dict[bytes, str] = {}
        self._verified: dict[str, _Verified] = {}

    def authenticate(self, authorizations: Sequence[str], peer: str) -> Caller:
        """Who calls, by all values of the request's `authorization` headers.

        `peer` is where the request comes from, as gRPC writes it. Raises UNAUTHENTICATED.
        """
        del peer
        if len(authorizations) > 1:
            raise _unauthenticated("needs one authorization header, not several")
        authorization = authorizations[0] if authorizations else ""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthenticated("needs 'authorization: Bearer <token>'")
        known = self._verified.get(token)
        if known and known.holds(self._directory):
            return known.caller
        return self._verify(token)

    def holds(self, caller: Caller) -> bool:
        """Whether the caller's token and key are still good."""
        expired = caller.expire_time is not None and caller.expire_time.timestamp() <= time.time()
        return not expired and self._directory.key(caller.key) is not None

    def _verify(self, token: str) -> Caller:
        try:
            issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
            key = self._directory.key(issuer) if isinstance(issuer, str) else None
            if key is None:
                raise _unauthenticated("the token is not valid")
            claims = jwt.decode(
                token,
                self._secret(key),
                algorithms=["HS256"],
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss"], "verify_aud": False},
            )
        except jwt.InvalidTokenError:
            raise _unauthenticated("the token is not valid") from None
        caller = caller_of(key, claims)
        if len(self._verified) >= MAX_VERIFIED:
            self._verified.pop(next(iter(self._verified)))
        caller = replace(caller, expire_time=datetime.fromtimestamp(claims["exp"], UTC))
        self._verified[token] = _Verified(key, caller, float(claims["exp"]))
        return caller

    def _secret(self, key: ApiKey) -> str:
        secret = self._secrets.get(key.sealed_secret)
        if secret is None:
            try:
                secret = self._seal.open(key.sealed_secret, key.key)
            except ValueError as error:
                log.error("key_not_opened", key=key.key, cause=str(error))
                raise _unauthenticated("the token is not valid") from None
            self._secrets[key.sealed_secret] = secret
        return secret


def caller_of(key: ApiKey, claims: Mapping[str, Any]) -> Caller:
    """The key's rights, as far as the token's grants give them on.

    LiveKit's `sip.call` gives on CALL and `sip.admin` the administrative rights; a token
    without them, such as one that lets a browser join a room, may do nothing here.
    """
    sip = _grants(claims, "sip")
    given = {Right.CALL} if sip.get("call") is True else set()
    if sip.get("admin") is True:
        given |= {Right.TENANT_ADMIN, Right.OPERATOR}
    video = _grants(claims, "video")
    room = video.get("room") or ""
    if not isinstance(room, str):
        raise _unauthenticated("the token is not valid")
    return Caller(
        key=key.key,
        tenant_id=key.tenant_id,
        rights=key.rights & given,
        room=room,
        room_admin=video.get("roomAdmin") is True,
        sees_trunks=bool(given) and Right.CALL in key.rights,
    )


def require(caller: Caller, right: Right, *others: Right) -> None:
    """Raises PERMISSION_DENIED unless the caller has the right, or one of the others."""
    if caller.rights.isdisjoint({right, *others}):
        raise GatewayError(
            Reason.PERMISSION_DENIED,
            f"needs the right {right}: of the key, and as a SIP grant of the token",
            {"right": right.value},
        )


def _grants(claims: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    grants = claims.get(name)
    return grants if isinstance(grants, dict) else {}


def _unauthenticated(message: str) -> GatewayError:
    return GatewayError(Reason.UNAUTHENTICATED, message)
