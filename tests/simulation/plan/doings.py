"""The things that a plan is made of. Times and spans are seconds of virtual time."""

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """How a phone receives one INVITE."""

    rings_after: float | None = 0.2
    """Seconds from the INVITE to 180 Ringing; None: it never rings."""
    final: int | None = 200
    """The final SIP status: 200 answers; None: none ever comes."""
    after: float = 2.0
    """Seconds from ringing (from the INVITE, if it never rings) to the final status."""
    talks: float | None = 10.0
    """Seconds from the answer until the callee hangs up; None: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferReception:
    """How a phone takes a REFER."""

    final: int | None = 200
    """The status in the final NOTIFY; 200: handed over, and the leg ends. None: none comes."""
    after: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """Something that is done at a time."""

    time: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Doing):
    """A client places a call; `number` names it for all other doings."""

    number: int
    """Unique in the plan; the call's label `sim` says it."""
    tenant: str
    gateway: int
    """The gateway that is asked first."""
    to: str
    """E.164; each Place calls a phone of its own."""
    receptions: tuple[Reception, ...]
    """The first INVITE meets the first, and so on; the last one repeats."""
    refer: ReferReception = ReferReception()
    ringing_timeout: float | None = None
    setup_timeout: float | None = None
    max_duration: float | None = None
    wait: bool = False
    request_id: str = ""
    keep_on_disconnect: bool = False
    end_room_on_hangup: bool = False
    room: str = ""
    identity: str = ""
    trunk_id: str = ""
    agent: str = ""
    """What it does its name says; empty: there is none."""
    join_timeout: float | None = None
    keeps: bool = False
    """The call goes on where its agent does not come."""
    dial_at_once: bool = False
    deadline: float | None = None
    """The client's own deadline."""
    leaves_after: float | None = None
    """The client breaks the connection."""
    repeats: tuple[tuple[float, int], ...] = ()
    """The same request again: seconds after the first, at which gateway."""


class Verb(StrEnum):
    """What a client may do with a call."""

    HANG_UP = "hang up"
    TRANSFER = "transfer"
    UPDATE = "update"
    GET = "get"
    HOLD = "hold"
    RESUME = "resume"
    COMPLETE = "complete"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Doing):
    """A client's command for a call that it knows; nothing if it does not know it yet."""

    number: int
    """Of the Place (or RingIn) whose call it is for."""
    verb: Verb
    gateway: int
    timeout: float | None = None
    """TRANSFER: its ringing timeout. UPDATE: the new max_duration."""
    hang_up_on_timeout: bool = False
    end_room: bool = False
    wait: bool = False
    mute: bool = False
    """HOLD: nobody hears the phone either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consult(Doing):
    """A client begins a warm transfer of a call that it knows; nothing if it does not know it."""

    number: int
    """Of the Place (or RingIn) whose call it is for."""
    gateway: int
    to: str
    """The human's phone, E.164; each Consult of a call calls the same one."""
    receptions: tuple[Reception, ...]
    request_id: str = ""
    ringing_timeout: float = 10.0
    consult_timeout: float = 20.0
    wait: bool = False
    on_answer: bool = False
    """It is completed as soon as the human has answered."""
    everybody: bool = False
    """The caller hears everybody from the beginning."""
    music: bool = False
    """The caller hears music, if somebody plays."""
    agent_deaf: bool = False
    """Those who were in the room do not hear the caller meanwhile."""
    hang_up: bool = False
    """The caller is hung up if it fails."""
    leaves: str = ""
    """The identity of the agent that leaves when it is completed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Join(Doing):
    """An agent joins the room in which the leg of a call is, until no phone is there any more."""

    number: int
    """Of the Place (or RingIn)."""
    identity: str
    plays: bool = False
    """It plays music for that leg alone, and hears nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RingIn(Doing):
    """A phone calls one of a tenant's numbers: LiveKit lets it into a room by itself."""

    number: int
    tenant: str
    caller: str
    called: str
    answered_after: float | None = 1.0
    """Until an agent takes the call; None: the caller gives up after `gives_up`."""
    gives_up: float = 20.0
    talks: float | None = 10.0
    """Seconds from the answer until the caller hangs up; None: never."""
    refer: ReferReception = ReferReception()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch(Doing):
    """A client watches all events of a tenant from the first on, to the end of the run.

    Where its stream ends it goes on at the next gateway after the last event that it has seen.
    """

    tenant: str
    gateway: int
    polls: bool = False
    """By ListCallEvents instead of the stream."""


class Fault(StrEnum):
    """What can go wrong. `target` and `size` mean what is said here; `lasting` is in seconds."""

    KILL = "gateway killed"
    """Gateway `target`, `size` callbacks after the time; started again after `lasting`."""
    FREEZE = "gateway frozen"
    """Gateway `target`, for `lasting`."""
    DRAIN = "gateway stopped"
    """Gateway `target` is told to stop, as by SIGTERM; started again after `lasting`."""
    CLOCK_JUMP = "clock jumped"
    """The wall clock of gateway `target` jumps by `size`, and back after `lasting`."""
    CUT_LIVEKIT = "gateway cut from LiveKit"
    """Gateway `target` and LiveKit do not reach each other for `lasting`."""
    LIVEKIT_SLOW = "LiveKit slow"
    """Each of its answers takes `size` seconds longer, for `lasting`."""
    LIVEKIT_AWAY = "LiveKit away"
    """Connections to it fail, for `lasting`; its legs live on."""
    LIVEKIT_RESTART = "LiveKit restarted"
    """Requests under way are lost, rooms are lost or not (`size` 1 or 0); away for `lasting`."""
    LIVEKIT_FULL = "LiveKit full"
    """It refuses new dials, for `lasting`."""
    LIVEKIT_GARBAGE = "LiveKit answers with garbage"
    """A share `size` of its answers, for `lasting`."""
    LIVEKIT_KEY_REFUSED = "LiveKit refuses the key"
    """Every request is answered 401, for `lasting`."""
    NOTICES_LOST = "notices lost"
    """A share `size` of them, for `lasting`."""
    NOTICES_LATE = "notices late"
    """Each by up to `size` seconds, so they come out of order, for `lasting`."""
    NOTICES_TWICE = "notices twice"
    """A share `size` of them come again later, for `lasting`."""
    DATABASE_AWAY = "database away"
    """Every statement fails, for `lasting`."""
    DATABASE_SLOW = "database slow"
    """Each read and commit takes up to `size` seconds longer, for `lasting`."""
    COMMIT_REFUSED = "commit failed"
    """A share `size` of commits fails and stores nothing, for `lasting`."""
    ANSWER_LOST = "commit's answer lost"
    """A share `size` of commits is stored, and its connection breaks before it says so."""
    RECEIVER_AWAY = "receiver away"
    """The receiver of tenant `tenant`'s webhooks fails every delivery, for `lasting`."""
    RECEIVER_SLOW = "receiver slow"
    """It takes `size` seconds longer, for `lasting`; its answer may come too late."""
    CONFIG_CHANGED = "configuration changed"
    """A new configuration: trunk `target` is disabled, and enabled again after `lasting`."""
    KEY_REVOKED = "key revoked"
    """Tenant `tenant`'s key; its clients use a new one from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike(Doing):
    """A fault strikes."""

    fault: Fault
    target: int = 0
    tenant: str = ""
    size: float = 0.0
    lasting: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run."""

    seed: str
    gateways: int = 3
    doings: tuple[Doing, ...] = ()
    """In the order of their times."""
    hears_notices: bool = True
    """LiveKit sends its notices to the gateways at all."""
    listens: bool = False
    """The database tells gateways of each other's commits, as PostgreSQL; else they look."""
    ahead: tuple[float, ...] = ()
    """By how many seconds the wall clock of each gateway is wrong from the start; others: 0."""
    patience: float = 600.0
    """How long after the last doing everything must be over."""
    tenants: tuple[str, ...] = field(default=("anna", "bert"))
    salt: int = 0
    """Another number is other chances (latencies, turns, shares) for the same plan."""

    @property
    def chances(self) -> str:
        """The seed of everything that is left to chance while the plan is carried out."""
        return f"{self.seed}+{self.salt}" if self.salt else self.seed
