"""A plan from a seed: calls, what clients do with them, and what goes wrong meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.simulation.engine.chance import Chance
from tests.simulation.plan import numbers, phones
from tests.simulation.plan.attending import attended
from tests.simulation.plan.commanding import commands
from tests.simulation.plan.configuring import CARRIERS, TENANTS, inbound_number
from tests.simulation.plan.consulting import consults, holds
from tests.simulation.plan.doings import Doing, Place, Plan, RingIn, Watch
from tests.simulation.plan.weather import clocks, strikes

FIRST_SECOND = 2.0
"""Before that gateways start and watchers open their streams."""
SHORTEST, LONGEST = 60.0, 120.0
"""In how many seconds all calls are placed."""


@dataclass(frozen=True, slots=True)
class _Scene:
    """What all calls of a plan have in common."""

    gateways: int
    tenants: tuple[str, ...]
    span: float
    rushes: tuple[float, ...]
    """Moments at which several things happen at once."""

    def moment(self, random: Random) -> float:
        """When a call begins."""
        if self.rushes and random.random() < 0.4:
            return round(random.choice(self.rushes) + random.choice((0.0, 0.0, 0.002, 0.1, 0.5)), 3)
        return round(FIRST_SECOND + random.random() * self.span, 3)


def make(seed: str, calls: int = 100) -> Plan:
    """The plan of this seed: about so many calls within one or two minutes of virtual time.

    At most `numbers.MOST` calls. The same seed makes the same plan on every machine.
    """
    chance = Chance(seed)
    scene = _scene(chance.stream("plan", "scene"), calls)
    watches = _watches(chance.stream("plan", "watches"), scene)
    told = [
        doing
        for number in range(calls)
        for doing in attended(
            chance.stream("plan", "agent", number),
            _call(chance.stream("plan", "call", number), scene, number),
        )
    ]
    moments = tuple(doing.time for doing in told)
    faults = strikes(chance, scene.gateways, scene.tenants, scene.span, moments)
    return Plan(
        seed=seed,
        gateways=scene.gateways,
        doings=in_order([*watches, *told, *faults]),
        ahead=clocks(chance, scene.gateways),
        hears_notices=chance.stream("plan", "notices").random() < 0.85,
        listens=chance.stream("plan", "database").random() < 0.5,
        tenants=scene.tenants,
    )


def in_order(doings: Sequence[Doing]) -> tuple[Doing, ...]:
    """By their times; those of the same moment in the order given."""
    return tuple(sorted(doings, key=lambda doing: doing.time))


def _scene(random: Random, calls: int) -> _Scene:
    span = round(random.uniform(SHORTEST, LONGEST) * min(calls / 50, 1.0), 1)
    return _Scene(
        gateways=random.choice((1, 2, 2, 3, 3, 3, 4)),
        tenants=TENANTS[: random.choice((1, 2, 2, 3, 3, 4, 4))],
        span=span,
        rushes=tuple(
            round(FIRST_SECOND + random.random() * span, 1) for _ in range(random.choice((0, 2, 5)))
        ),
    )


def _watches(random: Random, scene: _Scene) -> list[Watch]:
    """Each tenant is watched, some of them twice."""
    found = []
    for tenant in scene.tenants:
        for _ in range(random.choice((1, 1, 2))):
            gateway = random.randrange(scene.gateways)
            found.append(
                Watch(time=0.5, tenant=tenant, gateway=gateway, polls=random.random() < 0.3)
            )
    return found


def _call(random: Random, scene: _Scene, number: int) -> list[Doing]:
    """A call, and what clients do with it."""
    time, tenant = scene.moment(random), random.choice(scene.tenants)
    drawn = random.random()
    if drawn < 0.12:
        call, phone = _ring_in(random, time, tenant, number)
    else:
        phone = phones.talkative(random) if drawn < 0.24 else phones.phone(random)
        call = _place(random, scene, time, tenant, number, phone)
    found = [call, *commands(random, call, phone, scene.gateways)]
    if phone.answers is None:
        return found
    if 0.06 < drawn < 0.21:
        return [call, *consults(random, call, phone, scene.gateways)]
    return [*found, *holds(random, call, phone, scene.gateways)] if drawn > 0.93 else found


def _ring_in(random: Random, time: float, tenant: str, number: int) -> tuple[Doing, phones.Phone]:
    answered = random.choice((None, 0.2, 1.0, 2.0, 5.0))
    gives_up = random.choice((0.1, 1.0, 2.0, 5.0, 10.0))
    if answered is not None:  # mostly patient enough
        gives_up = random.choice((20.0, 20.0, 20.0, phones.near(random, answered)))
    talks = random.choice((*phones.TALKS, None))
    call = RingIn(
        time=time,
        number=number,
        tenant=tenant,
        caller=numbers.caller(number),
        called=inbound_number(tenant),
        answered_after=answered,
        gives_up=gives_up,
        talks=talks,
        refer=phones.refer(random),
    )
    ends = gives_up if answered is None else answered + (talks or 0.0)
    return call, phones.Phone(receptions=(), rings=0.0, answers=answered, ends=ends)


def _place(
    random: Random, scene: _Scene, time: float, tenant: str, number: int, phone: phones.Phone
) -> Place:
    gateway = random.randrange(scene.gateways)
    request_id = f"request-{number}" if random.random() < 0.75 else ""
    return Place(
        time=time,
        number=number,
        tenant=tenant,
        gateway=gateway,
        to=numbers.callee(number),
        receptions=phone.receptions,
        refer=phones.refer(random),
        ringing_timeout=phone.ringing_timeout,
        setup_timeout=phone.setup_timeout,
        max_duration=_max_duration(random, phone),
        request_id=request_id,
        end_room_on_hangup=random.random() < 0.15,
        **_leg(random, tenant),
        **_patience(random, phone),
        repeats=_repeats(random, scene, phone) if request_id else (),
    )


def _max_duration(random: Random, phone: phones.Phone) -> float | None:
    """A call that its callee never ends must end by itself."""
    if any(each.talks is None and each.final == 200 for each in phone.receptions):
        return random.choice((2.0, 5.0, 10.0, 20.0))
    if phone.answers is not None and phone.ends is not None and random.random() < 0.2:
        return max(phones.near(random, phone.ends - phone.answers), 1.0)
    return None


def _leg(random: Random, tenant: str) -> dict[str, Any]:
    """Which room and trunk: mostly the gateway's choice."""
    fields: dict[str, Any] = {}
    drawn = random.random()
    if drawn < 0.06:  # two of these at once are one too many
        fields |= {
            "room": f"{tenant}-desk",
            "identity": random.choice(("callee", "callee", "other")),
        }
    elif drawn < 0.12:
        fields |= {"room": f"{tenant}-hall"}
    elif drawn < 0.13:
        fields |= {"room": "somebody-elses"}
    if random.random() < 0.15:
        fields["trunk_id"] = random.choice(CARRIERS)
    return fields


def _patience(random: Random, phone: phones.Phone) -> dict[str, Any]:
    """Whether the client waits, and until when."""
    fields: dict[str, Any] = {"wait": random.random() < 0.65}
    drawn = random.random()
    if drawn < 0.15:
        fields["deadline"] = max(phones.near(random, random.choice(phone.moments())), 0.02)
    elif drawn < 0.35:
        fields["leaves_after"] = phones.near(random, random.choice((0.005, *phone.moments())))
    elif drawn < 0.6:
        fields["deadline"] = 60.0
    if random.random() < 0.25:
        fields["keep_on_disconnect"] = True
    return fields


def _repeats(random: Random, scene: _Scene, phone: phones.Phone) -> tuple[tuple[float, int], ...]:
    """The same request again: at once, just as something happens, or long after."""
    if random.random() < 0.7:
        return ()
    waits = (0.0, 0.001, 0.005, 0.02, 0.5, 1.0, 2.0, 60.0, *phone.moments())
    return tuple(
        (phones.near(random, random.choice(waits)), random.randrange(scene.gateways))
        for _ in range(random.choice((1, 1, 2, 3)))
    )
