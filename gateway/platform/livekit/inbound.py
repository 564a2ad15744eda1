"""LiveKit's inbound trunks and dispatch rules.

What LiveKit has is compared with what is declared: fields that the gateway never sets come as
`others`, so that it shows if somebody has set them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from livekit.api import ServerError, ServerErrorCode
from livekit.protocol.agent_dispatch import RoomAgentDispatch
from livekit.protocol.room import RoomConfiguration
from livekit.protocol.sip import (
    CreateSIPDispatchRuleRequest,
    CreateSIPInboundTrunkRequest,
    DeleteSIPDispatchRuleRequest,
    DeleteSIPTrunkRequest,
    ListSIPDispatchRuleRequest,
    ListSIPDispatchRuleResponse,
    ListSIPInboundTrunkRequest,
    ListSIPInboundTrunkResponse,
    SIPDispatchRule,
    SIPDispatchRuleCallee,
    SIPDispatchRuleDirect,
    SIPDispatchRuleIndividual,
    SIPDispatchRuleInfo,
    SIPInboundTrunkInfo,
    SIPTrunkInfo,
    UpdateSIPDispatchRuleRequest,
    UpdateSIPInboundTrunkRequest,
)

from gateway.domain.inbound.declared import RoomForm, RuleAgent, RuleRoom
from gateway.domain.inbound.objects import (
    InboundKind,
    RuleSetup,
    SeenObject,
    Setup,
    TrunkSetup,
)
from gateway.domain.texts import cleaned
from gateway.platform.livekit.agents import Asking
from gateway.platform.livekit.connections import leaving_at_once
from gateway.platform.livekit.replies import cause_of, is_not_found
from gateway.platform.livekit.tokens import Grant, Tokens
from gateway.ports import InboundRefusedError, PlatformError

LIMIT = timedelta(seconds=5)

Reply = TypeVar("Reply", bound=Message)

_REFUSALS = {
    ServerErrorCode.INVALID_ARGUMENT,
    ServerErrorCode.MALFORMED,
    ServerErrorCode.BAD_ROUTE,
    ServerErrorCode.NOT_FOUND,
    ServerErrorCode.ALREADY_EXISTS,
    ServerErrorCode.FAILED_PRECONDITION,
    ServerErrorCode.PERMISSION_DENIED,
    ServerErrorCode.UNAUTHENTICATED,
    ServerErrorCode.UNIMPLEMENTED,
}
"""LiveKit says them before it stores anything."""
_OURS = {"name", "numbers", "allowed_addresses", "auth_username", "auth_password"}
_OUR_RULES = {"name", "trunk_ids", "rule", "hide_phone_number", "room_config"}
_ITS_OWN = {"sip_trunk_id", "sip_dispatch_rule_id", "created_at", "updated_at"}
SET = "(set)"
_AGENT_FIELDS = {"agent_name", "metadata"}


class LiveKitInbound:
    """See `ports.inbound.InboundObjects`."""

    is_shared = True

    def __init__(self, ask: Asking, tokens: Tokens) -> None:
        self._ask = ask
        self._tokens = tokens

    async def listed(self, kind: InboundKind) -> Sequence[SeenObject]:
        """One ListSIPInboundTrunk or ListSIPDispatchRule."""
        if kind is InboundKind.TRUNK:
            trunks = await self._send(ListSIPInboundTrunkRequest(), ListSIPInboundTrunkResponse)
            return await asyncio.to_thread(_trunks_seen, trunks)
        rules = await self._send(ListSIPDispatchRuleRequest(), ListSIPDispatchRuleResponse)
        return await asyncio.to_thread(_rules_seen, rules)

    async def create(self, setup: Setup) -> str:
        """One CreateSIPInboundTrunk or CreateSIPDispatchRule."""
        if isinstance(setup, TrunkSetup):
            asked = CreateSIPInboundTrunkRequest(trunk=_trunk(setup))
            made = (await self._send(asked, SIPInboundTrunkInfo)).sip_trunk_id
        else:
            wanted = CreateSIPDispatchRuleRequest(dispatch_rule=_rule(setup))
            made = (await self._send(wanted, SIPDispatchRuleInfo)).sip_dispatch_rule_id
        if not made:
            raise PlatformError("the reply names nothing that was made")
        return cleaned(made)

    async def change(self, platform_id: str, setup: Setup) -> None:
        """One UpdateSIPInboundTrunk or UpdateSIPDispatchRule."""
        if isinstance(setup, TrunkSetup):
            trunk = UpdateSIPInboundTrunkRequest(sip_trunk_id=platform_id, replace=_trunk(setup))
            await self._send(trunk, SIPInboundTrunkInfo)
        else:
            rule = UpdateSIPDispatchRuleRequest(
                sip_dispatch_rule_id=platform_id, replace=_rule(setup)
            )
            await self._send(rule, SIPDispatchRuleInfo)

    async def delete(self, kind: InboundKind, platform_id: str) -> None:
        """One DeleteSIPTrunk or DeleteSIPDispatchRule."""
        try:
            if kind is InboundKind.TRUNK:
                await self._send(DeleteSIPTrunkRequest(sip_trunk_id=platform_id), SIPTrunkInfo)
            else:
                rule = DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=platform_id)
                await self._send(rule, SIPDispatchRuleInfo)
        except InboundRefusedError as error:
            if not (isinstance(error.__cause__, Exception) and is_not_found(error.__cause__)):
                raise

    async def _send(self, request: Message, reply: type[Reply]) -> Reply:
        """The method has the request's name."""
        method = request.DESCRIPTOR.name.removesuffix("Request")
        token = self._tokens.token(Grant.SIP_ADMIN)
        try:
            with leaving_at_once():
                return await self._ask("SIP", method, request, reply, token, LIMIT)
        except Exception as error:
            refused = isinstance(error, ServerError) and error.code in _REFUSALS
            kind = InboundRefusedError if refused else PlatformError
            raise kind(f"{method}: {cause_of(error)}") from error


def _trunk(setup: TrunkSetup) -> SIPInboundTrunkInfo:
    return SIPInboundTrunkInfo(
        name=setup.name,
        numbers=setup.numbers,
        allowed_addresses=setup.allowed_addresses,
        auth_username=setup.auth_username,
        auth_password=_known(setup.auth_password),
    )


def _rule(setup: RuleSetup) -> SIPDispatchRuleInfo:
    agents = [
        RoomAgentDispatch(agent_name=one.agent_name, metadata=one.metadata) for one in setup.agents
    ]
    return SIPDispatchRuleInfo(
        name=setup.name,
        rule=_room(setup.room, _known(setup.pin)) if setup.room else None,
        trunk_ids=setup.trunk_ids,
        hide_phone_number=setup.hide_phone_number,
        room_config=RoomConfiguration(agents=agents) if agents else None,
    )


def _room(room: RuleRoom, pin: str) -> SIPDispatchRule:
    if room.form is RoomForm.DIRECT:
        direct = SIPDispatchRuleDirect(room_name=room.name, pin=pin)
        return SIPDispatchRule(dispatch_rule_direct=direct)
    if room.form is RoomForm.CALLEE:
        callee = SIPDispatchRuleCallee(room_prefix=room.name, pin=pin, randomize=room.randomize)
        return SIPDispatchRule(dispatch_rule_callee=callee)
    individual = SIPDispatchRuleIndividual(
        room_prefix=room.name, pin=pin, no_randomness=not room.randomize
    )
    return SIPDispatchRule(dispatch_rule_individual=individual)


def _known(secret: str | None) -> str:
    if secret is None:
        raise ValueError("a secret is not known")
    return secret


def _trunks_seen(listed: ListSIPInboundTrunkResponse) -> Sequence[SeenObject]:
    return [SeenObject(cleaned(one.sip_trunk_id), _trunk_seen(one)) for one in listed.items]


def _rules_seen(listed: ListSIPDispatchRuleResponse) -> Sequence[SeenObject]:
    return [SeenObject(cleaned(one.sip_dispatch_rule_id), _rule_seen(one)) for one in listed.items]


def _trunk_seen(info: SIPInboundTrunkInfo) -> TrunkSetup:
    return TrunkSetup(
        name=cleaned(info.name),
        numbers=tuple(info.numbers),
        allowed_addresses=tuple(info.allowed_addresses),
        auth_username=info.auth_username,
        auth_password=info.auth_password,
        others=_others(info, _OURS),
    )


def _rule_seen(info: SIPDispatchRuleInfo) -> RuleSetup:
    room, pin = _room_seen(info.rule)
    config = _others(info.room_config, {"agents"})
    others = {f"room_config.{name}": value for name, value in config.items()}
    agents = [MessageToDict(one) for one in info.room_config.agents]
    if any(_others(one, _AGENT_FIELDS) for one in info.room_config.agents):
        others["room_config.agents"] = agents
    return RuleSetup(
        name=cleaned(info.name),
        trunk_ids=tuple(info.trunk_ids),
        room=room,
        pin=pin,
        agents=tuple(RuleAgent(one.agent_name, one.metadata) for one in info.room_config.agents),
        hide_phone_number=info.hide_phone_number,
        others={**_others(info, _OUR_RULES), **others},
    )


def _room_seen(rule: SIPDispatchRule) -> tuple[RuleRoom | None, str]:
    """Its room and PIN."""
    match rule.WhichOneof("rule"):
        case "dispatch_rule_direct":
            direct = rule.dispatch_rule_direct
            return RuleRoom(RoomForm.DIRECT, direct.room_name), direct.pin
        case "dispatch_rule_callee":
            callee = rule.dispatch_rule_callee
            return RuleRoom(RoomForm.CALLEE, callee.room_prefix, callee.randomize), callee.pin
        case "dispatch_rule_individual":
            own = rule.dispatch_rule_individual
            return RuleRoom(RoomForm.INDIVIDUAL, own.room_prefix, not own.no_randomness), own.pin
        case _:
            return None, ""


def _others(message: Message, known: set[str]) -> Mapping[str, Any]:
    """What else is set; empty messages say nothing.

    Of headers, recordings and the like only that they are: they may hold secrets.
    """
    told = MessageToDict(message, preserving_proto_field_name=True)
    return {
        name: SET if isinstance(value, dict) else value
        for name, value in told.items()
        if value and name not in known | _ITS_OWN
    }
