"""Whether a period of the week includes an instant, by local time."""

from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.domain.tenant import RouteHours

_WEEK = 7


def hold(hours: RouteHours, now: datetime, zone: ZoneInfo) -> bool:
    """Whether `hours` include `now`.

    They begin on the days named and, if `until` is before `begin`, last into the next day; if both
    are the same, they include nothing.
    Local time decides: an hour that occurs twice is included twice, one that is skipped is
    skipped.
    """
    local = now.astimezone(zone)
    minute, today = local.hour * 60 + local.minute, local.isoweekday()
    if hours.begin <= hours.until:
        return today in hours.days and hours.begin <= minute < hours.until
    yesterday = (today - 2) % _WEEK + 1
    return (today in hours.days and minute >= hours.begin) or (
        yesterday in hours.days and minute < hours.until
    )
