"""What only the sandbox promises: its table, and that it leaves nothing behind."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio

from gateway.domain.calls.leg import Completed, NoReply, Refused
from gateway.domain.calls.observation import LegStatus
from gateway.domain.numbers.formats import written_for
from gateway.domain.rooms.requests import CreateDispatch
from gateway.domain.tenant import NumberFormat, Trunk
from gateway.platform import lifetime
from gateway.platform.sandbox.agents import NOBODY_LEFT
from gateway.platform.sandbox.phones import NOBODY, NUMBERS, number
from gateway.platform.sandbox.platform import SandboxPlatform
from gateway.service.following.dial import dial_of
from tests.platform.stand import Stand, seconds
from tests.stands.clocks import RealClock
from tests.stands.phones import (
    ANSWERS,
    BUSY,
    DECLINES,
    HANGS_UP,
    NEVER_REPORTS,
    OWN,
    PHONES,
    REFUSES_TRANSFERS,
    RINGS_FOR_EVER,
    digits_of,
    tel,
)
from tests.stands.values import on_trunk
from tests.stands.virtual.loop import in_no_time
from tests.stands.waiting import eventually


@pytest_asyncio.fixture
async def stand() -> AsyncIterator[Stand]:
    """A sandbox that must leave no task behind."""
    stand = Stand(SandboxPlatform(RealClock()), "ST_sandbox")
    yield stand
    await stand.platform.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_the_table_has_each_number_of_the_contract() -> None:
    """The numbers 00 to 13 are phones, in order."""
    assert list(NUMBERS) == [f"{last:02}" for last in range(14)]


def test_the_tests_have_a_name_for_each_phone() -> None:
    """A phone that is added to the sandbox gets its name beside the others'."""
    named = [phone for phone in PHONES.values() if number(phone) is not NOBODY]
    assert [digits_of(phone) for phone in named] == list(NUMBERS)


@pytest.mark.parametrize(
    "text",
    [
        "+15005550101",
        "15005550101",
        "tel:+1-500-555-0101",
        "tel:+15005550101;phone-context=x",
        "sip:+15005550101@sip.example.com;transport=tcp",
        "<sips:+15005550101@host>",
    ],
)
def test_a_number_is_found_in_any_form(text: str) -> None:
    """Numbers and URIs lead to the same phone."""
    assert number(text) is NUMBERS[digits_of(BUSY)]


@pytest.mark.parametrize(
    "form",
    [
        NumberFormat(plus=False),
        NumberFormat(plus=False, prefix="011"),
        NumberFormat(plus=False, prefix="9911", strip=1),
        NumberFormat(plus=False, strip=1),
        NumberFormat(plus=False, strip=4),
    ],
    ids=str,
)
async def test_a_phone_is_met_however_the_trunk_writes_its_number(
    stand: Stand, form: NumberFormat
) -> None:
    """The sandbox looks at the number called, not at what a carrier would be sent."""
    called = BUSY
    written = written_for(form, called)
    reply = await stand.platform.dial(stand.call(BUSY, to=written, number=called))
    assert isinstance(reply, Refused)
    assert reply.failure.sip_status_code == 486


def test_a_dial_has_the_number_called_beside_the_one_written() -> None:
    """A trunk's format changes what its carrier is sent, and nothing else."""
    call, trunk = on_trunk("call_1"), Trunk(trunk_id="berlin", livekit_trunk_id="ST_1")
    for form in (NumberFormat(), NumberFormat(plus=False)):
        dial = dial_of(call, replace(trunk, number_format=form))
        assert (dial.to, dial.called) == (written_for(form, call.to), call.to)


@pytest.mark.parametrize("text", ["", "+15005550114", "+150055501010", "sip:busy@host", "tel:"])
def test_all_else_is_nobodys(text: str) -> None:
    """What is none of the numbers leads to nobody."""
    assert number(text) is NOBODY


async def test_a_callees_hang_up_shows_before_the_leg_goes(stand: Stand) -> None:
    """The status `hangup` tells the normal end of a leg shortly before it is gone."""
    await stand.answered(HANGS_UP)
    await stand.until(LegStatus.HANGUP)
    await eventually(stand.gone)


async def test_a_transferred_leg_shows_hangup(stand: Stand) -> None:
    """A leg that was handed over ends normally."""
    await stand.answered(ANSWERS)
    assert await stand.platform.refer(stand.transfer(tel(ANSWERS))) == Completed()
    await stand.until(LegStatus.HANGUP)
    await eventually(stand.gone)


async def test_a_second_request_for_the_same_target_shares_the_outcome(stand: Stand) -> None:
    """Two transfers to one target at once are one REFER."""
    await stand.answered(ANSWERS)
    refer = stand.transfer(tel(ANSWERS))
    outcomes = await asyncio.gather(stand.platform.refer(refer), stand.platform.refer(refer))
    assert set(outcomes) == {Completed()}


async def test_a_transfer_can_follow_one_that_was_given_up(stand: Stand) -> None:
    """After an unknown outcome another transfer may begin."""
    await stand.answered(ANSWERS)
    lost = stand.transfer(tel(RINGS_FOR_EVER), ringing_timeout=seconds(0.2))
    assert isinstance(await stand.platform.refer(lost), NoReply)
    assert await stand.platform.refer(stand.transfer(tel(ANSWERS))) == Completed()


async def test_a_leg_does_not_outlive_its_longest_duration(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Like LiveKit, the sandbox ends a leg that nobody ended in time."""
    monkeypatch.setattr(lifetime, "SLACK", timedelta(0))
    await stand.answered(REFUSES_TRANSFERS, ringing_timeout=seconds(0.5), max_duration=seconds(1))
    await eventually(stand.gone)


async def test_closing_ends_everything(stand: Stand) -> None:
    """Whoever waits when the sandbox closes is told that no answer will come."""
    await stand.answered(NEVER_REPORTS)
    waiting = [
        asyncio.create_task(stand.platform.refer(stand.transfer(tel(ANSWERS)))),
        asyncio.create_task(stand.platform.dial(stand.call(RINGS_FOR_EVER, identity="ringing"))),
    ]
    await stand.until(LegStatus.RINGING, "ringing")
    newest = asyncio.create_task(stand.platform.dial(stand.call(RINGS_FOR_EVER, identity="newest")))
    await asyncio.sleep(0)
    await stand.platform.close()
    for reply in await asyncio.gather(*waiting, newest):
        assert isinstance(reply, NoReply)
    assert await stand.leg() is None


async def test_legs_that_are_over_are_forgotten(stand: Stand) -> None:
    """After their end neither legs nor tasks are kept."""
    for to in (BUSY, DECLINES, OWN):
        await stand.platform.dial(stand.call(ANSWERS, to=to))
    await stand.answered(ANSWERS)
    await stand.platform.hang_up(stand.room, "callee")

    async def nothing_runs() -> bool:
        return asyncio.all_tasks() == {asyncio.current_task()}

    await eventually(nothing_runs)
    assert await stand.leg() is None


@in_no_time
async def test_a_room_does_not_stay_for_its_agents() -> None:
    """Once its last phone has left, agents and room go too, unless somebody is called meanwhile."""
    stand = Stand(SandboxPlatform(RealClock()), "ST_sandbox")
    await stand.platform.agents.ask(CreateDispatch(room=stand.room, agent_name="agent-comes"))

    async def present() -> list[str]:
        return [one.identity for one in await stand.platform.participants(stand.room)]

    (agent,) = await eventually(present) or []
    await stand.answered(ANSWERS)
    await stand.platform.hang_up(stand.room, "callee")
    await stand.answered(ANSWERS, identity="second")
    await asyncio.sleep(2 * NOBODY_LEFT)
    assert await present() == ["second", agent]
    await stand.platform.hang_up(stand.room, "second")
    await eventually(lambda: stand.gone("second"))
    await asyncio.sleep(NOBODY_LEFT - 1)

    async def closed() -> bool:
        return not await stand.platform.rooms_named([stand.room])

    assert not await closed()
    await asyncio.sleep(2)
    assert await closed()
    assert await present() == []
    await stand.platform.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
