"""A gateway process with one tenant, and what the tenant's programs are told of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import yaml

from gateway.build import administration
from gateway.settings import Settings
from gateway.telephony.v1 import calls_pb2
from gateway.telephony.v1.calls_pb2_grpc import CallServiceStub
from tests.stands.patience import PATIENCE
from tests.stands.processes.gateway import GatewayProcess, environment_of
from tests.stands.stand import NO_LIMITS

TENANT = "acme"
NUMBER = "+15005550199"


@dataclass(frozen=True)
class Served:
    """A running gateway and a tenant's key."""

    grpc_port: int
    http_port: int
    token: str
    key: str
    secret: str
    livekit_trunk_id: str

    def stubs_environment(self) -> dict[str, str]:
        """For programs with stubs of the gateway's API."""
        return {
            "GATEWAY_GRPC": f"127.0.0.1:{self.grpc_port}",
            "GATEWAY_HTTP": f"http://127.0.0.1:{self.http_port}",
            "GATEWAY_TOKEN": self.token,
        }

    def livekit_environment(self) -> dict[str, str]:
        """For programs that know LiveKit: as they are told of it, and a room of their own."""
        return {
            "LIVEKIT_URL": f"http://127.0.0.1:{self.http_port}",
            "LIVEKIT_API_KEY": self.key,
            "LIVEKIT_API_SECRET": self.secret,
            "SIP_TRUNK_ID": self.livekit_trunk_id,
            "ROOM": f"room-{uuid4().hex}",
        }

    def call_in(self, room: str) -> calls_pb2.Call:
        """The one call that was placed in a room, as the gateway knows it."""
        (call,) = self.calls_in(room)
        return call

    def calls_in(self, room: str) -> list[calls_pb2.Call]:
        """The calls that were placed in a room, newest first."""
        with grpc.insecure_channel(f"127.0.0.1:{self.grpc_port}") as channel:
            return list(
                CallServiceStub(channel)
                .ListCalls(
                    calls_pb2.ListCallsRequest(room=room),
                    metadata=(("authorization", f"Bearer {self.token}"),),
                    timeout=PATIENCE,
                )
                .calls
            )

    def end_in(self, room: str) -> int:
        """Why the call in a room ended, once it has: a transferred leg leaves when it likes."""
        until = time.monotonic() + PATIENCE
        while (call := self.call_in(room)).state != calls_pb2.CALL_STATE_ENDED:
            assert time.monotonic() < until, f"still {call} after {PATIENCE} s"
            time.sleep(0.05)
        return call.end_reason


@contextmanager
def served(folder: Path, livekit_trunk_id: str, **platform: Any) -> Iterator[Served]:
    """A gateway on this platform until the end of the block."""
    settings = Settings.model_validate(
        {
            "GATEWAY_DATABASE_URL": f"sqlite:///{folder}/gateway.db",
            "GATEWAY_MASTER_KEY": "the tests' own master key is long enough",
            **platform,
        }
    )
    process = GatewayProcess(environment_of(settings), folder / "gateway.log")
    with asyncio.Runner() as runner:
        key, secret, token = runner.run(_tenant(settings, folder, livekit_trunk_id))
        runner.run(process.start())
        try:
            yield Served(
                grpc_port=process.grpc_port,
                http_port=process.http_port,
                token=token,
                key=key,
                secret=secret,
                livekit_trunk_id=livekit_trunk_id,
            )
        finally:
            runner.run(process.stop())


def configuration(livekit_trunk_id: str) -> Mapping[str, Any]:
    """One tenant with one trunk, free to use any room."""
    trunk = {
        "trunk_id": "carrier",
        "tenant_ids": [TENANT],
        "livekit_trunk_id": livekit_trunk_id,
        "numbers": [{"number": NUMBER}],
    }
    return {
        "tenants": [
            {
                "tenant_id": TENANT,
                "rooms": ["*"],
                "limits": NO_LIMITS,
                "agents": ["*"],
                "sip_hosts": ["pbx.example.com"],
            }
        ],
        "trunks": [trunk],
    }


async def _tenant(settings: Settings, folder: Path, livekit_trunk_id: str) -> tuple[str, str, str]:
    """Applies the configuration; the tenant's key, its secret and a token signed with it."""
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(configuration(livekit_trunk_id)))
    async with administration(settings) as opened:
        await opened.apply_file(path)
        created = await opened.admin.create_key(TENANT)
        return created.key.key, created.secret, opened.admin.sign(created.key)
