"""Failover while other things go wrong: slow platforms, lost commits, leases that end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.leg import Dial, DialReply, Refused
from gateway.ports import OutcomeUnknownError, PlatformError, Store, Transaction
from gateway.service import placed_leg
from gateway.telephony.v1 import calls_pb2
from tests.behaviour.stand import Stand, phone, reason_name, span
from tests.behaviour.trunks import two_trunks


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    """One gateway on the sandbox."""
    made = Stand("grpc", f"sqlite:///{tmp_path}/gateway.db", None, tmp_path)
    await made.start()
    yield made
    await made.stop()


class LikeLiveKit:
    """Stands before the sandbox: does not say whether it rang, and ends legs as `ended` does."""

    def __init__(self, stand: Stand, ended: Callable[[], Any]) -> None:
        sandbox = stand.gateway.platforms.sandbox
        self._dial, self._hang_up, self._ended = sandbox.dial, sandbox.hang_up, ended
        self.dialed: list[str] = []
        sandbox.dial = self.dial  # type: ignore[method-assign]
        sandbox.hang_up = self.hang_up  # type: ignore[method-assign]

    async def dial(self, dial: Dial) -> DialReply:
        """See Platform."""
        self.dialed.append(dial.livekit_trunk_id)
        reply = await self._dial(dial)
        return Refused(reply.failure) if isinstance(reply, Refused) else reply

    async def hang_up(self, room: str, identity: str) -> None:
        """See Platform."""
        await self._hang_up(room, identity)
        await self._ended()


async def place(stand: Stand, **fields: Any) -> calls_pb2.Call:
    fields.setdefault("ringing_timeout", span(15))
    return await stand.acme.place(phone("00"), wait_until_answered=True, **fields)


def trunks_tried(call: calls_pb2.Call) -> list[str]:
    return [attempt.trunk_id for attempt in call.attempts]


async def test_a_platform_that_is_slow_to_hang_up_still_lets_a_silent_trunk_go(
    stand: Stand,
) -> None:
    """Looking goes on while the silent leg is being ended, so it is known not to have rung."""

    async def slow() -> None:
        await asyncio.sleep(1.5)

    LikeLiveKit(stand, slow)
    await two_trunks(stand, "07")
    call = await place(stand, setup_timeout=span(0.6))
    assert trunks_tried(call) == ["a", "b"]
    assert call.state == calls_pb2.CALL_STATE_ACTIVE


async def test_a_hang_up_that_failed_says_nothing_of_the_next_leg(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trouble with the first leg does not make the second one believed out of reach."""
    monkeypatch.setattr(placed_leg, "OUT_OF_REACH_SECONDS", 0.5)
    failures = iter([PlatformError("RemoveParticipant: no answer in time")])

    async def fails_once() -> None:
        for failure in failures:
            raise failure

    LikeLiveKit(stand, fails_once)
    await two_trunks(stand, "07")
    call = await place(stand, setup_timeout=span(0.6))
    assert trunks_tried(call) == ["a", "b"]
    for _ in range(4):  # looked at every half second or so
        await asyncio.sleep(0.5)
        assert (await stand.acme.get(call.call_id)).state == calls_pb2.CALL_STATE_ACTIVE
    assert reason_name(await stand.acme.hang_up(call.call_id)) == "COMPLETED"


async def test_ending_a_leg_does_not_end_the_next_one(stand: Stand) -> None:
    """The next dial waits until nothing is under way that removes this identity."""
    over, dialed_before = asyncio.Event(), list[int]()

    async def slow() -> None:
        await asyncio.sleep(0.8)
        dialed_before.append(len(platform.dialed))
        over.set()

    platform = LikeLiveKit(stand, slow)
    await two_trunks(stand, "07")
    call = await place(stand, setup_timeout=span(0.6))
    assert over.is_set()
    assert dialed_before == [1]
    assert trunks_tried(call) == ["a", "b"]


class LosesOneAnswer:
    """The store, whose first commit is kept and not answered."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lost = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def transact(self, change: Callable[[Transaction], Any]) -> Any:
        """See Store."""
        result = await self._store.transact(change)
        if not self._lost:
            self._lost = True
            raise OutcomeUnknownError("the commit's answer was lost")
        return result


async def test_a_lost_commit_of_the_next_attempt_loses_no_call(stand: Stand) -> None:
    """The attempt that was stored after all is dialled, once, and is not held to have failed."""
    platform = LikeLiveKit(stand, lambda: asyncio.sleep(0))
    await two_trunks(stand, "06")
    failover = stand.gateway.services.followers._surroundings.failover  # noqa: SLF001
    failover._store = LosesOneAnswer(failover._store)  # noqa: SLF001
    call = await place(stand)
    assert call.state == calls_pb2.CALL_STATE_ACTIVE
    assert [(a.trunk_id, a.sip_status_code) for a in call.attempts] == [("a", 503), ("b", 0)]
    assert platform.dialed == ["sandbox-06", "sandbox-00"]


async def test_a_gateway_that_lost_the_call_tries_no_other_trunk(stand: Stand) -> None:
    """It ends the call by what it knows; the gateway that has the call has nothing to guess."""
    platform = LikeLiveKit(stand, lambda: asyncio.sleep(0))
    await two_trunks(stand, "06")
    store = stand.gateway.administration.store
    failover = stand.gateway.services.followers._surroundings.failover  # noqa: SLF001
    next_trunk = failover.next_trunk

    async def after_a_takeover(call: Any, failure: Any, **how: Any) -> Any:
        def take_over(tx: Transaction) -> None:
            tx.beat("gateway_other", timedelta(seconds=60))
            tx.hold(call.call_id, "gateway_other")

        await store.transact(take_over)
        return await next_trunk(call, failure, **how)

    failover.next_trunk = after_a_takeover  # type: ignore[method-assign]
    call = await place(stand)
    assert (reason_name(call), call.sip_status_code) == ("TRUNK_FAILURE", 503)
    assert platform.dialed == ["sandbox-06"]
    assert call.attempts[0].next_attempt == "another gateway has taken the call over"


async def test_a_call_placed_while_leases_are_compared_goes_on(stand: Stand) -> None:
    """A gateway that looks which calls are still its own drops none that came meanwhile."""
    services = stand.gateway.services
    held, asked, placed = services.presence.held, asyncio.Event(), asyncio.Event()

    async def slowly() -> set[str]:
        found = await held()
        asked.set()
        await placed.wait()
        return found

    services.presence.held = slowly  # type: ignore[method-assign]
    services.presence._trusted = False  # noqa: SLF001  as after a database that was away
    await asked.wait()
    call = await stand.acme.place(phone("00"), ringing_timeout=span(30))
    services.presence.held = held  # type: ignore[method-assign]
    placed.set()
    answered = await stand.acme.until(call.call_id, calls_pb2.CALL_STATE_ACTIVE)
    assert answered.state == calls_pb2.CALL_STATE_ACTIVE
