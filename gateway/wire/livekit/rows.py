"""LiveKit's own SIP service, as far as the gateway serves it: a row per method.

An unmodified LiveKit library with a tenant's key works here as with LiveKit. Differences are in
docs/divergences.md.
"""

from collections.abc import Sequence

from google.protobuf import empty_pb2
from livekit.protocol.sip import (
    CreateSIPParticipantRequest,
    ListSIPOutboundTrunkRequest,
    ListSIPOutboundTrunkResponse,
    SIPOutboundTrunkInfo,
    SIPParticipantInfo,
    TransferSIPParticipantRequest,
)

from gateway.domain.calls.transfer import TransferState
from gateway.domain.tenant import Trunk
from gateway.rpc.endpoint import Endpoint
from gateway.service.api.livekit.sip import Created, LiveKitSipService
from gateway.service.api.transfers import Accepted
from gateway.wire.livekit import errors, requests
from gateway.wire.livekit.row import row


def endpoints(sip: LiveKitSipService) -> Sequence[Endpoint]:
    """The methods of livekit.SIP that dial, transfer and list trunks."""
    return (
        row(
            "SIP/CreateSIPParticipant",
            (CreateSIPParticipantRequest, SIPParticipantInfo),
            requests.create_participant,
            sip.create_participant,
            participant,
            refused=errors.refused,
        ),
        row(
            "SIP/TransferSIPParticipant",
            (TransferSIPParticipantRequest, empty_pb2.Empty),
            requests.transfer_participant,
            sip.transfer_participant,
            transferred,
            refused=errors.refused_transfer,
        ),
        row(
            "SIP/ListSIPOutboundTrunk",
            (ListSIPOutboundTrunkRequest, ListSIPOutboundTrunkResponse),
            requests.list_outbound_trunks,
            sip.list_outbound_trunks,
            outbound_trunks,
            refused=errors.refused_reading,
            # LiveKit's libraries use the grant sip.admin, which does not include the right CALL.
            rights=(),
        ),
    )


def participant(created: Created) -> SIPParticipantInfo:
    """The leg, unless the client waited for an answer that did not come."""
    call = created.call
    dialled = not created.awaited and bool(call.sip_call_id or not call.ended)
    if not (call.answered or dialled):
        raise errors.call_failed(call) if call.ended else errors.call_open(call)
    return SIPParticipantInfo(
        participant_id=call.participant_id,
        participant_identity=call.participant_identity,
        room_name=call.room,
        sip_call_id=call.sip_call_id,
    )


def transferred(accepted: Accepted) -> empty_pb2.Empty:
    """LiveKit's empty reply, for a transfer that succeeded."""
    if accepted.transfer.state is not TransferState.COMPLETED:
        raise errors.transfer_failed(accepted.transfer)
    return empty_pb2.Empty()


def outbound_trunks(trunks: Sequence[Trunk]) -> ListSIPOutboundTrunkResponse:
    """Their names and numbers; addresses and credentials are for operators only."""
    return ListSIPOutboundTrunkResponse(items=[_trunk(trunk) for trunk in trunks])


def _trunk(trunk: Trunk) -> SIPOutboundTrunkInfo:
    return SIPOutboundTrunkInfo(
        sip_trunk_id=trunk.trunk_id,
        name=trunk.trunk_id,
        numbers=[shown.number for shown in trunk.numbers],
    )
