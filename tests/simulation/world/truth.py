"""What really happened at the phones and at LiveKit, whatever anybody was told of it."""

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class Invite:
    """One INVITE that reached a phone, and what became of it. Times are virtual; None: never."""

    number: str
    """The phone's, E.164."""
    call_id: str
    """`gateway.callId` of the request."""
    trunk: str
    """LiveKit's id of the trunk that carried it."""
    room: str
    identity: str
    sip_call_id: str
    gateway: str
    """Who asked for it."""
    arrived: float
    rang: float | None = None
    answered: float | None = None
    ended: float | None = None
    status: int = 0
    """The final SIP status of the phone; 487: cancelled before; 0: none yet."""
    ended_by: str = ""
    """callee, platform (removed by request, limit or restart), transfer, caller (it gave up)."""


@dataclass(slots=True, kw_only=True)
class DialRequest:
    """A CreateSIPParticipant that reached LiveKit."""

    time: float
    gateway: str
    call_id: str
    trunk: str
    number: str
    ringing_timeout: float


@dataclass(slots=True, kw_only=True)
class ReferRequest:
    """A TransferSIPParticipant that reached LiveKit, and its true outcome."""

    time: float
    gateway: str
    room: str
    identity: str
    target: str
    final: int = 0
    settled: float | None = None


@dataclass(slots=True, kw_only=True)
class Hears:
    """One participant of a room hears another, from `begin` on. Names: of a phone its SCL id."""

    room: str
    listener: str
    speaker: str
    begin: float
    end: float | None = None


@dataclass(slots=True, kw_only=True)
class Apart:
    """A leg is kept from the room by its permissions, from `begin` on."""

    leg: str
    deaf: bool
    hidden: bool
    begin: float
    end: float | None = None


@dataclass(slots=True, kw_only=True)
class Stay:
    """An agent is in a room, from `begin` on."""

    room: str
    identity: str
    begin: float
    end: float | None = None


@dataclass(slots=True, kw_only=True)
class Dispatched:
    """A CreateDispatch that LiveKit took."""

    time: float
    gateway: str
    call_id: str
    room: str
    dispatch_id: str
    joined: float | None = None
    """When its agent was connected; None: it never came."""


@dataclass(slots=True)
class Truth:
    """Everything of one run, in the order in which it began."""

    dials: list[DialRequest] = field(default_factory=list)
    invites: list[Invite] = field(default_factory=list)
    refers: list[ReferRequest] = field(default_factory=list)
    present: dict[tuple[str, str], str] = field(default_factory=dict)
    """The legs that are in a room now: (room, identity) → LiveKit's SCL id."""
    heard: list[Hears] = field(default_factory=list)
    apart: list[Apart] = field(default_factory=list)
    agents: list[Stay] = field(default_factory=list)
    musicians: dict[str, None] = field(default_factory=dict)
    """Identities of those who play music for a leg that is set apart."""
    dispatches: list[Dispatched] = field(default_factory=list)
