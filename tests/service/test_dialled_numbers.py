"""What is dialled is the number that was judged, also when the configuration changes."""

from dataclasses import replace
from typing import Any, cast

import pytest

from gateway.domain.calls.call import Call
from gateway.domain.outcome import Failure
from gateway.domain.tenant import NumberFormat, Trunk, TrunkNumber
from gateway.service.following.dial import dial_of
from gateway.service.following.failover import Failover
from gateway.store.store import SqlStore
from tests.stands.phones import OWN
from tests.stands.services.admitting import a_trunk, on
from tests.stands.values import on_trunk

NATIONAL = NumberFormat(plus=False, prefix="0", strip=1, countries=("DE",))
GERMAN = a_trunk("german", number_format=NATIONAL)
AMERICAN = a_trunk("american", number_format=replace(NATIONAL, prefix="", countries=("US",)))


def test_a_dial_that_another_number_would_be_is_not_made() -> None:
    """Whoever chose the trunk was to ask; a mistake there must ring nobody."""
    call = on_trunk("call_1", "american")
    assert dial_of(call, AMERICAN).to == "5005550100"
    with pytest.raises(ValueError, match="tel:05005550100 would be read as"):
        dial_of(call, GERMAN)


def showing(call: Call, number: str = OWN) -> Call:
    """The call with this caller ID on its newest attempt."""
    newest = replace(call.attempts[-1], caller_id=number)
    return replace(call, attempts=(*call.attempts[:-1], newest))


class KnownTrunks:
    """A directory in which each trunk is as it is configured now."""

    def __init__(self, *changed: Trunk) -> None:
        self.changed = {trunk.trunk_id: trunk for trunk in changed}

    def trunk(self, trunk_id: str) -> Any:
        return {"german": GERMAN, "american": AMERICAN, **self.changed}.get(trunk_id)


@pytest.mark.parametrize(("trunk_id", "dials"), [("american", True), ("german", False)])
async def test_an_attempt_whose_commit_was_lost_is_looked_at_again(
    store: SqlStore,
    trunk_id: str,
    dials: bool,  # noqa: FBT001
) -> None:
    """Its trunk may have got another number format since it was chosen."""
    failed = on_trunk("call_1", "first")
    stored = showing(on(failed, trunk_id))
    await store.transact(lambda tx: tx.put_call(stored))
    others: Any = {"admission": None, "record": None, "directory": KnownTrunks()}
    moves = Failover(store=store, gateway_id="gw", **others)
    moved = await moves.next_trunk(failed, Failure(), silent=False)
    assert (moved.trunk is not None, moved.call.trunk_id) == (dials, trunk_id)
    assert bool(moved.why) == (not dials)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (AMERICAN, ""),
        (replace(AMERICAN, enabled=False), "its trunk is switched off"),
        (replace(AMERICAN, tenant_ids=("other",)), "its trunk is no longer configured"),
        (
            replace(AMERICAN, numbers=(TrunkNumber(OWN, tenant_id="other"),)),
            "its caller ID is no number of its trunk any more",
        ),
        (replace(AMERICAN, number_format=GERMAN.number_format), "would be read"),
    ],
)
def test_a_trunk_is_looked_at_again_when_the_agent_has_come(changed: Trunk, why: str) -> None:
    """The phone is dialled up to a minute after its trunk was chosen: as for any next trunk."""
    others: Any = {"admission": None, "record": None, "store": None}
    moves = Failover(gateway_id="gw", directory=cast("Any", KnownTrunks(changed)), **others)
    moved = moves.begun(showing(on_trunk("call_1", "american")))
    assert (moved.trunk is None) == bool(why)
    assert why in moved.why
