"""The stack transfers, fails and restarts as LiveKit SIP was measured to."""

import asyncio
import time

import pytest
from livekit.api.twirp_client import SipCallError

from tests.stack.caller import CALLER_ID, SLACK, Caller, failure, seconds
from tests.stands.phones import (
    ANSWERS,
    BUSY,
    CARRIER_FAILS,
    DECLINES,
    NEVER_REPORTS,
    REFUSES_TRANSFERS,
    RINGS_FOR_EVER,
    SILENT,
    TRANSFERS_LATE,
    UNAVAILABLE,
    UNKNOWN,
    digits_of,
    phone_id,
    tel,
)
from tests.stands.waiting import eventually

pytestmark = pytest.mark.livekit


@pytest.mark.parametrize("target", [tel(ANSWERS), "sip:+15005550100@sip.example.com"])
async def test_transfer(caller: Caller, target: str) -> None:
    """A transfer that the target takes succeeds, and the leg is gone within a second."""
    await caller.dial(ANSWERS)
    start = time.monotonic()
    await caller.transfer(target, headers={"X-Reason": "sales"})
    assert 0.65 < time.monotonic() - start < 0.7 + SLACK
    await eventually(caller.gone)
    (refer,) = caller.record()["refers"]
    assert refer["headers"] == {"X-Reason": "sales"}
    assert refer["outcome"] == "completed"


@pytest.mark.parametrize(
    ("leg", "target", "code", "twirp_code", "outcome"),
    [
        (ANSWERS, BUSY, 486, "resource_exhausted", "failed"),
        (ANSWERS, DECLINES, 603, "permission_denied", "failed"),
        (ANSWERS, UNKNOWN, 404, "not_found", "failed"),
        (ANSWERS, UNAVAILABLE, 480, "resource_exhausted", "failed"),
        (ANSWERS, CARRIER_FAILS, 503, "failed_precondition", "failed"),
        (ANSWERS, REFUSES_TRANSFERS, 603, "permission_denied", "refused"),
        (REFUSES_TRANSFERS, ANSWERS, 603, "permission_denied", "refused"),
    ],
    ids=phone_id,
)
async def test_transfer_refused(
    caller: Caller, leg: str, target: str, code: int, twirp_code: str, outcome: str
) -> None:
    """A refused transfer ends with the SIP status, and the leg stays."""
    await caller.dial(leg)
    error, _ = await failure(caller.transfer(f"tel:{target}"))
    assert isinstance(error, SipCallError)
    assert (error.sip_status_code, error.code) == (code, twirp_code)
    await caller.until("active")
    assert caller.record()["refers"][0]["outcome"] == outcome


async def test_transfer_late(caller: Caller) -> None:
    """A late success is reported where LiveKit was given the time, and the leg goes then."""
    await caller.dial(TRANSFERS_LATE)
    start = time.monotonic()
    await caller.transfer(tel(ANSWERS), within=63)
    assert 7.9 < time.monotonic() - start < 8 + SLACK
    await eventually(caller.gone)


async def test_transfer_too_late(caller: Caller) -> None:
    """A success after the request's end is never reported, and the leg stays."""
    await caller.dial(TRANSFERS_LATE)
    error, took = await failure(caller.transfer(tel(ANSWERS), within=1))
    assert (error.code, error.status) == ("deadline_exceeded", 408)
    assert "request timed out" in error.message
    assert 0.95 < took < 1 + SLACK
    await asyncio.sleep(8.5)  # nothing to wait for: the leg must outlast the phone's success
    assert await caller.status() == "active"


@pytest.mark.parametrize(
    ("leg", "target"),
    [
        (NEVER_REPORTS, ANSWERS),
        (ANSWERS, RINGS_FOR_EVER),
        (ANSWERS, NEVER_REPORTS),
        (ANSWERS, SILENT),
    ],
    ids=phone_id,
)
async def test_transfer_never_reported(caller: Caller, leg: str, target: str) -> None:
    """A transfer without an outcome ends at the request's ringing timeout, and the leg stays."""
    await caller.dial(leg)
    error, took = await failure(caller.transfer(f"tel:{target}", within=1))
    assert not isinstance(error, SipCallError)
    assert (error.code, error.status) == ("deadline_exceeded", 408)
    assert 0.95 < took < 1 + SLACK
    assert await caller.status() == "active"


async def test_transfer_before_the_answer(caller: Caller) -> None:
    """A leg that is still ringing cannot be transferred."""
    await caller.dial(RINGS_FOR_EVER, wait_until_answered=False)
    error, _ = await failure(caller.transfer(tel(ANSWERS)))
    assert error.code == "failed_precondition"


async def test_transfer_of_a_removed_leg(caller: Caller) -> None:
    """An accepted transfer whose call ends before its outcome counts as success, as in LiveKit."""
    await caller.dial(NEVER_REPORTS)
    transfer = asyncio.create_task(caller.transfer(tel(ANSWERS)))

    async def referred() -> bool:
        return bool(caller.record()["refers"])

    await eventually(referred)
    await caller.remove()
    await asyncio.wait_for(transfer, SLACK)


async def test_second_transfer(caller: Caller) -> None:
    """A second transfer elsewhere is refused while the first is under way."""
    await caller.dial(NEVER_REPORTS)
    first = asyncio.create_task(caller.transfer(tel(ANSWERS), within=60))

    async def referred() -> bool:
        return bool(caller.record()["refers"])

    await eventually(referred)
    error, _ = await failure(caller.transfer(tel(BUSY)))
    assert error.code == "invalid_argument"
    assert not first.done()
    await caller.remove()
    await first


async def test_node_full(caller: Caller) -> None:
    """A node without CPU refuses before anything is dialled or joined."""
    error, _ = await failure(caller.dial("+15005550200"))
    assert (error.code, error.status) == ("unavailable", 503)
    assert "cpu exhausted" in error.message
    assert not caller.records()
    assert await caller.gone()


async def test_node_full_twice(caller: Caller) -> None:
    """A node that was full for two attempts takes the third."""
    caller.stack.reset()
    for _ in range(2):
        error, _ = await failure(caller.dial("+15005550201"))
        assert error.code == "unavailable"
    await caller.dial("+15005550201")
    assert caller.stack.refused() == {"+15005550201": 2}
    assert len(caller.records()) == 1


async def test_ignored_ringing_timeout(caller: Caller) -> None:
    """A number for which the ringing timeout is ignored rings past the request's deadline."""
    dial = caller.dial("+15005550202", ringing_timeout=seconds(0.3), deadline=1)
    error, took = await failure(dial)
    assert error.code == "deadline_exceeded"
    assert 0.95 < took < 1 + SLACK
    assert await caller.status() == "ringing"
    await caller.remove()
    await eventually(caller.ended)


async def test_failure_after_ringing(caller: Caller) -> None:
    """A carrier failure may come after the ringing."""
    error, _ = await failure(caller.dial("+15005550203"))
    assert isinstance(error, SipCallError)
    assert error.sip_status_code == 503
    assert caller.record()["ring_time"] is not None


async def test_trunk_decides(caller: Caller) -> None:
    """A trunk whose host names a phone meets that phone, whatever number is dialled."""
    host = f"phone-{digits_of(CARRIER_FAILS)}.example.com"
    caller.trunk_id = caller.stack.create_trunk("busy", [CALLER_ID], host)
    error, _ = await failure(caller.dial(ANSWERS))
    assert isinstance(error, SipCallError)
    assert error.sip_status_code == 503
    assert caller.record()["hostname"] == host


async def test_livekit_restart(caller: Caller) -> None:
    """A restarted livekit-server has its address and its trunks."""
    url = caller.stack.url
    caller.stack.restart_livekit()
    assert caller.stack.url == url
    await caller.dial(REFUSES_TRANSFERS)
