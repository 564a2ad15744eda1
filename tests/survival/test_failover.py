"""Failover while other things go wrong: slow platforms, lost commits, leases that end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.calls.inbound import Change, Notice
from gateway.domain.calls.leg import Dial, DialReply, Leg, NoReply, Refused
from gateway.domain.calls.observation import LeaveReason, LegStatus
from gateway.domain.outcome import Cause, Failure
from gateway.ports import Clock, PlatformError, Transaction
from gateway.service.arrivals.notices import Receipt
from gateway.service.following import leg as placed_leg
from gateway.service.following import refusal
from gateway.service.following.call_row import CallRow
from gateway.service.following.looking.alarm import Alarm
from gateway.service.following.reports import await_reason
from gateway.telephony.v1 import calls_pb2
from tests.stands.database_moments import LosesOneAnswer
from tests.stands.patience import LATE
from tests.stands.phones import ANSWERS, CARRIER_FAILS, REFUSES_TRANSFERS, SILENT, phone_id
from tests.stands.stand import LONGEST_RINGING, NO_LIMITS, NUMBERS, Stand, reason_name, span
from tests.stands.trunks import sandbox_trunk, trunk, two_trunks
from tests.stands.waiting import eventually


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch, looked_in_time: None, reasons_in_time: None) -> None:
    """Looks and notices that are late on a busy machine still come in time."""
    del looked_in_time, reasons_in_time
    monkeypatch.setattr(refusal, "RINGING_REPORT", timedelta(seconds=LATE))


async def three_trunks(stand: Stand, *behave_as: str) -> None:
    """A route over trunks `a`, `b` and `c`, which behave as these phones."""
    phones = dict(zip("abc", behave_as, strict=True))
    targets = [{"trunk_id": name, "priority": n} for n, name in enumerate(phones, 1)]
    routes = [{"route_id": "all", "targets": targets}]
    acme = {"tenant_id": "acme", "routes": routes, "limits": NO_LIMITS}
    trunks = [trunk(stand, name, phone, NUMBERS[0]) for name, phone in phones.items()]
    await stand.apply({"tenants": [acme, {"tenant_id": "globex"}], "trunks": trunks})


class LikeLiveKit:
    """Stands before the sandbox: does not say whether it rang, and ends legs as `ended` does."""

    def __init__(self, stand: Stand, ended: Callable[[], Any]) -> None:
        self.sandbox = stand.gateway.platforms.sandbox
        self._dial, self._hang_up, self._ended = self.sandbox.dial, self.sandbox.hang_up, ended
        self._leg = self.sandbox.leg
        self.dialed: list[str] = []
        self.replied = asyncio.Event()
        self.sandbox.dial = self.dial  # type: ignore[method-assign]
        self.sandbox.hang_up = self.hang_up  # type: ignore[method-assign]

    async def dial(self, dial: Dial) -> DialReply:
        """See Platform."""
        self.dialed.append(dial.livekit_trunk_id)
        reply = await self._dial(dial)
        self.replied.set()
        return Refused(reply.failure) if isinstance(reply, Refused) else reply

    async def hang_up(self, room: str, identity: str) -> None:
        """See Platform."""
        await self._hang_up(room, identity)
        await self._ended()

    def seems_silent(self) -> None:
        """Looks show a leg that is being dialled, until it is answered."""

        async def leg(room: str, identity: str) -> Leg | None:
            found = await self._leg(room, identity)
            if found is None or self.replied.is_set():
                return found
            return replace(found, status=LegStatus.DIALING)

        self.sandbox.leg = leg  # type: ignore[method-assign]


async def place(stand: Stand, **fields: Any) -> calls_pb2.Call:
    fields.setdefault("ringing_timeout", LONGEST_RINGING)
    return await stand.acme.place(ANSWERS, wait_until_answered=True, **fields)


def trunks_tried(call: calls_pb2.Call) -> list[str]:
    return [attempt.trunk_id for attempt in call.attempts]


async def test_a_platform_that_is_slow_to_hang_up_still_lets_a_silent_trunk_go(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking goes on while the silent leg is being ended, so it is known not to have rung."""
    monkeypatch.setattr("gateway.service.following.dial.UNSEEN_RINGING", timedelta(seconds=2))

    async def slow() -> None:
        await asyncio.sleep(3)

    LikeLiveKit(stand, slow)
    await two_trunks(stand, SILENT)
    call = await place(stand, setup_timeout=span(0.6))
    assert trunks_tried(call) == ["a", "b"]
    assert call.state == calls_pb2.CALL_STATE_ACTIVE


@pytest.mark.usefixtures("unhurried")
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
    await two_trunks(stand, SILENT)
    call = await place(stand, setup_timeout=span(0.6))
    assert trunks_tried(call) == ["a", "b"]
    for _ in range(4):  # looked at every half second or so
        await asyncio.sleep(0.5)
        assert (await stand.acme.get(call.call_id)).state == calls_pb2.CALL_STATE_ACTIVE
    assert reason_name(await stand.acme.hang_up(call.call_id)) == "COMPLETED"


@pytest.mark.usefixtures("unhurried")
async def test_ending_a_leg_does_not_end_the_next_one(stand: Stand) -> None:
    """The next dial waits until nothing is under way that removes this identity."""
    over, dialed_before = asyncio.Event(), list[int]()

    async def slow() -> None:
        await asyncio.sleep(0.8)
        dialed_before.append(len(platform.dialed))
        over.set()

    platform = LikeLiveKit(stand, slow)
    await two_trunks(stand, SILENT)
    call = await place(stand, setup_timeout=span(0.6))
    assert over.is_set()
    assert dialed_before == [1]
    assert trunks_tried(call) == ["a", "b"]


class Telling(LikeLiveKit):
    """LiveKit's webhooks come: of each leg that left they say how far it came, by `words`."""

    def __init__(self, stand: Stand, *words: LegStatus) -> None:
        super().__init__(stand, lambda: asyncio.sleep(0))
        self._webhooks = stand.gateway.services.notices
        self._words = iter(words)
        self.unknown: set[str] = set()
        """Trunks that LiveKit does not have."""
        self.says: Failure | None = None
        """Instead of what the carrier has said."""
        self.late: list[Notice] | None = None
        """Webhooks that wait, where it is a list."""
        self.reason = LeaveReason.UNKNOWN_REASON
        """Why legs have left; where it is known, no reply to a failed dial arrives."""
        stand.gateway.services.followers.hearing.heard = True

    async def dial(self, dial: Dial) -> DialReply:
        """See Platform."""
        if dial.livekit_trunk_id in self.unknown:
            self.dialed.append(dial.livekit_trunk_id)
            return Refused(Failure(cause=Cause.NO_SUCH_TRUNK, detail="object cannot be found"))
        replying = asyncio.create_task(super().dial(dial))
        leg = await eventually(lambda: self._leg(dial.room, dial.identity))
        reply = await replying
        if not isinstance(reply, Refused):
            return reply
        if leg and (word := next(self._words, None)):
            left = replace(leg, status=word)
            notice = Notice(leg.ids.sip_call_id, datetime.now(UTC), Change.LEFT, left, self.reason)
            if self.late is None:
                self.tell(notice)
            else:
                self.late.append(notice)
        if self.reason is not LeaveReason.UNKNOWN_REASON:
            return NoReply("the connection broke")
        return Refused(self.says or reply.failure)

    def tell(self, notice: Notice) -> None:
        """The webhook arrives."""
        assert self._webhooks.take(notice) is Receipt.QUEUED

    def blind(self, attempts: int) -> None:
        """Looks find nobody in the room during the first so many attempts."""

        async def leg(room: str, identity: str) -> Leg | None:
            return await self._leg(room, identity) if len(self.dialed) > attempts else None

        self.sandbox.leg = leg  # type: ignore[method-assign]


@pytest.mark.parametrize("first", [CARRIER_FAILS, SILENT], ids=phone_id)
async def test_without_its_webhook_nobody_knows_that_a_phone_has_not_rung(
    stand: Stand, first: str
) -> None:
    """Where LiveKit's webhooks come, a look just before the failure is not enough."""
    platform = Telling(stand)
    await two_trunks(stand, first)
    call = await place(stand, setup_timeout=span(0.6))
    assert len(platform.dialed) == 1
    assert call.attempts[0].next_attempt == "it may have rung unnoticed"


async def test_what_ends_the_call_anyway_waits_for_no_webhook(stand: Stand) -> None:
    """Whether it rang does not matter then: the carrier's own word is told."""
    Telling(stand)
    await two_trunks(stand, CARRIER_FAILS, failover_sip_codes=[500])
    call = await place(stand)
    assert call.attempts[0].next_attempt == "SIP 503 is not a failover code of the trunk"


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("first", [CARRIER_FAILS, SILENT], ids=phone_id)
async def test_a_ring_that_only_the_webhook_tells_ends_the_call(stand: Stand, first: str) -> None:
    """It rang for so short that no look saw it: nobody rings that phone again."""
    platform = Telling(stand, LegStatus.RINGING)
    await two_trunks(stand, first)
    call = await place(stand, setup_timeout=span(0.6))
    assert len(platform.dialed) == 1
    assert call.attempts[0].next_attempt == "it rang"
    assert call.HasField("ring_time")


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("word", [LegStatus.DIALING, LegStatus.RINGING])
async def test_a_failed_trunk_is_told_by_its_webhook_alone(stand: Stand, word: LegStatus) -> None:
    """The reply was lost, as with the gateway that waited for it: the next trunk is tried."""
    platform = Telling(stand, word)
    platform.reason = LeaveReason.SIP_TRUNK_FAILURE
    await two_trunks(stand, CARRIER_FAILS)
    await place(stand)
    assert len(platform.dialed) == (2 if word is LegStatus.DIALING else 1)


@pytest.mark.usefixtures("unhurried")
async def test_the_webhook_of_each_attempt_is_told_from_the_last_ones(stand: Stand) -> None:
    """Also where a leg failed so soon that no look found its ids."""
    platform = Telling(stand, LegStatus.DIALING, LegStatus.DIALING)
    platform.blind(2)
    await three_trunks(stand, CARRIER_FAILS, CARRIER_FAILS, ANSWERS)
    call = await place(stand)
    assert call.state == calls_pb2.CALL_STATE_ACTIVE
    assert trunks_tried(call) == ["a", "b", "c"]
    assert len(platform.dialed) == 3


def when_awaited(monkeypatch: pytest.MonkeyPatch, then: Callable[[Alarm], None]) -> None:
    """Does `then` when a follower begins to wait."""

    async def awaited(row: CallRow, alarm: Alarm, clock: Clock, patience: timedelta) -> None:
        then(alarm)
        await await_reason(row, alarm, clock, patience)

    monkeypatch.setattr(refusal, "await_reason", awaited)


@pytest.mark.usefixtures("unhurried")
async def test_a_leg_that_nobody_saw_is_told_by_its_webhook(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It rang between two looks, and failed without a word of the carrier: the webhook counts."""
    platform = Telling(stand, LegStatus.RINGING)
    platform.late = late = list[Notice]()
    when_awaited(monkeypatch, lambda _: platform.tell(late.pop()))
    platform.blind(1)
    platform.says = Failure(cause=Cause.TRUNK_UNUSABLE, detail="connection reset")
    await two_trunks(stand, CARRIER_FAILS)
    call = await place(stand)
    assert len(platform.dialed) == 1
    assert call.attempts[0].next_attempt == "it rang"


@pytest.mark.usefixtures("unhurried")
async def test_after_an_attempt_without_a_leg_webhooks_still_count(stand: Stand) -> None:
    """LiveKit knows no such trunk: nothing came of that, and the next one's webhook is its own."""
    platform = Telling(stand, LegStatus.DIALING)
    platform.blind(2)
    platform.unknown.add(sandbox_trunk(SILENT))
    await three_trunks(stand, SILENT, CARRIER_FAILS, ANSWERS)
    call = await place(stand)
    assert trunks_tried(call) == ["a", "b", "c"]
    assert call.state == calls_pb2.CALL_STATE_ACTIVE


async def test_waiting_for_a_webhook_leaves_the_database_alone(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where something else has just changed the call."""
    reads = list[str]()
    read = CallRow.read

    async def counted(row: CallRow) -> None:
        reads.append("")
        await read(row)

    Telling(stand)
    when_awaited(monkeypatch, Alarm.ring)
    monkeypatch.setattr(CallRow, "read", counted)
    await two_trunks(stand, CARRIER_FAILS)
    await place(stand)
    assert len(reads) < 100


async def test_an_answer_that_comes_while_another_trunk_is_looked_for_counts(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The callee is not hung up on for the silence before."""
    platform = LikeLiveKit(stand, lambda: asyncio.sleep(0))
    platform.seems_silent()
    failover = stand.gateway.services.followers._surroundings.failover  # noqa: SLF001

    async def possible(_: Any) -> bool:
        await platform.replied.wait()
        return True

    monkeypatch.setattr(failover, "possible", possible)
    await two_trunks(stand, REFUSES_TRANSFERS)
    call = await place(stand, setup_timeout=span(0.1))
    assert call.state == calls_pb2.CALL_STATE_ACTIVE
    ended = await stand.acme.hang_up(call.call_id)
    assert ended.hangup_source == calls_pb2.HANGUP_SOURCE_API


@pytest.mark.usefixtures("unhurried")
async def test_a_lost_commit_of_the_next_attempt_loses_no_call(stand: Stand) -> None:
    """The attempt that was stored after all is dialled, once, and is not held to have failed."""
    platform = LikeLiveKit(stand, lambda: asyncio.sleep(0))
    await two_trunks(stand, CARRIER_FAILS)
    failover = stand.gateway.services.followers._surroundings.failover  # noqa: SLF001
    failover._store = LosesOneAnswer(failover._store)  # noqa: SLF001
    call = await place(stand)
    assert call.state == calls_pb2.CALL_STATE_ACTIVE
    assert [(a.trunk_id, a.sip_status_code) for a in call.attempts] == [("a", 503), ("b", 0)]
    assert platform.dialed == [sandbox_trunk(CARRIER_FAILS), sandbox_trunk(ANSWERS)]


@pytest.mark.usefixtures("unhurried")
async def test_a_gateway_that_lost_the_call_tries_no_other_trunk(stand: Stand) -> None:
    """It ends the call by what it knows; the gateway that has the call has nothing to guess."""
    platform = LikeLiveKit(stand, lambda: asyncio.sleep(0))
    await two_trunks(stand, CARRIER_FAILS)
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
    assert platform.dialed == [sandbox_trunk(CARRIER_FAILS)]
    assert call.attempts[0].next_attempt == "another gateway has taken the call over"


async def test_a_call_placed_while_leases_are_compared_goes_on(stand: Stand) -> None:
    """A gateway that looks which calls are still its own drops none that came meanwhile."""
    services = stand.gateway.services
    held, asked, placed = services.lease.held, asyncio.Event(), asyncio.Event()

    async def slowly() -> set[str]:
        found = await held()
        asked.set()
        await placed.wait()
        return found

    services.lease.held = slowly  # type: ignore[method-assign]
    services.lease._trusted = False  # noqa: SLF001  as after a database that was away
    await asked.wait()
    call = await stand.acme.place(ANSWERS, ringing_timeout=span(30))
    services.lease.held = held  # type: ignore[method-assign]
    placed.set()
    answered = await stand.acme.until(call.call_id, calls_pb2.CALL_STATE_ACTIVE)
    assert answered.state == calls_pb2.CALL_STATE_ACTIVE
