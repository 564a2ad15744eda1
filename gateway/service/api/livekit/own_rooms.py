"""Which rooms exist for whom at the LiveKit door, and which calls are in them."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.domain import fields
from gateway.domain.calls.call import Call
from gateway.domain.rpc import DoorGrant, Rpc
from gateway.errors import GatewayError, Reason
from gateway.ports import Platform, Reading
from gateway.service.access.directory import Directory
from gateway.service.following.platforms import Platforms


@dataclass(frozen=True, slots=True)
class RoomCalls:
    """The open calls of a room."""

    own: Sequence[Call]
    beside_others: bool
    """A call of another tenant is there, too."""


def calls_in(reading: Reading, rpc: Rpc, room: str) -> RoomCalls:
    """Those of the caller's tenant, and whether there are others."""
    there = reading.open_calls_in(room)
    own = [call for call in there if call.tenant_id == rpc.tenant_id]
    return RoomCalls(own, beside_others=len(own) < len(there))


class OwnRooms:
    """The rooms of each tenant, as far as its callers' tokens reach."""

    def __init__(self, directory: Directory, platforms: Platforms) -> None:
        self._directory = directory
        self._platforms = platforms

    def has(self, rpc: Rpc, room: str) -> bool:
        """Whether the room exists for the caller, as far as its name can say."""
        tenant = self._directory.tenant(rpc.tenant_id)
        return tenant.may_use_room(room) and rpc.caller.reaches(room)

    def may_have_agent(self, rpc: Rpc, agent_name: str) -> bool:
        """Whether the caller's tenant may use this agent."""
        return self._directory.tenant(rpc.tenant_id).may_use_agent(agent_name)

    def platform(self, rpc: Rpc) -> Platform:
        """Where they are."""
        return self._platforms.of_tenant(self._directory.tenant(rpc.tenant_id))


def require_admin(rpc: Rpc, room: str) -> None:
    """Raises PERMISSION_DENIED unless LiveKit would let the token change this room."""
    if not rpc.caller.administers(room):
        raise _denied(DoorGrant.ROOM_ADMIN, room)


def require(rpc: Rpc, grant: DoorGrant) -> None:
    """Raises PERMISSION_DENIED unless the token has this grant."""
    if grant not in rpc.caller.grants:
        raise _denied(grant)


def no_room(name: str) -> GatewayError:
    """ROOM_NOT_FOUND."""
    room = fields.printable(name)
    return GatewayError(Reason.ROOM_NOT_FOUND, f"no room {room}", {"room": room})


def _denied(grant: DoorGrant, room: str = "") -> GatewayError:
    what = f" for the room {fields.printable(room)}" if room else ""
    return GatewayError(
        Reason.PERMISSION_DENIED,
        f"needs the right CALL of the key, and the video grant {grant}{what} in the token",
        {"grant": grant.value} | ({"room": fields.printable(room)} if room else {}),
    )
