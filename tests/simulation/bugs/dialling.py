"""Bugs about phones: which are dialled, how often, how long they ring and talk."""

from tests.simulation.bugs import plans
from tests.simulation.bugs.bug import Bug, Change
from tests.simulation.plan import numbers
from tests.simulation.plan.doings import Fault, Place, Reception, Strike

_RINGS_BRIEFLY = Reception(rings_after=0.05, final=503, after=0.1)


def _place(
    number: int, time: float, *first: Reception, ringing_timeout: float | None = None
) -> Place:
    """anna's, at one gateway or the other; answered, unless `first` says otherwise."""
    return Place(
        time=time,
        number=number,
        tenant="anna",
        gateway=number % 2,
        to=numbers.callee(number),
        receptions=(*first, Reception()),
        ringing_timeout=ringing_timeout,
    )


BUGS = (
    Bug(
        name="dial before commit",
        breaks="A phone is dialled as soon as the call is chosen, whether it is stored or not.",
        changes=(
            Change(
                "service/api/call_acceptance.py",
                "        placed = await self._store.transact("
                "lambda tx: self._accept(tx, wanted), brief=True)\n"
                "        if isinstance(placed, New):\n",
                "        import asyncio\n"
                "        chosen = asyncio.get_running_loop().create_future()\n"
                "        def accept(tx):\n"
                "            placed = self._accept(tx, wanted)\n"
                "            if not chosen.done():\n"
                "                chosen.set_result(placed)\n"
                "            return placed\n"
                "        stored = asyncio.ensure_future(self._store.transact(accept))\n"
                "        await asyncio.wait({chosen, stored}, return_when='FIRST_COMPLETED')\n"
                "        placed = chosen.result() if chosen.done() else await stored\n"
                "        if isinstance(placed, New):\n",
            ),
            Change(
                "service/following/dial.py",
                "            if not await self._holds():\n                raise TakenOverError\n",
                "",
            ),
        ),
        rules=("phones.only_accepted_calls_are_dialled", "requests.an_accepted_call_is_stored"),
        seed=0,
        # Commits fail while calls are placed: elsewhere that is too rare.
        doings=(
            Strike(time=4.9, fault=Fault.COMMIT_REFUSED, size=0.5, lasting=10.0),
            *(_place(number, 5.0 + 0.5 * number) for number in range(12)),
        ),
    ),
    Bug(
        name="failover while it rings",
        breaks="Another trunk is tried though the phone has rung, and was seen ringing.",
        changes=(
            Change(
                "domain/calls/failover.py",
                '    if call.state is not CallState.DIALING:\n        return "it rang"\n',
                "",
            ),
            Change(
                "domain/calls/advance.py",
                "    if call.state is not CallState.DIALING or call.ending:\n",
                "    if call.ending:\n",
            ),
            Change(
                "service/following/follow.py",
                "wanted = call.state is CallState.DIALING and not call.ending",
                "wanted = not call.answered and not call.ending",
            ),
        ),
        rules=("phones.rings_once", "phones.no_more_phones_than_calls"),
        seed=0,
    ),
    Bug(
        name="failover without knowing whether it rang",
        breaks="Another trunk is tried without LiveKit's notice that the phone has not rung.",
        changes=(
            Change(
                "service/following/refusal.py",
                "        if failure.proves is Certainty.NOT_DIALED:\n            return True\n",
                "        return True\n",
            ),
        ),
        rules=("phones.rings_once", "phones.no_more_phones_than_calls"),
        seed=0,
        # Its gateways have heard notices before; then those come too late to tell of the ringing.
        doings=(
            *(_place(number, 2.0 + 0.2 * number) for number in range(6)),
            Strike(time=6.0, fault=Fault.NOTICES_LATE, size=5.0, lasting=60.0),
            *(_place(number, 6.0 + 0.5 * number, _RINGS_BRIEFLY) for number in range(6, 18)),
        ),
    ),
    Bug(
        name="lease not checked before a dial",
        breaks="A gateway that was frozen dials a call that another has taken over meanwhile.",
        changes=(
            Change(
                "service/following/dial.py",
                "            if not await self._holds():\n                raise TakenOverError\n",
                "",
            ),
        ),
        rules=(
            "phones.never_dials_an_ended_call",
            "phones.one_invite_at_a_time",
            "truthful.end_reason_is_true",
            "ends.no_leg_outlives_its_call",
        ),
        seed=1,
        # It waits to be dialled again, for longer than a lease and until others believe it gone.
        doings=(
            Strike(time=4.9, fault=Fault.LIVEKIT_AWAY, lasting=3.0),
            _place(0, 5.0, ringing_timeout=60.0),
            Strike(time=6.3, fault=Fault.FREEZE, target=0, lasting=20.0),
        ),
    ),
    Bug(
        name="dialled again after no reply",
        breaks="A dial whose reply was lost is sent again, though the phone may be ringing.",
        changes=(
            Change(
                "service/following/dial.py",
                "import Dial, DialReply, NeverSent, Refused\n",
                "import Dial, DialReply, NeverSent, NoReply, Refused\n",
            ),
            Change(
                "service/following/dial.py",
                "def _never_dialed(reply: DialReply) -> bool:\n"
                "    return isinstance(reply, NeverSent) or (",
                "def _never_dialed(reply: DialReply) -> bool:\n"
                "    return isinstance(reply, NeverSent | NoReply) or (",
            ),
            Change(
                "service/following/dial.py",
                "def _worth_sending_again(reply: DialReply) -> bool:\n"
                "    return isinstance(reply, NeverSent) or (",
                "def _worth_sending_again(reply: DialReply) -> bool:\n"
                "    return isinstance(reply, NeverSent | NoReply) or (",
            ),
        ),
        rules=("phones.rings_once", "phones.one_invite_at_a_time"),
        seed=0,
    ),
    Bug(
        name="ringing timeout begins anew",
        breaks="LiveKit is given the whole ringing timeout with each attempt, not what is left.",
        changes=(
            Change(
                "service/following/dial.py",
                "self._platform.dial(replace(self._dial, ringing_timeout=rest))",
                "self._platform.dial(self._dial)",
            ),
        ),
        rules=("durations.livekit_gets_what_is_left",),
        seed=0,
    ),
    Bug(
        name="ringing timeout not kept",
        breaks="LiveKit is told twice the time, and the gateway's own clock ends no ringing.",
        changes=(
            Change(
                "service/following/dial.py",
                "self._platform.dial(replace(self._dial, ringing_timeout=rest))",
                "self._platform.dial(replace(self._dial, ringing_timeout=rest * 2))",
            ),
            Change(
                "domain/calls/call.py",
                "        return self.direction is Direction.OUTBOUND and now >="
                " self.ringing_deadline + grace\n",
                "        return False\n",
            ),
        ),
        rules=("durations.ringing_stops_in_time",),
        seed=0,
    ),
    Bug(
        name="longest duration not kept",
        breaks="An answered call is not hung up when its `max_duration` has passed.",
        changes=(
            Change(
                "service/following/follow.py",
                "                    await self._end(EndReason.MAX_DURATION)\n",
                "                    pass\n",
            ),
        ),
        rules=("durations.calls_do_not_outlast_their_longest",),
        seed=1,
    ),
    Bug(
        name="leg left behind after a hang-up",
        breaks="The end of a call is written down, but its leg is not removed from the room.",
        changes=(
            Change(
                "service/following/leg.py",
                "            await self._platform.hang_up(self._room, self._identity)\n",
                "",
            ),
        ),
        rules=(
            "requests.hung_up_means_gone",
            "requests.answers_come_in_time",
            "ends.no_leg_is_left",
            "ends.no_leg_outlives_its_call",
            "ends.ends_in_time",
        ),
        seed=1,
    ),
    Bug(
        name="answer revives a canceled call",
        breaks="An answer that crosses the hang-up makes the call an answered one again.",
        changes=(
            Change(
                "domain/calls/advance.py",
                "    if state <= call.state or (call.ending and not call.answered"
                " and state > CallState.RINGING):\n",
                "    if state <= call.state:\n",
            ),
        ),
        rules=("truthful.an_unanswered_end_has_no_answer",),
        seed=0,
    ),
    Bug(
        name="leg of a canceled call is not hung up",
        breaks="A leg that joins its room only after the hang-up was asked for stays there.",
        changes=(
            Change(
                "service/following/follow.py",
                "        if self._call.ending or self._call.ended:\n"
                "            await self._leg.hang_up()\n",
                "        if self._call.ended:\n            await self._leg.hang_up()\n",
            ),
        ),
        rules=(
            "ends.ends_in_time",
            "ends.no_leg_outlives_its_call",
            "requests.hung_up_means_gone",
            "requests.answers_come_in_time",
            "requests.nothing_is_unavailable_without_a_fault",
        ),
        seed=0,
        doings=plans.HUNG_UP_AT_ONCE,
    ),
    Bug(
        name="taken over without a look",
        breaks="A call of a gateway that died is ended as lost, while its phone talks on.",
        changes=(
            Change(
                "service/following/followers.py",
                "            self._start(call, self._follower(call, read, time).follow())\n",
                "            lost = NotDialed(self._clock.now())\n"
                "            story = until_stored(lambda: self._record.call(call.call_id, lost))\n"
                '            self._run(f"settle {call.call_id}", story)\n',
            ),
        ),
        rules=(
            "ends.no_leg_outlives_its_call",
            "truthful.end_reason_is_true",
            "ends.no_leg_is_left",
        ),
        seed=0,
    ),
)
