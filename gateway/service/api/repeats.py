"""`request_id`: repeating an accepted request returns what it created."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from gateway.domain.calls.requests import PlaceCall, StartWarmTransfer, TransferCall
from gateway.domain.rpc import Rpc
from gateway.errors import GatewayError, Reason
from gateway.ports import Reading, RequestClaim

KEPT_FOR = timedelta(hours=24)

Command = PlaceCall | TransferCall | StartWarmTransfer
_commands: TypeAdapter[Command] = TypeAdapter(Command)
# The request_id of a human's call is its transfer's, which has one parent.
_NOT_CONTENT = {"request_id", "wait_until_answered", "wait_until_settled", "parent_call_id"}
_LATER = {"override", "agent", "dial_at_once"}
"""Fields that older gateways do not have: unset, they are left out, so that both agree."""


def held(reading: Reading, rpc: Rpc, claim: RequestClaim | None, now: datetime) -> str | None:
    """The id of what this request created before; None if it is new or has no request_id.

    Raises REQUEST_ID_REUSED if the id was used with other content.
    """
    if claim is None:
        return None
    found = reading.claim(rpc.tenant_id, rpc.method, claim.request_id, now)
    if found is None:
        return None
    if found.fingerprint != claim.fingerprint:
        raise GatewayError(
            Reason.REQUEST_ID_REUSED,
            f"request_id {claim.request_id} was used with other content in the last 24 h",
            {"request_id": claim.request_id},
        )
    return found.resource_id


def claim_of(rpc: Rpc, asked: Command, resource_id: str, now: datetime) -> RequestClaim | None:
    """The claim that this request makes; None without a request_id."""
    if not asked.request_id:
        return None
    return RequestClaim(
        tenant_id=rpc.tenant_id,
        method=rpc.method,
        request_id=asked.request_id,
        fingerprint=fingerprint(asked),
        resource_id=resource_id,
        expire_time=now + KEPT_FOR,
    )


def fingerprint(asked: Command) -> str:
    """SHA-256 of the request's content: all but its id and its wait flags."""
    content: dict[str, Any] = _commands.dump_python(asked, mode="json", exclude=_NOT_CONTENT)
    content = {name: told for name, told in content.items() if told or name not in _LATER}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
