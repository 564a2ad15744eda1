"""Every call ends, in time, and leaves nothing behind."""

from collections.abc import Iterator

from tests.simulation.judge.bounds import LATE, LEG_AFTER_END, SEEN_GONE, SWEPT
from tests.simulation.judge.case import Case, Story
from tests.simulation.judge.evidence import Breach
from tests.simulation.judge.weather import NOTICES, TROUBLE


def accepted_calls_end(case: Case) -> Iterator[Breach]:
    """Every accepted call is ENDED in the end."""
    for story in case.stories.values():
        if story.end is not None and story.call.ended:
            continue
        deadline = case.due(story)
        if deadline is None or case.weather.allowance(story.begin, deadline) + deadline < _now(
            case
        ):
            yield Breach(story.call.call_id, f"it is still {story.call.state.name}", _now(case))


def ends_in_time(case: Case) -> Iterator[Breach]:
    """A call ends by its ringing timeout, or by its `max_duration` after the answer, and 3 s.

    A fault adds its length and what follows from it (`weather.AFTER`): among others 20 s if its
    gateway dies, 45 s if LiveKit was away, 30 s if the database was.
    """
    for story in case.stories.values():
        deadline = case.due(story)
        if story.end is None or deadline is None:
            continue
        late = story.end - deadline
        if late > 0 and late > case.weather.allowance(story.begin, deadline):
            yield Breach(story.call.call_id, f"it ended {late + LATE:.3f} s too late", story.end)


def ends_soon_after_its_leg(case: Case) -> Iterator[Breach]:
    """A call is stored as ended 10 s at most after its last leg has left.

    Later if the notice of it was lost: a leg of which notices tell is polled every 15 s,
    while a gateway has no more than 300 of them.
    """
    for story in case.stories.values():
        ends = [one.ended for one in story.invites if one.ended is not None]
        if story.end is None or len(ends) < len(story.invites) or not ends:
            continue
        gone = max(ends)
        if len(story.invites) < len(story.call.attempts):  # and then it was tried elsewhere
            gone = max(gone, story.deadline)
        late = story.end - gone - SEEN_GONE
        kinds = TROUBLE | NOTICES
        if late > 0 and late > case.weather.allowance(story.begin, gone + SEEN_GONE, kinds):
            yield Breach(
                story.call.call_id, f"its leg left {late + SEEN_GONE:.3f} s ago", story.end
            )


def no_leg_outlives_its_call(case: Case) -> Iterator[Breach]:
    """When a call is ENDED its leg has left the room.

    After a fault a leg may be left behind: then the sweep removes it, within 100 s.
    """
    for story in case.stories.values():
        if story.end is None:
            continue
        for invite in story.invites:
            left = _now(case) if invite.ended is None else invite.ended
            late = left - story.end - LEG_AFTER_END
            if late <= 0:
                continue
            extra = case.weather.allowance(story.begin, story.end)
            if not extra or late > extra + SWEPT:
                text = f"its leg stayed {late + LEG_AFTER_END:.3f} s longer"
                yield Breach(story.call.call_id, text, left)


def no_leg_is_left(case: Case) -> Iterator[Breach]:
    """In the end no phone is in a room, neither one that was dialled nor one of a call."""
    dialled = {(one.room, one.identity) for one in case.truth.invites if one.call_id}
    for place in case.truth.present:
        story = case.at_place(*place, case.evidence.end)
        if story and (case.goes_on(story) or (story.end and _may_stay(case, story, story.end))):
            continue
        if story or place in dialled:
            yield Breach("/".join(place), "a leg is still in the room", _now(case))


def _may_stay(case: Case, story: Story, end: float) -> bool:
    """A fault left it there a short time ago: the sweep still has to come."""
    extra = case.weather.allowance(story.begin, end)
    return extra > 0 and end + extra + SWEPT > _now(case)


def nothing_is_held(case: Case) -> Iterator[Breach]:
    """In the end no gateway holds a call or transfer, none is waited for or to be looked at."""
    stored = case.stored
    for what, gateway in stored.holds.items():
        story = case.stories.get(what)
        if story is None or not case.goes_on(story):
            yield Breach(what, f"held by {gateway}", _now(case))
    for what, gateway in stored.waiters:
        yield Breach(what, f"waited for at {gateway}", _now(case))
    for what in stored.nudges:
        yield Breach(what, "still to be looked at", _now(case))


def _now(case: Case) -> float:
    return case.evidence.end


RULES = (
    accepted_calls_end,
    ends_in_time,
    ends_soon_after_its_leg,
    no_leg_outlives_its_call,
    no_leg_is_left,
    nothing_is_held,
)
