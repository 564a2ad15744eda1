"""The rules for the fields of call and transfer requests, each by itself."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from gateway.domain import fields
from gateway.domain.agents.call_agent import MAX_JOIN, MIN_JOIN, AgentRequest
from gateway.domain.calls.call import Codec, LegOptions
from gateway.domain.calls.requests import CallRef, PlaceCall, TransferCall
from gateway.domain.numbers import e164
from gateway.domain.timeouts import within
from gateway.domain.together import Together
from gateway.errors import invalid_field

MAX_ATTRIBUTES_BYTES = MAX_METADATA_BYTES = 64 * 1024
MAX_ATTRIBUTES = 64
MAX_DIGITS = 64
MAX_DISPLAY_NAME = 128
MAX_MEDIA_TIMEOUT = timedelta(seconds=600)
MAX_CODECS = 16

_DIGITS = re.compile(r"[0-9A-D*#w]*")
_CODEC = re.compile(r"[A-Za-z0-9._-]{1,32}")
_RESERVED_ATTRIBUTES = ("sip.", "lk.", "gateway.")


def place_call(asked: PlaceCall, allowed_headers: Iterable[str]) -> None:
    """Every field that can be checked by itself; the rest is decided with the tenant."""
    with Together() as check:
        if asked.caller_id:
            check(e164.phone_number, "caller_id", asked.caller_id)
        check(fields.request_id, asked.request_id)
        check(fields.name, "room", asked.room)
        check(fields.name, "participant.identity", asked.identity)
        check(fields.labels, asked.labels)
        check(_trunk_id, asked.trunk_id)
        check(_leg, asked.leg, allowed_headers)
        if asked.agent is not None:
            check(_agent, asked.agent)
        elif asked.dial_at_once:
            raise invalid_field("dial_at_once", "must not be set without agent")


def transfer_call(asked: TransferCall, allowed_headers: Iterable[str]) -> None:
    """Every field of a transfer, except its target, that can be checked by itself."""
    with Together() as check:
        check(fields.request_id, asked.request_id)
        check(fields.headers, "headers", asked.headers, allowed_headers)


def call_ref(ref: CallRef) -> None:
    """Which call is meant: by its id, or by room and identity of its leg."""
    with Together() as check:
        check(fields.name, "call_id", ref.call_id)
        check(fields.name, "room", ref.room)
        check(fields.name, "participant_identity", ref.identity)
        if not ref.call_id and not (ref.room and ref.identity):
            raise invalid_field("call_id", "is required, or room and participant_identity")


def _trunk_id(value: str) -> None:
    if len(value) > fields.MAX_LABEL_KEY:
        raise invalid_field("trunk_id", f"must have at most {fields.MAX_LABEL_KEY} characters")


def _leg(leg: LegOptions, allowed_headers: Iterable[str]) -> None:
    with Together() as check:
        check(fields.name, "participant.name", leg.participant_name)
        check(metadata, "participant.metadata", leg.participant_metadata)
        check(attributes, leg.participant_attributes)
        check(_digits, leg.digits)
        check(_display_name, leg.display_name)
        check(fields.headers, "headers", leg.headers, allowed_headers)
        check(_codecs, leg.codecs)
        check(_media_timeout, leg.media_timeout)


def metadata(field: str, value: str) -> None:
    """Of a participant or a job; nobody here reads it."""
    if len(value.encode()) > MAX_METADATA_BYTES:
        raise invalid_field(field, f"must be at most {MAX_METADATA_BYTES} bytes")


def _agent(asked: AgentRequest) -> None:
    with Together() as check:
        check(_agent_name, asked.agent_name)
        check(metadata, "agent.metadata", asked.agent_metadata)
        check(attributes, asked.agent_attributes, "agent.attributes")
        if asked.join_timeout is not None:
            check(within, "agent.join_timeout", asked.join_timeout, MIN_JOIN, MAX_JOIN)


def _agent_name(value: str) -> None:
    if not value:
        raise invalid_field("agent.agent_name", "is required")
    fields.name("agent.agent_name", value)


def _digits(value: str) -> None:
    if len(value) > MAX_DIGITS or not _DIGITS.fullmatch(value):
        raise invalid_field(
            "digits",
            f"must be at most {MAX_DIGITS} of 0-9, A-D, *, # and w (half a second)",
            value=fields.printable(value),
        )


def _display_name(value: str | None) -> None:
    if value is not None:
        fields.plain("display_name", value, MAX_DISPLAY_NAME)
        if any(char in value for char in '"\\<>'):
            raise invalid_field("display_name", 'must not contain any of " \\ < >')


def _codecs(codecs: Sequence[Codec]) -> None:
    if len(codecs) > MAX_CODECS:
        raise invalid_field("media.codecs", f"must be at most {MAX_CODECS}")
    with Together() as check:
        for at, codec in enumerate(codecs):
            check(_codec, f"media.codecs[{at}]", codec)


def _codec(field: str, codec: Codec) -> None:
    with Together() as check:
        check(_codec_name, f"{field}.name", codec.name)
        if codec.rate < 0:
            raise invalid_field(f"{field}.rate", "must not be negative")


def _codec_name(field: str, value: str) -> None:
    if not _CODEC.fullmatch(value):
        raise invalid_field(field, "must be an SDP encoding name")


def _media_timeout(value: timedelta | None) -> None:
    if value is not None and not timedelta(0) < value <= MAX_MEDIA_TIMEOUT:
        raise invalid_field("media.media_timeout", "must be above 0 and at most 600s")


def attributes(values: Mapping[str, str], field: str = "participant.attributes") -> None:
    """Attributes of a participant or a job; LiveKit's and the gateway's own cannot be forged."""
    if len(values) > MAX_ATTRIBUTES:
        raise invalid_field(field, f"must be at most {MAX_ATTRIBUTES} entries")
    if sum(len(k.encode()) + len(v.encode()) for k, v in values.items()) > MAX_ATTRIBUTES_BYTES:
        raise invalid_field(field, f"must be at most {MAX_ATTRIBUTES_BYTES} bytes in all")
    with Together() as check:
        for key, value in values.items():
            check(_attribute, field, key, value)


def _attribute(field: str, key: str, value: str) -> None:
    if key.lower().startswith(_RESERVED_ATTRIBUTES):
        shown = fields.printable(key)
        raise invalid_field(field, "must not begin with sip., lk. or gateway.", key=shown)
    if not key or not fields.is_plain(key):
        raise invalid_field(field, "must have printable keys")
    if not fields.is_plain(value):  # a trunk's attributes_to_headers sends it as a SIP header
        raise invalid_field(
            f"{field}[{fields.printable(key)}]",
            "must not contain control characters",
            value=fields.printable(value),
        )
