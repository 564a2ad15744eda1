"""A tenant's inbound calls as the configuration's messages have them."""

from collections.abc import Iterator

from gateway.domain.inbound.declared import (
    DispatchRule,
    InboundTrunk,
    RoomForm,
    RuleAgent,
    RuleRoom,
)
from gateway.domain.tenant import Inbound
from gateway.telephony.v1 import admin_pb2


def inbound(message: admin_pb2.TenantInbound) -> Inbound:
    """The domain's value of a message in which nothing is unreadable."""
    return Inbound(
        livekit_trunk_ids=tuple(message.livekit_trunk_ids),
        numbers=tuple(message.numbers),
        end_room_on_hangup=message.end_room_on_hangup,
        number_country=message.number_country,
        trunks=tuple(map(_trunk, message.trunks)),
        dispatch_rules=tuple(map(_rule, message.dispatch_rules)),
    )


def _trunk(message: admin_pb2.InboundTrunk) -> InboundTrunk:
    return InboundTrunk(
        trunk_id=message.trunk_id,
        numbers=tuple(message.numbers),
        allowed_addresses=tuple(message.allowed_addresses),
        auth_username=message.auth_username,
        auth_password_from=message.auth_password_from,
    )


def _rule(message: admin_pb2.DispatchRule) -> DispatchRule:
    return DispatchRule(
        rule_id=message.rule_id,
        trunk_ids=tuple(message.trunk_ids),
        rooms=tuple(_rooms(message)),
        pin_from=message.pin_from,
        agents=tuple(RuleAgent(one.agent_name, one.metadata) for one in message.agents),
        hide_phone_number=message.hide_phone_number,
    )


def _rooms(message: admin_pb2.DispatchRule) -> Iterator[RuleRoom]:
    """Each that is set; the rules want exactly one."""
    if message.HasField("individual"):
        one = message.individual
        yield RuleRoom(RoomForm.INDIVIDUAL, one.room_prefix, not one.no_randomness)
    if message.HasField("direct"):
        yield RuleRoom(RoomForm.DIRECT, message.direct.room_name)
    if message.HasField("callee"):
        yield RuleRoom(RoomForm.CALLEE, message.callee.room_prefix, message.callee.randomize)
