"""How a follower sleeps and is woken."""

import asyncio

from gateway.service.following.looking.alarm import Alarm
from tests.stands.waiting import everyone_has_run

LONG = 60.0


async def asleep(alarm: Alarm) -> "asyncio.Task[bool]":
    """A task that sleeps on it for long."""
    task = asyncio.create_task(alarm.sleep(LONG))
    await everyone_has_run()
    assert not task.done()
    return task


async def test_a_sleeper_is_woken_by_a_ring() -> None:
    """At once, and the ring is heard once."""
    alarm = Alarm()
    sleeper = await asleep(alarm)
    alarm.ring()
    alarm.ring()
    await sleeper
    assert alarm.heard()
    assert not alarm.heard()


async def test_a_ring_is_not_missed() -> None:
    """Who was awake when it rang does not go to sleep before it is heard."""
    alarm = Alarm()
    alarm.ring()
    await alarm.sleep(LONG)
    await alarm.sleep(LONG)
    assert alarm.heard()
    await asleep(alarm)


async def test_a_sleeper_is_roused_without_a_ring() -> None:
    """Then nothing is to be heard, and nobody who sleeps later is woken by it."""
    alarm = Alarm()
    sleeper = await asleep(alarm)
    alarm.rouse()
    await sleeper
    assert not alarm.heard()
    alarm.rouse()
    await asleep(alarm)


async def test_a_sleeper_wakes_by_itself() -> None:
    """When the time is over; no ring is heard."""
    alarm = Alarm()
    await alarm.sleep(0.01)
    assert not alarm.heard()


async def test_a_sleeper_can_be_cancelled() -> None:
    """A ring that comes in the same moment is kept for the next."""
    alarm = Alarm()
    sleeper = await asleep(alarm)
    sleeper.cancel()
    alarm.ring()
    await asyncio.wait([sleeper])
    assert sleeper.cancelled()
    await alarm.sleep(LONG)
    assert alarm.heard()
