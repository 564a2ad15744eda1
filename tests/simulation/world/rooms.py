"""LiveKit's rooms and who is in them, as the server keeps them."""

from collections.abc import Callable
from datetime import datetime

from livekit.protocol.agent_dispatch import AgentDispatch
from livekit.protocol.models import ParticipantInfo

from gateway.domain.calls.inbound import Change
from gateway.domain.calls.observation import LeaveReason
from tests.simulation.engine.history import History
from tests.simulation.engine.loop import NodeLoop
from tests.simulation.world.hearing import Hearing
from tests.simulation.world.notices import Notices
from tests.simulation.world.participant import Participant
from tests.simulation.world.truth import Stay, Truth

HEARS_AFTER = 0.005
"""Seconds until a SIP node hears that its participant was taken out."""
LEAVES_ALONE = 1.0
"""Seconds until an agent leaves a room in which no phone is left."""

_STATES = ParticipantInfo.State


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
        self._agents: dict[str, Stay] = {}
        self.dispatches: dict[str, dict[str, AgentDispatch]] = {}
        """By room; they go with it."""
        self.hearing = Hearing(truth, self.people, loop.time, ids)
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

    def bring(
        self,
        room: str,
        identity: str,
        attributes: dict[str, str] | None = None,
        time: datetime | None = None,
        *,
        plays_to: str = "",
    ) -> None:
        """An agent joins, if the room is there and nobody has its identity.

        `attributes` and `time` are those of one that LiveKit dispatched: its joining is told. One
        that `plays_to` a leg is a musician: it hears nobody, and only that leg hears it.
        """
        if room not in self._rooms or self.find(room, identity):
            return
        one = Participant(room, identity, attributes or {}, lambda: None, is_phone=False)
        one.joined_at = int(time.timestamp()) if time else 0
        one.sid = f"PA_{self._ids(6)}"
        one.state = _STATES.ACTIVE
        self._rooms[room][identity] = one
        if plays_to:
            one.play_to(plays_to)
            self._truth.musicians[identity] = None
        else:
            stay = Stay(room=room, identity=identity, begin=self._loop.time())
            self._agents[identity] = stay
            self._truth.agents.append(stay)
        self.hearing.publish(one)
        one.show()
        self._tell(one, "agent joins", identity=identity)
        if time:
            self._notices.tell(one.shown, room, Change.JOINED)

    def publish(self, one: Participant) -> None:
        """Its media are up: it is heard, and hears."""
        if self.find(one.room, one.identity) is one and one.left is None:
            self.hearing.publish(one)
            one.show()

    def activate(self, one: Participant) -> None:
        """Has joined: its signalling is connected."""
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
        self.dispatches.pop(room, None)
        return True

    def forget(self) -> None:
        """All is lost, and nobody is told."""
        lost = [one for people in self._rooms.values() for one in people.values()]
        self._rooms.clear()
        self.dispatches.clear()
        self._truth.present.clear()
        for one in lost:
            self._forgotten(one)

    def disconnect(self, reconnects: Callable[[], float]) -> None:
        """The server is another process now; the SIP nodes join again, each after its time."""
        self._server += 1
        for room in self._rooms.values():
            for one in room.values():
                one.connected = False
                self._loop.call_later(reconnects(), self._reconnect, one, self._server)
        for name in self.names():
            self.hearing.change(name)

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
            if one.track:
                self.hearing.publish(one)
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
        self._truth.present.pop((one.room, one.identity), None)
        if not room:
            del self._rooms[one.room]
            self.dispatches.pop(one.room, None)
        self._forgotten(one)
        one.state = _STATES.DISCONNECTED
        one.show()
        self._tell(one, "leaves", reason=reason)
        self._notices.tell(one.shown, one.room, Change.LEFT, reason)
        if not any(other.is_phone for other in room.values()):
            for other in room.values():
                self._loop.call_later(LEAVES_ALONE, self._leave_alone, other)

    def _leave_alone(self, agent: Participant) -> None:
        """An agent has nothing to do where no phone is, if none has come since."""
        if not any(one.is_phone for one in self.people(agent.room)):
            self.leave(agent, LeaveReason.CLIENT_INITIATED)

    def _forgotten(self, one: Participant) -> None:
        """It is in no room any more."""
        self.hearing.gone(one)
        if not one.is_phone and (stay := self._agents.pop(one.identity, None)) is not None:
            stay.end = self._loop.time()

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
