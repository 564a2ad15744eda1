"""What clients do with a call: at moments at which something else happens to it."""

from random import Random

from tests.simulation.plan.doings import Command, Doing, Place, RingIn, Verb
from tests.simulation.plan.phones import Phone, near

_AFTER_THE_ANSWER = (0.04, 0.15, 0.3, 0.5, 0.5, 1.0, 1.0, 2.0, 3.0)
ON_THE_WAY = 0.04
"""About as long a call takes from its client to the phone, in seconds."""


def commands(random: Random, call: Doing, phone: Phone, gateways: int) -> list[Command]:
    """Mostly none; else what one client does, or two at the same moment."""
    assert isinstance(call, Place | RingIn)
    drawn = random.random()
    if drawn < 0.45:
        return []
    verb = _verb(random, phone)
    found = [_command(random, call, phone, gateways, verb)]
    if drawn > 0.75:
        found.append(_command(random, call, phone, gateways, _verb(random, phone)))
    if drawn > 0.92:  # the same at the same moment, at another gateway
        found.append(_command(random, call, phone, gateways, verb, at=found[0].time))
    return found


def _verb(random: Random, phone: Phone) -> Verb:
    if phone.answers is not None:
        return random.choice(
            (Verb.HANG_UP, Verb.HANG_UP, Verb.TRANSFER, Verb.TRANSFER, Verb.UPDATE)
        )
    return random.choice((Verb.HANG_UP, Verb.HANG_UP, Verb.HANG_UP, Verb.UPDATE, Verb.GET))


def _command(
    random: Random,
    call: Place | RingIn,
    phone: Phone,
    gateways: int,
    verb: Verb,
    at: float | None = None,
) -> Command:
    time = at if at is not None else call.time + _moment(random, phone, verb)
    return Command(
        time=round(time, 3),
        number=call.number,
        verb=verb,
        gateway=random.randrange(gateways),
        timeout=_timeout(random, verb),
        hang_up_on_timeout=verb is Verb.TRANSFER and random.random() < 0.4,
        end_room=verb is Verb.HANG_UP and random.random() < 0.1,
        wait=verb is Verb.TRANSFER and random.random() < 0.6,
    )


def _moment(random: Random, phone: Phone, verb: Verb) -> float:
    """Seconds from the placing: while it is dialed, about a known moment, or somewhere between."""
    if verb is Verb.TRANSFER and phone.answers is not None:
        return near(random, phone.answers) + random.choice(_AFTER_THE_ANSWER)
    if random.random() < 0.2:
        return round(random.uniform(0.002, 0.15), 3)
    return near(random, random.choice(phone.moments())) + random.choice((0.0, ON_THE_WAY, 0.2, 1.0))


def _timeout(random: Random, verb: Verb) -> float | None:
    match verb:
        case Verb.TRANSFER:
            return random.choice((0.5, 1.0, 2.0, 2.0, 4.0, 10.0, None))
        case Verb.UPDATE:
            return random.choice((1.0, 2.0, 5.0, 10.0, 40.0))
    return None
