"""The vocabulary of `AdminService`: a row per RPC."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from google.protobuf.message import Message

from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Right
from gateway.rpc.endpoint import Endpoint, unary
from gateway.service.api.admin.rpcs import AdminRpcs
from gateway.telephony.v1 import admin_pb2
from gateway.wire.admin_v1 import requests, responses

ADMIN_SERVICE = admin_pb2.DESCRIPTOR.services_by_name["AdminService"]
CONFIG_BYTES = 4 * 1024 * 1024
"""About 300,000 prefixes; `gateway apply` works on the database and accepts more."""


def endpoints(rpcs: AdminRpcs) -> Sequence[Endpoint]:
    """Every RPC: its name, message → request, the use case, result → message, rights."""
    operator, either = (Right.OPERATOR,), (Right.TENANT_ADMIN, Right.OPERATOR)
    return (
        _row(
            "ApplyConfig",
            requests.apply_config,
            rpcs.apply_config,
            responses.applied,
            operator,
            strict=True,
            slow=True,
            max_bytes=CONFIG_BYTES,
        ),
        _row("GetConfig", requests.get_config, _config_told(rpcs), _as_it_is, operator),
        _row(
            "CreateApiKey",
            requests.create_api_key,
            rpcs.create_api_key,
            responses.made_key,
            either,
            strict=True,
        ),
        _row(
            "RevokeApiKey",
            requests.revoke_api_key,
            rpcs.revoke_api_key,
            responses.revoked_key,
            either,
        ),
        _row("ListApiKeys", requests.list_api_keys, rpcs.list_api_keys, responses.keys, either),
        _row(
            "ListTrunkHealth",
            requests.list_trunk_health,
            rpcs.list_trunk_health,
            responses.trunks_health,
            either,
        ),
        _row(
            "ResetTrunk",
            requests.reset_trunk,
            rpcs.reset_trunk,
            responses.reset_trunk,
            operator,
        ),
        *_do_not_call(rpcs),
    )


def _do_not_call(rpcs: AdminRpcs) -> Sequence[Endpoint]:
    either = (Right.TENANT_ADMIN, Right.OPERATOR)
    return (
        _row(
            "AddDoNotCall",
            requests.change_do_not_call,
            rpcs.add_do_not_call,
            responses.added_do_not_call,
            either,
            private=rpcs.hides_numbers,
        ),
        _row(
            "RemoveDoNotCall",
            requests.change_do_not_call,
            rpcs.remove_do_not_call,
            responses.removed_do_not_call,
            either,
            private=rpcs.hides_numbers,
        ),
        _row(
            "ListDoNotCall",
            requests.list_do_not_call,
            rpcs.list_do_not_call,
            responses.page_of_numbers,
            either,
            private=rpcs.hides_numbers,
        ),
    )


def _config_told(rpcs: AdminRpcs) -> Callable[[Rpc, None], Awaitable[Message]]:
    """Encoding a big configuration takes a while; calls continue meanwhile."""

    async def serve(rpc: Rpc, asked: None) -> Message:
        stored = await rpcs.get_config(rpc, asked)
        return await asyncio.to_thread(responses.got_config, stored)

    return serve


def _row(
    name: str,
    decode: Callable[[Any], Any],
    serve: Callable[[Rpc, Any], Awaitable[Any]],
    encode: Callable[[Any], Message],
    rights: tuple[Right, ...],
    **more: Any,
) -> Endpoint:
    return unary(ADMIN_SERVICE, name, decode, serve, encode, rights=rights, **more)


def _as_it_is(message: Message) -> Message:
    return message
