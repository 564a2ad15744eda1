"""LiveKit's AgentDispatchService: a row per method, and its messages."""

from collections.abc import Sequence

from livekit.protocol.agent import Job, JobState, JobStatus
from livekit.protocol.agent_dispatch import (
    AgentDispatch,
    AgentDispatchState,
    CreateAgentDispatchRequest,
    DeleteAgentDispatchRequest,
    JobRestartPolicy,
    ListAgentDispatchRequest,
    ListAgentDispatchResponse,
)
from livekit.protocol.models import Room

from gateway.domain.rooms.requests import CreateDispatch, DeleteDispatch, ListDispatches
from gateway.domain.rooms.seen import SeenDispatch
from gateway.errors import invalid_field
from gateway.rpc.endpoint import LEG_BYTES, ORDINARY_BYTES, UnaryEndpoint
from gateway.service.api.livekit.dispatches import LiveKitDispatches
from gateway.wire.livekit.errors import refused_by_rooms, refused_dispatch
from gateway.wire.livekit.fields import withhold_of_dispatch
from gateway.wire.livekit.row import row

SERVICE = "AgentDispatchService"


def endpoints(dispatches: LiveKitDispatches) -> Sequence[UnaryEndpoint]:
    """The three methods. Their right is the key's CALL and a video grant, as the rooms' is."""
    return (
        row(
            f"{SERVICE}/CreateDispatch",
            (CreateAgentDispatchRequest, AgentDispatch),
            create_dispatch,
            dispatches.create_dispatch,
            dispatch_told,
            refused=refused_dispatch,
            rights=(),
            max_bytes=LEG_BYTES,
        ),
        row(
            f"{SERVICE}/ListDispatch",
            (ListAgentDispatchRequest, ListAgentDispatchResponse),
            lambda message: ListDispatches(room=message.room, dispatch_id=message.dispatch_id),
            dispatches.list_dispatches,
            lambda found: ListAgentDispatchResponse(
                agent_dispatches=[dispatch_told(each) for each in found]
            ),
            refused=refused_by_rooms,
            rights=(),
            max_bytes=ORDINARY_BYTES,
        ),
        row(
            f"{SERVICE}/DeleteDispatch",
            (DeleteAgentDispatchRequest, AgentDispatch),
            lambda message: DeleteDispatch(room=message.room, dispatch_id=message.dispatch_id),
            dispatches.delete_dispatch,
            dispatch_told,
            refused=refused_by_rooms,
            rights=(),
            max_bytes=ORDINARY_BYTES,
            always=True,
        ),
    )


def create_dispatch(message: CreateAgentDispatchRequest) -> CreateDispatch:
    """CreateAgentDispatchRequest."""
    if message.restart_policy not in JobRestartPolicy.values():
        raise invalid_field(
            "restart_policy",
            "is not a value that this gateway knows",
            value=str(message.restart_policy),
        )
    return CreateDispatch(
        room=message.room,
        agent_name=message.agent_name,
        agent_metadata=message.metadata,
        agent_attributes=dict(message.attributes),
        deployment=message.deployment,
        once=message.restart_policy == JobRestartPolicy.JRP_NEVER,
    )


def dispatch_told(one: SeenDispatch) -> AgentDispatch:
    """LiveKit's own message of a dispatch, or the same of one that the sandbox plays."""
    told = AgentDispatch.FromString(one.told)
    if not one.told:
        told = AgentDispatch(
            id=one.dispatch_id,
            agent_name=one.agent_name,
            room=one.room,
            metadata=one.metadata,
            attributes=dict(one.attributes),
            deployment=one.deployment,
            restart_policy=JobRestartPolicy.JRP_NEVER if one.once else None,
            state=_state(one),
        )
    withhold_of_dispatch(told)
    return told


def _state(one: SeenDispatch) -> AgentDispatchState:
    """With a job while its agent is in the room."""
    made = one.create_time
    job = Job(
        id=one.dispatch_id.replace("AD_", "AJ_", 1),
        dispatch_id=one.dispatch_id,
        room=Room(name=one.room),
        metadata=one.metadata,
        agent_name=one.agent_name,
        attributes=dict(one.attributes),
        deployment=one.deployment,
        state=JobState(status=JobStatus.JS_RUNNING, participant_identity=one.identity),
    )
    return AgentDispatchState(
        jobs=[job] if one.identity else [],
        created_at=round(made.timestamp() * 10**6) * 1000 if made else 0,
    )
