"""What every platform promises to the services: the same tests on each."""

import asyncio
import time

import pytest

from gateway.domain.calls.call import LegOptions
from gateway.domain.calls.leg import Completed, NoReply, PickedUp, ReferReply, Refused
from gateway.domain.calls.observation import LegStatus
from gateway.domain.outcome import Cause, Failure
from tests.platform.stand import Stand, all_along, seconds
from tests.stands.patience import LATE
from tests.stands.phones import (
    ANSWERS,
    ANSWERS_LATE,
    BUSY,
    CARRIER_FAILS,
    DECLINES,
    HANGS_UP,
    NEVER_REPORTS,
    NOBODY,
    OWN,
    REFUSES_TRANSFERS,
    RINGS_FOR_EVER,
    RINGS_THEN_FAILS,
    SILENT,
    TRANSFERS_LATE,
    UNAVAILABLE,
    UNKNOWN,
    phone_id,
    tel,
)
from tests.stands.waiting import eventually

TIMED_OUT = Refused(Failure(cause=Cause.TIMED_OUT, detail="sip request timed out"))

FINAL_RESPONSES = [
    pytest.param(BUSY, 486, "Busy Here", id="busy"),
    pytest.param(DECLINES, 603, "Decline", id="declined"),
    pytest.param(UNKNOWN, 404, "Not Found", id="unknown"),
    pytest.param(UNAVAILABLE, 480, "Temporarily Unavailable", id="unavailable"),
    pytest.param(CARRIER_FAILS, 503, "Service Unavailable", id="carrier"),
    pytest.param(RINGS_THEN_FAILS, 503, "Service Unavailable", id="rings-then-fails"),
    pytest.param(NOBODY, 404, "Not Found", id="nobody"),
    pytest.param(OWN, 404, "Not Found", id="nobody-either"),
]


@pytest.mark.parametrize(
    "to",
    [ANSWERS, HANGS_UP, ANSWERS_LATE, REFUSES_TRANSFERS, TRANSFERS_LATE, NEVER_REPORTS],
    ids=phone_id,
)
async def test_a_phone_that_is_answered_is_picked_up(platform_stand: Stand, to: str) -> None:
    """A dial returns when the callee has picked up, with the leg's identifiers."""
    reply = await platform_stand.platform.dial(platform_stand.call(to))
    assert isinstance(reply, PickedUp)
    assert reply.ids.participant_id
    assert reply.ids.sip_call_id


@pytest.mark.parametrize(("to", "code", "status"), FINAL_RESPONSES)
async def test_a_refusal_carries_the_sip_status(
    platform_stand: Stand, to: str, code: int, status: str
) -> None:
    """A dial that a phone or carrier refuses tells its SIP status, and leaves no leg behind."""
    reply = await platform_stand.platform.dial(platform_stand.call(to))
    assert isinstance(reply, Refused)
    assert (reply.failure.sip_status_code, reply.failure.sip_status) == (code, status)
    await eventually(platform_stand.gone)


@pytest.mark.parametrize("to", ["+4915112345678", "+150055501000", "100", "alice"])
async def test_any_other_number_is_unknown(platform_stand: Stand, to: str) -> None:
    """A number that is none of the phones' is answered as nobody's."""
    reply = await platform_stand.platform.dial(platform_stand.call(ANSWERS, to=to))
    assert isinstance(reply, Refused)
    assert (reply.failure.sip_status_code, reply.failure.sip_status) == (404, "Not Found")


@pytest.mark.parametrize("to", [RINGS_FOR_EVER, SILENT], ids=phone_id)
async def test_ringing_ends_at_its_timeout(platform_stand: Stand, to: str) -> None:
    """A dial that nobody answers ends at the ringing timeout, fractions kept, and says so."""
    began = time.monotonic()
    reply = await platform_stand.platform.dial(
        platform_stand.call(to, ringing_timeout=seconds(0.75))
    )
    assert reply == TIMED_OUT
    assert 0.75 <= time.monotonic() - began < 1 + LATE
    await eventually(platform_stand.gone)


async def test_the_longer_wait_is_kept(platform_stand: Stand) -> None:
    """A phone that rings for 3 s is picked up where the ringing timeout allows 4 s."""
    dial = platform_stand.call(ANSWERS_LATE, ringing_timeout=seconds(4))
    assert isinstance(await platform_stand.platform.dial(dial), PickedUp)


async def test_a_ringing_leg_can_be_seen(platform_stand: Stand) -> None:
    """A leg shows that it rings, its call and its identifiers before it is answered."""
    dial = platform_stand.call(RINGS_FOR_EVER)
    async with platform_stand.dialing(dial):
        leg = await platform_stand.until(LegStatus.RINGING)
    assert leg.call_id == dial.call_id
    assert leg.ids.participant_id
    assert leg.ids.sip_call_id
    assert not leg.ids.sip_call_id_full


async def test_an_answered_leg_can_be_seen(platform_stand: Stand) -> None:
    """An answered leg shows the dial's identifiers, and the SIP header's as well."""
    dial = platform_stand.call(ANSWERS)
    reply = await platform_stand.platform.dial(dial)
    leg = await platform_stand.until(LegStatus.ACTIVE)
    assert isinstance(reply, PickedUp)
    assert leg.ids.sip_call_id == reply.ids.sip_call_id
    assert leg.ids.participant_id == reply.ids.participant_id
    assert leg.ids.sip_call_id_full
    assert leg.call_id == dial.call_id


@pytest.mark.parametrize("to", [CARRIER_FAILS, SILENT], ids=phone_id)
async def test_a_silent_trunk_never_rings(platform_stand: Stand, to: str) -> None:
    """A leg of which no phone is heard is dialing until it is gone.

    The carrier fails too soon for a busy machine to see it dialing.
    """
    dial = platform_stand.call(to, ringing_timeout=seconds(2))
    seen = set()
    async with platform_stand.dialing(dial) as dialing:
        while not dialing.done():
            leg = await platform_stand.leg()
            seen.add(leg.status if leg else None)
            await asyncio.sleep(0.01)
    assert seen <= {LegStatus.DIALING, None}
    assert LegStatus.DIALING in seen or to == CARRIER_FAILS


async def test_a_leg_that_is_nowhere_is_none(platform_stand: Stand) -> None:
    """Asking for a leg finds none where there is no room, or no such identity in it."""
    assert await platform_stand.leg() is None
    await platform_stand.answered(ANSWERS)
    assert await platform_stand.leg("somebody-else") is None


async def test_legs_are_listed(platform_stand: Stand) -> None:
    """Every leg is listed as `leg` shows it, with its room, identity and numbers; then no more."""
    dial = await platform_stand.answered(ANSWERS)
    leg = await platform_stand.until(LegStatus.ACTIVE)
    listed = list(await platform_stand.platform.legs(dial.room))
    assert listed == [leg]
    assert dial.room in await platform_stand.platform.rooms()
    assert (leg.identity, leg.far_number, leg.own_number) == ("callee", dial.to, dial.caller_id)
    assert not leg.rang_in
    await platform_stand.platform.end_room(dial.room)
    await eventually(platform_stand.gone)
    assert list(await platform_stand.platform.legs(dial.room)) == []


async def test_giving_up_the_wait_leaves_the_phone_ringing(platform_stand: Stand) -> None:
    """Cancelling the dial does not stop the ringing: the leg is answered all the same."""
    async with platform_stand.dialing(platform_stand.call(ANSWERS_LATE)):
        await platform_stand.until(LegStatus.RINGING)
    await platform_stand.until(LegStatus.ACTIVE)


async def test_hanging_up_stops_the_ringing(platform_stand: Stand) -> None:
    """A ringing leg that is hung up goes, and its dial ends like one that nobody answered."""
    async with platform_stand.dialing(platform_stand.call(RINGS_FOR_EVER)) as dialing:
        await platform_stand.until(LegStatus.RINGING)
        await platform_stand.platform.hang_up(platform_stand.room, "callee")
        assert await dialing == TIMED_OUT
    await eventually(platform_stand.gone)


async def test_hanging_up_ends_an_answered_leg(platform_stand: Stand) -> None:
    """An answered leg that is hung up goes."""
    await platform_stand.answered(ANSWERS)
    await platform_stand.platform.hang_up(platform_stand.room, "callee")
    await eventually(platform_stand.gone)


async def test_hanging_up_nothing_is_no_error(platform_stand: Stand) -> None:
    """A leg that is gone, or never was, can be hung up."""
    await platform_stand.platform.hang_up(platform_stand.room, "callee")
    await platform_stand.answered(ANSWERS)
    await platform_stand.platform.hang_up(platform_stand.room, "callee")
    await eventually(platform_stand.gone)
    await platform_stand.platform.hang_up(platform_stand.room, "callee")


async def test_hanging_up_spares_the_others(platform_stand: Stand) -> None:
    """Of two legs in one room only the one that is named is hung up."""
    await platform_stand.answered(ANSWERS, identity="first")
    await platform_stand.answered(ANSWERS, identity="second")
    await platform_stand.platform.hang_up(platform_stand.room, "first")

    async def first_gone() -> bool:
        return await platform_stand.gone("first")

    await eventually(first_gone)
    await platform_stand.until(LegStatus.ACTIVE, "second")


async def test_a_callee_may_hang_up(platform_stand: Stand) -> None:
    """A leg whose callee hangs up goes by itself."""
    await platform_stand.answered(HANGS_UP)
    await eventually(platform_stand.gone)


async def test_ending_the_room_ends_every_leg(platform_stand: Stand) -> None:
    """The end of a room takes the answered leg and the ringing one along."""
    await platform_stand.answered(ANSWERS, identity="talking")
    ringing = platform_stand.call(RINGS_FOR_EVER, identity="ringing")
    async with platform_stand.dialing(ringing) as dialing:
        await platform_stand.until(LegStatus.RINGING, "ringing")
        await platform_stand.platform.end_room(platform_stand.room)
        assert await dialing == TIMED_OUT

    async def both_gone() -> bool:
        return await platform_stand.gone("talking") and await platform_stand.gone("ringing")

    await eventually(both_gone)


async def test_ending_no_room_is_no_error(platform_stand: Stand) -> None:
    """A room that is not there can be ended."""
    await platform_stand.platform.end_room(platform_stand.room)


async def test_digits_play_before_the_dial_returns(platform_stand: Stand) -> None:
    """With digits the leg is in automation first, and picked up when they have played."""
    dial = platform_stand.call(REFUSES_TRANSFERS, options=LegOptions(digits="wwwwwww12"))
    began = time.monotonic()
    async with platform_stand.dialing(dial) as dialing:
        await platform_stand.until(LegStatus.AUTOMATION)
        assert not dialing.done()
        assert isinstance(await dialing, PickedUp)
    assert time.monotonic() - began >= 3.7
    await platform_stand.until(LegStatus.ACTIVE)


async def test_an_identity_belongs_to_the_newest_leg(platform_stand: Stand) -> None:
    """A second leg of the same identity in the room cuts the first."""
    first, second = platform_stand.call(RINGS_FOR_EVER), platform_stand.call(ANSWERS)
    async with platform_stand.dialing(first) as dialing:
        await platform_stand.until(LegStatus.RINGING)
        assert isinstance(await platform_stand.platform.dial(second), PickedUp)
        assert await dialing == TIMED_OUT
    leg = await platform_stand.until(LegStatus.ACTIVE)
    assert leg.call_id == second.call_id


@pytest.mark.parametrize("target", [tel(ANSWERS), tel(HANGS_UP), f"sip:{ANSWERS}@sip.example.com"])
async def test_a_completed_transfer_takes_the_leg_away(platform_stand: Stand, target: str) -> None:
    """A transfer that is taken is completed, and the leg goes."""
    await platform_stand.answered(ANSWERS)
    refer = platform_stand.transfer(target)
    assert await platform_stand.platform.refer(refer) == Completed()
    await eventually(platform_stand.gone)


@pytest.mark.parametrize(("to", "code", "status"), FINAL_RESPONSES)
async def test_a_refused_transfer_leaves_the_leg(
    platform_stand: Stand, to: str, code: int, status: str
) -> None:
    """A transfer that the target refuses tells its SIP status, and the leg goes on."""
    await platform_stand.answered(ANSWERS)
    reply = await platform_stand.platform.refer(platform_stand.transfer(tel(to)))
    assert isinstance(reply, Refused)
    assert (reply.failure.sip_status_code, reply.failure.sip_status) == (code, status)
    await platform_stand.until(LegStatus.ACTIVE)


async def test_a_carrier_may_refuse_every_transfer(platform_stand: Stand) -> None:
    """A phone that takes no transfers refuses also those to a willing target."""
    await platform_stand.answered(REFUSES_TRANSFERS)
    reply = await platform_stand.platform.refer(platform_stand.transfer(tel(ANSWERS)))
    assert isinstance(reply, Refused)
    assert reply.failure.sip_status_code == 603
    await platform_stand.until(LegStatus.ACTIVE)


async def test_a_slow_transfer_is_waited_for(platform_stand: Stand) -> None:
    """A success that is told 8 s later is still heard where there is time for it."""
    await platform_stand.answered(TRANSFERS_LATE)
    refer = platform_stand.transfer(tel(BUSY))
    assert await platform_stand.platform.refer(refer) == Completed()
    await eventually(platform_stand.gone)


@pytest.mark.parametrize(
    ("own", "target"),
    [
        (NEVER_REPORTS, ANSWERS),
        (ANSWERS, RINGS_FOR_EVER),
        (ANSWERS, SILENT),
        (ANSWERS, NEVER_REPORTS),
    ],
    ids=phone_id,
)
async def test_a_transfer_without_an_outcome_stays_unknown(
    platform_stand: Stand, own: str, target: str
) -> None:
    """Where the outcome is never told, the platform says that it does not know, in time."""
    await platform_stand.answered(own)
    refer = platform_stand.transfer(tel(target), ringing_timeout=seconds(0.75))
    began = time.monotonic()
    assert isinstance(await platform_stand.platform.refer(refer), NoReply)
    assert 0.7 <= time.monotonic() - began < 1 + LATE
    await platform_stand.until(LegStatus.ACTIVE)


async def test_a_late_success_is_not_heard(platform_stand: Stand) -> None:
    """A success after the platform stopped listening leaves the leg where it is."""
    await platform_stand.answered(ANSWERS)
    await platform_stand.until(LegStatus.ACTIVE)
    refer = platform_stand.transfer(tel(ANSWERS_LATE), ringing_timeout=seconds(0.5))
    assert isinstance(await platform_stand.platform.refer(refer), NoReply)

    async def still_there() -> bool:
        return bool(await platform_stand.shows(LegStatus.ACTIVE))

    await all_along(still_there, lasting=3.5)


async def test_one_transfer_at_a_time(platform_stand: Stand) -> None:
    """Of two transfers of a leg to different targets one is under way and one is refused."""
    await platform_stand.answered(NEVER_REPORTS)
    refused, under_way = await two_transfers(platform_stand)
    assert isinstance(refused, Refused)
    assert "transferred elsewhere" in refused.failure.detail
    assert not under_way.done()
    await platform_stand.until(LegStatus.ACTIVE)
    await give_up(under_way)


async def test_a_leg_that_ends_during_its_transfer_counts_as_handed_over(
    platform_stand: Stand,
) -> None:
    """LiveKit tells the end of a call as the success of its transfer, whoever ended it."""
    await platform_stand.answered(NEVER_REPORTS)
    _, under_way = await two_transfers(platform_stand)
    await platform_stand.platform.hang_up(platform_stand.room, "callee")
    assert await under_way == Completed()


async def two_transfers(stand: Stand) -> tuple[ReferReply, asyncio.Task[ReferReply]]:
    """Two transfers at once: the one that is answered first, and the other."""
    both = {
        asyncio.create_task(stand.platform.refer(stand.transfer(tel(target))))
        for target in (ANSWERS, BUSY)
    }
    done, pending = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    return done.pop().result(), pending.pop()


async def give_up(task: asyncio.Task[ReferReply]) -> None:
    task.cancel()
    await asyncio.wait({task})


async def test_nobody_cannot_be_transferred(platform_stand: Stand) -> None:
    """A transfer of a leg that is not there is refused as such."""
    reply = await platform_stand.platform.refer(platform_stand.transfer(tel(ANSWERS)))
    assert isinstance(reply, Refused)
    assert "does not exist" in reply.failure.detail


async def test_a_ringing_leg_cannot_be_transferred(platform_stand: Stand) -> None:
    """A transfer before the answer is refused, and the phone rings on."""
    async with platform_stand.dialing(platform_stand.call(RINGS_FOR_EVER)):
        await platform_stand.until(LegStatus.RINGING)
        reply = await platform_stand.platform.refer(platform_stand.transfer(tel(ANSWERS)))
        assert await platform_stand.shows(LegStatus.RINGING)
    assert isinstance(reply, Refused)
    assert "non established call" in reply.failure.detail


async def test_a_platform_in_order_passes_the_check(platform_stand: Stand) -> None:
    """The check returns while the platform takes requests."""
    await platform_stand.platform.check()


async def test_a_room_and_who_is_in_it_are_told(platform_stand: Stand) -> None:
    """While a leg is there its room exists and shows it; once it is removed, nobody is there."""
    stand, platform = platform_stand, platform_stand.platform
    assert await platform.rooms_named([stand.room]) == []
    await stand.answered(ANSWERS)
    assert [room.name for room in await platform.rooms_named([stand.room])] == [stand.room]
    assert stand.room in [room.name for room in await platform.rooms_named([])]
    (among,), alone = await platform.participants(stand.room), await stand.participant()
    assert alone is not None
    assert (among.identity, among.is_phone) == (alone.identity, True) == ("callee", True)
    assert await platform.remove(stand.room, "callee")
    await eventually(stand.gone)
    assert await stand.participant() is None
    assert not await platform.remove(stand.room, "callee")
    assert await platform.participants(stand.room) == []
