"""A call that is taken over after its gateway died, whose leg has left meanwhile."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.calls import pace
from gateway.domain.calls.call import CallState, Ending
from gateway.domain.outcome import EndReason, HangupSource
from gateway.ports import Transaction
from gateway.service.api.call_commands import HANG_UP_PATIENCE
from gateway.store.store import SqlStore
from tests.stands.services.exchange import Exchange, serving
from tests.stands.values import a_call, on_trunk
from tests.stands.waiting import eventually


async def test_a_leg_that_left_unseen_is_not_ended_for_its_duration(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its longest duration is over by now, but nobody knows that it lasted so long."""
    monkeypatch.setattr(pace, "BELIEVED_GONE_AFTER", timedelta(seconds=0.3))
    async with serving(store, Exchange()) as desk:
        now = desk.clock.now()
        call = replace(
            a_call("call_1", create_time=now, max_duration=timedelta(seconds=1)),
            state=CallState.ACTIVE,
            answer_time=now - timedelta(seconds=9),
        )
        await desk.store.transact(lambda tx: _held(tx, call, desk.lease.gateway_id))
        desk.followers.resume_call(call)

        async def ended() -> bool:
            return (await desk.call()).ended

        await eventually(ended)
        assert (await desk.call()).end_reason is not EndReason.MAX_DURATION


async def test_who_hangs_up_meanwhile_is_not_kept_waiting(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A leg that is to be ended and is not there is believed gone before HangUpCall gives up."""
    assert pace.BELIEVED_GONE_IF_ENDING_AFTER < HANG_UP_PATIENCE
    monkeypatch.setattr(pace, "BELIEVED_GONE_IF_ENDING_AFTER", timedelta(seconds=0.3))
    async with serving(store, Exchange()) as desk:
        now = desk.clock.now()
        call = replace(
            a_call("call_1", create_time=now),
            state=CallState.ACTIVE,
            answer_time=now,
            ending=Ending(EndReason.COMPLETED, HangupSource.API, now),
        )
        await desk.store.transact(lambda tx: _held(tx, call, desk.lease.gateway_id))
        desk.followers.resume_call(call)

        async def ended() -> bool:
            return (await desk.call()).ended

        await eventually(ended)
        assert (await desk.call()).end_reason is EndReason.COMPLETED


async def test_a_phone_that_nobody_saw_ring_has_not_rung_in_vain(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its ringing timeout is over by now, but nobody knows whether it was ever dialled."""
    monkeypatch.setattr(pace, "BELIEVED_GONE_AFTER", timedelta(seconds=0.3))
    async with serving(store, Exchange()) as desk:
        call = on_trunk("call_1", create_time=desk.clock.now() - timedelta(seconds=31))
        await desk.store.transact(lambda tx: _held(tx, call, desk.lease.gateway_id))
        desk.followers.resume_call(call)

        async def ended() -> bool:
            return (await desk.call()).ended

        await eventually(ended)
        assert (await desk.call()).end_reason is EndReason.OUTCOME_UNKNOWN


def _held(tx: Transaction, call: object, gateway_id: str) -> None:
    tx.put_call(call)  # type: ignore[arg-type]
    tx.hold("call_1", gateway_id)
