"""Whether some hours of the week hold at an instant, by the clock on the wall there."""

from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.domain.tenant import RouteHours

_WEEK = 7


def hold(hours: RouteHours, now: datetime, zone: ZoneInfo) -> bool:
    """Whether `hours` hold at `now`.

    They begin on the days named and, where `until` is before `begin`, run into the next day;
    where both are the same, they never hold.
    The wall clock decides: an hour that it shows twice is twice within, one that it leaves out
    is left out.
    """
    local = now.astimezone(zone)
    minute, today = local.hour * 60 + local.minute, local.isoweekday()
    if hours.begin <= hours.until:
        return today in hours.days and hours.begin <= minute < hours.until
    yesterday = (today - 2) % _WEEK + 1
    return (today in hours.days and minute >= hours.begin) or (
        yesterday in hours.days and minute < hours.until
    )
