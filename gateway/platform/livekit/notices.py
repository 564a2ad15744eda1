"""LiveKit's notices (it calls them webhooks): proven to be LiveKit's, then read.

LiveKit signs the body's SHA-256 with its API secret, in a JWT that is the whole of the
`Authorization` header.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import jwt
from google.protobuf import json_format
from livekit.protocol.models import DisconnectReason
from livekit.protocol.webhook import WebhookEvent

from gateway.domain.calls.inbound import Change, Notice
from gateway.domain.calls.observation import LeaveReason
from gateway.domain.texts import cleaned
from gateway.platform.livekit.replies import leg_told
from gateway.ports import Clock, NotGenuineError, NotReadableError

LEEWAY_SECONDS = 30
"""LiveKit's clock and ours may differ by this much."""
_OPTIONS: Any = {
    "require": ["exp", "iss"],
    "verify_aud": False,
    # The library would ask the machine's clock, whatever that shows.
    **dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat"), False),
}
DIGEST_LENGTH = 44
"""Of a SHA-256 in base64."""


class LiveKitNotices:
    """See `ports.SignedNotices`; for one API key and its secret, by this clock."""

    def __init__(self, api_key: str, api_secret: str, clock: Clock) -> None:
        self._clock = clock
        self._api_key = api_key
        self._api_secret = api_secret

    def signed(self, authorization: str) -> bytes:
        """See `ports.SignedNotices`."""
        scheme, _, rest = authorization.partition(" ")
        token = rest if scheme.lower() == "bearer" else authorization
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._api_secret,
                algorithms=["HS256"],
                issuer=self._api_key,
                options=_OPTIONS,
            )
            _check_times(claims, self._clock.now().timestamp())
        except (jwt.PyJWTError, ValueError, OverflowError, RecursionError) as error:
            raise NotGenuineError(str(error)) from error
        digest = claims.get("sha256")
        if not isinstance(digest, str) or len(digest) != DIGEST_LENGTH:
            raise NotGenuineError("no body was signed")
        return digest.encode(errors="replace")

    def read(self, digest: bytes, body: bytes) -> Notice:
        """See `ports.SignedNotices`."""
        if not hmac.compare_digest(_digest(body), digest):
            raise NotGenuineError("the body is not what was signed")
        return _notice(body)


_CHANGES = {
    "participant_joined": Change.JOINED,
    "participant_left": Change.LEFT,
    # So LiveKit calls the end of a leg that failed before its media were connected.
    "participant_connection_aborted": Change.LEFT,
}
_NEEDED = ("event", "id", "createdAt", "created_at")
_NEEDED_OF: Mapping[str, Collection[str]] = {
    "participant": (
        *("sid", "identity", "kind", "attributes"),
        *("disconnectReason", "disconnect_reason"),
    ),
    "room": ("name",),
}


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    """Raises NotGenuineError unless the token is good now."""
    begins, ends = claims.get("nbf", now), claims["exp"]
    if not all(isinstance(time, int | float) for time in (begins, ends)):
        raise NotGenuineError("the token's times are not numbers")
    if now >= ends + LEEWAY_SECONDS:
        raise NotGenuineError("the token has expired")
    if now < begins - LEEWAY_SECONDS:
        raise NotGenuineError("the token is not valid yet")


def _digest(body: bytes) -> bytes:
    return base64.b64encode(hashlib.sha256(body).digest())


def _notice(body: bytes) -> Notice:
    """A newer LiveKit's further fields and names are passed over."""
    try:
        event = json_format.ParseDict(_needed(body), WebhookEvent(), ignore_unknown_fields=True)
        time = datetime.fromtimestamp(event.created_at, UTC)
    except (json_format.ParseError, ValueError, OverflowError, RecursionError, OSError) as error:
        raise NotReadableError(cleaned(str(error))) from error
    change = _CHANGES.get(event.event, Change.OTHER)
    if change is Change.OTHER:
        return Notice(cleaned(event.id), time)
    leg = leg_told(event.participant, event.room.name)
    return Notice(
        cleaned(event.id), time, change, leg, _reason(event.participant.disconnect_reason)
    )


def _needed(body: bytes) -> dict[str, Any]:
    """What is read of a notice; to convert the rest would take longer than all of that."""
    told = json.loads(body)
    if not isinstance(told, dict):
        raise NotReadableError("it is not an object")
    kept: dict[str, Any] = _only(told, _NEEDED)
    if told.get("event") in _CHANGES:
        kept |= {of: _only(told[of], names) for of, names in _NEEDED_OF.items() if of in told}
    return kept


def _only(told: Any, names: Collection[str]) -> Any:
    return {name: told[name] for name in names if name in told} if isinstance(told, dict) else told


def _reason(number: int) -> LeaveReason:
    """A newer LiveKit may know more reasons than this library, and the library more than we."""
    try:
        return LeaveReason(DisconnectReason.Name(number))
    except ValueError:
        return LeaveReason.UNKNOWN_REASON
