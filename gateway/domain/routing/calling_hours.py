"""Whether a number may be called now, by the local time of whoever is called."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.domain.numbers.callee import Callee
from gateway.domain.numbers.zones import zones_of
from gateway.domain.route_decision import RuleCheck
from gateway.domain.routing.hours import hold
from gateway.domain.tenant import CallingHours
from gateway.errors import GatewayError, Reason

MOST_ZONES_TOLD = 5
UNKNOWN_TIME = "at an unknown local time"


class CallingHoursTable:
    """A tenant's calling hours, indexed by what they match."""

    __slots__ = ("_any", "_countries", "_lengths", "_prefixes")

    def __init__(self, entries: Iterable[CallingHours]) -> None:
        self._prefixes: dict[str, CallingHours] = {}
        self._countries: dict[str, CallingHours] = {}
        self._any: CallingHours | None = None
        for entry in entries:
            for prefix in entry.prefixes:
                self._prefixes.setdefault(prefix, entry)
            for country in entry.countries:
                self._countries.setdefault(country, entry)
            if not entry.prefixes and not entry.countries:
                self._any = self._any or entry
        self._lengths = tuple(sorted({len(prefix) for prefix in self._prefixes}, reverse=True))

    def find(self, callee: Callee) -> CallingHours | None:
        """The most specific entry that matches; None: there is none."""
        for length in self._lengths:
            if found := self._prefixes.get(callee.number[:length]):
                return found
        return self._countries.get(callee.country) or self._any


def check_hours(
    callee: Callee, hours: CallingHours | None, now: datetime, *, override: bool = False
) -> RuleCheck | None:
    """Why the number may be called now; None: no hours apply to it, as to emergency numbers.

    `override`: outside the hours too. Else raises CALLING_HOURS.
    """
    if hours is None or callee.emergency:
        return None
    zones = [ZoneInfo(name) for name in zones_of(callee.number)]
    allowed = [zone for zone in zones if _includes(hours, now, zone)]
    closed = [zone for zone in zones if zone not in allowed]
    is_open = bool(allowed) if hours.any_time_zone else bool(zones) and not closed
    if is_open or (not zones and _includes(hours, now, None)):
        return RuleCheck(Reason.CALLING_HOURS, f"{hours.hours_id}: {_told(allowed, now)}")
    told = _told(closed, now)
    if override:
        return RuleCheck(Reason.CALLING_HOURS, f"{hours.hours_id}: {told}", overridden=True)
    raise GatewayError(
        Reason.CALLING_HOURS,
        f"calling hours {hours.hours_id} do not allow {callee.number} now: {told}",
        {"to": callee.number, "hours_id": hours.hours_id, "local_times": told},
    )


def _includes(hours: CallingHours, now: datetime, zone: ZoneInfo | None) -> bool:
    """Whether one of the periods includes this instant; `zone`: of the callee, None: unknown."""
    for period in hours.periods:
        where = ZoneInfo(period.time_zone) if period.time_zone else zone
        if where is not None and hold(period, now, where):
            return True
    return False


def _told(zones: Sequence[ZoneInfo], now: datetime) -> str:
    """`07:59 in America/Chicago`, of each zone."""
    if not zones:
        return UNKNOWN_TIME
    shown = [f"{now.astimezone(zone):%H:%M} in {zone.key}" for zone in zones[:MOST_ZONES_TOLD]]
    more = len(zones) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
