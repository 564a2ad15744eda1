"""Webhooks as LiveKit signs them."""

import base64
import hashlib
import json
import time
from typing import Any

import jwt

from tests.stands.phones import CALLER, HOTLINE

KEY = "key"
SECRET = "a secret that is long enough for HS256"

LEFT = {
    "event": "participant_left",
    "id": "EV_1",
    "createdAt": "1767225600",
    "room": {"sid": "RM_1", "name": "acme-1"},
    "participant": {
        "sid": "PA_1",
        "identity": "sip_+15005550177",
        "state": "DISCONNECTED",
        "kind": "SIP",
        "disconnectReason": "CLIENT_INITIATED",
        "attributes": {
            "sip.callID": "SCL_1",
            "sip.callIDFull": "abc",
            "sip.callStatus": "hangup",
            "sip.ruleID": "SDR_1",
            "sip.trunkID": "ST_1",
            "sip.phoneNumber": CALLER,
            "sip.trunkPhoneNumber": HOTLINE,
            "gateway.callId": "call_1",
        },
    },
}
BODY = json.dumps(LEFT).encode()


def digest(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def signed(body: bytes = BODY, *, secret: str = SECRET, drop: str = "", **claims: Any) -> str:
    """A token as LiveKit signs it; `claims` in the place of its own, `drop` left out."""
    now = time.time()
    all_claims = {"iss": KEY, "nbf": now, "exp": now + 300, "sha256": digest(body)} | claims
    all_claims.pop(drop, None)
    return jwt.encode(all_claims, secret, algorithm="HS256")
