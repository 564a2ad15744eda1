"""A running gateway with two tenants, and a client of one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import yaml
from google.protobuf.duration_pb2 import Duration

from gateway.build import Gateway
from gateway.domain.audit_event import ChainedAuditEvent
from gateway.domain.calls.leg import Leg
from gateway.domain.tenant import Right
from gateway.ports import AuditQuery
from gateway.settings import Settings
from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.databases.ready import with_tables
from tests.stands.patience import PATIENCE
from tests.stands.phones import OWN, OWN_TOO
from tests.stands.processes.gateway import UNCOUNTED
from tests.stands.tree.signed import SIGNER
from tests.stands.waiting import eventually
from tests.stands.wires import GrpcWire, RefusedError, TwirpWire, Wire

NUMBERS = (OWN, OWN_TOO)

T = TypeVar("T")


def span(seconds: float) -> Duration:
    """A Duration."""
    duration = Duration()
    duration.FromTimedelta(timedelta(seconds=seconds))
    return duration


LONGEST_RINGING = span(80)
"""No phone may ring longer, unless that is configured."""
NO_LIMITS = {
    "max_concurrent_calls": 0,
    "max_concurrent_inbound_calls": 0,
    "max_calls_per_second": 0,
    "max_calls_per_minute_to_one_number": 0,
}
"""Limits of tenants that ring a few phones very often: 0 is no limit, unset the default."""


def configuration(livekit_trunk_id: str, **tenant: Any) -> dict[str, Any]:
    """Two tenants with a trunk each, and a trunk that is switched off; no limits but those told."""
    tenant |= {"limits": NO_LIMITS | tenant.get("limits", {})}
    return {
        "tenants": [
            {"tenant_id": "acme", "rooms": ["acme-*"], "sip_hosts": ["pbx.example.com"], **tenant},
            {"tenant_id": "globex", "limits": NO_LIMITS},
        ],
        "trunks": [
            {
                "trunk_id": "acme-main",
                "tenant_ids": ["acme"],
                "livekit_trunk_id": livekit_trunk_id,
                "numbers": [{"number": number} for number in NUMBERS],
            },
            {
                "trunk_id": "acme-mute",
                "tenant_ids": ["acme"],
                "livekit_trunk_id": livekit_trunk_id,
                "numbers": [{"number": NUMBERS[0]}],
                "transfer_mode": "TRUNK_TRANSFER_MODE_NONE",
            },
            {
                "trunk_id": "acme-off",
                "tenant_ids": ["acme"],
                "livekit_trunk_id": livekit_trunk_id,
                "numbers": [{"number": NUMBERS[0]}],
                "enabled": False,
            },
            {
                "trunk_id": "globex-main",
                "tenant_ids": ["globex"],
                "livekit_trunk_id": livekit_trunk_id,
                "numbers": [{"number": NUMBERS[0]}],
            },
        ],
    }


class Client:
    """One tenant's key on one wire."""

    def __init__(self, wire: Wire, token: str) -> None:
        self.wire = wire
        self.token = token

    async def call(self, method: str, request: Any, *, timeout: float = PATIENCE) -> Any:
        """One request."""
        return await self.wire.call(method, request, token=self.token, timeout=timeout)

    async def place(
        self,
        to: str,
        *,
        timeout: float = PATIENCE,
        **fields: Any,
    ) -> calls_pb2.Call:
        """PlaceCall; the call it answers with."""
        request = calls_pb2.PlaceCallRequest(to=to, **fields)
        response = await self.call("PlaceCall", request, timeout=timeout)
        call: calls_pb2.Call = response.call
        return call

    async def get(self, call_id: str) -> calls_pb2.Call:
        """GetCall."""
        response = await self.call("GetCall", calls_pb2.GetCallRequest(call_id=call_id))
        call: calls_pb2.Call = response.call
        return call

    async def until(self, call_id: str, state: int, *, within: float = PATIENCE) -> calls_pb2.Call:
        """The call once it is in this state or a later one."""

        async def reached() -> calls_pb2.Call | None:
            call = await self.get(call_id)
            return call if call.state >= state else None

        found = await eventually(reached, within=within)
        assert found is not None
        return found

    async def ended(self, call_id: str, *, within: float = PATIENCE) -> calls_pb2.Call:
        """The call once it has ended."""
        return await self.until(call_id, calls_pb2.CALL_STATE_ENDED, within=within)

    async def hang_up(self, call_id: str, **fields: Any) -> calls_pb2.Call:
        """HangUpCall."""
        request = calls_pb2.HangUpCallRequest(call_id=call_id, **fields)
        response = await self.call("HangUpCall", request)
        call: calls_pb2.Call = response.call
        return call

    async def transfer(self, call_id: str, to: str, **fields: Any) -> transfers_pb2.Transfer:
        """TransferCall."""
        request = transfers_pb2.TransferCallRequest(call_id=call_id, to=to, **fields)
        response = await self.call("TransferCall", request)
        transfer: transfers_pb2.Transfer = response.transfer
        return transfer

    async def get_transfer(self, transfer_id: str) -> transfers_pb2.Transfer:
        """GetTransfer."""
        request = transfers_pb2.GetTransferRequest(transfer_id=transfer_id)
        response = await self.call("GetTransfer", request)
        transfer: transfers_pb2.Transfer = response.transfer
        return transfer

    async def events(self, call_id: str = "") -> list[calls_pb2.CallEvent]:
        """Every stored event, of one call or of the tenant."""
        request = calls_pb2.ListCallEventsRequest(call_id=call_id, after_sequence=0, page_size=1000)
        return list((await self.call("ListCallEvents", request)).events)

    async def history(self, call_id: str) -> list[str]:
        """The types of a call's events, by their short names."""
        return [event_name(event) for event in await self.events(call_id)]


def event_name(event: calls_pb2.CallEvent) -> str:
    """An event's type by its short name."""
    return calls_pb2.CallEventType.Name(event.type).removeprefix("CALL_EVENT_TYPE_")


def reason_name(call: calls_pb2.Call) -> str:
    """A call's end reason by its short name."""
    return calls_pb2.EndReason.Name(call.end_reason).removeprefix("END_REASON_")


def state_name(transfer: transfers_pb2.Transfer) -> str:
    """A transfer's state by its short name."""
    return transfers_pb2.TransferState.Name(transfer.state).removeprefix("TRANSFER_STATE_")


class Stand:
    """One gateway on one platform and database, and its clients on one wire."""

    def __init__(
        self,
        wire: str,
        database_url: str,
        stack: LiveKitStack | None,
        folder: Path,
        **settings: Any,
    ) -> None:
        self.wire = wire
        self.stack = stack
        self._folder = folder
        self._database_url = with_tables(database_url)
        self._wires: list[Wire] = []
        self.trunk = stack.create_trunk("acme", list(NUMBERS), "phones.test") if stack else "ST_x"
        self.gateway = Gateway(self.settings(**settings))
        self.acme: Client
        self.globex: Client

    def settings(self, **changes: Any) -> Settings:
        """The environment of this stand's gateways."""
        values: dict[str, Any] = {
            "GATEWAY_DATABASE_URL": self._database_url,
            "GATEWAY_MASTER_KEY": "the tests' own master key is long enough",
            "GATEWAY_AUDIT_SIGNING_KEY": SIGNER.text,
            "GATEWAY_GRPC_ADDRESS": "127.0.0.1:0",
            "GATEWAY_HTTP_ADDRESS": "127.0.0.1:0",
            "GATEWAY_WEBHOOK_PRIVATE_ADDRESSES": True,
            "GATEWAY_SECRET_DIRECTORIES": str(self._folder),
            "GATEWAY_PLATFORM": "livekit" if self.stack else "sandbox",
            **dict.fromkeys(UNCOUNTED, 0),
        }
        if self._database_url.startswith("postgresql"):  # there no key is made
            values["GATEWAY_AUDIT_SIGNING_KEY"] = SIGNER.text
        if self.stack:
            values |= {
                "livekit_url": self.stack.url,
                "livekit_api_key": self.stack.api_key,
                "livekit_api_secret": self.stack.api_secret,
            }
        return Settings.model_validate(values | changes)

    async def start(self, **tenant: Any) -> None:
        """Serves, with a key for each tenant."""
        await self.apply(configuration(self.trunk, **tenant))
        await self.gateway.start()
        self.acme = await self.client("acme")
        self.globex = await self.client("globex")

    async def apply(self, config: Mapping[str, Any]) -> None:
        """Applies a configuration as the command line would."""
        path = self._folder / "config.yaml"
        path.write_text(yaml.safe_dump(config))
        await self.gateway.administration.apply_file(path)

    async def apply_policy(self, **policy: str) -> None:
        """Gives the tenant acme other timeouts."""
        await self.apply(configuration(self.trunk, timeouts=policy))

    async def client(self, tenant_id: str, *rights: Right, room: str = "") -> Client:
        """A client with a new key of this tenant (none: an operator's)."""
        administration = self.gateway.administration
        held = frozenset(rights or ({Right.CALL} if tenant_id else {Right.OPERATOR}))
        created = await administration.admin.create_key(tenant_id, held)
        await administration.directory.refresh()
        return Client(self.connect(), administration.admin.sign(created.key, room=room))

    def connect(self, gateway: Gateway | None = None) -> Wire:
        """A new connection on this stand's wire."""
        gateway = gateway or self.gateway
        wire: Wire
        if self.wire == "grpc":
            # A channel of its own, not a shared subchannel: tests cut connections.
            wire = GrpcWire(gateway.grpc_port, [("grpc.use_local_subchannel_pool", 1)])
        else:
            wire = TwirpWire(gateway.http_port, json=self.wire == "twirp+json")
        self._wires.append(wire)
        return wire

    def grpc(self, gateway: Gateway | None = None) -> GrpcWire:
        """A gRPC connection, whatever this stand's wire."""
        wire = GrpcWire((gateway or self.gateway).grpc_port)
        self._wires.append(wire)
        return wire

    async def leg(self, call: calls_pb2.Call) -> Leg | None:
        """The call's leg as the platform has it."""
        platforms = self.gateway.platforms
        platform = platforms.live or platforms.sandbox
        return await platform.leg(call.room, call.participant_identity)

    async def gone(self, call: calls_pb2.Call) -> None:
        """Fails unless the call has no leg in its room."""
        assert await self.leg(call) is None

    async def audit(self, call_id: str) -> list[dict[str, Any]]:
        """The audit records of a call, oldest first."""
        query = AuditQuery(call_id=call_id)
        store = self.gateway.administration.store

        async def read() -> list[ChainedAuditEvent]:
            return list(await store.read(lambda tx: tx.audit(query)))

        return [dict(chained.record) for chained in await read()]

    def dialed(self, call: calls_pb2.Call) -> list[dict[str, Any]]:
        """What the stack's phones saw of this call; only on the stack."""
        assert self.stack is not None
        return [seen for seen in self.stack.calls() if seen["room"] == call.room]

    def histories(self, *events: str) -> list[list[str]]:
        """The histories that are right for a phone that rings for a moment only.

        The real LiveKit is looked at now and then: a look may miss the ringing.
        """
        unseen = [event for event in events if event != "CALL_RINGING"]
        return [list(events), unseen] if self.stack else [list(events)]

    async def hung_up(self, call: calls_pb2.Call) -> list[str]:
        """How the stack's phones saw this call end, once all have: LiveKit tells them last."""

        async def over() -> list[str] | None:
            ends = [str(seen["end"]) for seen in self.dialed(call)]
            return ends if all(ends) else None

        ends = await eventually(over)
        assert ends is not None
        return ends

    async def stop(self) -> None:
        """Closes every client, then the gateway."""
        for wire in self._wires:
            await wire.close()
        await self.gateway.stop()


async def refusal(asked: Awaitable[Any]) -> RefusedError:
    """The refusal that `asked` must meet."""
    try:
        answer = await asked
    except RefusedError as error:
        return error
    raise AssertionError(f"was not refused: {answer}")


@asynccontextmanager
async def on_sandbox(folder: Path, wire: str = "grpc", **settings: Any) -> AsyncIterator[Stand]:
    """A stand on the sandbox and SQLite, from its start to its end; `settings`: other ones."""
    stand = Stand(wire, f"sqlite:///{folder}/gateway.db", None, folder, **settings)
    await stand.start()
    yield stand
    await stand.stop()
