"""The words in which tests of AdminService are told."""

from typing import Any

from google.protobuf import json_format

from gateway.domain.tenant import Right
from gateway.ports import AuditQuery
from gateway.telephony.v1 import admin_pb2
from tests.stands.stand import Client, Stand
from tests.stands.waiting import eventually

BOTH = [Right.CALL, Right.TENANT_ADMIN]


def message(config: dict[str, Any]) -> admin_pb2.Config:
    """A configuration as the API takes it."""
    return json_format.ParseDict(config, admin_pb2.Config())


async def apply(client: Client, config: Any, **fields: Any) -> admin_pb2.ApplyConfigResponse:
    """ApplyConfig."""
    request = admin_pb2.ApplyConfigRequest(config=config, **fields)
    response: admin_pb2.ApplyConfigResponse = await client.call("ApplyConfig", request)
    return response


async def get_config(client: Client) -> admin_pb2.GetConfigResponse:
    """GetConfig."""
    response: admin_pb2.GetConfigResponse = await client.call(
        "GetConfig", admin_pb2.GetConfigRequest()
    )
    return response


async def health(client: Client, **fields: Any) -> list[admin_pb2.TrunkHealth]:
    """ListTrunkHealth."""
    request = admin_pb2.ListTrunkHealthRequest(**fields)
    return list((await client.call("ListTrunkHealth", request)).trunks)


async def keys(client: Client, tenant_id: str = "") -> list[admin_pb2.ApiKey]:
    """ListApiKeys."""
    request = admin_pb2.ListApiKeysRequest(tenant_id=tenant_id)
    return list((await client.call("ListApiKeys", request)).keys)


async def create_key(client: Client, **fields: Any) -> admin_pb2.CreateApiKeyResponse:
    """CreateApiKey."""
    response: admin_pb2.CreateApiKeyResponse = await client.call(
        "CreateApiKey", admin_pb2.CreateApiKeyRequest(**fields)
    )
    return response


async def records(stand: Stand, method: str) -> list[dict[str, Any]]:
    """The audit records of an RPC of AdminService, oldest first."""
    return await records_of(stand, f"AdminService/{method}")


async def records_of(stand: Stand, method: str) -> list[dict[str, Any]]:
    """The audit records of a method, oldest first."""

    async def read() -> list[dict[str, Any]]:
        store = stand.gateway.administration.store
        found = await store.read(lambda tx: tx.audit(AuditQuery()))
        wanted = [one.record for one in found if one.record["method"] == method]
        return [dict(one) for one in wanted]

    return await eventually(read)


async def settled(stand: Stand, method: str, count: int) -> list[dict[str, Any]]:
    """The records of an RPC once there are as many."""

    async def enough() -> list[dict[str, Any]]:
        found = await records(stand, method)
        return found if len(found) >= count else []

    return await eventually(enough)


async def everything(stand: Stand) -> list[Any]:
    """All that is stored of audit, keys and configuration."""
    store = stand.gateway.administration.store
    return await store.read(
        lambda tx: [
            [each.record for each in tx.audit(AuditQuery())],
            [(key.key, key.rights) for key in tx.keys()],  # noqa: SIM118  no dictionary
            tx.config(),
        ]
    )
