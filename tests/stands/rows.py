"""What the doors serve, as rows of methods that are only looked at."""

from typing import Any

from gateway.rpc.endpoint import Endpoint
from gateway.service.api.admin.rpcs import AdminRpcs
from gateway.service.api.call_commands import CallCommands
from gateway.service.api.events import EventService
from gateway.service.api.livekit_sip import LiveKitSipService
from gateway.service.api.placing import Placing
from gateway.service.api.queries import CallQueries
from gateway.service.api.transfers import TransferService
from gateway.service.api.webhooks import WebhookService
from gateway.wire.admin_v1 import rows as admin_v1
from gateway.wire.livekit import rows as livekit
from gateway.wire.telephony_v1 import webhooks as webhooks_v1
from gateway.wire.telephony_v1.rows import endpoints


def rows() -> list[Endpoint]:
    """The rows that the engines serve; only their functions are looked at, nothing is served."""
    placing: Any = Placing
    queries: Any = CallQueries
    commands: Any = CallCommands
    transfers: Any = TransferService
    events: Any = EventService
    admin: Any = AdminRpcs
    webhooks: Any = WebhookService
    return [
        *endpoints(placing, queries, commands, transfers, events),
        *admin_v1.endpoints(admin),
        *webhooks_v1.endpoints(webhooks),
    ]


def livekit_rows() -> list[Endpoint]:
    """The same at the LiveKit door."""
    door: Any = LiveKitSipService
    return [*livekit.endpoints(door)]
