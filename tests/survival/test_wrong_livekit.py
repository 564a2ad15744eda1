"""A LiveKit that is not there, or refuses the gateway's key: nothing waits for ever."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from livekit.protocol.models import ParticipantInfo
from livekit.protocol.room import ListRoomsResponse
from livekit.protocol.sip import SIPParticipantInfo
from structlog.testing import capture_logs

from gateway.domain.calls import pace
from gateway.ports import PlatformError
from gateway.service.following import leg as placed_leg
from gateway.settings import Settings
from gateway.telephony.v1 import calls_pb2
from tests.stands.livekit.answers import NOT_FOUND, Answer, hang, message, raw, twirp_error
from tests.stands.livekit.wrong import NO_LIVEKIT, REFUSED_KEY, UNCLEAR, UNUSABLE_URLS, WrongLiveKit
from tests.stands.phones import ANSWERS, BUSY
from tests.stands.stand import LONGEST_RINGING, Stand, reason_name, refusal, span, state_name
from tests.stands.waiting import eventually

DIAL, LOOK, REMOVE, REFER = (
    "CreateSIPParticipant",
    "GetParticipant",
    "RemoveParticipant",
    "TransferSIPParticipant",
)
CERTAIN = REFUSED_KEY | NO_LIVEKIT
ACTIVE, ENDED = calls_pb2.CALL_STATE_ACTIVE, calls_pb2.CALL_STATE_ENDED
AT_ONCE = 60.0
"""Seconds within which a busy machine does what waits for nothing."""
CALLEE = calls_pb2.Participant(identity="callee")
"""As whom the leg of `active` is in its room."""
REFUSES = REFUSED_KEY["401 in plain text"]


class WrongStand(Stand):
    """A gateway whose LiveKit is at `url`, which settings may not even allow."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        super().__init__("grpc", f"sqlite:///{folder}/gateway.db", None, folder)

    def settings(self, **changes: Any) -> Settings:
        """See Stand."""
        told = super().settings(
            GATEWAY_PLATFORM="livekit",
            livekit_url="http://127.0.0.1:1",
            livekit_api_key="key",
            livekit_api_secret="a secret that is long enough for HS256",
            **changes,
        )
        return told.model_copy(update={"livekit_url": self.url})


@asynccontextmanager
async def at(url: str, folder: Path) -> AsyncIterator[WrongStand]:
    """A gateway for that address, from its start to its end."""
    stand = WrongStand(url, folder)
    await stand.start(limits={"max_concurrent_calls": 1})
    try:
        yield stand
    finally:
        await stand.stop()


@asynccontextmanager
async def asking(livekit: WrongLiveKit, folder: Path) -> AsyncIterator[WrongStand]:
    """A gateway that asks this LiveKit."""
    async with livekit.serve(), at(livekit.url, folder) as stand:
        yield stand


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be known is given up soon."""
    monkeypatch.setattr(pace, "UNASKED", timedelta(seconds=1), raising=False)
    monkeypatch.setattr(placed_leg, "GONE_PATIENCE_SECONDS", 3.0, raising=False)


def active(**changes: Any) -> Answer:
    """A leg that talks."""
    told = {"sip.callStatus": "active", "sip.callID": "SCL_1"} | changes
    return message(
        ParticipantInfo(
            sid="PA_1",
            identity="callee",
            kind=ParticipantInfo.Kind.SIP,
            state=ParticipantInfo.State.ACTIVE,
            attributes=told,
        )
    )


def talking() -> WrongLiveKit:
    """Answers as LiveKit while a phone is talked to; every other method is refused."""
    picked_up = message(SIPParticipantInfo(participant_id="PA_1", sip_call_id="SCL_1"))
    return WrongLiveKit(REFUSES, {DIAL: picked_up, LOOK: active()})


@pytest.mark.parametrize("name", CERTAIN)
@pytest.mark.parametrize("waits", [True, False], ids=["waiting", "at once"])
async def test_a_call_that_livekit_refused_to_dial_ends(
    name: str, tmp_path: Path, *, waits: bool
) -> None:
    """NOT_DIALED with the reason, long before its ringing is over; its place is free again."""
    livekit = WrongLiveKit(CERTAIN[name])
    async with asking(livekit, tmp_path) as stand:
        asked: dict[str, Any] = {"ringing_timeout": LONGEST_RINGING, "timeout": AT_ONCE}
        placed = await stand.acme.place(ANSWERS, wait_until_answered=waits, **asked)
        call = await stand.acme.ended(placed.call_id, within=AT_ONCE)
        assert (reason_name(call), call.hangup_source) == (
            "NOT_DIALED",
            calls_pb2.HANGUP_SOURCE_PLATFORM,
        )
        told = call.not_dialed_cause
        assert told.startswith("PLATFORM_REFUSED_KEY: ") == (name in REFUSED_KEY), told
        assert told.startswith("what answers at LiveKit's address") == (name in NO_LIVEKIT), told
        assert call.attempts[0].next_attempt == told
        assert livekit.asked.count(DIAL) == 1
        again = await stand.acme.place(ANSWERS, wait_until_answered=True, **asked)
        assert reason_name(again) == "NOT_DIALED"
        events = await stand.acme.history(call.call_id)
        assert events == ["CALL_CREATED", "CALL_ENDED"]


@pytest.mark.parametrize("name", CERTAIN)
async def test_a_call_that_was_never_dialed_can_be_hung_up(name: str, tmp_path: Path) -> None:
    """HangUpCall answers OK with the ended call, and UpdateCall that it is over."""
    async with asking(WrongLiveKit(CERTAIN[name]), tmp_path) as stand:
        call = await stand.acme.place(ANSWERS, ringing_timeout=LONGEST_RINGING)
        begun = time.monotonic()
        ended = await stand.acme.hang_up(call.call_id)
        assert ended.state == ENDED
        assert reason_name(ended) in {"NOT_DIALED", "CANCELED"}
        assert time.monotonic() - begun < AT_ONCE
        update = calls_pb2.UpdateCallRequest(call_id=call.call_id, set_labels={"team": "a"})
        refused = await refusal(stand.acme.call("UpdateCall", update))
        assert refused.reason == "CALL_NOT_ACTIVE"


@pytest.mark.parametrize("url", UNUSABLE_URLS)
async def test_an_address_that_is_none_dials_nothing(url: str, tmp_path: Path) -> None:
    """Nothing was sent: NOT_DIALED at the end of the ringing timeout, hung up at once."""
    async with at(url, tmp_path) as stand:
        call = await stand.acme.place(ANSWERS, wait_until_answered=True, ringing_timeout=span(3))
        assert reason_name(call) == "NOT_DIALED"
        assert call.not_dialed_cause.startswith("LiveKit cannot be reached (")
        waiting = await stand.acme.place(ANSWERS, ringing_timeout=LONGEST_RINGING)
        ended = await stand.acme.hang_up(waiting.call_id)
        assert (reason_name(ended), ended.not_dialed_cause) == ("CANCELED", "")


async def test_a_full_livekit_is_told_as_that(tmp_path: Path) -> None:
    """Not that the dial was not wanted any more: what LiveKit said to it."""
    full = WrongLiveKit(NOT_FOUND, {DIAL: twirp_error(503, "unavailable", "cpu exhausted")})
    async with asking(full, tmp_path) as stand:
        call = await stand.acme.place(ANSWERS, wait_until_answered=True, ringing_timeout=span(3))
        assert (reason_name(call), call.not_dialed_cause) == (
            "NOT_DIALED",
            "LiveKit: cpu exhausted",
        )
        (record,) = [r for r in await stand.audit(call.call_id) if r["kind"] == "OUTCOME"]
        (attempt,) = record["decision"]["attempts"]
        assert attempt["next_attempt"] == "LiveKit: cpu exhausted"


@pytest.mark.parametrize("name", UNCLEAR)
@pytest.mark.usefixtures("impatient")
async def test_what_may_have_been_dialed_is_given_up_in_the_end(name: str, tmp_path: Path) -> None:
    """It is followed beyond its ringing, never dialled again, and then OUTCOME_UNKNOWN."""
    livekit = WrongLiveKit(UNCLEAR[name])
    async with asking(livekit, tmp_path) as stand:
        begun = time.monotonic()
        call = await stand.acme.place(ANSWERS, wait_until_answered=True, ringing_timeout=span(3))
        assert time.monotonic() - begun > 4
        assert (reason_name(call), call.not_dialed_cause) == ("OUTCOME_UNKNOWN", "")
        assert livekit.asked.count(DIAL) == 1
        assert livekit.asked.count(LOOK) > 1


@pytest.mark.usefixtures("impatient")
async def test_a_leg_that_was_seen_is_kept(tmp_path: Path) -> None:
    """A key refused while somebody talks ends no call, and a hang-up says that it failed."""
    livekit = talking()
    async with asking(livekit, tmp_path) as stand:
        call = await stand.acme.place(
            ANSWERS, wait_until_answered=True, ringing_timeout=span(3), participant=CALLEE
        )
        assert call.state == ACTIVE
        del livekit.methods[LOOK]
        looked = livekit.asked.count(LOOK)

        async def looked_on() -> bool:
            over = call.create_time.ToNanoseconds() / 1e9 + 5 < time.time()
            return over and livekit.asked.count(LOOK) > looked + 1

        await eventually(looked_on)
        assert (await stand.acme.get(call.call_id)).state == ACTIVE
        refused = await refusal(stand.acme.hang_up(call.call_id))
        assert refused.reason == "PLATFORM_UNAVAILABLE"
        livekit.methods[LOOK] = NOT_FOUND
        assert reason_name(await stand.acme.ended(call.call_id)) == "COMPLETED"


@pytest.mark.parametrize("name", CERTAIN)
async def test_a_transfer_that_livekit_refused_has_failed(name: str, tmp_path: Path) -> None:
    """The REFER certainly did not leave; the call goes on."""
    livekit = talking()
    livekit.methods[REFER] = CERTAIN[name]
    async with asking(livekit, tmp_path) as stand:
        call = await stand.acme.place(ANSWERS, wait_until_answered=True, participant=CALLEE)
        transfer = await stand.acme.transfer(
            call.call_id, BUSY, wait_until_settled=True, ringing_timeout=span(20)
        )
        assert state_name(transfer) == "FAILED"
        assert (await stand.acme.get(call.call_id)).state == ACTIVE
        update = calls_pb2.UpdateCallRequest(call_id=call.call_id, set_labels={"team": "a"})
        updated = (await stand.acme.call("UpdateCall", update)).call
        assert updated.labels == {"team": "a"}
        livekit.methods[LOOK] = NOT_FOUND
        await stand.acme.ended(call.call_id)


@pytest.mark.usefixtures("impatient")
async def test_a_busy_phone_ends_its_call_though_nobody_may_look(tmp_path: Path) -> None:
    """The key is refused between the dial's answer and the look: how it ended is known."""
    busy = twirp_error(
        429, "resource_exhausted", "busy", sip_status_code="486", sip_status="Busy Here"
    )
    async with asking(WrongLiveKit(REFUSES, {DIAL: busy}), tmp_path) as stand:
        call = await stand.acme.place(BUSY, wait_until_answered=True)
        assert (reason_name(call), call.sip_status_code) == ("BUSY", 486)


@pytest.mark.usefixtures("impatient")
async def test_a_leg_that_cannot_be_ended_holds_no_call_open(tmp_path: Path) -> None:
    """LiveKit lists the leg of a dial that is over and would not remove it: the sweep's matter."""
    busy = twirp_error(
        429, "resource_exhausted", "busy", sip_status_code="486", sip_status="Busy Here"
    )
    livekit = WrongLiveKit(raw(500, b"no"), {DIAL: busy, LOOK: active()})
    async with asking(livekit, tmp_path) as stand:
        call = await stand.acme.place(BUSY, wait_until_answered=True, participant=CALLEE)
        assert reason_name(call) == "BUSY"
        assert REMOVE not in livekit.asked


@pytest.mark.parametrize("name", [*CERTAIN, *UNCLEAR])
@pytest.mark.usefixtures("impatient")
async def test_a_call_taken_up_is_given_up(name: str, tmp_path: Path) -> None:
    """What a gateway before has dialled, or not, cannot be known: never again, OUTCOME_UNKNOWN."""
    livekit = WrongLiveKit(hang)
    async with livekit.serve():
        async with at(livekit.url, tmp_path) as before:
            call = await before.acme.place(ANSWERS, ringing_timeout=span(4))

            async def sent() -> bool:
                return DIAL in livekit.asked

            await eventually(sent)
        livekit.answer = (CERTAIN | UNCLEAR)[name]
        livekit.asked.clear()
        async with at(livekit.url, tmp_path) as after:
            assert reason_name(await after.acme.ended(call.call_id)) == "OUTCOME_UNKNOWN"
    assert DIAL not in livekit.asked


@pytest.mark.parametrize("name", [*CERTAIN, *UNCLEAR])
async def test_a_sweep_without_livekit_ends_nothing(name: str, tmp_path: Path) -> None:
    """It says that it could not look, and the next one looks again."""
    async with asking(WrongLiveKit((CERTAIN | UNCLEAR)[name]), tmp_path) as stand:
        for _ in range(2):
            with pytest.raises(PlatformError):
                await stand.gateway.services.sweep.sweep()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        *(
            (name, "PLATFORM_REFUSED_KEY: LiveKit refused the gateway's key")
            for name in REFUSED_KEY
        ),
        *((name, "what answers at LIVEKIT_URL is not LiveKit") for name in NO_LIVEKIT),
        *((name, "ListRooms: ") for name in UNCLEAR),
    ],
)
async def test_readiness_tells_a_refused_key_from_a_livekit_away(
    name: str, told: str, tmp_path: Path
) -> None:
    """503, and what is wrong in words that say who has to mend it."""
    async with asking(WrongLiveKit((CERTAIN | UNCLEAR)[name]), tmp_path) as stand:
        url = f"http://127.0.0.1:{stand.gateway.http_port}/readyz"
        async with aiohttp.ClientSession() as session, session.get(url) as reply:
            assert reply.status == 503
            assert told in (await reply.json())["livekit"]


@pytest.mark.parametrize(
    ("answer", "event", "told"),
    [
        (REFUSES, "livekit_not_ready", "PLATFORM_REFUSED_KEY"),
        (
            NO_LIVEKIT["404 in plain text"],
            "livekit_not_ready",
            "what answers at LIVEKIT_URL is not LiveKit",
        ),
        (message(ListRoomsResponse()), "livekit_ready", ""),
    ],
    ids=["refused key", "no LiveKit", "LiveKit"],
)
async def test_key_and_address_are_tried_at_the_start(
    answer: Answer, event: str, told: str, tmp_path: Path
) -> None:
    """The log says what is wrong; the gateway serves all the same, for it may be mended."""
    with capture_logs() as logged:
        async with asking(WrongLiveKit(answer), tmp_path) as stand:

            async def tried() -> bool:
                return any(line["event"].startswith("livekit_") for line in logged)

            await eventually(tried)
            (line,) = [line for line in logged if line["event"].startswith("livekit_")]
            assert line["event"] == event
            assert told in line.get("cause", "")
            assert (await stand.acme.place(ANSWERS, validate_only=True)) is not None
