"""What is dialled is the number that was judged, also when the configuration changes."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.domain.outcome import Failure
from gateway.domain.tenant import NumberFormat
from gateway.service.following.dial import dial_of
from gateway.service.following.failover import Failover
from gateway.store.store import SqlStore
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


class KnownTrunks:
    """A directory in which each trunk is as it is configured now."""

    def trunk(self, trunk_id: str) -> Any:
        return {"german": GERMAN, "american": AMERICAN}.get(trunk_id)


@pytest.mark.parametrize(("trunk_id", "dials"), [("american", True), ("german", False)])
async def test_an_attempt_whose_commit_was_lost_is_looked_at_again(
    store: SqlStore,
    trunk_id: str,
    dials: bool,  # noqa: FBT001
) -> None:
    """Its trunk may have got another number format since it was chosen."""
    failed = on_trunk("call_1", "first")
    await store.transact(lambda tx: tx.put_call(on(failed, trunk_id)))
    others: Any = {"admission": None, "record": None, "directory": KnownTrunks()}
    moves = Failover(store=store, gateway_id="gw", **others)
    moved = await moves.next_trunk(failed, Failure(), silent=False)
    assert (moved.trunk is not None, moved.call.trunk_id) == (dials, trunk_id)
    assert bool(moved.why) == (not dials)
