"""What is told of LiveKit's inbound trunks and rules that others have changed."""

from typing import Any, cast

from livekit.protocol.egress import EncodedFileOutput, RoomCompositeEgressRequest, S3Upload
from livekit.protocol.room import RoomConfiguration, RoomEgress
from livekit.protocol.sip import (
    ListSIPDispatchRuleResponse,
    ListSIPInboundTrunkResponse,
    SIPDispatchRuleInfo,
    SIPInboundTrunkInfo,
)

from gateway.domain.inbound.objects import InboundKind
from gateway.platform.livekit.inbound import LiveKitInbound
from gateway.platform.livekit.tokens import Tokens


def answering(reply: Any) -> LiveKitInbound:
    async def ask(*_: Any) -> Any:
        return reply

    return LiveKitInbound(cast("Any", ask), Tokens("key", "secret" * 8))


async def test_secrets_of_others_are_not_told() -> None:
    """Of headers and recordings that somebody has set, which may hold keys, only that they are."""
    bucket = S3Upload(access_key="AK", secret="open sesame", bucket="calls")
    file = EncodedFileOutput(filepath="call.ogg", s3=bucket)
    egress = RoomEgress(room=RoomCompositeEgressRequest(file_outputs=[file]))
    rule = SIPDispatchRuleInfo(room_config=RoomConfiguration(egress=egress, empty_timeout=7))
    (seen,) = await answering(ListSIPDispatchRuleResponse(items=[rule])).listed(InboundKind.RULE)
    told = {"room_config.egress": "(set)", "room_config.empty_timeout": 7}
    assert seen.setup.others == told
    trunk = SIPInboundTrunkInfo(headers={"X-Key": "open sesame"}, krisp_enabled=True)
    (seen,) = await answering(ListSIPInboundTrunkResponse(items=[trunk])).listed(InboundKind.TRUNK)
    assert seen.setup.others == {"headers": "(set)", "krisp_enabled": True}
