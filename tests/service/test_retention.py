"""What is kept for how long."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from gateway.audit.redaction import keep
from gateway.domain.calls.call import CallState
from gateway.ports import RequestClaim, Transaction
from gateway.service.api.admin.forgetting import Forget, Forgetting
from gateway.service.api.admin.recording import Recording
from gateway.service.ledger.retention import (
    BELIEVED_AFTER,
    CLOCKS_APART,
    PAUSE_SECONDS,
    Retention,
)
from gateway.store import history
from gateway.store.databases import pruning
from gateway.store.store import SqlStore, open_store
from tests.stands.clocks import HandClock, RealClock, SteppingClock
from tests.stands.database_moments import before_every
from tests.stands.values import a_call, place

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


async def test_a_clock_that_was_set_makes_nothing_forgotten(tmp_path: Path) -> None:
    """A year ahead for a minute costs nothing; what is old goes when the clock has stood still."""
    machine, steady = SteppingClock(), HandClock()
    store = open_store(f"sqlite:///{tmp_path / 'gateway.db'}", machine)
    old = {"create_time": machine.now() - DAY, "end_time": machine.now() - DAY}
    call = a_call("call_1", state=CallState.ENDED, **old)
    await store.transact(lambda tx: place(tx, call))
    retention = Retention(store=store, clock=steady, keeps=2 * DAY)

    async def kept_after(seconds: float, *, step: float = 0.0) -> bool:
        steady.go_on(seconds)
        machine.step(seconds + step)
        await retention.forget()
        return await store.read(lambda r: r.call("call_1")) is not None

    hour, year = BELIEVED_AFTER.total_seconds(), 365 * DAY.total_seconds()
    assert await kept_after(0)
    assert await kept_after(hour)
    assert await kept_after(60, step=year)
    assert await kept_after(60)
    assert await kept_after(60, step=-year)
    assert await kept_after(hour)
    assert await kept_after(60, step=year)
    assert await kept_after(hour - 60)
    assert not await kept_after(60)
    await store.close()


async def test_forgetting_calls_pauses_for_others_who_write(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the parts, as where they are deleted by age."""
    monkeypatch.setattr(history, "PART", 1)
    clock = RealClock()
    ended = {"create_time": clock.now() - DAY, "end_time": clock.now() - DAY}
    calls = [a_call(f"call_{n}", state=CallState.ENDED, **ended) for n in range(3)]
    await store.transact(lambda tx: [place(tx, call) for call in calls])
    forgetting = Forgetting(store, clock, Recording(clock, keep))
    month = f"{clock.now():%Y-%m}"
    times: list[float] = []
    with before_every("commit", lambda _: times.append(clock.elapsed())):
        await forgetting.forget(Forget(tenant_id="acme", month=month, until=True, calls=True))
    assert len(times) >= len(calls)
    assert all(later - time >= PAUSE_SECONDS for time, later in pairwise(times))
    left = await store.read(lambda r: [r.call(call.call_id) for call in calls])
    assert left == [None] * 3
