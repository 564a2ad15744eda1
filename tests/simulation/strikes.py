"""The faults of a plan, as they strike and as they end."""

from collections import Counter
from collections.abc import Callable
from typing import Protocol

from tests.simulation.clients.keys import Keys
from tests.simulation.clients.receivers import Receivers
from tests.simulation.engine.history import History
from tests.simulation.engine.scheduler import Scheduler
from tests.simulation.nodes.database import Trouble
from tests.simulation.nodes.gateway import GatewayProcess
from tests.simulation.nodes.operator import Operator
from tests.simulation.plan.configuring import CARRIERS, configuration
from tests.simulation.plan.doings import Fault, Plan, Strike
from tests.simulation.world.livekit import LiveKit
from tests.simulation.world.network import Network

Step = Callable[[], None]


class Breakable(Protocol):
    """Everything that can be struck: a run has it."""

    scheduler: Scheduler
    history: History
    gateways: list[GatewayProcess]
    livekit: LiveKit
    network: Network
    trouble: Trouble
    receivers: Receivers
    operator: Operator
    plan: Plan
    keys: Keys


Begin = Callable[[Breakable, Strike], Step | None]
"""Begins a fault; returns how it ends, unless it ends by itself."""


class Strikes:
    """Begins each fault at its time, and ends it when it has lasted long enough.

    Of two of the same kind that overlap, the one that began later ends both.
    """

    def __init__(self, world: Breakable) -> None:
        self.begun: Counter[Fault] = Counter()
        self._world = world
        self._newest: Counter[tuple[Fault, int, str]] = Counter()

    def strike(self, strike: Strike) -> None:
        """At this moment."""
        self.begun[strike.fault] += 1
        about = {"target": strike.target, "tenant": strike.tenant, "size": strike.size}
        said = {name: value for name, value in about.items() if value}
        self._world.history.tell("fault", strike.fault, **said, lasting=strike.lasting)
        end = _BEGIN[strike.fault](self._world, strike)
        if end is not None:
            key = (strike.fault, strike.target, strike.tenant)
            self._newest[key] += 1
            number = self._newest[key]
            self._world.scheduler.later(strike.lasting, lambda: self._end(key, number, end))

    def _end(self, key: tuple[Fault, int, str], number: int, end: Step) -> None:
        if self._newest[key] == number:
            self._world.history.tell("fault", f"{key[0]}: over")
            end()


def _gateway(world: Breakable, strike: Strike) -> GatewayProcess:
    return world.gateways[strike.target % len(world.gateways)]


def _kill(world: Breakable, strike: Strike) -> None:
    _gateway(world, strike).doom(max(1, int(strike.size)), strike.lasting)


def _freeze(world: Breakable, strike: Strike) -> None:
    _gateway(world, strike).freeze(strike.lasting)


def _drain(world: Breakable, strike: Strike) -> None:
    _gateway(world, strike).stop(strike.lasting)


def _jump(world: Breakable, strike: Strike) -> Step:
    clock = _gateway(world, strike).machine
    clock.ahead = clock.usual + strike.size
    return lambda: setattr(clock, "ahead", clock.usual)


def _cut(world: Breakable, strike: Strike) -> Step:
    name = _gateway(world, strike).name
    world.network.cut(name, "livekit")
    return lambda: world.network.mend(name, "livekit")


def _restart(world: Breakable, strike: Strike) -> None:
    world.livekit.restart(strike.lasting, lose_rooms=bool(strike.size))


def _livekit(name: str, *, on: bool = False) -> Begin:
    """Something is wrong with LiveKit: `on`, or as far as the strike's size says."""

    def begin(world: Breakable, strike: Strike) -> Step:
        trouble = world.livekit.trouble
        well = False if on else 0.0
        setattr(trouble, name, True if on else strike.size)
        return lambda: setattr(trouble, name, well)

    return begin


def _notices(name: str) -> Begin:
    def begin(world: Breakable, strike: Strike) -> Step:
        setattr(world.livekit.notices, name, strike.size)
        return lambda: setattr(world.livekit.notices, name, 0.0)

    return begin


def _database(name: str) -> Begin:
    def begin(world: Breakable, strike: Strike) -> Step:
        setattr(world.trouble, name, strike.size)
        return lambda: setattr(world.trouble, name, 0.0)

    return begin


def _database_away(world: Breakable, _strike: Strike) -> Step:
    world.trouble.go_away()
    return world.trouble.come_back


def _receiver_away(world: Breakable, strike: Strike) -> None:
    world.receivers.go_away(strike.tenant, strike.lasting)


def _receiver_slow(world: Breakable, strike: Strike) -> None:
    world.receivers.slow_down(strike.tenant, strike.size, strike.lasting)


def _configure(world: Breakable, strike: Strike) -> Step:
    carrier = CARRIERS[strike.target % len(CARRIERS)]
    world.operator.begin(world.operator.apply(configuration(world.plan, (carrier,))))
    return lambda: world.operator.begin(world.operator.apply(configuration(world.plan)))


def _revoke(world: Breakable, strike: Strike) -> None:
    world.operator.begin(world.operator.give_key(world.keys, strike.tenant))


_BEGIN: dict[Fault, Begin] = {
    Fault.KILL: _kill,
    Fault.FREEZE: _freeze,
    Fault.DRAIN: _drain,
    Fault.CLOCK_JUMP: _jump,
    Fault.CUT_LIVEKIT: _cut,
    Fault.LIVEKIT_SLOW: _livekit("slow"),
    Fault.LIVEKIT_AWAY: _livekit("away", on=True),
    Fault.LIVEKIT_RESTART: _restart,
    Fault.LIVEKIT_FULL: _livekit("full", on=True),
    Fault.LIVEKIT_GARBAGE: _livekit("garbage"),
    Fault.LIVEKIT_KEY_REFUSED: _livekit("key_refused", on=True),
    Fault.NOTICES_LOST: _notices("lost"),
    Fault.NOTICES_LATE: _notices("late"),
    Fault.NOTICES_TWICE: _notices("twice"),
    Fault.DATABASE_AWAY: _database_away,
    Fault.DATABASE_SLOW: _database("slower"),
    Fault.COMMIT_REFUSED: _database("refused"),
    Fault.ANSWER_LOST: _database("lost"),
    Fault.RECEIVER_AWAY: _receiver_away,
    Fault.RECEIVER_SLOW: _receiver_slow,
    Fault.CONFIG_CHANGED: _configure,
    Fault.KEY_REVOKED: _revoke,
}
