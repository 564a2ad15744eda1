"""What goes wrong inside, one fault at a time: the gateway goes on and keeps its promises."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.calls.leg import (
    Completed,
    Dial,
    DialReply,
    NeverSent,
    NoReply,
    Refer,
    ReferReply,
)
from gateway.domain.calls.observation import Answered, EndAsked, Lost
from gateway.domain.outcome import EndReason, HangupSource
from gateway.ports import StoreUnavailableError
from gateway.service.api import events
from gateway.service.following import dial as dialing
from gateway.service.following.follow import Follower
from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.stands.patience import PATIENCE
from tests.stands.phones import ANSWERS, ANSWERS_LATE, BUSY, RINGS_FOR_EVER
from tests.stands.stand import LONGEST_RINGING, Stand, reason_name, refusal, span, state_name
from tests.stands.waiting import eventually, until


class Dials:
    """Stands before the sandbox: never lets the first `refused` dials through."""

    def __init__(self, stand: Stand, refused: int) -> None:
        self._real = stand.gateway.platforms.sandbox.dial
        self._refused = refused
        self.sent: list[Dial] = []
        stand.gateway.platforms.sandbox.dial = self.dial  # type: ignore[method-assign]

    async def dial(self, dial: Dial) -> DialReply:
        """See Platform."""
        self.sent.append(dial)
        return NeverSent("down") if len(self.sent) <= self._refused else await self._real(dial)


async def unwritable(_change: Callable[[Any], Any], **_: bool) -> Any:
    """A database whose disk is full."""
    raise StoreUnavailableError("disk full")


async def test_a_call_hung_up_between_two_dials_is_not_dialled_again(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform that is back finds the call ended: nothing is sent any more."""
    monkeypatch.setattr(dialing, "PAUSES_SECONDS", (PATIENCE,))
    dials = Dials(stand, refused=1)
    call = await stand.acme.place(RINGS_FOR_EVER, ringing_timeout=LONGEST_RINGING)
    await until(lambda: bool(dials.sent))
    ended = await stand.acme.hang_up(call.call_id)
    assert reason_name(ended) == "CANCELED"
    assert len(dials.sent) == 1


async def test_a_dial_whose_time_is_over_is_not_sent(stand: Stand) -> None:
    """A commit that took longer than the ringing timeout leaves nothing to dial."""
    dials = Dials(stand, refused=0)
    store = stand.gateway.administration.store
    real = store.transact

    async def slow(change: Callable[[Any], Any], *, brief: bool = False) -> Any:
        await asyncio.sleep(0.6)
        return await real(change, brief=brief)

    store.transact = slow  # type: ignore[method-assign]
    call = await stand.acme.place(RINGS_FOR_EVER, ringing_timeout=span(0.5))
    ended = await stand.acme.ended(call.call_id)
    assert reason_name(ended) == "NOT_DIALED"
    assert dials.sent == []


async def test_what_cannot_be_read_does_not_stop_the_rest(stand: Stand, tmp_path: Path) -> None:
    """A call that a newer gateway wrote is passed over; leases go on, and so do take-overs."""
    call = await stand.acme.place(RINGS_FOR_EVER)
    store = stand.gateway.administration.store
    with sqlite3.connect(tmp_path / "gateway.db") as database:
        row = database.execute("select * from calls where call_id = ?", (call.call_id,))
        names = [column[0] for column in row.description]
        values = dict(zip(names, row.fetchone(), strict=True))
        values["call_id"] = "call_of_tomorrow"
        values["document"] = values["document"].replace('"OUTBOUND"', '"SIDEWAYS"')
        marks = ",".join("?" * len(names))
        database.execute(f"insert into calls values ({marks})", [values[name] for name in names])  # noqa: S608
    await store.transact(lambda tx: tx.hold("call_of_tomorrow", "gone"))

    async def taken() -> bool:
        return not await store.read(lambda tx: tx.orphans())

    await eventually(taken)
    await store.transact(lambda tx: tx.leave("gone"))
    assert (await stand.acme.hang_up(call.call_id)).state == calls_pb2.CALL_STATE_ENDED


async def test_a_call_ended_elsewhere_leaves_no_leg(stand: Stand) -> None:
    """A dial that is answered after the call has ended in the store is hung up."""
    call = await stand.acme.place(ANSWERS_LATE)
    record = stand.gateway.services.followers._record  # noqa: SLF001  as another gateway would
    await record.call(call.call_id, Lost(call.create_time.ToDatetime(tzinfo=UTC)))

    async def gone() -> bool:
        followed = stand.gateway.services.followers.followed()
        return call.call_id not in followed and await stand.leg(call) is None

    await eventually(gone)
    assert reason_name(await stand.acme.get(call.call_id)) == "OUTCOME_UNKNOWN"


async def test_a_story_that_breaks_is_taken_up_again(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A follower that raises is replaced while its gateway lives."""
    call = await stand.acme.place(RINGS_FOR_EVER)
    followers = stand.gateway.services.followers._followers  # noqa: SLF001
    broken = followers[call.call_id]

    whole = Follower._look_at_row  # noqa: SLF001

    async def fault(follower: Follower) -> None:
        if follower is broken:
            raise RuntimeError("a fault of our own")
        await whole(follower)

    monkeypatch.setattr(Follower, "_look_at_row", fault)

    async def replaced() -> bool:
        return followers.get(call.call_id) not in (None, broken)

    await eventually(replaced)
    assert reason_name(await stand.acme.hang_up(call.call_id)) == "CANCELED"


async def test_a_call_can_be_ended_while_nothing_can_be_stored(stand: Stand) -> None:
    """HangUpCall is not refused for want of audit; what it did is stored when it can be."""
    call = await stand.acme.place(ANSWERS, wait_until_answered=True)
    store = stand.gateway.administration.store
    real = store.transact
    store.transact = unwritable  # type: ignore[method-assign, assignment]
    ended = await stand.acme.hang_up(call.call_id)
    assert reason_name(ended) == "COMPLETED"
    await stand.gone(ended)
    store.transact = real  # type: ignore[method-assign]
    assert reason_name(await stand.acme.ended(call.call_id)) == "COMPLETED"


async def test_an_end_that_is_stored_late_comes_before_what_it_caused(stand: Stand) -> None:
    """Who hung up is not forgotten because the leg's end could be stored first."""
    call = await stand.acme.place(RINGS_FOR_EVER)
    store = stand.gateway.administration.store
    real = store.transact
    asked = 0

    async def refuses_both_tries(change: Callable[[Any], Any], *, brief: bool = False) -> Any:
        nonlocal asked
        asked += 1
        if asked <= 2:
            raise StoreUnavailableError("disk full")
        return await real(change, brief=brief)

    store.transact = refuses_both_tries  # type: ignore[method-assign]
    await stand.acme.hang_up(call.call_id)
    ended = await stand.acme.ended(call.call_id)
    assert (reason_name(ended), ended.hangup_source) == ("CANCELED", calls_pb2.HANGUP_SOURCE_API)


async def test_what_came_before_a_late_end_is_not_lost(stand: Stand) -> None:
    """An answer that could not be stored before the hang-up could not is an answer."""
    call = await stand.acme.place(RINGS_FOR_EVER)
    record = stand.gateway.services.followers._record  # noqa: SLF001  as its follower would
    answered = record.times.of(call.call_id).now()
    asked = EndAsked(
        record.times.of(call.call_id).now() + timedelta(milliseconds=1),
        EndReason.COMPLETED,
        HangupSource.API,
    )
    record._late[call.call_id] = asked  # noqa: SLF001
    await record.call(call.call_id, Answered(answered))
    del record._late[call.call_id]  # noqa: SLF001
    await stand.acme.hang_up(call.call_id)
    ended = await stand.acme.ended(call.call_id)
    assert (reason_name(ended), ended.HasField("answer_time")) == ("COMPLETED", True)


async def test_a_waiter_that_leaves_at_once_is_not_counted(stand: Stand) -> None:
    """A repeat whose client leaves before it is answered keeps no call ringing elsewhere."""
    call = await stand.acme.place(RINGS_FOR_EVER, request_id="r")
    with suppress(TimeoutError):
        await stand.acme.place(
            RINGS_FOR_EVER, request_id="r", wait_until_answered=True, timeout=0.01
        )
    store = stand.gateway.administration.store

    async def nobody_waits() -> bool:
        waits = await store.read(lambda tx: tx.waited_for_elsewhere(call.call_id, "other"))
        return not waits

    await eventually(nobody_waits)
    await stand.acme.hang_up(call.call_id)


async def test_a_repeat_shows_nothing_of_another_room(stand: Stand) -> None:
    """A token for one room that repeats another room's request_id finds no call."""
    first, second = [await stand.client("acme", room=f"acme-{name}") for name in "ab"]
    call = await first.place(RINGS_FOR_EVER, request_id="r")
    refused = await refusal(second.place(RINGS_FOR_EVER, request_id="r"))
    assert refused.reason == "CALL_NOT_FOUND"
    await first.hang_up(call.call_id)


async def test_a_lost_outcome_is_a_timeout_too(stand: Stand) -> None:
    """on_timeout HANG_UP is done when LiveKit's answer is lost before the time is up."""

    async def refer(_refer: Refer) -> ReferReply:
        return NoReply("connection reset")

    call = await stand.acme.place(ANSWERS, wait_until_answered=True)
    stand.gateway.platforms.sandbox.refer = refer  # type: ignore[method-assign, assignment]
    transfer = await stand.acme.transfer(
        call.call_id, RINGS_FOR_EVER, on_timeout=transfers_pb2.ON_TIMEOUT_HANG_UP
    )
    ended = await stand.acme.ended(call.call_id)
    assert ended.hangup_source == calls_pb2.HANGUP_SOURCE_GATEWAY
    settled = await stand.acme.get_transfer(transfer.transfer_id)
    assert state_name(settled) == "OUTCOME_UNKNOWN"


async def test_a_watch_ends_after_an_outcome_that_came_late(stand: Stand) -> None:
    """A watch of a call resumed between its end and its transfer's outcome ends as well."""
    answer = asyncio.Event()

    async def refer(_refer: Refer) -> ReferReply:
        await answer.wait()
        return Completed()

    call = await stand.acme.place(ANSWERS, wait_until_answered=True)
    sandbox = stand.gateway.platforms.sandbox
    sandbox.refer = refer  # type: ignore[method-assign, assignment]
    await stand.acme.transfer(call.call_id, ANSWERS)
    await sandbox.hang_up(call.room, call.participant_identity)
    ended = await stand.acme.ended(call.call_id)
    answer.set()

    async def told() -> bool:
        return (await stand.acme.history(call.call_id))[-1] == "TRANSFER_CHANGED"

    await eventually(told)
    request = calls_pb2.WatchCallsRequest(call_id=call.call_id, after_sequence=ended.sequence)
    async with asyncio.timeout(PATIENCE):
        async for _ in stand.grpc().watch(request, token=stand.acme.token):
            pass


async def test_heartbeats_come_beside_a_busy_tenant(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A watch with nothing to tell shows that it lives, whatever the other calls do."""
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.4)
    call = await stand.acme.place(ANSWERS, wait_until_answered=True)
    beats: list[int] = []

    async def watch() -> None:
        request = calls_pb2.WatchCallsRequest(call_id=call.call_id)
        async for message in stand.grpc().watch(request, token=stand.acme.token):
            beats.append(message.heartbeat.sequence)  # noqa: PERF401  looked at while it grows

    watching = asyncio.create_task(watch())

    async def beaten() -> bool:
        await stand.acme.place(BUSY)
        return len(beats) >= 4

    await eventually(beaten)
    watching.cancel()
    assert beats == sorted(beats)
