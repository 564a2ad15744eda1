"""Phones: each receives its INVITEs and REFERs as the plan says, and writes down the truth."""

from asyncio import TimerHandle
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

from tests.simulation.engine.chance import Chance
from tests.simulation.engine.history import History
from tests.simulation.engine.loop import NodeLoop
from tests.simulation.plan.doings import Reception, ReferReception
from tests.simulation.world.truth import Invite, ReferRequest, Truth

LEAST_LAG, MOST_LAG = 0.005, 0.06
"""Seconds that a SIP message takes between LiveKit and a phone."""
BYE_AFTER_TRANSFER = 0.5
BYE_AFTER_LATE_TRANSFER = 20.0
"""A leg whose transfer LiveKit no longer listens to was measured to stay for at least 13 s."""
MEDIA_TIMEOUT = 15.0
"""After which a phone hangs up that hears nothing any more."""
NO_ACK = 32.0
"""After which an answer that nobody has acknowledged is given up (SIP's timer H)."""
RINGS_UNHEARD = 60.0
"""After which a carrier ends the ringing of a caller who is gone."""
NOT_TAKEN = ReferReception(final=404, after=0.3)
NOBODY = Reception(rings_after=None, final=404, after=0.05)


class Dialog(Protocol):
    """LiveKit's end of a line: what it hears of the phone, `lag` after it was said."""

    def hears_ringing(self) -> None: ...
    def hears_final(self, status: int) -> None: ...
    def hears_bye(self) -> None: ...


@dataclass(slots=True)
class Phone:
    """One number. `receptions`: of the first INVITE, the second …; the last one repeats.

    `refer`: None where the target decides, as `Phones.targets` says.
    """

    number: str
    stream: Random
    receptions: tuple[Reception, ...]
    refer: ReferReception | None
    invites: int = 0

    @property
    def next(self) -> Reception:
        """How it receives the next INVITE."""
        return self.receptions[min(self.invites, len(self.receptions) - 1)]

    def reception(self) -> Reception:
        """How it receives this INVITE."""
        reception = self.next
        self.invites += 1
        return reception

    def lag(self) -> float:
        """Of its next line, in seconds."""
        return LEAST_LAG + self.stream.random() * (MOST_LAG - LEAST_LAG)


class Phones:
    """All phones, by their E.164 numbers; where there is none, the number is unknown."""

    def __init__(self, loop: NodeLoop, chance: Chance, history: History, truth: Truth) -> None:
        self.loop = loop
        self.history = history
        self.truth = truth
        self.targets: dict[str, ReferReception] = {}
        """What becomes of a transfer to this URI; any other target refuses."""
        self._chance = chance
        self._phones: dict[str, Phone] = {}
        self.newer = chance.stream("livekit", "version").random() < 0.5
        """LiveKit is 1.13.11 or newer: its notices tell a failed trunk from a hang-up."""

    def add(
        self, number: str, receptions: tuple[Reception, ...], refer: ReferReception | None
    ) -> Phone:
        """A phone from now on, in the place of an earlier one."""
        phone = Phone(number, self._chance.stream("phone", number), receptions, refer)
        self._phones[number] = phone
        return phone

    def of(self, number: str) -> Phone:
        """The phone of this number, or nobody's."""
        return self._phones.get(number) or self.add(number, (NOBODY,), None)

    def line(self, invite: Invite, dialog: Dialog) -> "Line":
        """A new call between LiveKit and the phone of `invite`."""
        return Line(self, self.of(invite.number), invite, dialog)

    def callers_line(self, invite: Invite, refer: ReferReception, dialog: Dialog) -> "Line":
        """The same, begun by the phone; how it receives INVITEs remains as it is."""
        stream = self._chance.stream("caller", invite.number)
        return Line(self, Phone(invite.number, stream, (NOBODY,), refer), invite, dialog)


class Line:
    """One call at a phone, from its INVITE on.

    Times in `invite` are the phone's own: LiveKit hears of everything `lag` seconds later, and
    its CANCEL or BYE takes as long, so an answer and a CANCEL may cross.
    """

    def __init__(self, phones: Phones, phone: Phone, invite: Invite, dialog: Dialog) -> None:
        self.invite = invite
        self.lag = phone.lag()
        self._loop = phones.loop
        self._phones = phones
        self._phone = phone
        self._dialog: Dialog | None = dialog
        self._owner = "callee"
        self._timers: list[TimerHandle] = []

    @property
    def is_silent(self) -> bool:
        """Nothing at all comes back: whoever sends the next INVITE hears nothing."""
        reception = self._phone.next
        return reception.rings_after is None and reception.final is None

    @property
    def over(self) -> bool:
        """Nothing rings and nobody talks."""
        return self.invite.ended is not None

    def rings(self) -> None:
        """The INVITE arrives."""
        invite, reception = self.invite, self._phone.reception()
        self._begin()
        self._tell("INVITE", trunk=invite.trunk, sip_call_id=invite.sip_call_id)
        before = reception.rings_after or 0.0
        if reception.rings_after is not None:
            self._later(before, self._ring)
        if reception.final is not None:
            self._later(before + reception.after, self._decide, reception.final, reception.talks)

    def calls(self, gives_up: float) -> None:
        """The phone itself calls, and waits so many seconds for an answer."""
        self._owner = "caller"
        self._begin()
        self.invite.rang = self.invite.arrived
        self._tell("calls", room=self.invite.room)
        self._later(gives_up, self.hang_up)

    def takes(self, talks: float | None) -> None:
        """The call is answered; the phone hangs up `talks` seconds later, if ever."""
        if self.over:
            return
        self._stop()
        self.invite.answered = self._loop.time()
        self.invite.status = 200
        self._tell("answered")
        if talks is not None:
            self._later(talks, self.hang_up)

    def cancel(self) -> None:
        """A CANCEL arrives: it comes too late for a phone that has answered."""
        if self.invite.answered is None:
            self._end("platform", 487)

    def bye(self, by: str = "platform") -> None:
        """A BYE arrives."""
        self._end(by)

    def hang_up(self, by: str = "") -> None:
        """The phone itself ends the call."""
        if not self.over:
            self._end(by or self._owner)
            if self._dialog is not None:
                self._loop.call_later(self.lag, self._dialog.hears_bye)

    def refer(self, asked: list[ReferRequest], hears: Callable[[int], bool]) -> None:
        """A REFER arrives, for all these requests, to which others may be added.

        `hears` gets the final status, and says whether anybody listens.
        """
        target = asked[0].target
        reception = self._phone.refer or self._phones.targets.get(target, NOT_TAKEN)
        self._tell("REFER", target=target)
        if reception.final is not None and not self.over:
            self._later(reception.after, self._refer_decided, asked, reception.final, hears)

    def desert(self) -> None:
        """LiveKit is gone, without a word: the phone is left to find out."""
        self._dialog = None
        if self.over:
            return
        if self.invite.answered is None:
            self._loop.call_later(RINGS_UNHEARD, self.cancel)
        else:
            self._loop.call_later(MEDIA_TIMEOUT, self._end, "platform")

    def _ring(self) -> None:
        self.invite.rang = self._loop.time()
        self._tell("rings")
        if self._dialog is not None:
            self._loop.call_later(self.lag, self._dialog.hears_ringing)

    def _decide(self, status: int, talks: float | None) -> None:
        if self._dialog is not None:
            self._loop.call_later(self.lag, self._dialog.hears_final, status)
        if status != 200:
            self._end("callee", status)
            return
        self.takes(talks)
        if self._dialog is None:
            self._loop.call_later(NO_ACK, self._end, "platform")

    def _refer_decided(
        self, asked: list[ReferRequest], status: int, hears: Callable[[int], bool]
    ) -> None:
        for request in asked:
            request.final, request.settled = status, self._loop.time()
        self._tell("REFER decided", status=status)
        self._loop.call_later(self.lag, self._refer_told, status, hears)

    def _refer_told(self, status: int, hears: Callable[[int], bool]) -> None:
        listens = self._dialog is not None and hears(status)
        if status == 200:
            after = BYE_AFTER_TRANSFER if listens else BYE_AFTER_LATE_TRANSFER
            self._loop.call_later(after, self.hang_up, "transfer")

    def _end(self, by: str, status: int = 0) -> None:
        invite = self.invite
        if invite.ended is not None:
            return
        invite.ended, invite.ended_by = self._loop.time(), by
        invite.status = status or invite.status
        self._tell("over", by=by, status=invite.status)
        self._stop()

    def _begin(self) -> None:
        self.invite.arrived = self._loop.time()
        self._phones.truth.invites.append(self.invite)

    def _stop(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _later(self, seconds: float, then: Callable[..., Any], *args: Any) -> None:
        """Unless the call is over by then."""
        self._timers.append(self._loop.call_later(seconds, then, *args))

    def _tell(self, what: str, **about: Any) -> None:
        invite = self.invite
        self._phones.history.tell(f"phone {invite.number}", what, call_id=invite.call_id, **about)
