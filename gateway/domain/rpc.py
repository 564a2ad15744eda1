"""What is known of a request besides its content."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.tenant import Right


class DoorGrant(StrEnum):
    """What a token's grants open at the LiveKit door, by LiveKit's names of them."""

    ROOM_ADMIN = "roomAdmin"
    ROOM_CREATE = "roomCreate"
    ROOM_LIST = "roomList"
    SIP = "sip"
    """`sip.call` or `sip.admin`: with either, trunks are listed."""
    EVERY_ROOM = "every room"
    """LiveKit's tokens name the room that they administer; other proofs of identity do not."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of a request: a tenant with one of its keys, narrowed by the token's grants."""

    key: str
    """The key, the SPIFFE id of its certificate, or issuer and subject of its token."""
    tenant_id: str
    rights: frozenset[Right]
    room: str = ""
    """If a token names one room, only that room's calls exist for it."""
    grants: frozenset[DoorGrant] = frozenset()
    """None without the key's right CALL. At our own API they open nothing."""
    expire_time: datetime | None = None
    """When the token, its key or the certificate expires, whichever comes first; None: never."""
    signed_by: str = ""
    """What its issuer tells of the key that has signed its token; empty: another proof."""

    def reaches(self, room: str) -> bool:
        """Whether calls in the room exist for its token."""
        return self.room in ("", room)

    def administers(self, room: str) -> bool:
        """Whether LiveKit would let it change who is in the room."""
        admin = DoorGrant.ROOM_ADMIN in self.grants
        return admin and (room == self.room or DoorGrant.EVERY_ROOM in self.grants)


_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NOWHERE = ("0" * 32, "0" * 16)
MAX_STATE = 512
"""Characters of a tracestate that is passed on; W3C asks for no more."""
MAX_MEMBERS = 32
SAMPLED, KNOWN_FLAGS = 1, 3


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A span of somebody's: what begins under it names it."""

    traceparent: str
    """In version 00: `00-TRACE-SPAN-FLAGS`."""
    tracestate: str = ""
    """What tracing systems add; passed on as it is."""

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        return self.traceparent[3:35]

    @property
    def span_id(self) -> str:
        """16 hexadecimal digits."""
        return self.traceparent[36:52]

    @property
    def flags(self) -> int:
        """The bits that W3C defines."""
        return int(self.traceparent[53:], 16) & KNOWN_FLAGS

    @property
    def sampled(self) -> bool:
        """Whether it is recorded."""
        return bool(self.flags & SAMPLED)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Rpc:
    """One request under way: its caller, wire and deadline. Compared by identity."""

    method: str
    """Service and method, such as `CallService/PlaceCall`."""
    wire: str
    peer: str
    rpc_id: str
    caller: Caller
    trace_id: str = ""
    """Of its own span, or as its client has told it."""
    trace: TraceContext | None = None
    """Its own span; None: nothing is traced."""
    deadline: float | None = None
    """Until when its client waits, by `Clock.elapsed`; None: as long as it takes."""
    request_id: str = ""
    """The client's own id of the request, if it came outside the content."""

    @property
    def tenant_id(self) -> str:
        """The caller's tenant; empty for an operator."""
        return self.caller.tenant_id


def trace_context(traceparent: str, tracestate: str = "") -> TraceContext | None:
    """What these headers say; None if that is nothing, or not in W3C's form.

    A tracestate that is too long is left out: the trace goes on without it.
    """
    found = _FORM.fullmatch(traceparent.strip())
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    longer = more is not None and version == "00"
    if version == "ff" or longer or trace_id == _NOWHERE[0] or span_id == _NOWHERE[1]:
        return None
    kept = len(tracestate) <= MAX_STATE and tracestate.count(",") < MAX_MEMBERS
    state = tracestate.strip() if kept and tracestate.isascii() and tracestate.isprintable() else ""
    return TraceContext(f"00-{trace_id}-{span_id}-{flags}", state)
