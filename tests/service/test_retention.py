"""What is kept for how long."""

from datetime import timedelta

import pytest

from gateway.domain.call import CallState
from gateway.ports import RequestClaim, Transaction
from gateway.service.retention import CLOCKS_APART, Retention
from gateway.store import pruning
from gateway.store.store import SqlStore
from tests.clocks import RealClock
from tests.store.values import a_call, place

DAY = timedelta(days=1)


async def test_all_there_is_to_forget_is_forgotten(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Part after part: starts, expired request ids, and calls of long ago; by the store's clock."""
    monkeypatch.setattr(pruning, "PART", 2)
    now = await store.read(lambda r: r.now())
    expired = now - 2 * CLOCKS_APART

    def fill(tx: Transaction) -> None:
        tx.put_start("s", now - DAY)
        for number in range(3):
            tx.put_claim(RequestClaim("acme", "PlaceCall", f"r-{number}", "f", "c", expired))
        tx.put_claim(RequestClaim("acme", "PlaceCall", "r-3", "f", "c", now))
        for number, days in enumerate((9, 12)):
            time = now - days * DAY
            ended = {"create_time": time, "end_time": time, "state": CallState.ENDED}
            place(tx, a_call(f"call_{number}", **ended))

    await store.transact(fill)
    await Retention(
        store=store, clock=RealClock(), keeps=10 * DAY, believed_after=timedelta(0)
    ).forget()
    ever = now - 99 * DAY
    claims = await store.read(
        lambda r: [r.claim("acme", "PlaceCall", f"r-{number}", ever) for number in range(4)]
    )
    assert [claim is not None for claim in claims] == [False, False, False, True]
    assert (await store.read(lambda r: r.starts("s", ever, 9))).used == 0
    calls = await store.read(lambda r: [r.call("call_0"), r.call("call_1")])
    assert [call is not None for call in calls] == [True, False]
