"""The last waiter who leaves gives the call up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest_asyncio

from gateway.domain.calls.call import Call, CallState
from gateway.domain.calls.requests import PlaceCall
from gateway.service.api.waiting import Waiters, Waiting
from gateway.service.ledger.feed import Feed
from gateway.store.store import SqlStore
from tests.stands.services.exchange import Exchange, serving
from tests.stands.values import a_call
from tests.stands.virtual.loop import in_no_time
from tests.stands.waiting import everyone_has_run, until

CALL = a_call("call_1")
WINDOW = 2.0
LONG = 3600.0


class Line:
    """Waiters of one call, and which calls were given up."""

    def __init__(self) -> None:
        self.given_up: list[str] = []
        self.waiters = Waiters(self._give_up)

    async def _give_up(self, call: Call) -> None:
        self.given_up.append(call.call_id)

    @asynccontextmanager
    async def waiter(
        self, patience: float = 0.0, call: Call = CALL
    ) -> AsyncIterator["asyncio.Task[None]"]:
        """Somebody who waits; cancelled, and gone, at the end of the block."""
        answered = asyncio.Event()

        async def wait() -> None:
            with self.waiters.waiting(call, patience=lambda: patience):
                await answered.wait()

        task = asyncio.create_task(wait())
        await everyone_has_run()
        yield task
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest_asyncio.fixture
async def line() -> AsyncIterator[Line]:
    """Nobody waits yet."""
    line = Line()
    yield line
    await line.waiters.stop()


async def test_the_last_waiter_gives_up_at_once(line: Line) -> None:
    """A waiter without patience, such as one whose deadline is over, gives the call up."""
    async with line.waiter():
        pass
    await until(lambda: line.given_up == ["call_1"])


async def test_a_waiter_who_was_answered_gives_nothing_up(line: Line) -> None:
    """Leaving with the answer is no giving up."""
    with line.waiters.waiting(CALL, patience=lambda: 0.0):
        pass
    await everyone_has_run()
    assert line.given_up == []


async def test_not_the_last(line: Line) -> None:
    """While anybody waits the call goes on; the last one who leaves gives it up."""
    async with line.waiter():
        async with line.waiter():
            pass
        await everyone_has_run()
        assert line.given_up == []
    await until(lambda: line.given_up == ["call_1"])


@in_no_time
async def test_after_the_retry_window() -> None:
    """Nobody came back within the window: the call is given up."""
    line = Line()
    async with line.waiter(patience=WINDOW):
        pass
    await asyncio.sleep(WINDOW - 0.1)
    assert line.given_up == []
    await asyncio.sleep(0.2)
    assert line.given_up == ["call_1"]


async def test_not_before_the_window_is_over(line: Line) -> None:
    """Until then the call goes on."""
    async with line.waiter(patience=LONG):
        pass
    await everyone_has_run()
    assert line.given_up == []


@in_no_time
async def test_somebody_came_back() -> None:
    """A repeat that waits within the window keeps the call."""
    line = Line()
    async with line.waiter(patience=WINDOW):
        pass
    await asyncio.sleep(WINDOW / 2)
    async with line.waiter(patience=LONG):
        await asyncio.sleep(WINDOW * 2)
        assert line.given_up == []


async def test_who_comes_back_may_leave_again(line: Line) -> None:
    """The one who came back is then the last, with a patience of its own."""
    async with line.waiter(patience=LONG):
        pass
    async with line.waiter():
        pass
    await until(lambda: line.given_up == ["call_1"])


async def test_patience_is_asked_on_leaving(line: Line) -> None:
    """Whether a deadline is over is known only when the waiter leaves."""
    patience = LONG

    async def wait() -> None:
        with line.waiters.waiting(CALL, patience=lambda: patience):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await everyone_has_run()
    patience = 0.0
    task.cancel()
    await until(lambda: line.given_up == ["call_1"])


async def test_calls_are_counted_apart(line: Line) -> None:
    """A waiter of another call keeps nothing alive."""
    async with line.waiter(call=a_call("call_2")):
        async with line.waiter():
            pass
        await until(lambda: line.given_up == ["call_1"])


async def test_a_call_that_is_kept(line: Line) -> None:
    """`keep_on_disconnect` switches it off."""
    async with line.waiter(call=a_call("call_1", keep_on_disconnect=True)):
        pass
    await everyone_has_run()
    assert line.given_up == []


@in_no_time
async def test_stopping_is_no_giving_up() -> None:
    """A gateway that stops forgets who was about to be given up."""
    line = Line()
    async with line.waiter(patience=WINDOW):
        pass
    await line.waiters.stop()
    await asyncio.sleep(WINDOW * 2)
    assert line.given_up == []


async def test_who_comes_after_the_end_is_not_kept(store: SqlStore) -> None:
    """The call ended while the repeated request was on its way: nothing would forget its waiter."""
    async with serving(store, Exchange()) as desk:
        waiting = Waiting(
            store=store,
            clock=desk.clock,
            followers=desk.followers,
            record=desk.record,
            feed=Feed(),
            drain=desk.drain,
            gateway_id=desk.lease.gateway_id,
        )
        ended = replace(CALL, state=CallState.ENDED)
        await store.transact(lambda tx: tx.put_call(ended))
        asked = PlaceCall(to=CALL.to, request_id="r", wait_until_answered=True)
        assert await waiting.join_until_answered(desk.rpc(), asked, CALL) == ended
        assert not await store.read(lambda tx: tx.waited_for_elsewhere("call_1", "another"))
