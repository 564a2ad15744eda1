"""Tokens for LiveKit: each grants what one request needs, for one room where there is one."""

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from typing import Any

import jwt
from livekit.api import AccessToken, SIPGrants, VideoGrants

VALIDITY = timedelta(minutes=10)
RENEWAL = timedelta(minutes=5)
"""Age at which a token is replaced; LiveKit checks it when a request begins."""
MOST_KEPT = 4096


class Grant(Enum):
    """What a token allows."""

    DIAL = "dial"
    TRANSFER = "transfer"
    ROOM_ADMIN = "room admin"
    END_ROOM = "end room"
    LIST_ROOMS = "list rooms"
    SIP_ADMIN = "sip admin"


class Tokens:
    """Signs tokens, and keeps them while they are fresh: signing costs more than sending."""

    def __init__(self, api_key: str, api_secret: str, now: Callable[[], float] = time.time) -> None:
        self._api_key = api_key
        self._api_secret = api_secret
        self._now = now
        self._kept: OrderedDict[tuple[Grant, str], tuple[float, str]] = OrderedDict()

    def token(self, grant: Grant, room: str = "") -> str:
        """A token with this grant that is valid for minutes to come."""
        kept = self._kept.get((grant, room))
        if kept is None or not self._fresh(kept[0]):
            now = self._now()
            kept = now, self._sign(grant, room, now)
        return self._keep((grant, room), kept)

    def _fresh(self, signed: float) -> bool:
        """A clock that was set back makes a token from the future: not fresh either."""
        return 0 <= self._now() - signed < RENEWAL.total_seconds()

    def _keep(self, key: tuple[Grant, str], kept: tuple[float, str]) -> str:
        self._kept[key] = kept
        self._kept.move_to_end(key)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return kept[1]

    def _sign(self, grant: Grant, room: str, now: float) -> str:
        claims = {
            **_CLAIMS[grant],
            "sub": "",
            "iss": self._api_key,
            "nbf": int(now),
            "exp": int(now + VALIDITY.total_seconds()),
        }
        if room:
            claims["video"] = {**claims["video"], "room": room}
        return jwt.encode(claims, self._api_secret, algorithm="HS256")


def _claims(grant: Grant) -> dict[str, Any]:
    """What LiveKit's library would write for this grant, but for the room."""
    token = AccessToken("any", "any")
    match grant:
        case Grant.DIAL:
            token.with_sip_grants(SIPGrants(call=True))
        case Grant.TRANSFER:
            token.with_sip_grants(SIPGrants(call=True))
            token.with_grants(VideoGrants(room_admin=True))
        case Grant.ROOM_ADMIN:
            token.with_grants(VideoGrants(room_admin=True))
        case Grant.END_ROOM:
            token.with_grants(VideoGrants(room_create=True))
        case Grant.LIST_ROOMS:
            token.with_grants(VideoGrants(room_list=True))
        case Grant.SIP_ADMIN:
            token.with_sip_grants(SIPGrants(admin=True))
    return dict(token.claims.asdict())


_CLAIMS = {grant: _claims(grant) for grant in Grant}
"""Made once: that takes ten times as long as signing them."""
