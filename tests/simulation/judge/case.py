"""The evidence put together: what belongs to each call, from every side."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf

from gateway.domain.calls.call import Call, Direction, EventType
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.transfer import OnFailure, Transfer, TransferMode, TransferState
from gateway.service.ledger.warm_record import WARM_METHOD, human_request_id
from tests.simulation.clients.messages import HANG_UP, LABEL, PLACE, UPDATE
from tests.simulation.clients.told import Told
from tests.simulation.judge.bounds import CROSSING, LATE
from tests.simulation.judge.ears import Ears
from tests.simulation.judge.evidence import GONE, Evidence, accepted, carried_out
from tests.simulation.judge.stored import Record
from tests.simulation.judge.weather import NOTICES, Weather
from tests.simulation.plan.doings import Command, Place, RingIn, Verb
from tests.simulation.world.truth import DialRequest, Invite, ReferRequest

NO_NUMBER = -1


@dataclass(slots=True)
class Story:
    """One call: as stored, as wanted, as told, and as it was at the phones. Times are virtual."""

    call: Call
    begin: float = 0.0
    """When it was stored, a moment after its `create_time`."""
    end: float | None = None
    """When its end was stored."""
    asked: float = 0.0
    """When it was asked for first."""
    deadline: float = 0.0
    """When its ringing timeout is over, as LiveKit was told with its first dial."""
    waited: float = 0.0
    """How long it waited for its agent before it was dialled, or would have at most."""
    place: Place | None = None
    ring_in: RingIn | None = None
    events: list[CallEvent] = field(default_factory=list)
    invites: list[Invite] = field(default_factory=list)
    dials: list[DialRequest] = field(default_factory=list)
    refers: list[ReferRequest] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)
    """The cold ones."""
    consultations: list[Transfer] = field(default_factory=list)
    """The warm ones."""
    human_of: Transfer | None = None
    """The warm transfer in which this call is the human's."""
    intents: list[Record] = field(default_factory=list)
    outcomes: list[Record] = field(default_factory=list)
    others: list[Record] = field(default_factory=list)
    """Audit records of other kinds that name the call."""
    told: list[Told] = field(default_factory=list)

    @property
    def inbound(self) -> bool:
        """The phone called; no INVITE was sent for it."""
        return self.call.direction is Direction.INBOUND

    @property
    def rang(self) -> list[Invite]:
        """The INVITEs whose phone rang or answered."""
        return [one for one in self.invites if one.rang is not None or one.answered is not None]

    @property
    def answered(self) -> Invite | None:
        """The INVITE that was answered; the last one, if it should be several."""
        found = [one for one in self.invites if one.answered is not None]
        return found[-1] if found else None

    @property
    def last(self) -> Invite | None:
        """The INVITE that arrived last."""
        return self.invites[-1] if self.invites else None

    def requests(self, method: str) -> list[Told]:
        """The requests of this kind about the call that may have been carried out."""
        return [one for one in self.told if one.method == method and carried_out(one)]

    def event(self, kind: EventType) -> CallEvent | None:
        """Its first event of this type."""
        return next((one for one in self.events if one.type is kind), None)


class Case:
    """All stories of a run, and what excuses them."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.plan = evidence.plan
        self.stored = evidence.stored
        self.truth = evidence.truth
        self.config = evidence.config
        self.ears = Ears(evidence.truth)
        self.weather = Weather(evidence.plan)
        self.places = {one.number: one for one in self.plan.doings if isinstance(one, Place)}
        self.ring_ins = {one.number: one for one in self.plan.doings if isinstance(one, RingIn)}
        self.told_of: dict[int, list[Told]] = defaultdict(list)
        for told in evidence.told:
            self.told_of[told.number].append(told)
        self._commands = _by_number(self.plan.doings)
        self._callers = {one.caller: one for one in self.ring_ins.values()}
        self.stories = {call.call_id: self._story(call) for call in self.stored.calls.values()}
        self._add_stored()
        self._by_room: dict[str, list[Story]] = defaultdict(list)
        self._at_place: dict[tuple[str, str], list[Story]] = defaultdict(list)
        for story in self.stories.values():
            self._time(story)
            self._by_room[story.call.room].append(story)
            self._at_place[story.call.room, story.call.participant_identity].append(story)
        self._add_humans()
        self._add_truth()
        for story in self.stories.values():
            _know_deadline(story)
        self.trunk_of = {one.trunk_id: one for one in self.config.trunks}

    def at(self, time: datetime) -> float:
        """The virtual second that a right clock calls this time."""
        return (time - self.evidence.epoch).total_seconds()

    def of_epoch(self, seconds: float | None) -> float:
        """The same of seconds since 1970; without them it is never."""
        return inf if seconds is None else seconds - self.evidence.epoch.timestamp()

    def when_recorded(self, record: Record) -> float:
        """The time in an audit record."""
        return self.at(datetime.fromisoformat(record.get("time")))

    def when(self, event: CallEvent) -> float:
        """When the event was stored."""
        found = self.evidence.committed.get((event.tenant_id, event.sequence))
        return self.at(event.event_time) if found is None else found

    def of_number(self, number: int) -> list[Story]:
        """The calls that a Place has become; one, if everything is right."""
        return [one for one in self.stories.values() if one.place and one.place.number == number]

    def unheard(self, story: Story) -> bool:
        """Whether a caller may have left before any gateway had heard of the leg."""
        if not story.inbound:
            return False
        lasted = [(one.ended or self.evidence.end) - one.arrived for one in story.invites]
        since = min([story.asked, *(one.arrived for one in story.invites)])
        late = self.weather.struck(since, self.over(story), NOTICES)
        return late or min(lasted, default=0.0) < CROSSING

    def troubled(self, story: Story) -> bool:
        """Whether a fault touched the call, so that less may be known of it."""
        return self.weather.struck(story.begin, self.over(story))

    def over(self, story: Story) -> float:
        """The end of the call or of its last leg, whichever is later."""
        ends = [self.evidence.end if one.ended is None else one.ended for one in story.invites]
        return max(ends, default=0.0) if story.end is None else max([story.end, *ends])

    def due(self, story: Story) -> float | None:
        """By when the call has ended if nothing is wrong; None: that depends on its caller."""
        call, answered = story.call, story.event(EventType.CALL_ANSWERED)
        if answered is not None:
            longest = call.longest_duration if story.requests(UPDATE) else call.max_duration
            return self.when(answered) + longest.total_seconds() + LATE
        if story.inbound or not call.attempts:
            return None
        return story.deadline + LATE

    def goes_on(self, story: Story) -> bool:
        """The call had not to end before the run did."""
        due = self.due(story)
        if story.call.ended or due is None:
            return False
        return due + self.weather.allowance(story.begin, due) > self.evidence.end

    def commands(self, story: Story, verb: Verb) -> Sequence[Command]:
        """The commands of the plan for this call."""
        number = _number_of(story)
        return [one for one in self._commands.get(number, ()) if one.verb is verb]

    def hung_up(self, story: Story) -> bool:
        """Whether a client may have asked for the end of the call."""
        return bool(story.requests(HANG_UP))

    def abandoned(self, story: Story) -> bool:
        """Whether a client that waited for the answer may have left."""
        place = story.place
        if place is None or not place.wait or place.keep_on_disconnect:
            return False
        return any(one.error in GONE for one in story.requests(PLACE))

    def room_ended(self, story: Story) -> bool:
        """Whether the end of the call, or of another in its room, may have ended the room."""
        return any(
            other.call.end_room_on_hangup
            or any(one.end_room for one in self.commands(other, Verb.HANG_UP))
            for other in self._by_room[story.call.room]
        )

    def roommates(self, story: Story) -> Sequence[Story]:
        """The other calls in the same room."""
        return [one for one in self._by_room[story.call.room] if one is not story]

    def timed_out(self, story: Story) -> bool:
        """Whether a transfer's timeout may have ended the call."""
        return any(one.hang_up_on_timeout for one in self.commands(story, Verb.TRANSFER))

    def wanted(self, story: Story) -> bool:
        """Whether anybody may have asked for the call's end before its time."""
        return (
            self.hung_up(story)
            or self.abandoned(story)
            or self.room_ended(story)
            or self.timed_out(story)
            or self.consulted(story)
        )

    def consulted(self, story: Story) -> bool:
        """Whether the end of a warm transfer may have ended the call: its human, or its caller."""
        human_of = story.human_of
        if human_of is not None and human_of.state is not TransferState.COMPLETED:
            return True
        return any(
            one.warm is not None
            and one.warm.on_failure is OnFailure.HANG_UP
            and one.state in (TransferState.FAILED, TransferState.CANCELED)
            for one in story.consultations
        )

    def heard_notices(self, gateway: str, time: float) -> bool:
        """Whether this gateway's process had heard a notice of LiveKit by then."""
        heard = False
        for one in self.evidence.heard:
            if one.time > time:
                break
            if one.gateway == gateway:
                heard = not one.began
        return heard

    def _story(self, call: Call) -> Story:
        place = self.places.get(int(call.labels.get(LABEL, NO_NUMBER)))
        ring_in = None if place else self._callers.get(call.caller_id)
        story = Story(call, place=place, ring_in=ring_in)
        story.told = self.told_of.get(_number_of(story), [])
        return story

    def _time(self, story: Story) -> None:
        """When it began and ended, whatever its gateway's clock says."""
        created, ended = story.event(EventType.CALL_CREATED), story.event(EventType.CALL_ENDED)
        call = story.call
        story.begin = self.at(call.create_time) if created is None else self.when(created)
        if call.end_time is not None:
            story.end = self.at(call.end_time) if ended is None else self.when(ended)
        placed = [one.asked for one in story.told if one.method == PLACE and accepted(one)]
        story.asked = min([story.begin, *placed])

    def _add_stored(self) -> None:
        for event in self.stored.events:
            if story := self.stories.get(event.call.call_id):
                story.events.append(event)
        for transfer in self.stored.transfers.values():
            if story := self.stories.get(transfer.call_id):
                warm = transfer.mode is TransferMode.WARM
                (story.consultations if warm else story.transfers).append(transfer)
        for record in self.stored.audit:
            if story := self.stories.get(record.get("call_id")):
                kinds = {"INTENT": story.intents, "OUTCOME": story.outcomes}
                kinds.get(record.get("kind"), story.others).append(record)

    def _add_humans(self) -> None:
        for transfer in self.stored.transfers.values():
            for human in self.humans(transfer):
                human.human_of = transfer
                human.asked = min(human.asked, self.begun(transfer))

    def begun(self, transfer: Transfer) -> float:
        """When the transfer was stored."""
        story = self.stories.get(transfer.call_id)
        for event in story.events if story else ():
            if event.transfer and event.transfer.transfer_id == transfer.transfer_id:
                return self.when(event)
        return self.at(transfer.create_time)

    def humans(self, transfer: Transfer) -> Sequence[Story]:
        """The call of a warm transfer's human, if it was placed."""
        claim = (transfer.tenant_id, WARM_METHOD, human_request_id(transfer))
        call_id = transfer.warm.human_call_id if transfer.warm else ""
        human = self.stories.get(call_id or self.stored.claims.get(claim, ""))
        return (human,) if human else ()

    def _add_truth(self) -> None:
        for invite in self.truth.invites:
            story = self.stories.get(invite.call_id)
            if story is None and not invite.call_id:
                story = self._adopted(invite)
            if story is not None:
                story.invites.append(_as_livekit_has_it(invite, story.ring_in))
        for dial in self.truth.dials:
            if story := self.stories.get(dial.call_id):
                story.dials.append(dial)
        for refer in self.truth.refers:
            if story := self.at_place(refer.room, refer.identity, refer.time):
                story.refers.append(refer)

    def _adopted(self, invite: Invite) -> Story | None:
        """The call that a caller's leg has become."""
        same = self._at_place[invite.room, invite.identity]
        return next((one for one in same if one.call.sip_call_id == invite.sip_call_id), None)

    def at_place(self, room: str, identity: str, time: float) -> Story | None:
        """The newest call that has this identity in this room and had begun by then."""
        same = [one for one in self._at_place[room, identity] if one.begin <= time]
        return same[-1] if same else None


def _know_deadline(story: Story) -> None:
    """By what LiveKit was told first, but never later than the request's own timeout."""
    story.waited = _waited(story.call)
    story.deadline = story.begin + story.waited + story.call.ringing_timeout.total_seconds()
    if story.dials:
        first = story.dials[0]
        story.deadline = min(story.deadline, first.time + first.ringing_timeout)


def _waited(call: Call) -> float:
    agent, begin = call.agent, call.create_time
    if agent is None or not (agent.awaited or agent.dial_time):
        return 0.0
    return ((agent.dial_time or agent.join_deadline(begin)) - begin).total_seconds()


def _number_of(story: Story) -> int:
    if story.place:
        return story.place.number
    return story.ring_in.number if story.ring_in else NO_NUMBER


def _as_livekit_has_it(invite: Invite, ring_in: RingIn | None) -> Invite:
    """A caller who gives up in the moment of the answer: LiveKit has answered."""
    if ring_in is None or ring_in.answered_after is None or invite.answered is not None:
        return invite
    answered = invite.arrived + ring_in.answered_after
    if invite.ended is None or answered > invite.ended + CROSSING:
        return invite
    return replace(invite, answered=answered)


def _by_number(doings: Iterable[object]) -> dict[int, list[Command]]:
    found: dict[int, list[Command]] = defaultdict(list)
    for one in doings:
        if isinstance(one, Command):
            found[one.number].append(one)
    return found
