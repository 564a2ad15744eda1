"""A call goes on to the next trunk only while its phone certainly has not rung."""

from typing import Any

import pytest

from gateway.telephony.v1 import calls_pb2
from tests.stands.patience import LATE
from tests.stands.phones import (
    ANSWERS,
    BUSY,
    CARRIER_FAILS,
    RINGS_FOR_EVER,
    RINGS_THEN_FAILS,
    SILENT,
    UNKNOWN,
    phone_id,
)
from tests.stands.stand import NUMBERS, Stand, reason_name, span
from tests.stands.trunks import OTHER, two_trunks


async def place(stand: Stand, **fields: Any) -> calls_pb2.Call:
    fields.setdefault("ringing_timeout", span(15))
    return await stand.acme.place(ANSWERS, wait_until_answered=True, **fields)


def trunks_tried(call: calls_pb2.Call) -> list[str]:
    return [attempt.trunk_id for attempt in call.attempts]


@pytest.mark.parametrize(
    ("first", "outcome", "tried"),
    [
        (UNKNOWN, {"sip_status_code": 404, "reason": "CARRIER_REASON_REJECTED"}, ["a"]),
        (
            CARRIER_FAILS,
            {
                "sip_status_code": 503,
                "text": "unavailable",
                "reason": "CARRIER_REASON_REJECTED",
                "failover": False,
            },
            ["a"],
        ),
    ],
    ids=["a status", "a text"],
)
async def test_a_trunk_says_what_its_carrier_means(
    stand: Stand, first: str, outcome: dict[str, Any], tried: list[str]
) -> None:
    """`outcomes` of the trunk decide what the call ends as, and whether the next one is tried."""
    await two_trunks(stand, first, outcomes=[outcome])
    call = await place(stand)
    assert (reason_name(call), trunks_tried(call)) == ("REJECTED", tried)
    assert call.sip_status_code == outcome["sip_status_code"]


@pytest.mark.usefixtures("looked_in_time")
async def test_a_failing_trunk_gives_way(stand: Stand) -> None:
    """A answers 503 without ringing: B carries the call, and each attempt tells its story."""
    await two_trunks(stand, CARRIER_FAILS)
    call = await place(stand)
    assert call.state == calls_pb2.CALL_STATE_ACTIVE
    assert trunks_tried(call) == ["a", "b"]
    first, second = call.attempts
    assert (first.sip_status_code, first.next_attempt) == (503, "tried: SIP 503")
    assert first.highest_state == calls_pb2.CALL_STATE_DIALING
    assert first.sip_call_id != second.sip_call_id
    assert (call.trunk_id, call.caller_id, call.sip_call_id) == ("b", OTHER, second.sip_call_id)
    assert (first.caller_id, second.caller_id) == (NUMBERS[0], OTHER)
    history = await stand.acme.history(call.call_id)
    assert history[:2] == ["CALL_CREATED", "ATTEMPT_FAILED"]
    assert history.count("ATTEMPT_FAILED") == 1
    if stand.stack:
        assert [seen["ring_time"] is None for seen in stand.dialed(call)] == [True, False]
    await stand.acme.hang_up(call.call_id)
    await stand.gone(call)


@pytest.mark.parametrize(
    ("first", "reason", "unseen"),
    [
        (RINGS_THEN_FAILS, "TRUNK_FAILURE", "it may have rung unnoticed"),
        (BUSY, "BUSY", "SIP 486 is not a failover code of the trunk"),
        (UNKNOWN, "INVALID_NUMBER", "SIP 404 is not a failover code of the trunk"),
    ],
    ids=phone_id,
)
async def test_what_has_rung_is_not_dialed_again(
    stand: Stand, first: str, reason: str, unseen: str
) -> None:
    """Once the phone has rung, the call ends with whatever A says; B is left alone.

    On the real LiveKit the phone may ring between two looks: then the attempt says so, or what A
    says is reason enough (`unseen`).
    """
    await two_trunks(stand, first)
    call = await place(stand)
    assert reason_name(call) == reason
    assert trunks_tried(call) == ["a"]
    (attempt,) = call.attempts
    if stand.stack:
        (seen,) = stand.dialed(call)
        assert seen["ring_time"]
    missed = stand.stack and not attempt.HasField("ring_time")
    assert attempt.next_attempt == (unseen if missed else "it rang")


async def test_a_code_outside_the_list_ends_the_call(stand: Stand) -> None:
    """`failover_sip_codes` of the trunk decides."""
    await two_trunks(stand, CARRIER_FAILS, failover_sip_codes=[500])
    call = await place(stand)
    assert reason_name(call) == "TRUNK_FAILURE"
    assert call.attempts[0].next_attempt == "SIP 503 is not a failover code of the trunk"


@pytest.mark.usefixtures("looked_in_time")
async def test_a_silent_trunk_gives_way_after_the_setup_timeout(stand: Stand) -> None:
    """No ringing within `setup_timeout`: the attempt is cancelled and B carries the call."""
    await two_trunks(stand, SILENT)
    call = await place(stand, setup_timeout=span(1.2))
    assert call.state == calls_pb2.CALL_STATE_ACTIVE
    assert trunks_tried(call) == ["a", "b"]
    assert call.attempts[0].next_attempt == "tried: silent for 1.2s"
    gave_up = call.attempts[1].start_time.ToDatetime() - call.attempts[0].start_time.ToDatetime()
    assert gave_up.total_seconds() >= 1.2
    await stand.acme.hang_up(call.call_id)


async def test_silence_is_kept_where_there_is_no_other_trunk(stand: Stand) -> None:
    """The last trunk has the whole ringing timeout, and so has one that keeps its silent calls."""
    await two_trunks(stand, SILENT, failover_on_silence=False)
    call = await place(stand, setup_timeout=span(0.5), ringing_timeout=span(4))
    assert reason_name(call) == "UNREACHABLE"
    assert trunks_tried(call) == ["a"]
    lasted = call.end_time.ToDatetime() - call.create_time.ToDatetime()
    assert lasted.total_seconds() >= 3.5


@pytest.mark.usefixtures("looked_in_time")
async def test_all_trunks_may_fail(stand: Stand) -> None:
    """The call ends with what the last one said."""
    await two_trunks(stand, CARRIER_FAILS, CARRIER_FAILS)
    call = await place(stand)
    assert reason_name(call) == "TRUNK_FAILURE"
    assert trunks_tried(call) == ["a", "b"]
    assert call.attempts[1].next_attempt == "no other trunk fits"
    assert (await stand.acme.history(call.call_id)) == [
        "CALL_CREATED",
        "ATTEMPT_FAILED",
        "CALL_ENDED",
    ]


async def test_hanging_up_stops_the_search(stand: Stand) -> None:
    """A call hung up on its first trunk does not go on to the next."""
    await two_trunks(stand, SILENT)
    call = await stand.acme.place(ANSWERS, setup_timeout=span(5))
    ended = await stand.acme.hang_up(call.call_id)
    assert reason_name(ended) == "CANCELED"
    assert trunks_tried(ended) == ["a"]
    await stand.gone(call)


@pytest.mark.usefixtures("looked_in_time")
async def test_the_ringing_timeout_counts_over_all_attempts(stand: Stand) -> None:
    """The budget is the call's: what A took, B has not."""
    await two_trunks(stand, SILENT, RINGS_FOR_EVER)
    call = await place(stand, setup_timeout=span(1), ringing_timeout=span(6))
    assert reason_name(call) == "NO_ANSWER"
    assert trunks_tried(call) == ["a", "b"]
    lasted = call.end_time.ToDatetime() - call.create_time.ToDatetime()
    assert 5.5 <= lasted.total_seconds() < 7 + LATE
