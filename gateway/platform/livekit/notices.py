"""LiveKit's notices (it calls them webhooks): proven to be LiveKit's, then read.

LiveKit signs the body's SHA-256 with its API secret, in a JWT that is the whole of the
`Authorization` header.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import jwt
from jwt.algorithms import HMACAlgorithm
from jwt.utils import force_bytes
from livekit.protocol.models import DisconnectReason, ParticipantInfo, RoomEndReason

from gateway.domain.calls.inbound import Change, Notice
from gateway.domain.calls.observation import LeaveReason
from gateway.domain.texts import cleaned
from gateway.platform.livekit.replies import SAID, agents_room, is_place, leg_told
from gateway.ports import Clock, NotGenuineError, NotInTimeError, NotReadableError

ALGORITHM = "HS256"
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


class _KnownSecret(HMACAlgorithm):
    """The library would ask anew for each notice whether the secret is one."""

    def prepare_key(self, key: str | bytes) -> bytes:
        """The secret as it is."""
        return force_bytes(key)


class LiveKitNotices:
    """See `ports.SignedNotices`; for one API key and its secret, by this clock."""

    def __init__(self, api_key: str, api_secret: str, clock: Clock) -> None:
        self._clock = clock
        self._api_key = api_key
        encoded = base64.urlsafe_b64encode(api_secret.encode()).decode()
        self._secret = jwt.PyJWK({"kty": "oct", "k": encoded}, ALGORITHM)
        self._secret.Algorithm = _KnownSecret(HMACAlgorithm.SHA256)

    def signed(self, authorization: str) -> bytes:
        """See `ports.SignedNotices`."""
        scheme, _, rest = authorization.partition(" ")
        token = rest if scheme.lower() == "bearer" else authorization
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                issuer=self._api_key,
                options=_OPTIONS,
            )
        except (jwt.PyJWTError, ValueError, OverflowError, RecursionError) as error:
            raise NotGenuineError(str(error)) from error
        # First: the tokens of participants have the same signer, and are no notices at any time.
        digest = claims.get("sha256")
        if not isinstance(digest, str) or len(digest) != DIGEST_LENGTH:
            raise NotGenuineError("no body was signed")
        _check_times(claims, self._clock.now().timestamp())
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
    "room_finished": Change.ROOM_OVER,
}
_ROOM_ENDS = {
    RoomEndReason.ROOM_END_API_DELETE: LeaveReason.ROOM_DELETED,
    RoomEndReason.ROOM_END_SUPERSEDED: LeaveReason.ROOM_CLOSED,
    RoomEndReason.ROOM_END_SERVER_SHUTDOWN: LeaveReason.SERVER_SHUTDOWN,
}
"""Ends that take phones along, as LiveKit tells them from 1.13.11 on; an idle room had none."""


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    """Raises NotGenuineError unless the token is good now."""
    begins, ends = claims.get("nbf", now), claims["exp"]
    if not all(isinstance(time, int | float) for time in (begins, ends)):
        raise NotGenuineError("the token's times are not numbers")
    if now >= ends + LEEWAY_SECONDS:
        raise NotInTimeError("the token has expired")
    if now < begins - LEEWAY_SECONDS:
        raise NotInTimeError("the token is not valid yet")


def _digest(body: bytes) -> bytes:
    return base64.b64encode(hashlib.sha256(body).digest())


def _notice(body: bytes) -> Notice:
    """A newer LiveKit's further fields and names are passed over.

    Read field by field: protobuf's own reader of JSON takes many times as long.
    """
    try:
        event = _object(json.loads(body))
        notice_id, time = cleaned(_text(event, "id")), _time(event)
        change = _CHANGES.get(_text(event, "event"), Change.OTHER)
        if change is Change.OTHER:
            return Notice(notice_id, time)
        room = _text(_object(event.get("room")), "name")
        if change is Change.ROOM_OVER:
            return _room_over(notice_id, time, room, _room_end(event))
        participant = _participant(_object(event.get("participant")))
    except (ValueError, OverflowError, RecursionError, OSError) as error:
        raise NotReadableError(cleaned(str(error))) from error
    reason = _reason(participant.disconnect_reason)
    agent_room = agents_room(participant, room)
    return Notice(notice_id, time, change, leg_told(participant, room), reason, agent_room)


def _room_over(notice_id: str, time: datetime, room: str, reason: LeaveReason | None) -> Notice:
    if reason is None or not is_place(room):
        return Notice(notice_id, time)
    return Notice(notice_id, time, Change.ROOM_OVER, reason=reason, ended_room=room)


def _room_end(event: Mapping[str, Any]) -> LeaveReason | None:
    """Why a phone has left with its room; None: it says nothing of phones."""
    told = event.get("roomEndReason", event.get("room_end_reason"))
    return _ROOM_ENDS.get(_number(told, RoomEndReason))


def _participant(told: Mapping[str, Any]) -> ParticipantInfo:
    """What is read of a participant."""
    said = _object(told.get("attributes"))
    return ParticipantInfo(
        sid=_text(told, "sid"),
        identity=_text(told, "identity"),
        kind=_number(told.get("kind"), ParticipantInfo.Kind),
        disconnect_reason=_number(
            told.get("disconnectReason", told.get("disconnect_reason")), DisconnectReason
        ),
        attributes={name: _text(said, name) for name in SAID if name in said},
    )


def _time(event: Mapping[str, Any]) -> datetime:
    """When it happened; protobuf writes such a number as a text."""
    told = event.get("createdAt", event.get("created_at"))
    if not isinstance(told, str | int | None) or isinstance(told, bool):
        raise NotReadableError("createdAt is not a whole number")
    return datetime.fromtimestamp(int(told or 0), UTC)


def _object(told: Any) -> Mapping[str, Any]:
    """An object; null stands for an empty one."""
    if not isinstance(told, dict | None):
        raise NotReadableError(f"not an object: {type(told).__name__}")
    return told or {}


def _text(told: Mapping[str, Any], name: str) -> str:
    """A field; null stands for an empty one."""
    value = told.get(name)
    if not isinstance(value, str | None):
        raise NotReadableError(f"{name} is not a text")
    if value and not value.isascii():
        value.encode()  # half a character cannot be stored: a ValueError
    return value or ""


def _number(told: Any, kind: Any) -> Any:
    """An enum's value, by its number or its name; 0 for a name that is not known here."""
    if isinstance(told, str):
        known = kind.DESCRIPTOR.values_by_name.get(told)
        return known.number if known else 0
    if not isinstance(told, int | None) or isinstance(told, bool):
        raise NotReadableError("an enum is neither a name nor a number")
    return told or 0


def _reason(number: int) -> LeaveReason:
    """A newer LiveKit may know more reasons than this library, and the library more than we."""
    try:
        return LeaveReason(DisconnectReason.Name(number))
    except ValueError:
        return LeaveReason.UNKNOWN_REASON
