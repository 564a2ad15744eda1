"""Holds and warm transfers, where the database, or another gateway, is late with the news."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.calls.call import CallState, EventType
from gateway.domain.calls.transfer import TransferMode, TransferState, Warm
from gateway.domain.hold import OPEN, Hold, Mask
from gateway.domain.warm.machine import Placed
from gateway.ports import PlatformError, Transaction
from gateway.service.api.warm import consultation
from gateway.service.api.warm.service import NOT_CONFIRMED
from gateway.service.ledger.warm_record import WarmRecord
from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.stands.clocks import NOON
from tests.stands.database_moments import LosesOneAnswer
from tests.stands.phones import REFUSES_TRANSFERS
from tests.stands.stand import Stand, on_sandbox, refusal
from tests.stands.values import a_call, a_transfer, an_event
from tests.stands.waiting import eventually

PICKS_UP = REFUSES_TRANSFERS


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    """One gateway on the sandbox."""
    async with on_sandbox(tmp_path) as stand:
        yield stand


async def test_a_start_in_doubt_calls_nobody(stand: Stand) -> None:
    """Refused; the transfer that was stored after all has failed, and the caller is not apart."""
    call = await stand.acme.place(PICKS_UP, wait_until_answered=True)
    acceptance = stand.gateway.services.warm._acceptance  # noqa: SLF001
    acceptance._store = LosesOneAnswer(acceptance._store)  # noqa: SLF001
    asked = calls_pb2.StartWarmTransferRequest(call_id=call.call_id, to=PICKS_UP)
    refused = await refusal(stand.acme.call("StartWarmTransfer", asked))
    assert refused.reason == "AUDIT_UNAVAILABLE"

    async def failed() -> list[transfers_pb2.Transfer]:
        told = [event.transfer for event in await stand.acme.events(call.call_id)]
        return [one for one in told if one.state == transfers_pb2.TRANSFER_STATE_FAILED]

    (over,) = await eventually(failed)
    assert (over.cause, over.human_call_id) == (NOT_CONFIRMED, "")

    async def shown() -> bool:
        leg = await stand.leg(call)
        return leg is not None and leg.mask == OPEN

    await eventually(shown)
    assert [one.call_id for one in await open_calls(stand)] == [call.call_id]
    again = (await stand.acme.call("StartWarmTransfer", asked)).transfer
    assert again.transfer_id != over.transfer_id


async def open_calls(stand: Stand) -> list[Any]:
    store = stand.gateway.administration.store
    return list(await store.read(lambda tx: tx.open_calls()))


async def test_old_news_of_another_gateway_is_not_the_answer_to_a_hold(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was before the wish comes after it: HoldCall waits for what the row says."""
    call = await stand.acme.place(PICKS_UP, wait_until_answered=True)
    sandbox = stand.gateway.platforms.sandbox
    mask, may = sandbox.mask, asyncio.Event()

    async def late(room: str, identity: str, wanted: Mask) -> Any:
        await may.wait()
        return await mask(room, identity, wanted)

    monkeypatch.setattr(sandbox, "mask", late)
    request = calls_pb2.HoldCallRequest(call_id=call.call_id)
    asked = asyncio.create_task(stand.acme.call("HoldCall", request))
    services, store = stand.gateway.services, stand.gateway.administration.store

    async def waited_for() -> bool:
        return call.call_id in services.feed._calls  # noqa: SLF001

    await eventually(waited_for)
    now = await store.read(lambda tx: tx.call(call.call_id))
    assert now is not None
    old = replace(now, hold=Hold())
    reads, read = 0, store.read

    async def counted(find: Any, **how: Any) -> Any:
        nonlocal reads
        reads += 1
        return await read(find, **how)

    monkeypatch.setattr(services.holding, "_store", _Reading(counted))
    news = replace(an_event(old, EventType.RESUMED), sequence=old.sequence)

    async def looked() -> bool:
        services.feed.publish([news])
        return reads > 0

    await eventually(looked)
    assert not asked.done()
    may.set()
    assert (await asked).call.held


class _Reading:
    """A store that only reads."""

    def __init__(self, read: Any) -> None:
        self.read = read


WARM = Warm(consult_timeout=timedelta(minutes=5), attributes={}, actor="GWkey")


@pytest.mark.parametrize(
    ("state", "ended"),
    [
        (TransferState.FAILED, True),
        (TransferState.CANCELED, True),
        (TransferState.COMPLETED, False),
    ],
)
async def test_a_human_who_is_placed_after_the_end(
    stand: Stand, state: TransferState, *, ended: bool
) -> None:
    """By a gateway that was slow: hung up, unless caller and human are to talk."""
    services = stand.gateway.services
    store, record = stand.gateway.administration.store, services._record  # noqa: SLF001
    warm = WarmRecord(store, record, services.trail)
    over = a_transfer(
        "transfer_1", "call_1", mode=TransferMode.WARM, state=state, settled=True, warm=WARM
    )

    def put(tx: Transaction) -> None:
        tx.put_call(a_call("call_1", state=CallState.ACTIVE))
        tx.put_call(a_call("call_2"))
        tx.put_transfer(over)

    await store.transact(put)
    after = await warm.transfer("transfer_1", Placed(NOON, "call_2"))
    assert after == over
    human = await store.read(lambda tx: tx.call("call_2"))
    assert human is not None
    assert (human.ending is not None) is ended


async def test_a_caller_who_hangs_up_during_the_completion(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is asked to leave after that; the transfer is over when the human's call is."""
    monkeypatch.setattr(consultation, "UNREMOVABLE_SECONDS", 0.0)
    monkeypatch.setattr(consultation, "RETRY_SECONDS", 0.01)
    sandbox = stand.gateway.platforms.sandbox
    hang_up, asked = sandbox.hang_up, 0
    caller_is_gone, human_may_go = asyncio.Event(), asyncio.Event()

    async def stubborn(room: str, identity: str) -> None:
        nonlocal asked
        if identity == "agent":
            asked += 1
            await caller_is_gone.wait()
        if identity == "human" and not human_may_go.is_set():
            raise PlatformError("no response from servers")
        await hang_up(room, identity)

    monkeypatch.setattr(sandbox, "hang_up", stubborn)
    call = await stand.acme.place(PICKS_UP, wait_until_answered=True)
    request = calls_pb2.StartWarmTransferRequest(
        call_id=call.call_id, to=PICKS_UP, leaves="agent", wait_until_answered=True
    )
    request.participant.identity = "human"
    transfer = (await stand.acme.call("StartWarmTransfer", request)).transfer
    complete = transfers_pb2.CompleteWarmTransferRequest(transfer_id=transfer.transfer_id)
    completing = asyncio.create_task(stand.acme.call("CompleteWarmTransfer", complete))

    async def leaving() -> bool:
        return asked > 0

    await eventually(leaving)
    await stand.acme.hang_up(call.call_id)
    store = stand.gateway.administration.store

    async def closing() -> bool:
        found = await store.read(lambda tx: tx.transfer(transfer.transfer_id))
        return found is not None and found.warm is not None and found.warm.closing is not None

    caller_is_gone.set()
    await eventually(closing)
    for _ in range(20):  # what would be done again is done at once
        await store.transact(lambda tx: tx.transfer(transfer.transfer_id))
    assert asked == 1
    human_may_go.set()
    assert (await refusal(completing)).metadata["state"] == "CANCELED"


async def test_a_transfer_that_was_never_stored_is_not_refused(stand: Stand) -> None:
    """There is nothing to end."""
    services, store = stand.gateway.services, stand.gateway.administration.store
    warm = WarmRecord(store, services._record, services.trail)  # noqa: SLF001
    await store.transact(lambda tx: warm.refuse(tx, "transfer_9", NOT_CONFIRMED))
    assert await store.read(lambda tx: tx.transfer("transfer_9")) is None
