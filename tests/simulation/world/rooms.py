"""LiveKit's rooms and who is in them, as the server keeps them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from livekit.protocol.models import ParticipantInfo

from gateway.domain.calls.inbound import Change
from gateway.domain.calls.observation import LeaveReason
from tests.simulation.engine.history import History
from tests.simulation.engine.loop import NodeLoop
from tests.simulation.world.notices import Notices
from tests.simulation.world.truth import Truth

HEARS_AFTER = 0.005
"""Seconds until a SIP node hears that its participant was taken out."""

_STATES = ParticipantInfo.State


@dataclass(slots=True, eq=False)
class Participant:
    """A SIP participant. `removed` tells its SIP node that the server has taken it out."""

    room: str
    identity: str
    attributes: dict[str, str]
    removed: Callable[[], None]
    sid: str = ""
    state: ParticipantInfo.State = _STATES.JOINING
    connected: bool = True
    """Its SIP node and the server know of each other."""
    left: LeaveReason | None = None
    """Why it has left, or will leave as soon as it is connected again."""
    shown: ParticipantInfo = field(default_factory=ParticipantInfo)
    """What the server shows of it."""

    @property
    def sip_call_id(self) -> str:
        """LiveKit's id of its call."""
        return self.attributes["sip.callID"]

    @property
    def is_held(self) -> bool:
        """A server can take it out."""
        return self.connected and self.state is not _STATES.JOINING

    def show(self) -> None:
        """The server learns how it is now."""
        self.shown = ParticipantInfo(
            sid=self.sid,
            identity=self.identity,
            state=self.state,
            kind=ParticipantInfo.Kind.SIP,
            attributes=self.attributes,
        )


class Rooms:
    """Rooms by name, and the notices of their comings and goings."""

    def __init__(
        self,
        loop: NodeLoop,
        history: History,
        truth: Truth,
        notices: Notices,
        ids: Callable[[int], str],
    ) -> None:
        self._loop = loop
        self._history = history
        self._truth = truth
        self._notices = notices
        self._ids = ids
        self._rooms: dict[str, dict[str, Participant]] = {}
        self._server = 0
        self.is_up: Callable[[], bool] = lambda: True
        """Whether the server runs, so that anybody can join."""
        self.keeps_ghosts = False
        """One that leaves while it is not connected stays in the list until its room is deleted."""

    def names(self) -> list[str]:
        """Of all rooms, in the order in which they were made."""
        return list(self._rooms)

    def people(self, room: str) -> list[Participant]:
        """Those in the room; nobody if there is none."""
        return list(self._rooms.get(room, {}).values())

    def find(self, room: str, identity: str) -> Participant | None:
        """The participant that is listed."""
        return self._rooms.get(room, {}).get(identity)

    def make(self, room: str) -> None:
        """The room exists, if only until somebody leaves it or deletes it."""
        self._rooms.setdefault(room, {})

    def enter(self, one: Participant) -> None:
        """Joins; another of the same identity is cut. It is listed at once."""
        if (other := self.find(one.room, one.identity)) is not None:
            self.remove(other, LeaveReason.DUPLICATE_IDENTITY)
        one.sid = f"PA_{self._ids(6)}"
        one.show()
        self._rooms.setdefault(one.room, {})[one.identity] = one
        self._truth.present[one.room, one.identity] = one.sip_call_id
        self._tell(one, "joins")

    def activate(self, one: Participant) -> None:
        """Has joined: its media are connected."""
        one.state = _STATES.ACTIVE
        one.show()
        self._notices.tell(one.shown, one.room, Change.JOINED)

    def change(self, one: Participant, **attributes: str) -> None:
        """New values of its `sip.` attributes, seen as long as it is connected."""
        one.attributes.update({f"sip.{name}": value for name, value in attributes.items()})
        if one.connected and one.left is None:
            one.show()

    def leave(self, one: Participant, reason: LeaveReason) -> None:
        """Leaves by itself; the first reason counts."""
        if one.left is None:
            one.left = reason
            if one.connected:
                self._out(one, reason)

    def remove(self, one: Participant, reason: LeaveReason) -> None:
        """Taken out by the server; its SIP node hears of it as soon as it is connected."""
        if one.left is None:
            one.left = reason
            self._out(one, reason)
            if one.connected:
                self._loop.call_later(HEARS_AFTER, one.removed)
        else:
            self._out(one, reason)

    def delete(self, room: str) -> bool:
        """Takes everybody out; False if there is no such room."""
        if room not in self._rooms:
            return False
        for one in self.people(room):
            self.remove(one, LeaveReason.ROOM_DELETED)
        self._rooms.pop(room, None)
        return True

    def forget(self) -> None:
        """All is lost, and nobody is told."""
        self._rooms.clear()
        self._truth.present.clear()

    def disconnect(self, reconnects: Callable[[], float]) -> None:
        """The server is another process now; the SIP nodes join again, each after its time."""
        self._server += 1
        for room in self._rooms.values():
            for one in room.values():
                one.connected = False
                self._loop.call_later(reconnects(), self._reconnect, one, self._server)

    def _reconnect(self, one: Participant, server: int) -> None:
        listed = self.find(one.room, one.identity) is one
        if listed and server != self._server:
            return  # that server is gone as well
        one.connected = True
        if not listed:
            if one.left in _BY_SERVER:
                one.removed()
        elif one.left is None:
            one.sid = f"PA_{self._ids(6)}"
            one.show()
            self._tell(one, "joins again")
            self._notices.tell(one.shown, one.room, Change.JOINED)
        elif self.keeps_ghosts:
            one.connected = False
            self._tell(one, "stays as a ghost")
        else:
            self._out(one, LeaveReason.CONNECTION_TIMEOUT)

    def _out(self, one: Participant, reason: LeaveReason) -> None:
        room = self._rooms.get(one.room, {})
        if room.get(one.identity) is not one:
            return
        del room[one.identity]
        del self._truth.present[one.room, one.identity]
        if not room:
            del self._rooms[one.room]
        one.state = _STATES.DISCONNECTED
        one.show()
        self._tell(one, "leaves", reason=reason)
        self._notices.tell(one.shown, one.room, Change.LEFT, reason)

    def _tell(self, one: Participant, what: str, **about: str) -> None:
        call_id = one.attributes.get("gateway.callId", "")
        self._history.tell(
            "livekit", what, call_id=call_id, room=one.room, sip_call_id=one.sip_call_id, **about
        )


_BY_SERVER = {
    LeaveReason.ROOM_DELETED,
    LeaveReason.PARTICIPANT_REMOVED,
    LeaveReason.DUPLICATE_IDENTITY,
}
