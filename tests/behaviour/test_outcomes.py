"""PlaceCall: each way a call can go, by number."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.telephony.v1 import calls_pb2
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.phones import (
    ANSWERS,
    BUSY,
    CARRIER_FAILS,
    DECLINES,
    HANGS_UP,
    NOBODY,
    RINGS_FOR_EVER,
    SILENT,
    UNAVAILABLE,
    UNKNOWN,
)
from tests.stands.stand import Stand, reason_name, span

RINGING = ["CALL_CREATED", "CALL_RINGING", "CALL_ENDED"]
NEVER_RANG = ["CALL_CREATED", "CALL_ENDED"]

FAILED_TWICE = ["CALL_CREATED", "ATTEMPT_FAILED", "CALL_ENDED"]
"""A tenant without routes has all its trunks to try; two of them are open."""

UNANSWERED = [
    pytest.param(BUSY, "BUSY", 486, None, id="busy"),
    pytest.param(DECLINES, "DECLINED", 603, None, id="declined"),
    pytest.param(UNKNOWN, "INVALID_NUMBER", 404, None, id="unknown-number"),
    pytest.param(UNAVAILABLE, "UNREACHABLE", 480, None, id="unavailable"),
    pytest.param(CARRIER_FAILS, "TRUNK_FAILURE", 503, FAILED_TWICE, id="carrier-failure"),
    pytest.param(NOBODY, "INVALID_NUMBER", 404, NEVER_RANG, id="no-such-phone"),
]


@pytest.mark.usefixtures("looked_in_time")
@pytest.mark.parametrize(("to", "reason", "status", "history"), UNANSWERED)
async def test_an_unanswered_call_is_an_outcome(
    stand: Stand, to: str, reason: str, status: int, history: list[str] | None
) -> None:
    """PlaceCall answers OK with the end reason and SIP status of a call nobody took."""
    call = await stand.acme.place(to, wait_until_answered=True)

    assert call.state == calls_pb2.CALL_STATE_ENDED
    assert (reason_name(call), call.sip_status_code) == (reason, status)
    assert call.sip_status
    assert not call.HasField("answer_time")
    # A phone that decides within 0.3 s may do so between two looks at it.
    told = await stand.acme.history(call.call_id)
    assert told == history if history else told in (RINGING, NEVER_RANG)
    await stand.gone(call)


async def test_an_answered_call_is_followed_to_its_end(stand: Stand) -> None:
    """A call that is answered and hung up by the callee goes through every state in order."""
    call = await stand.acme.place(HANGS_UP)
    assert call.state == calls_pb2.CALL_STATE_DIALING

    ended = await stand.acme.ended(call.call_id)
    assert reason_name(ended) == "COMPLETED"
    assert ended.participant_id
    assert ended.sip_call_id
    history = await stand.acme.history(call.call_id)
    assert history in stand.histories("CALL_CREATED", "CALL_RINGING", "CALL_ANSWERED", "CALL_ENDED")
    assert ended.HasField("ring_time") == ("CALL_RINGING" in history)
    rang = [ended.ring_time] if ended.HasField("ring_time") else []
    times = [ended.create_time, *rang, ended.answer_time, ended.end_time]
    assert times == sorted(times, key=lambda time: time.ToNanoseconds())
    await stand.gone(call)


async def test_waiting_answers_at_the_answer(stand: Stand) -> None:
    """With wait_until_answered PlaceCall returns an ACTIVE call, with its leg in the room."""
    call = await stand.acme.place(ANSWERS, wait_until_answered=True)

    assert call.state == calls_pb2.CALL_STATE_ACTIVE
    leg = await stand.leg(call)
    assert leg is not None
    assert leg.call_id == call.call_id


async def test_ringing_ends_at_the_timeout_asked_for(stand: Stand) -> None:
    """2.5 s of ringing is not over before 2.5 s, and is over before 5 s started together."""
    short, long = await asyncio.gather(
        stand.acme.place(RINGS_FOR_EVER, ringing_timeout=span(2.5)),
        stand.acme.place(RINGS_FOR_EVER, ringing_timeout=span(5)),
    )
    first, second = [await stand.acme.ended(call.call_id) for call in (short, long)]
    rang = first.end_time.ToNanoseconds() - first.create_time.ToNanoseconds()

    assert rang >= 2.5e9
    assert (reason_name(first), reason_name(second)) == ("NO_ANSWER", "NO_ANSWER")
    assert first.end_time.ToNanoseconds() < second.end_time.ToNanoseconds()
    await stand.gone(first)
    await stand.gone(second)


async def test_a_silent_trunk_is_unreachable(stand: Stand) -> None:
    """A trunk that never rings ends UNREACHABLE at the ringing timeout, not NO_ANSWER."""
    call = await stand.acme.place(SILENT, ringing_timeout=span(3), wait_until_answered=True)
    assert reason_name(call) == "UNREACHABLE"
    assert not call.HasField("ring_time")
    assert await stand.acme.history(call.call_id) == NEVER_RANG
    await stand.gone(call)


async def test_the_longest_duration_is_kept(stand: Stand) -> None:
    """An answered call ends with MAX_DURATION when its time is up, counted from the answer."""
    call = await stand.acme.place(ANSWERS, max_duration=span(1), wait_until_answered=True)
    ended = await stand.acme.ended(call.call_id)
    assert reason_name(ended) == "MAX_DURATION"
    assert ended.hangup_source == calls_pb2.HANGUP_SOURCE_GATEWAY
    assert ended.end_time.ToNanoseconds() - ended.answer_time.ToNanoseconds() >= 1e9
    await stand.gone(call)


async def test_digits_play_before_the_call_is_active(stand: Stand) -> None:
    """Digits play in state AUTOMATION; the answer counts from its beginning."""
    call = await stand.acme.place(ANSWERS, digits="ww1ww", wait_until_answered=True)
    assert call.state == calls_pb2.CALL_STATE_ACTIVE
    events = await stand.acme.events(call.call_id)
    states = [event.call.state for event in events]
    assert calls_pb2.CALL_STATE_AUTOMATION in states
    automation = events[states.index(calls_pb2.CALL_STATE_AUTOMATION)]
    assert automation.type == calls_pb2.CALL_EVENT_TYPE_CALL_ANSWERED
    assert call.answer_time == automation.call.answer_time


@pytest.mark.slow
@pytest.mark.livekit
@pytest.mark.postgres
async def test_ringing_longer_than_livekits_own_budget(
    livekit_stack: LiveKitStack, new_database: Callable[[str], str], tmp_path: Path
) -> None:
    """100 s of ringing is kept although LiveKit's own limit of a waiting dial is 80 s."""
    folders = [tmp_path / name for name in ("one", "two", "three")]
    for folder in folders:
        folder.mkdir()
    stands = [
        Stand("grpc", new_database("sqlite"), livekit_stack, folders[0]),
        Stand("twirp+protobuf", new_database("postgresql"), None, folders[1]),
        Stand("twirp+json", new_database("postgresql"), livekit_stack, folders[2]),
    ]
    await asyncio.gather(*[rings_for_100_seconds(stand) for stand in stands])


async def rings_for_100_seconds(stand: Stand) -> None:
    """Nobody picks up for 100 s, and the client waits."""
    await stand.start()
    try:
        await stand.apply_policy(max_ringing_timeout="120s")
        call = await stand.acme.place(
            RINGS_FOR_EVER, ringing_timeout=span(100), wait_until_answered=True, timeout=130
        )
        assert reason_name(call) == "NO_ANSWER"
        assert call.end_time.ToNanoseconds() - call.create_time.ToNanoseconds() >= 100e9
        await stand.gone(call)
    finally:
        await stand.stop()
