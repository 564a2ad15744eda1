"""What the strikes of a plan excuse, and for how long."""

from collections.abc import Collection, Mapping

from tests.simulation.plan.doings import Fault, Plan, Strike

GATEWAYS = frozenset({Fault.KILL, Fault.FREEZE, Fault.DRAIN})
LIVEKIT = frozenset(
    {
        Fault.CUT_LIVEKIT,
        Fault.LIVEKIT_SLOW,
        Fault.LIVEKIT_AWAY,
        Fault.LIVEKIT_RESTART,
        Fault.LIVEKIT_FULL,
        Fault.LIVEKIT_GARBAGE,
        Fault.LIVEKIT_KEY_REFUSED,
    }
)
NOTICES = frozenset({Fault.NOTICES_LOST, Fault.NOTICES_LATE, Fault.NOTICES_TWICE})
DATABASE = frozenset(
    {Fault.DATABASE_AWAY, Fault.DATABASE_SLOW, Fault.COMMIT_REFUSED, Fault.ANSWER_LOST}
)
RECEIVERS = frozenset({Fault.RECEIVER_AWAY, Fault.RECEIVER_SLOW})
TROUBLE = GATEWAYS | LIVEKIT | DATABASE | {Fault.CLOCK_JUMP}
"""What may make a gateway lose track of a phone, or come too late."""

AFTER: Mapping[Fault, float] = {
    # A lease of 6 s and a beat until others take over, 10 s until a leg is believed gone, and 3 s
    # as ever.
    **dict.fromkeys(GATEWAYS, 20.0),
    # 30 s until a call is given up or a leg that stays is left to the sweep, 10 s until a leg is
    # believed gone, and a last request of 5 s.
    **dict.fromkeys(LIVEKIT, 45.0),
    # A pause of 1 s, 10 s of asking for a lost answer, and a takeover as above.
    **dict.fromkeys(DATABASE, 30.0),
    Fault.CLOCK_JUMP: 20.0,
    # A failover waits 2 s for its notice, the end of a leg 0.6 s.
    **dict.fromkeys(NOTICES, 5.0),
    Fault.CONFIG_CHANGED: 2.0,
    Fault.KEY_REVOKED: 2.0,
    **dict.fromkeys(RECEIVERS, 0.0),
}
"""How long a fault has effects after it is over."""
NOTICES_REFUSED = 200.0
"""A clock that jumps by so much may be wrong by 5 minutes: then notices are taken for old ones."""
_SIZE_IS_TIME = frozenset(
    {
        Fault.LIVEKIT_SLOW,
        Fault.NOTICES_LATE,
        Fault.DATABASE_SLOW,
        Fault.RECEIVER_SLOW,
    }
)


class Weather:
    """The strikes of a plan."""

    def __init__(self, plan: Plan) -> None:
        found = [doing for doing in plan.doings if isinstance(doing, Strike)]
        self.strikes = sorted(found, key=lambda strike: strike.time)
        self.kinds = frozenset(strike.fault for strike in found)
        self._spans = [(one.time, until(one), one) for one in self.strikes if not _harmless(one)]
        self.clocks_are_right = not plan.ahead and Fault.CLOCK_JUMP not in self.kinds
        """All gateways' clocks, to within `CLOCKS_APART`."""

    def struck(self, begin: float, end: float, kinds: Collection[Fault] = TROUBLE) -> bool:
        """Whether one of these faults, or what follows from it, touches this time."""
        return any(
            since <= end and over >= begin and strike.fault in kinds
            for since, over, strike in self._spans
        )

    def allowance(self, begin: float, end: float, kinds: Collection[Fault] = TROUBLE) -> float:
        """How many seconds later than `end` a thing may be that began at `begin`.

        The lengths of the faults that touch this time, each with what follows from it; what is
        late because of one fault may meet another.
        """
        extra = 0.0
        for since, over, strike in self._spans:
            if since > end + extra:
                break
            if over >= begin and strike.fault in kinds:
                extra += over - since
        return extra

    def slower(self, begin: float, end: float) -> float:
        """How much longer LiveKit's requests and answers take in this time."""
        return sum(
            strike.size
            for since, over, strike in self._spans
            if strike.fault is Fault.LIVEKIT_SLOW and since <= end and over >= begin
        )


def _harmless(strike: Strike) -> bool:
    """A clock that is not so wrong that notices are refused excuses nothing."""
    return strike.fault is Fault.CLOCK_JUMP and abs(strike.size) < NOTICES_REFUSED


def until(strike: Strike) -> float:
    """When nothing follows from a strike any more."""
    size = abs(strike.size) if strike.fault in _SIZE_IS_TIME else 0.0
    return strike.time + strike.lasting + size + AFTER[strike.fault]
