"""Holds and warm transfers: what clients, agents and humans do about an answered call."""

from dataclasses import replace
from random import Random

from tests.simulation.plan import numbers, phones
from tests.simulation.plan.doings import Command, Consult, Doing, Join, Place, RingIn, Verb
from tests.simulation.plan.phones import Phone, near

_SOON = (0.05, 0.3, 0.5, 1.0, 1.0, 2.0)
_LATER = (0.3, 1.0, 2.0, 3.0, 5.0)
_TOGETHER = (0.0, 0.0, 0.001, 0.01, 0.2, 3.0)


def holds(random: Random, call: Doing, phone: Phone, gateways: int) -> list[Doing]:
    """The phone is put on hold and taken off again, by one client or by two that disagree."""
    assert isinstance(call, Place | RingIn)
    begin = call.time + (phone.answers or 0.0) + random.choice(_SOON)
    end = begin + random.choice(_LATER)
    found = [_command(random, call.number, gateways, Verb.HOLD, begin)]
    if random.random() < 0.85:
        found.append(_command(random, call.number, gateways, Verb.RESUME, end))
    if random.random() < 0.4:
        verb, moment = random.choice((Verb.HOLD, Verb.RESUME)), random.choice((begin, end))
        time = moment + random.choice(_TOGETHER)
        found.append(_command(random, call.number, gateways, verb, time))
    return [*found]


def consults(random: Random, call: Doing, phone: Phone, gateways: int) -> list[Doing]:
    """A human is consulted; then it is completed or canceled, or both, or somebody hangs up."""
    assert isinstance(call, Place | RingIn)
    begin = call.time + (phone.answers or 0.0) + random.choice(_SOON)
    human = phones.answering(random) if random.random() < 0.7 else phones.phone(random)
    asked = _consult(random, call.number, gateways, human, begin)
    found: list[Doing] = [asked, *_musicians(asked)]
    if random.random() < 0.3:
        again = round(begin + random.choice(_TOGETHER), 3)
        found.append(replace(asked, time=again, gateway=random.randrange(gateways)))
    answered = begin + (human.answers if human.answers is not None else 2.0)
    found += _joins(random, call.number, begin, answered)
    found += _settling(random, call.number, gateways, answered)
    if random.random() < 0.2:
        found += holds(random, call, phone, gateways)
    return found


def _consult(random: Random, number: int, gateways: int, human: Phone, begin: float) -> Consult:
    timeout = human.ringing_timeout or random.choice((2.0, 5.0, 10.0, 10.0))
    asked = Consult(
        time=round(begin, 3),
        number=number,
        gateway=random.randrange(gateways),
        to=numbers.human(number),
        receptions=human.receptions,
        request_id=f"consult-{number}" if random.random() < 0.8 else "",
        ringing_timeout=timeout,
        consult_timeout=random.choice((1.0, 3.0, 10.0, 20.0)),
        wait=random.random() < 0.4,
        on_answer=random.random() < 0.2,
        everybody=random.random() < 0.12,
        agent_deaf=random.random() < 0.3,
        hang_up=random.random() < 0.25,
        leaves=_agent(number) if random.random() < 0.5 else "",
    )
    return replace(asked, music=number % 2 == 0 and not asked.everybody)


def _musicians(asked: Consult) -> list[Doing]:
    """Somebody who plays comes in time for most who are to hear music, or late, or never."""
    after = (0.1, 0.1, 3.0, None)[asked.number // 2 % 4]
    if not asked.music or after is None:
        return []
    name, time = f"music-{asked.number}", round(asked.time + after, 3)
    return [Join(time=time, number=asked.number, identity=name, plays=True)]


def _joins(random: Random, number: int, begin: float, answered: float) -> list[Doing]:
    """An agent that was there before, or comes meanwhile; or there is none."""
    drawn = random.random()
    if drawn < 0.5:
        return [Join(time=round(begin - 0.1, 3), number=number, identity=_agent(number))]
    if drawn < 0.75:
        moment = random.choice((begin, begin + 0.5, answered, answered + 1.0))
        return [Join(time=near(random, moment), number=number, identity=_agent(number))]
    return []


def _settling(random: Random, number: int, gateways: int, answered: float) -> list[Doing]:
    """What ends the consultation, at about the human's answer or after it."""
    time = near(random, answered + random.choice((0.0, *_LATER)))
    verb = random.choice((Verb.COMPLETE, Verb.COMPLETE, Verb.COMPLETE, Verb.CANCEL, Verb.HANG_UP))
    if random.random() < 0.12:
        return []  # consult_timeout, or whoever hangs up first
    found = [_command(random, number, gateways, verb, time)]
    if random.random() < 0.35:
        other = random.choice((Verb.COMPLETE, Verb.CANCEL, Verb.CANCEL, Verb.HANG_UP, Verb.HOLD))
        moment = time + random.choice(_TOGETHER)
        found.append(_command(random, number, gateways, other, moment))
    return [*found]


def _command(random: Random, number: int, gateways: int, verb: Verb, time: float) -> Command:
    return Command(
        time=round(time, 3),
        number=number,
        verb=verb,
        gateway=random.randrange(gateways),
        mute=verb is Verb.HOLD and random.random() < 0.4,
    )


def _agent(number: int) -> str:
    return f"agent-{number}"
