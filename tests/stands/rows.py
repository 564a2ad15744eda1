"""What the doors serve, as rows of methods that are only looked at."""

from typing import Any

from gateway.rpc.endpoint import Endpoint
from gateway.service.api.admin.audit import AuditReadings
from gateway.service.api.admin.audit_proofs import AuditProofs
from gateway.service.api.admin.rpcs import AdminRpcs
from gateway.service.api.call_commands import CallCommands
from gateway.service.api.events import EventService
from gateway.service.api.holding import Holding
from gateway.service.api.livekit.dispatches import LiveKitDispatches
from gateway.service.api.livekit.rooms import LiveKitRooms
from gateway.service.api.livekit.sip import LiveKitSipService
from gateway.service.api.placing import Placing
from gateway.service.api.queries import CallQueries
from gateway.service.api.transfers import TransferService
from gateway.service.api.warm.service import WarmTransfers
from gateway.service.api.webhooks import WebhookService
from gateway.wire.admin_v1 import audit as audit_v1
from gateway.wire.admin_v1 import audit_proofs as proofs_v1
from gateway.wire.admin_v1 import rows as admin_v1
from gateway.wire.livekit import dispatches as livekit_dispatches
from gateway.wire.livekit import rooms as livekit_rooms
from gateway.wire.livekit import rows as livekit
from gateway.wire.telephony_v1 import webhooks as webhooks_v1
from gateway.wire.telephony_v1.rows import endpoints


def rows() -> list[Endpoint]:
    """The rows that the engines serve; only their functions are looked at, nothing is served."""
    placing: Any = Placing
    queries: Any = CallQueries
    commands: Any = CallCommands
    holding: Any = Holding
    transfers: Any = TransferService
    warm: Any = WarmTransfers
    events: Any = EventService
    admin: Any = AdminRpcs
    webhooks: Any = WebhookService
    audit: Any = AuditReadings
    proofs: Any = AuditProofs
    return [
        *endpoints(placing, queries, commands, holding, transfers, warm, events),
        *admin_v1.endpoints(admin),
        *webhooks_v1.endpoints(webhooks),
        *audit_v1.endpoints(audit),
        *proofs_v1.endpoints(proofs),
    ]


def livekit_rows() -> list[Endpoint]:
    """The same at the LiveKit door."""
    door: Any = LiveKitSipService
    rooms: Any = LiveKitRooms
    dispatches: Any = LiveKitDispatches
    return [
        *livekit.endpoints(door),
        *livekit_rooms.endpoints(rooms),
        *livekit_dispatches.endpoints(dispatches),
    ]
