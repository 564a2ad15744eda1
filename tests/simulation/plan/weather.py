"""What goes wrong in a plan: how much, which kinds, how badly, and when."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from tests.simulation.engine.chance import Chance
from tests.simulation.plan.configuring import CARRIERS
from tests.simulation.plan.doings import Fault, Strike

CALM, SOME, STORMY = (0,), (1, 2, 3, 4, 6), (6, 8, 10, 12, 16)
DEADLY = (0, 0, 1, 2, 4, 8, 12)
"""How many more strikes hit gateways alone, unless it is calm."""
_OF_GATEWAYS = (
    *(Fault.KILL,) * 5,
    *(Fault.FREEZE,) * 4,
    *(Fault.CLOCK_JUMP,) * 2,
    Fault.DRAIN,
    Fault.CUT_LIVEKIT,
)
WRONG = (0.3, 1.0, 5.0, 30.0, 60.0)
"""By how much clocks are wrong from the start, where they are."""
_SHARES = (0.2, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class _Target:
    """Where lightning may strike."""

    gateways: int
    tenants: tuple[str, ...]


def strikes(
    chance: Chance,
    gateways: int,
    tenants: tuple[str, ...],
    span: float,
    moments: Sequence[float],
) -> list[Strike]:
    """The faults of a plan of `span` seconds, in which things happen at these moments.

    Each is over at last, so that everything can settle.
    """
    random = chance.stream("plan", "weather")
    weather: tuple[int, ...] = random.choices((CALM, SOME, STORMY), (20, 45, 35))[0]
    count = random.choice(weather)
    kinds = random.sample(tuple(Fault), min(len(Fault), random.choice((2, 3, 4, 6, 12))))
    deadly = random.choice(DEADLY) if count else 0
    target = _Target(gateways, tenants)
    found: list[Strike] = []
    for which in range(count + deadly):
        stream = chance.stream("plan", "strike", which)
        time = _moment(stream, span, moments, found)
        fault = stream.choice(kinds if which < count else _OF_GATEWAYS)
        found.append(_SIZES[fault](stream, time, target))
    return found


def clocks(chance: Chance, gateways: int) -> tuple[float, ...]:
    """By how much each gateway's wall clock is wrong from the start: in most plans not at all."""
    random = chance.stream("plan", "clocks")
    if random.random() < 0.6:
        return ()
    return tuple(random.choice((0.0, -1.0, 1.0)) * random.choice(WRONG) for _ in range(gateways))


def _moment(
    random: Random, span: float, moments: Sequence[float], before: Sequence[Strike]
) -> float:
    """Just after something begins, while another fault lasts, or any time."""
    drawn = random.random()
    if before and drawn < 0.35:
        other = random.choice(before)
        return round(other.time + random.random() * min(max(other.lasting, 1.0), 20.0), 3)
    if moments and drawn < 0.8:
        after = random.choice((0.0, 0.01, 0.05, 0.5, 1.0, 2.0, 3.0))
        return round(random.choice(moments) + after * random.random(), 3)
    return round(2.0 + random.random() * span, 3)


Drawn = Callable[[Random, float, _Target], Strike]


def _of_gateway(
    fault: Fault, lasting: Sequence[float], sizes: Callable[[Random], float] = lambda _: 0.0
) -> Drawn:
    """A fault of one gateway."""

    def draw(random: Random, time: float, target: _Target) -> Strike:
        return Strike(
            time=time,
            fault=fault,
            target=random.randrange(target.gateways),
            size=sizes(random),
            lasting=random.choice(lasting),
        )

    return draw


def _of_all(fault: Fault, lasting: Sequence[float], sizes: Sequence[float] = (0.0,)) -> Drawn:
    """A fault of what the gateways share."""

    def draw(random: Random, time: float, _target: _Target) -> Strike:
        size, span = random.choice(sizes), random.choice(lasting)
        return Strike(time=time, fault=fault, size=size, lasting=span)

    return draw


def _of_tenant(fault: Fault, lasting: Sequence[float], sizes: Sequence[float] = (0.0,)) -> Drawn:
    """A fault of one tenant's key or receivers."""

    def draw(random: Random, time: float, target: _Target) -> Strike:
        tenant = random.choice(target.tenants)
        size, span = random.choice(sizes), random.choice(lasting)
        return Strike(time=time, fault=fault, tenant=tenant, size=size, lasting=span)

    return draw


def _of_carrier(random: Random, time: float, _target: _Target) -> Strike:
    return Strike(
        time=time,
        fault=Fault.CONFIG_CHANGED,
        target=random.randrange(len(CARRIERS)),
        lasting=random.choice((2.0, 10.0, 30.0)),
    )


def _callbacks(random: Random) -> float:
    """How many callbacks later a gateway dies: mostly within one step of its work."""
    return float(random.choice((1, 2, 5, 20, 100, 500)) + random.randrange(20))


def _jump(random: Random) -> float:
    return random.choice((-1.0, 1.0)) * random.choice((0.5, 3.0, 30.0, 600.0, 3600.0))


_SIZES: dict[Fault, Drawn] = {
    Fault.KILL: _of_gateway(Fault.KILL, (0.5, 2.0, 7.0, 8.0, 20.0), _callbacks),
    Fault.FREEZE: _of_gateway(Fault.FREEZE, (0.5, 3.0, 5.9, 6.5, 8.0, 15.0, 20.0)),
    Fault.DRAIN: _of_gateway(Fault.DRAIN, (12.0, 15.0, 25.0)),
    Fault.CLOCK_JUMP: _of_gateway(Fault.CLOCK_JUMP, (1.0, 9.0, 11.0, 60.0, 200.0), _jump),
    Fault.CUT_LIVEKIT: _of_gateway(Fault.CUT_LIVEKIT, (0.5, 5.0, 12.0, 30.0)),
    Fault.LIVEKIT_SLOW: _of_all(Fault.LIVEKIT_SLOW, (2.0, 10.0, 20.0), (0.1, 1.0, 3.0, 8.0)),
    Fault.LIVEKIT_AWAY: _of_all(Fault.LIVEKIT_AWAY, (0.5, 3.0, 10.0, 30.0)),
    Fault.LIVEKIT_RESTART: _of_all(Fault.LIVEKIT_RESTART, (0.2, 2.0, 8.0), (0.0, 1.0)),
    Fault.LIVEKIT_FULL: _of_all(Fault.LIVEKIT_FULL, (0.5, 3.0, 10.0, 70.0)),
    Fault.LIVEKIT_GARBAGE: _of_all(Fault.LIVEKIT_GARBAGE, (1.0, 5.0, 10.0), _SHARES),
    Fault.LIVEKIT_KEY_REFUSED: _of_all(Fault.LIVEKIT_KEY_REFUSED, (1.0, 5.0, 10.0, 70.0)),
    Fault.NOTICES_LOST: _of_all(Fault.NOTICES_LOST, (5.0, 30.0, 200.0), _SHARES),
    Fault.NOTICES_LATE: _of_all(Fault.NOTICES_LATE, (5.0, 30.0, 200.0), (0.2, 2.0, 5.0, 30.0)),
    Fault.NOTICES_TWICE: _of_all(Fault.NOTICES_TWICE, (5.0, 30.0, 200.0), _SHARES),
    Fault.DATABASE_AWAY: _of_all(Fault.DATABASE_AWAY, (0.2, 2.0, 5.0, 8.0, 15.0)),
    Fault.DATABASE_SLOW: _of_all(Fault.DATABASE_SLOW, (2.0, 10.0, 30.0), (0.01, 0.1, 0.5, 2.0)),
    Fault.COMMIT_REFUSED: _of_all(Fault.COMMIT_REFUSED, (1.0, 5.0, 20.0), (0.1, 0.3, 1.0)),
    Fault.ANSWER_LOST: _of_all(Fault.ANSWER_LOST, (1.0, 5.0, 20.0), (0.1, 0.3, 1.0)),
    Fault.RECEIVER_AWAY: _of_tenant(Fault.RECEIVER_AWAY, (1.0, 10.0, 40.0)),
    Fault.RECEIVER_SLOW: _of_tenant(Fault.RECEIVER_SLOW, (5.0, 20.0), (1.0, 4.0, 14.9, 16.0)),
    Fault.CONFIG_CHANGED: _of_carrier,
    Fault.KEY_REVOKED: _of_tenant(Fault.KEY_REVOKED, (0.0,)),
}
