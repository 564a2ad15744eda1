"""Who waits for something to be stored is woken."""

import asyncio
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.calls.call import CallState, EventType
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.transfer import TransferState
from gateway.service.ledger.feed import RECENT, Feed, Latest
from tests.stands.patience import PATIENCE
from tests.stands.values import a_call, a_transfer, an_event
from tests.stands.waiting import everyone_has_run

CALL = a_call("call_1")
RINGING, ACTIVE, ENDED = (
    replace(CALL, state=state) for state in (CallState.RINGING, CallState.ACTIVE, CallState.ENDED)
)
TRANSFER = a_transfer("transfer_1", "call_1")


def told(sequence: int, tenant_id: str = "acme") -> CallEvent:
    return replace(an_event(CALL), sequence=sequence, tenant_id=tenant_id)


async def test_the_next_event_wakes() -> None:
    """Whoever waits beyond a sequence goes on with the first event above it."""
    feed = Feed()
    waiting = asyncio.create_task(feed.beyond("acme", 4))
    await everyone_has_run()
    feed.publish([told(4)])
    await everyone_has_run()
    assert not waiting.done()
    feed.publish([told(5)])
    await waiting


async def test_an_event_that_was_there_before() -> None:
    """Who comes too late for the wake-up does not wait for the next one."""
    feed = Feed()
    feed.publish([told(5)])
    await feed.beyond("acme", 4)


async def test_an_event_between_two_waits() -> None:
    """An event that is published while a woken waiter has not yet run wakes it once more."""
    feed = Feed()
    seen = []

    async def follow() -> None:
        for sequence in range(3):
            await feed.beyond("acme", sequence)
            seen.append(sequence)

    following = asyncio.create_task(follow())
    await everyone_has_run()
    feed.publish([told(1)])
    feed.publish([told(2)])
    feed.publish([told(3)])
    await following
    assert seen == [0, 1, 2]


async def test_all_of_a_tenants_waiters_are_woken() -> None:
    """One event wakes all who wait for its tenant, and nobody else."""
    feed = Feed()
    waiting = [asyncio.create_task(feed.beyond("acme", 0)) for _ in range(3)]
    other = asyncio.create_task(feed.beyond("globex", 0))
    await everyone_has_run()
    feed.publish([told(1)])
    await asyncio.gather(*waiting)
    assert not other.done()
    other.cancel()


async def test_waiters_are_woken_in_the_order_in_which_they_came() -> None:
    """So what happens then can be repeated."""
    feed, woken = Feed(), list[int]()

    async def wait(number: int) -> None:
        await feed.beyond("acme", 0)
        woken.append(number)

    waiting = [asyncio.create_task(wait(number)) for number in range(50)]
    await everyone_has_run()
    feed.publish([told(1)])
    await asyncio.gather(*waiting)
    assert woken == [*range(50)]


async def test_a_waiter_that_left() -> None:
    """A waiter that was cancelled is forgotten, and the others are woken as before."""
    feed = Feed()
    leaving, staying = (asyncio.create_task(feed.beyond("acme", 0)) for _ in range(2))
    await everyone_has_run()
    leaving.cancel()
    feed.publish([told(1)])
    await staying
    assert leaving.cancelled()


@given(st.lists(st.lists(st.booleans(), max_size=3), max_size=10))
def test_no_wake_up_is_lost(plan: list[list[bool]]) -> None:
    """However commits and the waiter's turns interleave, every event is waited for once."""

    async def run() -> None:
        feed = Feed()
        newest = sum(map(len, plan))

        async def follow() -> None:
            for sequence in range(newest):
                await feed.beyond("acme", sequence)

        following = asyncio.create_task(follow())
        sequence = 0
        for commit in plan:
            feed.publish([told(sequence + at) for at in range(1, len(commit) + 1)])
            sequence += len(commit)
            for pause in commit:
                await asyncio.sleep(0) if pause else None
        async with asyncio.timeout(PATIENCE):
            await following

    asyncio.run(run())


async def test_the_states_of_a_call() -> None:
    """A waiter for a call gets the first of its states that fits."""
    feed = Feed()
    with feed.call(CALL) as latest:
        waiting = asyncio.create_task(latest.until(lambda call: call.state >= CallState.ACTIVE))
        await everyone_has_run()
        feed.publish([an_event(RINGING, EventType.CALL_RINGING)])
        await everyone_has_run()
        assert not waiting.done()
        feed.publish([an_event(ACTIVE, EventType.CALL_ANSWERED)])
        assert await waiting == ACTIVE


async def test_a_slow_waiter_sees_the_newest_state() -> None:
    """States that were replaced before the waiter ran are skipped; the end is not missed."""
    feed = Feed()
    with feed.call(CALL) as latest:
        waiting = asyncio.create_task(latest.until(lambda call: call.state >= CallState.ACTIVE))
        await everyone_has_run()
        feed.publish([an_event(ACTIVE), an_event(ENDED)])
        assert await waiting == ENDED


async def test_a_state_that_comes_late() -> None:
    """A state read before an event, and handed over after it, does not hide the event."""
    feed = Feed()
    answered = replace(an_event(ACTIVE), call=replace(ACTIVE, sequence=7))
    with feed.call(CALL) as latest:
        feed.publish([answered])
        latest.put(replace(CALL, sequence=6))
        feed.learned(replace(RINGING, sequence=6))
        assert await latest.until(lambda _: True) == answered.call
    done = replace(TRANSFER, state=TransferState.COMPLETED)
    with feed.transfer(TRANSFER) as newest:
        feed.publish([replace(an_event(CALL), transfer=done)])
        newest.put(TRANSFER)
        assert await newest.until(lambda _: True) == done


async def test_a_change_without_an_event() -> None:
    """What was learned of a call without an event wakes those who wait for the call."""
    feed = Feed()
    named = replace(CALL, sip_call_id="SCL_1")
    with feed.call(CALL) as latest:
        waiting = asyncio.create_task(latest.until(lambda call: bool(call.sip_call_id)))
        await everyone_has_run()
        assert not waiting.done()
        feed.learned(named)
        assert await waiting == named


async def test_a_state_that_fits_already() -> None:
    """Nothing is waited for where the state at hand fits."""
    assert await Latest(ENDED).until(lambda call: call.ended) == ENDED


async def test_other_calls_do_not_show() -> None:
    """A waiter sees its own call only."""
    feed = Feed()
    with feed.call(CALL) as latest:
        feed.publish([an_event(a_call("call_2", state=CallState.ENDED))])
        assert await latest.until(lambda _: True) == CALL


async def test_the_states_of_a_transfer() -> None:
    """A waiter for a transfer gets its states from the events of its call."""
    feed = Feed()
    done = replace(TRANSFER, state=TransferState.COMPLETED)
    with feed.transfer(TRANSFER) as latest:
        feed.publish([replace(an_event(CALL), transfer=done)])
        assert await latest.until(lambda one: one.state is not TransferState.PENDING) == done


async def test_what_nobody_waits_for_is_forgotten() -> None:
    """After leaving, a call's states are no longer kept."""
    feed = Feed()
    with feed.call(CALL) as latest:
        pass
    feed.publish([an_event(ENDED)])
    assert await latest.until(lambda _: True) == CALL


async def test_what_watchers_share() -> None:
    """While somebody watches, what was told since is at hand; what was before is not."""
    feed = Feed()
    feed.publish([told(1)])
    with feed.watched("acme"):
        assert feed.after("acme", 0) is None
        assert feed.after("acme", 1) == []
        feed.publish([told(2), told(1, "globex"), told(3)])
        assert feed.after("acme", 1) == [told(2), told(3)]
        assert feed.after("acme", 2) == [told(3)]
        assert feed.after("acme", 3) == []
        assert feed.after("acme", 4) == []  # the store is ahead of what was told here
        assert feed.after("acme", 0) is None
        assert feed.after("globex", 0) is None
        with feed.watched("acme"):
            pass
        assert feed.after("acme", 2) == [told(3)]
    assert feed.after("acme", 2) is None


async def test_who_is_up_to_date_asks_no_database() -> None:
    """A sequence is reached where there is such an event, and what came after it is at hand."""
    feed = Feed()
    feed.publish([told(1), told(2)])
    assert not feed.reached("acme", 2)
    with feed.watched("acme"):
        assert not feed.reached("acme", 1)
        assert feed.reached("acme", 2)
        assert not feed.reached("acme", 3)  # another gateway may know of it
        assert not feed.reached("globex", 1)


async def test_what_watchers_share_is_bounded() -> None:
    """Who is too far behind has to read the store."""
    feed = Feed()
    with feed.watched("acme"):
        feed.publish([told(sequence) for sequence in range(1, RECENT + 2)])
        assert feed.after("acme", 0) is None
        assert feed.after("acme", 1) == [told(n) for n in range(2, RECENT + 2)]
