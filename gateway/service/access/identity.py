"""Who is calling: a token signed with a stored key, as every LiveKit SDK signs them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar

import jwt
import structlog

from gateway.domain import fields
from gateway.domain.admin import addresses
from gateway.domain.replacing import replace
from gateway.domain.rpc import Caller, DoorGrant
from gateway.domain.tenant import Right
from gateway.errors import GatewayError, Reason
from gateway.ports import ApiKey, Clock
from gateway.service.access.directory import Directory
from gateway.service.access.seal import Seal

log = structlog.get_logger()

LEEWAY_SECONDS = 60
"""Clocks may differ by this much, as with LiveKit: a token is valid this long after `exp`."""
MAX_LIFE = timedelta(hours=24)
"""How long a token may be valid by default."""
MAX_TOKEN_BYTES = 4096
MAX_REMEMBERED = 4096
"""How many tokens are remembered as verified: each by its digest, in less than 1 KiB."""
_LATEST = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
_CAUSES: Sequence[tuple[type[Exception], str]] = (
    (jwt.InvalidSignatureError, "the token is signed with another secret than its key's"),
    (jwt.InvalidAlgorithmError, "the token is not signed with HS256"),
    (jwt.MissingRequiredClaimError, "the token has no exp"),
)

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token whose signature need not be checked again while its key is unchanged."""

    key: ApiKey
    caller: Caller
    """Until the token's `exp`, or as long as its key holds."""
    expires: float
    """The token's `exp`."""


class Identity:
    """Turns a bearer token into a Caller, or refuses it; only the log says what was wrong.

    `max_life`: how long a token may be valid. `used` is called with the key of each request whose
    caller is known.
    """

    def __init__(
        self,
        directory: Directory,
        seal: Seal,
        clock: Clock,
        *,
        max_life: timedelta = MAX_LIFE,
        used: Callable[[str], None] = lambda _key: None,
    ) -> None:
        self._directory = directory
        self._seal = seal
        self._clock = clock
        self._max_life = max_life
        self._used = used
        self._secrets: dict[bytes, str] = {}
        self._verified: dict[bytes, _Verified] = {}

    def authenticate(self, token: bytes, peer: str) -> Caller:
        """The caller, from the token of the request's `authorization` header.

        `peer` is where the request comes from, as gRPC writes it. Raises UNAUTHENTICATED.
        """
        now = self._clock.now()
        digest = sha256(token).digest()
        known = self._verified.get(digest)
        if known is None or not self._still(known, now):
            known = self._verify(token, now)
            remember(self._verified, digest, known)
        self._check_address(known.key, peer)
        self._used(known.key.key)
        end = known.caller.expire_time
        if end is None or end > now:
            return known.caller
        # A stream begun after `exp`, within the clock difference, does not end at once.
        later = end + timedelta(seconds=LEEWAY_SECONDS)
        return replace(known.caller, expire_time=sooner(later, known.key.expire_time))

    def holds(self, caller: Caller) -> bool:
        """Whether the caller's token and key are still valid."""
        now = self._clock.now()
        key = self._directory.key(caller.key)
        expired = caller.expire_time is not None and caller.expire_time <= now
        return not expired and key is not None and key.holds(now)

    def _still(self, known: _Verified, now: datetime) -> bool:
        expired = now.timestamp() >= known.expires + LEEWAY_SECONDS
        return (
            not expired and known.key.holds(now) and self._directory.key(known.key.key) == known.key
        )

    def _verify(self, token: bytes, now: datetime) -> _Verified:
        key = self._key_of(token, now)
        claims = _claims(token, self._secret(key))
        expires = check_times(claims, now, self._max_life)
        end = sooner(datetime.fromtimestamp(expires, UTC), key.expire_time)
        return _Verified(key, replace(caller_of(key, claims), expire_time=end), expires)

    def _key_of(self, token: bytes, now: datetime) -> ApiKey:
        """The key that the token claims to be signed with; this proves nothing yet."""
        issuer = unverified(token).get("iss")
        if not isinstance(issuer, str):
            raise invalid("the token names no key (iss)")
        key = self._directory.key(issuer)
        if key is None:
            raise invalid(f"there is no key {fields.printable(issuer)}, or it was revoked")
        if not key.holds(now):
            raise invalid(f"the key {key.key} has expired")
        return key

    def _check_address(self, key: ApiKey, peer: str) -> None:
        if key.allowed_addresses:
            address = addresses.of_peer(peer)
            if not addresses.within(address, key.allowed_addresses):
                raise invalid(f"the key {key.key} may not be used from {address}")

    def _secret(self, key: ApiKey) -> str:
        secret = self._secrets.get(key.sealed_secret)
        if secret is None:
            try:
                secret = self._seal.open(key.sealed_secret, key.key)
            except ValueError as error:
                log.error("key_not_opened", key=key.key, cause=str(error))
                raise invalid(f"the secret of the key {key.key} cannot be opened") from None
            remember(self._secrets, key.sealed_secret, secret)
        return secret


def sooner(one: datetime | None, other: datetime | None) -> datetime | None:
    """Whichever comes first; None: never."""
    return min(filter(None, (one, other)), default=None)


def check_times(claims: Mapping[str, Any], now: datetime, max_life: timedelta) -> float:
    """`exp` of a token that is valid now and not for longer than `max_life`."""
    moment = now.timestamp()
    expires = _time(claims, "exp")
    begins = [_time(claims, name) for name in ("nbf", "iat") if name in claims]
    if moment >= expires + LEEWAY_SECONDS:
        raise invalid(f"the token expired {moment - expires:.0f} s ago")
    if any(moment + LEEWAY_SECONDS < at for at in begins):
        raise invalid(f"the token is valid only in {max(begins) - moment:.0f} s (nbf, iat)")
    longest = max_life.total_seconds()
    if expires - min([moment, *begins]) > longest + LEEWAY_SECONDS:
        # Anyone who has the secret may know this.
        raise _unauthenticated(
            f"the token is valid for more than {longest:g}s", {"maximum": f"{longest:g}s"}
        )
    return expires


def caller_of(key: ApiKey, claims: Mapping[str, Any]) -> Caller:
    """The key's rights, as far as the token's grants include them.

    LiveKit's `sip.call` includes CALL and what its calls may override, and `sip.admin` the
    administrative rights; a token without them, such as one that lets a browser join a room,
    may do nothing at our own API. What LiveKit's services for rooms ask for are video grants.
    """
    sip = _grants(claims, "sip")
    given = {Right.CALL, Right.OVERRIDE_CALLING_HOURS} if sip.get("call") is True else set()
    if sip.get("admin") is True:
        given |= {Right.TENANT_ADMIN, Right.OPERATOR}
    video = _grants(claims, "video")
    return Caller(
        key=key.key,
        tenant_id=key.tenant_id,
        rights=key.rights & given,
        room=_room(video),
        grants=_door_grants(video, sip) if Right.CALL in key.rights else frozenset(),
    )


def _door_grants(video: Mapping[str, Any], sip: Mapping[str, Any]) -> frozenset[DoorGrant]:
    of_rooms = (DoorGrant.ROOM_ADMIN, DoorGrant.ROOM_CREATE, DoorGrant.ROOM_LIST)
    given = {grant for grant in of_rooms if video.get(grant.value) is True}
    if sip.get("call") is True or sip.get("admin") is True:
        given.add(DoorGrant.SIP)
    return frozenset(given)


def require(caller: Caller, right: Right, *others: Right) -> None:
    """Raises PERMISSION_DENIED unless the caller has the right, or one of the others."""
    if caller.rights.isdisjoint({right, *others}):
        raise GatewayError(
            Reason.PERMISSION_DENIED,
            f"needs the right {right} of the key, and its SIP grant in the token",
            {"right": right.value},
        )


def bearer(authorizations: Sequence[str]) -> bytes:
    """The one token of a request, if it is short enough to be read."""
    if len(authorizations) > 1:
        raise _unauthenticated("needs one authorization header, not several")
    scheme, _, token = (authorizations[0] if authorizations else "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unauthenticated("needs 'authorization: Bearer <token>'")
    if len(token) > MAX_TOKEN_BYTES or not token.isascii():
        raise invalid(f"the token is not ASCII, or longer than {MAX_TOKEN_BYTES} bytes")
    return token.encode()


def unverified(token: bytes) -> Mapping[str, Any]:
    """What a token claims; this proves nothing yet."""
    try:
        return jwt.decode(token, options={"verify_signature": False})
    except (jwt.InvalidTokenError, ValueError, RecursionError) as wrong:
        raise invalid(_cause(wrong)) from None


def _claims(token: bytes, secret: str) -> Mapping[str, Any]:
    """The token's claims, of which the secret is a proof.

    Times are checked elsewhere: by the gateway's clock, and as numbers.
    """
    try:
        return jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            options={
                "require": ["exp", "iss"],
                "verify_aud": False,
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except (jwt.InvalidTokenError, ValueError, RecursionError) as wrong:
        raise invalid(_cause(wrong)) from None


def _cause(wrong: Exception) -> str:
    """In our own words: the library's may contain parts of the token."""
    for kind, cause in _CAUSES:
        if isinstance(wrong, kind):
            return cause
    return "the token is not a JWT"


def _time(claims: Mapping[str, Any], name: str) -> float:
    """A point in time, in seconds since 1970."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST:
        raise invalid(f"{name} is not a time")
    return float(value)


def _room(video: Mapping[str, Any]) -> str:
    room = video.get("room") or ""
    if not isinstance(room, str):
        raise invalid("video.room is not a string")
    try:
        fields.name("video.room", room)
    except (GatewayError, UnicodeEncodeError):
        raise invalid("video.room is not a room name") from None
    return room


def _grants(claims: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    grants = claims.get(name)
    return grants if isinstance(grants, dict) else {}


def remember(table: dict[Key, Value], key: Key, value: Value) -> None:
    """Removes the oldest entries if there are too many."""
    if len(table) >= MAX_REMEMBERED:
        table.pop(next(iter(table)))
    table[key] = value


def invalid(cause: str) -> GatewayError:
    """The refusal of a token; the cause is for the log alone."""
    return GatewayError(Reason.UNAUTHENTICATED, "the token is not valid", cause=cause)


def _unauthenticated(message: str, metadata: Mapping[str, str] | None = None) -> GatewayError:
    return GatewayError(Reason.UNAUTHENTICATED, message, metadata or {})
