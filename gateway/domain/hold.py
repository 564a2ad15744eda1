"""Hold: whom a phone hears, who hears the phone, and since when."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.replacing import replace


@dataclass(frozen=True, slots=True)
class Mask:
    """What is kept from a phone, and from whom the phone is kept."""

    deaf: bool = False
    """The phone hears nobody, whoever comes."""
    hidden: bool = False
    """Whoever joins the room from now on learns nothing of the phone."""
    muted: bool = False
    """Those who are in the room do not hear the phone."""
    music: bool = False
    """The phone hears those who play music, and nobody else; if `deaf`, not even those."""

    def __or__(self, other: "Mask") -> "Mask":
        """Both at once."""
        return Mask(
            deaf=self.deaf or other.deaf,
            hidden=self.hidden or other.hidden,
            muted=self.muted or other.muted,
            music=(self.music or other.music) and not (self.deaf or other.deaf),
        )

    @property
    def holds(self) -> bool:
        """The phone does not hear the room."""
        return self.deaf or self.music


OPEN = Mask()
"""The phone hears everybody, and everybody the phone."""
HIDDEN = Mask(hidden=True)
"""It hears everybody, and those who are in the room hear it."""
DEAF = Mask(deaf=True)
"""On hold; the room still hears the phone."""
APART = Mask(deaf=True, hidden=True, muted=True)
"""On hold, and nobody hears the phone either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """What was asked for, what was last seen to be in force, and for how long."""

    wanted: Mask = OPEN
    """By HoldCall."""
    transfer: Mask = OPEN
    """By a warm transfer under way."""
    seen: Mask = OPEN
    confirmed: bool = True
    """It was seen since what is wanted changed last. Otherwise an earlier wish may be under way."""
    since: datetime | None = None
    """When the phone was seen to hear nobody; None while it hears the room."""
    earlier: timedelta = timedelta(0)
    """How long all earlier holds of the call lasted together."""

    @property
    def mask(self) -> Mask:
        """By either."""
        return self.wanted | self.transfer

    @property
    def settled(self) -> bool:
        """What is wanted is in force."""
        return self.confirmed and self.mask == self.seen

    def answers(self, asked: Mask) -> bool:
        """Whoever asked for this has it, or somebody has asked for the opposite since.

        Another kind of hold is not the opposite: until one is in force the phone may hear the room.
        """
        return self.settled or self.wanted.holds != asked.holds

    def asked(self, *, wanted: Mask, transfer: Mask) -> "Hold":
        """The hold once something else is wanted."""
        after = replace(self, wanted=wanted, transfer=transfer)
        return after if after.mask == self.mask else replace(after, confirmed=False)

    def in_force(self, mask: Mask, now: datetime) -> "Hold":
        """The hold once `mask` was seen."""
        if mask.holds:
            return replace(self, seen=mask, confirmed=True, since=self.since or now)
        lasted = max(now - self.since, timedelta(0)) if self.since else timedelta(0)
        earlier = self.earlier + lasted
        return replace(self, seen=mask, confirmed=True, since=None, earlier=earlier)

    def over(self, now: datetime) -> "Hold":
        """The hold once the call has ended."""
        return replace(self.in_force(OPEN, now), wanted=OPEN, transfer=OPEN)
