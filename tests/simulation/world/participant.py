"""A participant of a room, as LiveKit's server keeps it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from livekit.protocol.models import (
    ParticipantInfo,
    ParticipantPermission,
    TrackInfo,
    TrackType,
)

from gateway.domain.calls.observation import LeaveReason
from gateway.platform.livekit.masks import MUSICIAN, ROLE_ATTRIBUTE

_STATES = ParticipantInfo.State


def sip_permission() -> ParticipantPermission:
    """What LiveKit SIP's token allows."""
    return ParticipantPermission(
        can_subscribe=True, can_publish=True, can_publish_data=True, can_update_metadata=True
    )


@dataclass(slots=True, eq=False)
class Participant:
    """A phone's leg, or an agent. `removed` tells it that the server has taken it out."""

    room: str
    identity: str
    attributes: dict[str, str]
    removed: Callable[[], None]
    is_phone: bool = True
    sid: str = ""
    state: ParticipantInfo.State = _STATES.JOINING
    connected: bool = True
    """It and the server know of each other."""
    left: LeaveReason | None = None
    """Why it has left, or will leave as soon as it is connected again."""
    permission: ParticipantPermission = field(default_factory=sip_permission)
    track: str = ""
    """LiveKit's id of what it is heard by; empty: its media are not up."""
    subscribed: dict[str, None] = field(default_factory=dict)
    """The tracks that it gets, as far as its permission allows."""
    known: dict[str, None] = field(default_factory=dict)
    """The tracks of which it was told."""
    stuck: dict[str, None] = field(default_factory=dict)
    """The tracks to which it was subscribed while they were hidden: it gets none of them until
    that is taken back."""
    plays_to: str = ""
    """The only identity that may hear it; empty: everybody may."""
    joined_at: int = 0
    """Seconds since 1970; 0: nobody asks."""
    shown: ParticipantInfo = field(default_factory=ParticipantInfo)
    """What the server shows of it."""

    @property
    def sip_call_id(self) -> str:
        """LiveKit's id of its call; empty for an agent."""
        return self.attributes.get("sip.callID", "")

    @property
    def name(self) -> str:
        """Unlike any other's in a run."""
        return self.sip_call_id or self.identity

    @property
    def is_held(self) -> bool:
        """A server can take it out."""
        return self.connected and self.state is not _STATES.JOINING

    def play_to(self, identity: str) -> None:
        """It is a musician of this leg's."""
        self.plays_to = identity
        self.attributes[ROLE_ATTRIBUTE] = MUSICIAN
        self.permission.can_subscribe = False

    def show(self) -> None:
        """The server learns how it is now."""
        kinds = ParticipantInfo.Kind
        self.shown = ParticipantInfo(
            sid=self.sid,
            identity=self.identity,
            state=self.state,
            kind=kinds.SIP if self.is_phone else kinds.AGENT,
            attributes=self.attributes,
            permission=self.permission,
            joined_at=self.joined_at,
            tracks=[TrackInfo(sid=self.track, type=TrackType.AUDIO)] if self.track else (),
        )
