"""What gateways keep to themselves: nothing that is over, and no error."""

from collections.abc import Iterator

from tests.simulation.judge.case import Case
from tests.simulation.judge.evidence import Breach


def nothing_is_left_in_memory(case: Case) -> Iterator[Breach]:
    """When all calls are over no living gateway has anything of them in memory."""
    if any(case.goes_on(story) for story in case.stories.values()):
        return
    for gateway, places in case.evidence.left.items():
        for place, count in places.items():
            if count:
                yield Breach(gateway, f"{count} in {place}", case.evidence.end)


def no_error_is_unexpected(case: Case) -> Iterator[Breach]:
    """No exception is left unhandled, and none is met that the code did not expect."""
    for error in case.evidence.errors:
        yield Breach("error", error)


RULES = (nothing_is_left_in_memory, no_error_is_unexpected)
