"""Times as columns hold them."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(time: datetime) -> int:
    """Microseconds since 1970. A time without a zone is refused (TypeError)."""
    return (time - _EPOCH) // _MICROSECOND


def time_of(stored: int) -> datetime:
    """The time in UTC."""
    return _EPOCH + stored * _MICROSECOND
