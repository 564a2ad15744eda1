"""Which phones ring, how often, and by whose wish."""

from collections.abc import Iterator

from gateway.domain.calls.call import EventType
from tests.simulation.judge.bounds import CROSSING, JUST, UNSEEN_RINGING
from tests.simulation.judge.case import Case, Story
from tests.simulation.judge.evidence import Breach
from tests.simulation.world.truth import Invite


def rings_once(case: Case) -> Iterator[Breach]:
    """No phone rings twice for one call.

    A second INVITE leaves only if the phone has not rung before. Two races are left: a phone that
    begins to ring while the CANCEL is on its way, and, for a gateway that has heard none of
    LiveKit's notices since it began, ringing of less than 0.6 s.
    """
    for story in case.stories.values():
        for earlier, later in _pairs(story.invites):
            rang = _first_sound(earlier)
            if rang is None or rang > later.arrived:
                continue
            if not _unnoticed(case, earlier):
                text = f"{later.number} was dialled again {later.arrived - rang:.3f} s after it"
                yield Breach(story.call.call_id, f"{text} had rung", later.arrived)


def one_invite_at_a_time(case: Case) -> Iterator[Breach]:
    """The next trunk is tried only after the INVITE of the one before is over."""
    for story in case.stories.values():
        for earlier, later in _pairs(story.invites):
            if earlier.ended is None or earlier.ended > later.arrived + CROSSING:
                text = f"dialled by {later.gateway} while {earlier.sip_call_id} was not over"
                yield Breach(story.call.call_id, text, later.arrived)


def only_accepted_calls_are_dialled(case: Case) -> Iterator[Breach]:
    """Before an INVITE there are the call, its CALL_CREATED and the audit record of the intent."""
    for invite in _outbound(case):
        story = case.stories.get(invite.call_id)
        if story is None:
            yield Breach(
                invite.call_id, f"{invite.number} was dialled: no such call", invite.arrived
            )
            continue
        created = story.event(EventType.CALL_CREATED)
        if created is None or not story.intents:
            missing = "CALL_CREATED" if created is None else "intent"
            yield Breach(invite.call_id, f"it was dialled without its {missing}", invite.arrived)
        elif story.begin > invite.arrived + JUST:
            yield Breach(invite.call_id, "it was dialled before it was accepted", invite.arrived)


def dials_the_number_asked_for(case: Case) -> Iterator[Breach]:
    """Only the number that was asked for is dialled, into the call's own room and identity."""
    for story in _outbound_stories(case):
        call, place = story.call, story.place
        if place and call.to != place.to:
            yield Breach(call.call_id, f"{call.to} was placed, not {place.to}", story.begin)
        for invite in story.invites:
            if invite.number != call.to:
                text = f"{invite.number} was dialled, not {call.to}"
                yield Breach(call.call_id, text, invite.arrived)
            if (invite.room, invite.identity) != (call.room, call.participant_identity):
                text = f"dialled into {invite.room} as {invite.identity}"
                yield Breach(call.call_id, text, invite.arrived)


def uses_only_its_tenants_trunks(case: Case) -> Iterator[Breach]:
    """An INVITE leaves on a trunk that serves the call's tenant, and on the pinned one, if any."""
    for story in _outbound_stories(case):
        tenant_id = story.call.tenant_id
        allowed = {
            trunk.livekit_trunk_id
            for trunk in case.config.trunks
            if trunk.serves(tenant_id)
            and (not story.place or story.place.trunk_id in ("", trunk.trunk_id))
        }
        for invite in story.invites:
            if invite.trunk not in allowed:
                text = f"{tenant_id} does not have trunk {invite.trunk}, or asked for another"
                yield Breach(story.call.call_id, text, invite.arrived)


def each_invite_is_an_attempt(case: Case) -> Iterator[Breach]:
    """Each INVITE has an attempt of its own on its trunk, stored before it."""
    for story in _outbound_stories(case):
        attempts = list(story.call.attempts)
        for invite in story.invites:
            while attempts and attempts[0].livekit_trunk_id != invite.trunk:
                attempts.pop(0)
            if not attempts:
                text = f"the INVITE on {invite.trunk} is none of its attempts"
                yield Breach(story.call.call_id, text, invite.arrived)
                break
            attempts.pop(0)
        failed = [one for one in story.events if one.type is EventType.ATTEMPT_FAILED]
        for begun, invite in zip(failed, story.invites[1:], strict=False):
            if case.when(begun) > invite.arrived + JUST and not _repeats(story):
                yield Breach(story.call.call_id, "dialled before its attempt", invite.arrived)


def never_dials_an_ended_call(case: Case) -> Iterator[Breach]:
    """No INVITE arrives for a call that is stored as ended, but for one that LiveKit held back."""
    for story in _outbound_stories(case):
        if story.end is None:
            continue
        for invite in story.invites:
            slower = case.weather.slower(story.begin, invite.arrived)
            if invite.arrived > story.end + slower + CROSSING:
                late = invite.arrived - story.end
                text = f"dialled {late:.3f} s after its end ({story.call.end_reason})"
                yield Breach(story.call.call_id, text, invite.arrived)


def no_more_phones_than_calls(case: Case) -> Iterator[Breach]:
    """A phone rings at most as often as calls to it were accepted."""
    rang: dict[str, int] = {}
    for invite in _outbound(case):
        if _first_sound(invite) is not None and not _unnoticed(case, invite):
            rang[invite.number] = rang.get(invite.number, 0) + 1
    calls: dict[str, int] = {}
    for story in _outbound_stories(case):
        calls[story.call.to] = calls.get(story.call.to, 0) + 1
    for number, count in rang.items():
        if count > calls.get(number, 0):
            yield Breach(number, f"rang {count} times for {calls.get(number, 0)} calls")


def _outbound(case: Case) -> Iterator[Invite]:
    return (one for one in case.truth.invites if one.call_id)


def _outbound_stories(case: Case) -> Iterator[Story]:
    return (one for one in case.stories.values() if not one.inbound and one.call.attempts)


def _pairs(invites: list[Invite]) -> Iterator[tuple[Invite, Invite]]:
    for at, later in enumerate(invites):
        for earlier in invites[:at]:
            yield earlier, later


def _first_sound(invite: Invite) -> float | None:
    return invite.answered if invite.rang is None else invite.rang


def _unnoticed(case: Case, invite: Invite) -> bool:
    """It rang so shortly that the gateway could miss it."""
    if invite.rang is None or invite.answered is not None or invite.ended is None:
        return False
    rang = invite.ended - invite.rang
    if rang < CROSSING and invite.ended_by == "platform":
        return True
    return rang < UNSEEN_RINGING and not case.heard_notices(invite.gateway, invite.ended)


def _repeats(story: Story) -> bool:
    """Its attempts and INVITEs cannot be told apart by their number."""
    return len(story.invites) != len(story.call.attempts)


RULES = (
    rings_once,
    one_invite_at_a_time,
    only_accepted_calls_are_dialled,
    dials_the_number_asked_for,
    uses_only_its_tenants_trunks,
    each_invite_is_an_attempt,
    never_dials_an_ended_call,
    no_more_phones_than_calls,
)
