"""Keys, and tokens signed with them: honestly and otherwise."""

import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any

import jwt
import pytest

from gateway.domain.rpc import Caller
from gateway.domain.tenant import Right
from gateway.errors import GatewayError, Reason
from gateway.ports import ApiKey
from gateway.service.access.identity import Identity
from gateway.service.access.identity import bearer as one_token
from gateway.service.access.seal import Seal
from tests.stands.clocks import NOON

NOW = int(NOON.timestamp())
PEER = "ipv4:10.0.0.7:40312"
SECRET = "a secret of more than thirty-two bytes"
OTHER_SECRET = "another secret of more than 32 bytes"
SEAL = Seal(["the master key"])
CALL_GRANT = {"call": True}
ALL_GRANTS = {"call": True, "admin": True}


def a_key(key: str, *rights: Right, tenant_id: str = "acme", **changes: Any) -> ApiKey:
    return ApiKey(
        key=key,
        tenant_id=tenant_id,
        rights=frozenset(rights),
        sealed_secret=SEAL.close(SECRET, key),
        create_time=NOON,
        **changes,
    )


KEYS = (
    a_key("GWcall", Right.CALL),
    a_key("GWadmin", Right.CALL, Right.TENANT_ADMIN),
    a_key("GWnight", Right.CALL, Right.OVERRIDE_CALLING_HOURS),
    a_key("GWoperator", Right.OPERATOR, tenant_id=""),
    a_key("GWrevoked", Right.CALL, revoke_time=NOON),
    a_key("GWexpired", Right.CALL, expire_time=NOON),
    a_key("GWbrief", Right.CALL, expire_time=NOON + timedelta(seconds=30)),
    a_key("GWoffice", Right.CALL, allowed_addresses=("10.0.0.0/8", "2001:db8::/32")),
)


def who(identity: Identity, *authorizations: str, peer: str = PEER) -> Caller:
    return identity.authenticate(one_token(authorizations), peer)


def refused(identity: Identity, *authorizations: str, peer: str = PEER) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        who(identity, *authorizations, peer=peer)
    assert caught.value.reason is Reason.UNAUTHENTICATED
    return caught.value


def claims(**changes: Any) -> dict[str, Any]:
    values = {"iss": "GWcall", "exp": NOW + 60, "sip": CALL_GRANT} | changes
    return {name: value for name, value in values.items() if value is not None}


def bearer(secret: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    return f"Bearer {jwt.encode(claims(**changes), secret, algorithm=algorithm)}"


def unsigned() -> str:
    return f"Bearer {jwt.encode(claims(), '', algorithm='none')}"


def part(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def signed(changes: dict[str, Any]) -> str:
    """Also with what an honest library would not sign."""
    body = json.dumps(claims() | changes).encode()
    return f"Bearer {jwt.api_jws.encode(body, SECRET, algorithm='HS256')}"
