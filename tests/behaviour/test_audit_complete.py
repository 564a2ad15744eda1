"""Every RPC leaves a record, answered or refused, on every wire."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from google.protobuf import json_format
from google.protobuf.message import Message
from livekit.api import AccessToken, SIPGrants, VideoGrants
from livekit.protocol.agent_dispatch import (
    CreateAgentDispatchRequest,
    DeleteAgentDispatchRequest,
    ListAgentDispatchRequest,
)
from livekit.protocol.room import (
    DeleteRoomRequest,
    ListParticipantsRequest,
    ListRoomsRequest,
    RoomParticipantIdentity,
)
from livekit.protocol.sip import (
    CreateSIPParticipantRequest,
    ListSIPOutboundTrunkRequest,
    TransferSIPParticipantRequest,
)

from gateway.domain.calls.delivery import WebhookRef
from gateway.domain.tenant import Right
from gateway.ports import AuditQuery
from gateway.rpc.endpoint import Endpoint, StreamEndpoint
from gateway.telephony.v1 import admin_pb2, audit_pb2, calls_pb2, transfers_pb2, webhooks_pb2
from tests.stands.phones import ANSWERS, REFUSES_TRANSFERS
from tests.stands.receiving import SECRET, Inbox
from tests.stands.rows import livekit_rows, rows
from tests.stands.stand import Client, Stand, configuration, on_sandbox, refusal
from tests.stands.waiting import eventually
from tests.stands.wires import RefusedError

WIRES = ("grpc", "twirp+protobuf", "twirp+json")
ROOM = "acme-door"


@pytest.fixture(params=WIRES)
async def wired(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stand]:
    """A stand on the sandbox, on each wire."""
    async with on_sandbox(tmp_path, request.param) as stand:
        yield stand


def served(wire: str) -> list[Endpoint]:
    """The RPCs that this wire serves."""
    own = [row for row in rows() if wire == "grpc" or not isinstance(row, StreamEndpoint)]
    return own if wire == "grpc" else [*own, *livekit_rows()]


async def told(stand: Stand, kinds: set[str]) -> set[str]:
    """The methods that have a record of one of these kinds, from this wire."""
    store = stand.gateway.administration.store
    found = await store.read(lambda tx: tx.audit(AuditQuery()))
    records = [one.record for one in found]
    return {
        record["method"]
        for record in records
        if record["kind"] in kinds and record.get("wire") == stand.wire and record["rpc_id"]
    }


async def each_told(stand: Stand, kinds: set[str]) -> None:
    """Fails unless every RPC of the wire has a record of one of these kinds."""
    expected = {row.method for row in served(stand.wire)}

    async def complete() -> bool:
        return await told(stand, kinds) >= expected

    try:
        await eventually(complete)
    except AssertionError:
        assert await told(stand, kinds) >= expected
        raise


async def ask(stand: Stand, client: Client, row: Endpoint, request: Message) -> Message | None:
    """One request: LiveKit's methods as its libraries send them, a stream's first response."""
    if isinstance(row, StreamEndpoint):
        stream = stand.grpc().stream(row.name, request, token=client.token)
        first = await anext(stream)
        await stream.aclose()
        return first if isinstance(first, Message) else None
    if not row.service.startswith("livekit."):
        answer = await client.call(row.name, request)
        return answer if isinstance(answer, Message) else None
    is_json = stand.wire == "twirp+json"
    url = f"http://127.0.0.1:{stand.gateway.http_port}/twirp/{row.service}/{row.name}"
    body = json_format.MessageToJson(request).encode() if is_json else request.SerializeToString()
    headers = {
        "Content-Type": f"application/{'json' if is_json else 'protobuf'}",
        "Authorization": f"Bearer {client.token}",
    }
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers=headers) as reply,
    ):
        await reply.read()
        assert reply.status < 500
    return None


class Story:
    """What is asked in turn, so that every RPC can be answered."""

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self._rows = {row.name: row for row in served(stand.wire)}

    async def __call__(self, client: Client, name: str, request: Message) -> Any:
        """Asks, where the wire has the method."""
        row = self._rows.pop(name, None)
        return await ask(self._stand, client, row, request) if row else None

    @property
    def left(self) -> list[str]:
        """What was not asked."""
        return sorted(self._rows)


async def call_story(story: Story, acme: Client) -> str:
    """CallService; the call that was ended."""
    place = calls_pb2.PlaceCallRequest(to=ANSWERS, wait_until_answered=True)
    call_id = (await story(acme, "PlaceCall", place)).call.call_id
    for name in ("GetCall", "ListTransfers", "UpdateCall", "HoldCall", "ResumeCall"):
        kind = getattr(calls_pb2, f"{name}Request", None) or getattr(
            transfers_pb2, f"{name}Request"
        )
        await story(acme, name, kind(call_id=call_id))
    for name in ("ListCalls", "ListTrunks"):
        await story(acme, name, getattr(calls_pb2, f"{name}Request")())
    await story(acme, "ListCallEvents", calls_pb2.ListCallEventsRequest(after_sequence=0))
    await story(acme, "WatchCalls", calls_pb2.WatchCallsRequest(after_sequence=0))
    await story(acme, "ExportCalls", calls_pb2.ExportCallsRequest())
    warm = calls_pb2.StartWarmTransferRequest(
        call_id=call_id, to=REFUSES_TRANSFERS, wait_until_answered=True
    )
    started = (await story(acme, "StartWarmTransfer", warm)).transfer
    by_id = {"transfer_id": started.transfer_id}
    await story(acme, "GetTransfer", transfers_pb2.GetTransferRequest(**by_id))
    await story(acme, "CancelWarmTransfer", transfers_pb2.CancelWarmTransferRequest(**by_id))
    again = (await acme.call("StartWarmTransfer", warm)).transfer.transfer_id
    complete = transfers_pb2.CompleteWarmTransferRequest(transfer_id=again)
    await story(acme, "CompleteWarmTransfer", complete)
    transfer = transfers_pb2.TransferCallRequest(call_id=call_id, to=REFUSES_TRANSFERS)
    await story(acme, "TransferCall", transfer)
    await story(acme, "HangUpCall", calls_pb2.HangUpCallRequest(call_id=call_id))
    return str(call_id)


async def proof_story(story: Story, operator: Client, call_id: str) -> None:
    """What AuditService proves, once the call is in the tree and that is signed."""
    receipt = audit_pb2.GetAuditReceiptRequest(call_id=call_id)

    async def is_proven() -> bool:
        try:
            await operator.call("GetAuditReceipt", receipt)
        except RefusedError:
            return False
        return True

    await eventually(is_proven)
    await story(operator, "GetAuditReceipt", receipt)
    await story(operator, "GetCheckpoint", audit_pb2.GetCheckpointRequest())
    await story(operator, "VerifyAuditLog", audit_pb2.VerifyAuditLogRequest())


async def admin_story(story: Story, operator: Client) -> None:
    """AdminService, WebhookService and AuditService."""
    config = await operator.call("GetConfig", admin_pb2.GetConfigRequest())
    await story(operator, "ApplyConfig", admin_pb2.ApplyConfigRequest(config=config.config))
    await story(operator, "GetConfig", admin_pb2.GetConfigRequest())
    made = await story(operator, "CreateApiKey", admin_pb2.CreateApiKeyRequest(tenant_id="acme"))
    await story(operator, "RevokeApiKey", admin_pb2.RevokeApiKeyRequest(key=made.key.key))
    await story(operator, "ListApiKeys", admin_pb2.ListApiKeysRequest())
    await story(operator, "ListTrunkHealth", admin_pb2.ListTrunkHealthRequest())
    await story(operator, "ResetTrunk", admin_pb2.ResetTrunkRequest(trunk_id="acme-main"))
    for name in ("AddDoNotCall", "RemoveDoNotCall"):
        kind = getattr(admin_pb2, f"{name}Request")
        await story(operator, name, kind(tenant_id="globex", numbers=[ANSWERS]))
    await story(operator, "ListDoNotCall", admin_pb2.ListDoNotCallRequest())
    for name in ("ListWebhookDeliveries", "ReplayWebhookDeliveries"):
        kind = getattr(webhooks_pb2, f"{name}Request")
        await story(operator, name, kind(tenant_id="acme", webhook_id="crm"))
    await story(operator, "ListAuditEvents", audit_pb2.ListAuditEventsRequest())
    await story(operator, "WatchAuditEvents", audit_pb2.WatchAuditEventsRequest())


async def livekit_story(story: Story, stand: Stand) -> None:
    """LiveKit's methods, which answer once the call is placed, and refuse what is no call."""
    door = await client_of_livekit(stand)
    leg: dict[str, Any] = {"room_name": ROOM, "participant_identity": "caller"}
    create = CreateSIPParticipantRequest(sip_call_to=ANSWERS, wait_until_answered=True, **leg)
    await story(door, "CreateSIPParticipant", create)
    transfer = TransferSIPParticipantRequest(transfer_to=f"tel:{REFUSES_TRANSFERS}", **leg)
    await story(door, "TransferSIPParticipant", transfer)
    await story(door, "ListSIPOutboundTrunk", ListSIPOutboundTrunkRequest())
    await story(door, "ListRooms", ListRoomsRequest())
    await story(door, "ListParticipants", ListParticipantsRequest(room=ROOM))
    caller = RoomParticipantIdentity(room=ROOM, identity="caller")
    await story(door, "GetParticipant", caller)
    await story(door, "RemoveParticipant", caller)
    await story(door, "CreateDispatch", CreateAgentDispatchRequest(room=ROOM, agent_name="any"))
    await story(door, "ListDispatch", ListAgentDispatchRequest(room=ROOM))
    agent = {"agent_name": "agent-comes"}
    call = await stand.acme.place(ANSWERS, room=ROOM, agent=agent, wait_until_answered=True)
    own = DeleteAgentDispatchRequest(room=ROOM, dispatch_id=call.agent.dispatch_id)
    await story(door, "DeleteDispatch", own)
    await story(door, "DeleteRoom", DeleteRoomRequest(room=ROOM))


async def client_of_livekit(stand: Stand) -> Client:
    """With every grant that LiveKit's libraries sign for the methods of the door."""
    administration = stand.gateway.administration
    rights = frozenset({Right.CALL, Right.TENANT_ADMIN})
    created = await administration.admin.create_key("acme", rights)
    await administration.directory.refresh()
    video = VideoGrants(room=ROOM, room_admin=True, room_create=True, room_list=True)
    token = AccessToken(created.key.key, created.secret).with_grants(video)
    return Client(stand.connect(), token.with_sip_grants(SIPGrants(admin=True, call=True)).to_jwt())


async def with_receiver(stand: Stand, folder: Path, inbox: Inbox) -> None:
    """Gives the tenant acme a receiver of webhooks, known to the gateway from here on."""
    (folder / "secret").write_text(SECRET)
    crm = {"webhook_id": "crm", "url": inbox.url, "secret_from": f"file:{folder}/secret"}
    await stand.apply(configuration(stand.trunk, webhooks=[crm], agents=["*"]))
    store, webhook = stand.gateway.administration.store, WebhookRef("acme", "crm")
    await eventually(lambda: store.read(lambda tx: tx.webhook_cursor(webhook)))


async def test_every_answered_rpc_is_recorded(wired: Stand, tmp_path: Path) -> None:
    """Each RPC that was answered has an INTENT or a DONE, with its wire and its own id."""
    async with Inbox().serve() as inbox:
        await with_receiver(wired, tmp_path, inbox)
        story = Story(wired)
        call_id = await call_story(story, wired.acme)
        operator = await wired.client("")
        await admin_story(story, operator)
        await proof_story(story, operator, call_id)
        await livekit_story(story, wired)
        assert story.left == []
        await each_told(wired, {"INTENT", "DONE"})


async def test_every_refused_rpc_is_recorded(wired: Stand) -> None:
    """Each RPC that was refused for the caller's rights has a REFUSED with its wire and id."""
    lesser = await wired.client("acme", Right.OVERRIDE_CALLING_HOURS)
    for row in served(wired.wire):
        asked = ask(wired, lesser, row, row.request())
        if row.service.startswith("livekit."):
            await asked
        else:
            assert (await refusal(asked)).reason == "PERMISSION_DENIED"
    await each_told(wired, {"REFUSED"})
