"""Who hears whom in LiveKit's rooms: permissions, tracks, subscriptions, as the server keeps them.

Measured on LiveKit 1.13: a hidden participant is not announced, so the SIP node of whoever comes
meanwhile learns nothing of its track, and subscribes when it is shown; an agent that comes
meanwhile has to be subscribed by request, taking it back first. Whoever was there before hears it
on. Permissions outlast a restart of the server, subscriptions by request do not.
"""

from collections.abc import Callable, Iterable

from livekit.protocol.models import ParticipantPermission

from tests.simulation.world.participant import Participant
from tests.simulation.world.truth import Apart, Hears, Truth

Pair = tuple[str, str]


class Hearing:
    """Subscriptions, and the truth of what comes of them. `people`: who is in a room."""

    def __init__(
        self,
        truth: Truth,
        people: Callable[[str], list[Participant]],
        now: Callable[[], float],
        ids: Callable[[int], str],
    ) -> None:
        self._truth = truth
        self._people = people
        self._now = now
        self._ids = ids
        self._heard: dict[str, dict[Pair, Hears]] = {}
        self._apart: dict[str, Apart] = {}

    def publish(self, one: Participant) -> None:
        """Its media are up, or are so again: a new track, and its own subscriptions from anew."""
        one.track = f"TR_{self._ids(6)}"
        for tracks in (one.subscribed, one.known, one.stuck):
            tracks.clear()
        for other in self._others(one):
            _learn(one, other)
            if one.permission.hidden and not other.is_phone:
                other.subscribed[one.track] = None  # the server does that for those who are there
            elif not one.permission.hidden:
                _learn(other, one)
        self.change(one.room)

    def permit(self, one: Participant, permission: ParticipantPermission) -> None:
        """All its permissions are replaced."""
        shown = one.permission.hidden and not permission.hidden
        one.permission.CopyFrom(permission)
        if shown and one.track:
            for other in self._others(one):
                if other.is_phone:
                    _learn(other, one)
                other.known[one.track] = None
        self._note(one)
        self.change(one.room)

    def subscribe(self, listener: Participant, tracks: Iterable[str], *, wanted: bool) -> None:
        """By request; an unknown track is passed over in silence."""
        others = {other.track: other for other in self._others(listener)}
        for track in tracks:
            if not wanted:
                listener.subscribed.pop(track, None)
                listener.stuck.pop(track, None)
            elif track not in others or track in listener.stuck:
                continue
            elif track in listener.known or not others[track].permission.hidden:
                listener.known[track] = listener.subscribed[track] = None
            else:
                listener.stuck[track] = None
        self.change(listener.room)

    def gone(self, one: Participant) -> None:
        """It is not in its room any more."""
        if (apart := self._apart.pop(one.name, None)) is not None:
            apart.end = self._now()
        self.change(one.room)

    def change(self, room: str) -> None:
        """Something is different in this room: who hears whom from now on."""
        heard, now = self._heard.get(room), self._now()
        pairs = _pairs(self._people(room))
        if not pairs and not heard:
            return
        if heard is None:
            heard = self._heard[room] = {}
        for pair in [pair for pair in heard if pair not in pairs]:
            heard.pop(pair).end = now
        for listener, speaker in pairs:
            if (listener, speaker) not in heard:
                hears = Hears(room=room, listener=listener, speaker=speaker, begin=now)
                heard[listener, speaker] = hears
                self._truth.heard.append(hears)
        if not heard:
            del self._heard[room]

    def _others(self, one: Participant) -> list[Participant]:
        """Those in its room that have media."""
        return [other for other in self._people(one.room) if other is not one and other.track]

    def _note(self, one: Participant) -> None:
        """What is kept from it by its permissions, for the truth."""
        kept = (not one.permission.can_subscribe, one.permission.hidden)
        before = self._apart.get(one.name)
        if before is not None and (before.deaf, before.hidden) == kept:
            return
        if before is not None:
            before.end = self._now()
            del self._apart[one.name]
        if any(kept):
            apart = Apart(leg=one.name, deaf=kept[0], hidden=kept[1], begin=self._now())
            self._apart[one.name] = apart
            self._truth.apart.append(apart)


def _learn(listener: Participant, speaker: Participant) -> None:
    """It is told of the speaker, if that is not hidden. A track that it knows is nothing new."""
    track = speaker.track
    if speaker.permission.hidden:
        if not listener.is_phone:
            listener.stuck[track] = None
    elif track not in listener.known:
        listener.known[track] = listener.subscribed[track] = None


def _pairs(people: list[Participant]) -> dict[Pair, None]:
    """Who hears whom: (listener, speaker)."""
    present = [one for one in people if one.track and one.connected]
    if len(present) < 2:
        return {}
    return {
        (listener.name, speaker.name): None
        for listener in present
        if listener.permission.can_subscribe
        for speaker in present
        if speaker is not listener and speaker.track in listener.subscribed
        if speaker.plays_to in ("", listener.identity)
    }
