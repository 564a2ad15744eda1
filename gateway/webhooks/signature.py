"""Signatures according to Standard Webhooks."""

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"
MIN_BYTES = 24
MAX_BYTES = 64


def sign(secrets: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`: one signature for each secret, with spaces between.

    `secrets` are separated by white space: two while one replaces the other. Raises ValueError,
    which shows nothing of them.
    """
    content = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(_signed(key, content) for key in _keys(secrets))


def _signed(key: bytes, content: bytes) -> str:
    digest = hmac.digest(key, content, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def _keys(secrets: str) -> list[bytes]:
    keys = [_key(secret) for secret in secrets.split()]
    if not keys:
        raise ValueError("there is no signing secret")
    return keys


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not MIN_BYTES <= len(key) <= MAX_BYTES:
        raise ValueError(
            f"a signing secret is {PREFIX} and base64 of {MIN_BYTES} to {MAX_BYTES} bytes"
        )
    return key
