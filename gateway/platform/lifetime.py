"""How long a platform may let a leg live: a safeguard behind the gateway's own clock."""

from datetime import timedelta

from gateway.domain.calls.leg import Dial

LONGEST = timedelta(hours=24)
SLACK = timedelta(seconds=60)


def lifetime(dial: Dial) -> timedelta:
    """From the join of the room, so ringing counts; LiveKit knows no way to count the talk.

    Later than the gateway's own hang-up at `max_duration`, which alone can tell that end
    from others. It matters when no gateway is left to do so.
    """
    return min(dial.max_duration + dial.ringing_timeout + SLACK, LONGEST)
