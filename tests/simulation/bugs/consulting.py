"""Bugs about holds and warm transfers: who hears whom, and who is left apart."""

from collections.abc import Iterator

from tests.simulation.bugs.bug import Bug, Change
from tests.simulation.plan import numbers
from tests.simulation.plan.doings import (
    Command,
    Consult,
    Doing,
    Join,
    Place,
    Reception,
    Verb,
)


def _consulted(number: int, verb: Verb, *, music: bool = False) -> Iterator[Doing]:
    """A call of anna's whose human is consulted, while an agent comes, and what settles it.

    With `music` the caller hears some that begins after the agent has come.
    """
    begin, gateway, talks = 2.0 + 0.3 * number, number % 2, Reception(talks=40.0)
    yield Place(
        time=begin,
        number=number,
        tenant="anna",
        gateway=gateway,
        to=numbers.callee(number),
        receptions=(talks,),
    )
    yield Consult(
        time=begin + 3.0,
        number=number,
        gateway=gateway,
        to=numbers.human(number),
        receptions=(talks,),
        music=music,
    )
    if music:
        name = f"music-{number}"
        yield Join(time=begin + 6.0, number=number, identity=name, plays=True)
    yield Join(time=begin + 4.0, number=number, identity=f"agent-{number}")
    settled = begin + (16.0 if music else 8.0)
    yield Command(time=settled, number=number, verb=verb, gateway=1 - gateway)


_CALM = tuple(
    sorted(
        (
            doing
            for number, verb in enumerate((Verb.CANCEL, Verb.COMPLETE) * 2)
            for doing in _consulted(number, verb)
        ),
        key=lambda doing: doing.time,
    )
)
"""Nothing is wrong, and the callers stay for long enough: else that is too rare."""

_PLAYED = tuple(
    sorted(
        (
            doing
            for number, verb in enumerate((Verb.CANCEL, Verb.COMPLETE))
            for doing in _consulted(number, verb, music=True)
        ),
        key=lambda doing: doing.time,
    )
)
"""The same with music for the callers."""

BUGS = (
    Bug(
        name="caller not hidden from the human",
        breaks="A caller who waits for a human hears nobody, but the human hears the caller.",
        changes=(
            Change(
                "domain/calls/transfer.py",
                "        return Mask(deaf=not plays, hidden=True, muted=muted, music=plays)\n",
                "        return Mask(deaf=not plays, muted=muted, music=plays)\n",
            ),
        ),
        rules=("warm.caller_and_human_are_apart_until_completed",),
        seed=0,
    ),
    Bug(
        name="caller given back before the human has left",
        breaks="A warm transfer that is canceled is over at once, while the human is in the room.",
        changes=(
            Change(
                "domain/warm/machine.py",
                "    if seen.human is None or seen.human.ended:\n"
                "        return _over(transfer, state, seen.time, cause)\n"
                "    if transfer.warm is None",
                "    if transfer.warm is not None:\n"
                "        return _over(transfer, state, seen.time, cause)\n"
                "    if transfer.warm is None",
            ),
        ),
        rules=(
            "warm.caller_and_human_are_apart_until_completed",
            "warm.what_was_asked_for_is_so",
            "warm.no_human_outlives_its_transfer",
        ),
        seed=2,
    ),
    Bug(
        name="caller left apart",
        breaks="A warm transfer that fails or is canceled leaves its caller deaf and hidden.",
        changes=(
            Change(
                "domain/calls/transfer.py",
                "not (self.settled or self.warm.completing)",
                "not self.warm.completing",
            ),
        ),
        rules=("warm.nobody_stays_apart", "warm.what_was_asked_for_is_so"),
        seed=0,
        doings=_CALM,
    ),
    Bug(
        name="agent who came meanwhile stays deaf",
        breaks="Whoever joined while the caller was hidden is not subscribed to it anew.",
        changes=(
            Change(
                "platform/livekit/masks.py",
                "    return (True,) if listener.kind == ParticipantInfo.Kind.SIP"
                " else (False, True)\n",
                "    return (True,)\n",
            ),
        ),
        rules=("warm.everybody_hears_again",),
        seed=0,
        doings=_CALM,
    ),
    Bug(
        name="caller hears more than music",
        breaks="A caller who is to hear music is unsubscribed from nobody else.",
        changes=(
            Change(
                "platform/livekit/masks.py",
                "        if each and (plays or mask.music or _is_masked(info))\n",
                "        if each and plays\n",
            ),
        ),
        rules=(
            "warm.caller_and_human_are_apart_until_completed",
            "warm.with_music_nobody_else_is_heard_for_long",
        ),
        seed=0,
        doings=_PLAYED,
    ),
    Bug(
        name="caller is unsubscribed from the human too late",
        breaks="The caller may subscribe before it is unsubscribed from everybody else.",
        changes=(
            Change(
                "platform/livekit/masking.py",
                "            if mask.music:\n"
                "                await self._let_hear("
                "room, info, await self._participants(room), mask, token)\n"
                "                if masks",
                "                if masks",
            ),
        ),
        rules=("warm.caller_and_human_are_apart_until_completed",),
        seed=0,
        doings=_PLAYED,
    ),
)
