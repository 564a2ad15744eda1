"""Bugs about holds and warm transfers: who hears whom, and who is left apart."""

from collections.abc import Iterator

from tests.simulation.bugs.bug import Bug, Change
from tests.simulation.plan import numbers
from tests.simulation.plan.doings import (
    Command,
    Consult,
    Doing,
    Fault,
    Join,
    Place,
    Reception,
    Strike,
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


def _held(number: int, held: float, *, on_answer: bool) -> Iterator[Doing]:
    """A call of anna's whose human is consulted from its third second on and answers in the sixth.

    It is put on hold at `held`. The consultation is canceled, or completed by the answer.
    """
    begin, talks = 2.0 + 0.1 * number, Reception(talks=40.0)
    to, human = numbers.callee(number), numbers.human(number)
    yield Place(time=begin, number=number, tenant="anna", gateway=0, to=to, receptions=(talks,))
    yield Consult(
        time=begin + 3.0,
        number=number,
        gateway=0,
        to=human,
        receptions=(talks,),
        on_answer=on_answer,
    )
    yield Command(time=begin + held, number=number, verb=Verb.HOLD, gateway=1)
    if not on_answer:
        yield Command(time=begin + 10.0, number=number, verb=Verb.CANCEL, gateway=1)


_HELD = tuple(
    sorted(
        (
            *_held(0, 2.6, on_answer=False),
            *_held(1, 6.6, on_answer=True),
            Strike(time=7.2, fault=Fault.LIVEKIT_SLOW, size=1.0, lasting=3.0),
        ),
        key=lambda doing: doing.time,
    )
)
"""One is on hold before its human is called, the other while the answer joins the two, which takes
a while: both stay on hold."""

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
    Bug(
        name="hold ended by whatever a transfer does",
        breaks="A warm transfer ends the hold of its caller, also when it is canceled.",
        changes=(
            Change(
                "service/ledger/warm_record.py",
                "ends_hold=ends_hold, hands_over",
                "ends_hold=True, hands_over",
            ),
        ),
        rules=("warm.a_phone_on_hold_hears_nobody",),
        seed=0,
        doings=_HELD,
    ),
    Bug(
        name="hold ended by a completion of before",
        breaks="A hold is over when the two are joined, though it was asked for meanwhile.",
        changes=(
            Change(
                "service/ledger/warm_record.py",
                "        ends_hold = completing and not ("
                "before and before.warm and before.warm.completing)\n",
                "        ends_hold = completing\n",
            ),
        ),
        rules=("warm.a_phone_on_hold_hears_nobody",),
        seed=0,
        doings=_HELD,
    ),
)
