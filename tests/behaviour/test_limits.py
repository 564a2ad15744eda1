"""What a tenant or a trunk may not exceed, and where nobody may call, on every wire."""

import asyncio
import time
from typing import Any

import pytest

from gateway.telephony.v1 import calls_pb2
from tests.stands.legs import every_leg
from tests.stands.phones import ANSWERS, BUSY, DECLINES, RINGS_FOR_EVER
from tests.stands.stand import (
    NUMBERS,
    Stand,
    configuration,
    reason_name,
    refusal,
    span,
)
from tests.stands.trunks import trunk, two_trunks
from tests.stands.waiting import eventually
from tests.stands.wires import RefusedError


async def try_to_place(stand: Stand, to: str = RINGS_FOR_EVER) -> calls_pb2.Call | RefusedError:
    try:
        return await stand.acme.place(to, ringing_timeout=span(30))
    except RefusedError as refused:
        return refused


async def test_no_more_calls_at_once_than_the_tenant_may(stand: Stand) -> None:
    """The one too many is RESOURCE_EXHAUSTED and says when to come back; a place is free again."""
    await stand.apply(configuration(stand.trunk, limits={"max_concurrent_calls": 2}))
    answers = await asyncio.gather(*(try_to_place(stand) for _ in range(5)))
    placed = [answer for answer in answers if isinstance(answer, calls_pb2.Call)]
    refused = [answer for answer in answers if isinstance(answer, RefusedError)]
    assert len(placed) == 2
    assert {(one.code, one.reason) for one in refused} == {("resource_exhausted", "TENANT_LIMIT")}
    assert refused[0].metadata["limit"] == "tenant.max_concurrent_calls"
    assert int(refused[0].metadata["retry_after_ms"]) > 0
    await stand.acme.hang_up(placed[0].call_id)
    again = await try_to_place(stand)
    assert isinstance(again, calls_pb2.Call)
    for call in (placed[1], again):
        await stand.acme.hang_up(call.call_id)


async def test_no_more_calls_a_second_than_the_tenant_may(stand: Stand) -> None:
    """Of ten calls at once three are accepted; a second later there is room again."""
    await stand.apply(configuration(stand.trunk, limits={"max_calls_per_second": 3}))

    async def too_many() -> list[RefusedError]:
        """Where the machine needs seconds for ten calls, some more of them are accepted."""
        begun = time.monotonic()
        answers = await asyncio.gather(*(try_to_place(stand, BUSY) for _ in range(10)))
        seconds = 2 + int(time.monotonic() - begun)
        refused = [answer for answer in answers if isinstance(answer, RefusedError)]
        assert len(refused) >= 10 - 3 * seconds
        return refused

    refused = await eventually(too_many)
    assert {one.reason for one in refused} == {"TENANT_LIMIT"}
    await asyncio.sleep(int(refused[-1].metadata["retry_after_ms"]) / 1000)
    assert isinstance(await try_to_place(stand, BUSY), calls_pb2.Call)


async def test_too_many_calls_to_one_number_are_no_matter_of_waiting(stand: Stand) -> None:
    """FRAUD_LIMIT is PERMISSION_DENIED, without a time to come back; other numbers are free."""
    limits = {"max_calls_per_minute_to_one_number": 2}
    await stand.apply(configuration(stand.trunk, limits=limits))
    for _ in range(2):
        assert isinstance(await try_to_place(stand, BUSY), calls_pb2.Call)
    refused = await try_to_place(stand, BUSY)
    assert isinstance(refused, RefusedError)
    assert (refused.code, refused.reason) == ("permission_denied", "FRAUD_LIMIT")
    assert "retry_after_ms" not in refused.metadata
    assert isinstance(await try_to_place(stand, DECLINES), calls_pb2.Call)


async def test_one_number_is_called_so_often_a_day(stand: Stand) -> None:
    """The call too many is a FRAUD_LIMIT; a transfer there counts too, and other numbers do not."""
    limits = {"max_calls_per_day_to_one_number": 2}
    await stand.apply(configuration(stand.trunk, limits=limits))
    call = await stand.acme.place(ANSWERS, wait_until_answered=True)
    assert isinstance(await try_to_place(stand, BUSY), calls_pb2.Call)
    await stand.acme.transfer(call.call_id, BUSY)
    refused = await try_to_place(stand, BUSY)
    assert isinstance(refused, RefusedError)
    assert (refused.code, refused.reason) == ("permission_denied", "FRAUD_LIMIT")
    assert refused.metadata["limit"] == "tenant.max_calls_per_day_to_one_number"
    assert isinstance(await try_to_place(stand, DECLINES), calls_pb2.Call)


async def test_a_full_trunk_gives_way_to_the_next(stand: Stand) -> None:
    """The second call goes over B; where B is full too, the third is TRUNK_LIMIT."""
    await two_trunks(stand, RINGS_FOR_EVER, RINGS_FOR_EVER, max_concurrent_calls=1)
    first = await stand.acme.place(RINGS_FOR_EVER)
    second = await stand.acme.place(RINGS_FOR_EVER)
    assert (first.trunk_id, second.trunk_id) == ("a", "b")
    pinned = await refusal(stand.acme.place(RINGS_FOR_EVER, trunk_id="a"))
    assert (pinned.reason, pinned.metadata["trunk.a"]) == ("TRUNK_LIMIT", "FULL")
    for call in (first, second):
        await stand.acme.hang_up(call.call_id)
    assert (await stand.acme.place(BUSY)).trunk_id == "a"


async def test_a_sandbox_tenant_leaves_a_trunk_to_calls_that_ring(stand: Stand) -> None:
    """Beside a real platform its calls take no place there, and a full trunk stops none."""
    platforms = stand.gateway.platforms
    if platforms.live is None:
        object.__setattr__(platforms, "live", platforms.sandbox)
    config = configuration(stand.trunk)
    config["tenants"][1] |= {"sandbox": True}
    config["trunks"] = [trunk(stand, "a", RINGS_FOR_EVER, NUMBERS[0], max_concurrent_calls=1)]
    await stand.apply(config)
    request = calls_pb2.PlaceCallRequest(to=RINGS_FOR_EVER)
    played = [(await stand.globex.call("PlaceCall", request)).call for _ in range(2)]
    assert [call.sandbox for call in played] == [True, True]
    rings = await stand.acme.place(RINGS_FOR_EVER)
    assert (await refusal(stand.acme.place(RINGS_FOR_EVER))).reason == "TRUNK_LIMIT"
    assert (await stand.globex.call("PlaceCall", request)).call.trunk_id == "a"
    explained = calls_pb2.PlaceCallRequest(to=RINGS_FOR_EVER, validate_only=True)
    route = (await stand.globex.call("PlaceCall", explained)).route
    assert [one.verdict for one in route.candidates] == [calls_pb2.TRUNK_VERDICT_TAKEN]
    await stand.acme.hang_up(rings.call_id)


BLOCKS: dict[str, dict[str, Any]] = {
    "country": {"allowed_countries": ["DE"]},
    "kind": {"blocked_number_kinds": ["NUMBER_KIND_PERSONAL"]},
    "route": {"routes": [{"route_id": "closed", "match": {"prefixes": ["+1500"]}, "block": True}]},
}


@pytest.mark.parametrize("block", BLOCKS)
async def test_a_blocked_destination_is_never_dialed(stand: Stand, block: str) -> None:
    """By country, kind of number or route: refused before anything is stored or dialled."""
    await stand.apply(configuration(stand.trunk, **BLOCKS[block]))
    before = await stand.acme.events()
    for to in (ANSWERS, BUSY, RINGS_FOR_EVER):
        request = calls_pb2.PlaceCallRequest(to=to)
        assert (
            await refusal(stand.acme.call("PlaceCall", request))
        ).reason == "DESTINATION_NOT_ALLOWED"
    assert await stand.acme.events() == before
    if stand.stack:
        assert not [seen for seen in stand.stack.calls() if seen["trunk_id"] == stand.trunk]
    else:
        assert not await every_leg(stand.gateway.platforms.sandbox)


async def test_a_call_cannot_be_handed_to_a_blocked_destination(stand: Stand) -> None:
    """What may not be called may not be transferred to either; the call goes on."""
    call = await stand.acme.place(ANSWERS, wait_until_answered=True)
    await stand.apply(configuration(stand.trunk, allowed_countries=["DE"]))
    error = await refusal(stand.acme.transfer(call.call_id, BUSY))
    assert error.reason == "DESTINATION_NOT_ALLOWED"
    ended = await stand.acme.hang_up(call.call_id)
    assert reason_name(ended) == "COMPLETED"


async def test_emergency_numbers_are_refused_unless_allowed(stand: Stand) -> None:
    """EMERGENCY_NUMBER without the permission; with it past limits and blocks."""
    closed = {"default_country": "DE", "limits": {"max_concurrent_calls": 1}}
    await stand.apply(configuration(stand.trunk, **closed))
    error = await refusal(stand.acme.place("112"))
    assert (error.code, error.reason) == ("permission_denied", "EMERGENCY_NUMBER")
    await stand.apply(
        configuration(
            stand.trunk, **closed, emergency_allowed=True, allowed_countries=["FR"], timeouts={}
        )
    )
    request = calls_pb2.PlaceCallRequest(to="112", validate_only=True)
    route = (await stand.acme.call("PlaceCall", request)).route
    assert (route.emergency, route.dialed_number) == (True, "112")


async def test_a_configured_emergency_number_is_one(stand: Stand) -> None:
    """What is told in `emergency_numbers` is refused and passes like 112."""
    ours = {"default_country": "US", "allowed_countries": ["FR"]}
    await stand.apply(configuration(stand.trunk, **ours))
    request = calls_pb2.PlaceCallRequest(to="988", validate_only=True)
    error = await refusal(stand.acme.call("PlaceCall", request))
    assert (error.code, error.reason) == ("invalid_argument", "INVALID_FIELD")
    ours |= {"emergency_numbers": ["988"]}
    await stand.apply(configuration(stand.trunk, **ours))
    error = await refusal(stand.acme.call("PlaceCall", request))
    assert (error.code, error.reason) == ("permission_denied", "EMERGENCY_NUMBER")
    await stand.apply(configuration(stand.trunk, **ours, emergency_allowed=True))
    route = (await stand.acme.call("PlaceCall", request)).route
    assert (route.emergency, route.dialed_number) == (True, "988")
