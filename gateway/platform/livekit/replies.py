"""What LiveKit's replies, errors and silences mean, as values of the domain."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import aiohttp
from livekit.api import ServerError, ServerErrorCode
from livekit.protocol.models import ParticipantInfo, Room
from livekit.protocol.sip import (
    SIPParticipantInfo,
    SIPTransferReason,
    SIPTransferStatus,
    TransferSIPParticipantResponse,
)

from gateway.domain.calls.leg import (
    CALL_ID_ATTRIBUTE,
    Completed,
    DialReply,
    Leg,
    NeverSent,
    NoReply,
    PickedUp,
    ReferReply,
    Refused,
)
from gateway.domain.calls.observation import LegIds, LegStatus
from gateway.domain.outcome import REFUSED_KEY, Cause, Failure
from gateway.domain.rooms.seen import SeenParticipant, SeenRoom
from gateway.domain.texts import MAX_MESSAGE, cleaned, sip_code
from gateway.platform.livekit.failures import cause
from gateway.platform.livekit.masks import mask_of

LONGEST_PLACE = 2048
"""Characters of room and identity together; LiveKit allows 256 bytes of each."""
ANSWER_TIME_ATTRIBUTE = "lk.sip.answerTime"
"""Of legs that were dialled, from Go's livekit/protocol 1.54 on: milliseconds since 1970."""
SAID = (
    CALL_ID_ATTRIBUTE,
    ANSWER_TIME_ATTRIBUTE,
    *("sip.callStatus", "sip.callID", "sip.callIDFull", "sip.ruleID", "sip.trunkID"),
    *("sip.phoneNumber", "sip.trunkPhoneNumber"),
)
"""What is read of a leg's attributes."""
_MILLISECONDS = re.compile(r"[0-9]{12,13}")
_SIP_CODE = re.compile(r"[0-9]{3}")
_TARGET_FAILED = "call transfer failed"
"""So begins what the carrier reported of a REFER that it had accepted."""
_PREFIX = "twirp error unknown: "
_TWIRP_CODES = {value for name, value in vars(ServerErrorCode).items() if name.isupper()}
_NEVER_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)
_MISCONFIGURED = {
    ServerErrorCode.UNAUTHENTICATED: f"{REFUSED_KEY} (LIVEKIT_API_KEY, LIVEKIT_API_SECRET)",
    ServerErrorCode.BAD_ROUTE: "what answers at LIVEKIT_URL is not LiveKit",
}
"""Errors that only the operator of the gateway or LiveKit can fix."""
# LiveKit's JWT middleware and its router answer in plain text.
_PLAIN_TEXT_CODES = {401: ServerErrorCode.UNAUTHENTICATED, 404: ServerErrorCode.BAD_ROUTE}

_TIMED_OUT_CODES = {ServerErrorCode.CANCELED, ServerErrorCode.DEADLINE_EXCEEDED}
# Without a SIP status these say that LiveKit stopped listening, not what the target did:
# a REFER is never revoked.
_UNHEARD = {
    SIPTransferReason.STR_CALL_ENDED,
    SIPTransferReason.STR_RINGING_TIMEOUT,
    SIPTransferReason.STR_SUBSCRIPTION_TERMINATED,
    SIPTransferReason.STR_CANCELED,
}
_UNHEARD_NAMES = {SIPTransferReason.Name(reason) for reason in _UNHEARD}


def picked_up(info: SIPParticipantInfo) -> DialReply:
    """LiveKit's success: a reply without LiveKit's id of the call is none."""
    if not info.sip_call_id:
        return NoReply("the reply names no call")
    return PickedUp(LegIds(cleaned(info.participant_id), cleaned(info.sip_call_id)))


def referred(response: TransferSIPParticipantResponse) -> ReferReply:
    """LiveKit's success; older servers send an empty message, whose `status` says nothing."""
    if not response.transfer_id or response.status == SIPTransferStatus.STS_TRANSFER_SUCCESSFUL:
        return Completed()
    if response.status != SIPTransferStatus.STS_TRANSFER_FAILED:
        return NoReply("LiveKit answered before the transfer was over")
    code = sip_code(response.sip_status.code)
    if not code and response.reason in _UNHEARD:
        return NoReply(_reason_name(response))
    failure = Failure(
        sip_status_code=code,
        sip_status=cleaned(response.sip_status.status),
        detail=_reason_name(response),
    )
    return Refused(failure)


def _reason_name(response: TransferSIPParticipantResponse) -> str:
    """A newer server may know more reasons than this library."""
    known = response.reason in SIPTransferReason.values()
    return SIPTransferReason.Name(response.reason) if known else f"STR_{response.reason}"


def dial_failed(error: Exception) -> DialReply:
    """What a dial's error proves.

    Its own timeout LiveKit tells as `canceled`; `deadline_exceeded` without a SIP status says
    that the SIP node did not speak in time, and that phone may still be ringing.
    """
    reply = _failed(error)
    if isinstance(reply, Refused) and _unspoken(reply.failure, error):
        return NoReply(reply.failure.detail)
    return reply


def _unspoken(failure: Failure, error: Exception) -> bool:
    return not failure.sip_status_code and _code(error) == ServerErrorCode.DEADLINE_EXCEEDED


def refer_failed(error: Exception) -> ReferReply:
    """What a transfer's error proves; LiveKit's own timeout leaves the outcome open."""
    reply = _failed(error)
    if not isinstance(reply, Refused):
        return reply
    if _unheard(reply.failure, error):
        return NoReply(reply.failure.detail)
    if reply.failure.sip_status_code and not reply.failure.detail.startswith(_TARGET_FAILED):
        return Refused(replace(reply.failure, cause=Cause.REFER_REFUSED))
    return reply


def _unheard(failure: Failure, error: Exception) -> bool:
    if failure.sip_status_code:
        return False
    reason = _metadata(error).get("sip_transfer_reason")
    return _code(error) in _TIMED_OUT_CODES or reason in _UNHEARD_NAMES


def is_not_found(error: Exception) -> bool:
    """LiveKit's own word that there is no such room or participant."""
    return isinstance(error, ServerError) and error.code == ServerErrorCode.NOT_FOUND


def leg_of(info: ParticipantInfo, room: str) -> Leg | None:
    """The leg that this participant is; None if it has left or is no phone at all."""
    if info.state == ParticipantInfo.State.DISCONNECTED:
        return None
    return leg_told(info, room)


def leg_told(info: ParticipantInfo, room: str) -> Leg | None:
    """The same of a participant that may have left since; None only if it is no phone."""
    place = room + info.identity
    if info.kind != ParticipantInfo.Kind.SIP or not is_place(place):
        return None
    said = {name: cleaned(info.attributes.get(name, "")) for name in SAID}
    return Leg(
        status=_status(said["sip.callStatus"]),
        ids=LegIds(cleaned(info.sid), said["sip.callID"], said["sip.callIDFull"]),
        call_id=said[CALL_ID_ATTRIBUTE],
        room=room,
        identity=info.identity,
        rule_id=said["sip.ruleID"],
        livekit_trunk_id=said["sip.trunkID"],
        far_number=said["sip.phoneNumber"],
        own_number=said["sip.trunkPhoneNumber"],
        answered_at=_moment(said[ANSWER_TIME_ATTRIBUTE]),
        mask=mask_of(info),
    )


def room_of(room: Room) -> SeenRoom:
    """The room with LiveKit's own message of it."""
    return SeenRoom(name=room.name, told=room.SerializeToString())


def participant_of(info: ParticipantInfo) -> SeenParticipant:
    """The participant with LiveKit's own message of it."""
    is_phone = info.kind == ParticipantInfo.Kind.SIP
    return SeenParticipant(identity=info.identity, is_phone=is_phone, told=info.SerializeToString())


def agents_room(info: ParticipantInfo, room: str) -> str:
    """The room of a participant that is an agent; empty if it is none, or no call is there."""
    is_agent = info.kind == ParticipantInfo.Kind.AGENT
    return room if is_agent and is_place(room) else ""


def is_place(name: str) -> bool:
    """Databases keep no NUL, and nobody we dial has such a place."""
    return "\0" not in name and len(name) <= LONGEST_PLACE


def is_joined(info: ParticipantInfo) -> bool:
    """LiveKit has connected the participant, or is done with it."""
    return info.state in (ParticipantInfo.State.ACTIVE, ParticipantInfo.State.DISCONNECTED)


def is_settled(info: ParticipantInfo) -> bool:
    """Its SIP node has gone on to ring the phone, so it has joined for the node as well.

    Others than phones have no SIP node.
    """
    beyond = _status(info.attributes.get("sip.callStatus", "")) is not LegStatus.DIALING
    return is_joined(info) and (beyond or info.kind != ParticipantInfo.Kind.SIP)


def _moment(said: str) -> datetime | None:
    """A moment in milliseconds; None if it is none, or one before 1973."""
    if not _MILLISECONDS.fullmatch(said):
        return None
    return datetime.fromtimestamp(int(said) / 1000, UTC)


def _status(said: str) -> LegStatus:
    """A status that is not there yet, or not known here, claims no more than a dial."""
    try:
        return LegStatus(said)
    except ValueError:
        return LegStatus.DIALING


def cause_of(error: Exception) -> str:
    """The error in words, never empty; for operators, as it may name addresses."""
    if isinstance(error, ServerError):
        said = error.message or "no Twirp error in the body"
        found = cleaned(f"{error.code} (HTTP {error.status}): {said}", MAX_MESSAGE)
        wrong = _MISCONFIGURED.get(_code(error), "")
        return f"{wrong}: {found}" if wrong else found
    if isinstance(error, TimeoutError):
        return f"no answer in time ({type(error).__name__})"
    return cleaned(f"{type(error).__name__}: {error}", MAX_MESSAGE)


def _failed(error: Exception) -> Refused | NeverSent | NoReply:
    if isinstance(error, ServerError):
        return _answered(error)
    redirected = isinstance(error, aiohttp.RedirectClientError)
    if isinstance(error, _NEVER_SENT) and not redirected:
        # Callers see this; the text of the error has the address.
        return NeverSent(f"LiveKit cannot be reached ({type(error).__name__})")
    return NoReply(cause_of(error))


def _answered(error: ServerError) -> Refused | NoReply:
    if _is_twirp(error):
        return Refused(_failure(error))
    if code := _code(error):
        detail = f"HTTP {error.status} without a Twirp error"
        return Refused(Failure(cause=cause(code, detail), detail=detail))
    return NoReply(cause_of(error))


def _code(error: Exception) -> str:
    """LiveKit's code; empty if the answer is none of LiveKit's."""
    if not isinstance(error, ServerError):
        return ""
    return error.code if _is_twirp(error) else _PLAIN_TEXT_CODES.get(error.status, "")


def _is_twirp(error: ServerError) -> bool:
    """Whether LiveKit wrote the body; something in between may answer in its own JSON."""
    if error.code not in _TWIRP_CODES or not isinstance(error.message, str):
        return False
    return error.code != ServerErrorCode.UNKNOWN or bool(error.message)


def _failure(error: ServerError) -> Failure:
    metadata = _metadata(error)
    text = cleaned(error.message.removeprefix(_PREFIX), MAX_MESSAGE)
    code, detail = _number(metadata.get("sip_status_code", "")), text or error.code
    if code:
        status = cleaned(metadata.get("sip_status", ""))
        return Failure(code, status, detail=detail, told_code=error.code)
    return Failure(cause=cause(error.code, text), detail=detail)


def _metadata(error: Exception) -> dict[str, str]:
    """The error's facts, as far as they are texts."""
    facts: object = error.metadata if isinstance(error, ServerError) else {}
    if not isinstance(facts, dict):
        return {}
    return {name: value for name, value in facts.items() if isinstance(value, str)}


def _number(text: str) -> int:
    return sip_code(int(text)) if _SIP_CODE.fullmatch(text) else 0
