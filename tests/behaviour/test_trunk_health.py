"""A trunk whose calls fail is left alone for a while, and comes back after good probes."""

from gateway.telephony.v1 import admin_pb2, calls_pb2
from tests.behaviour.administering import health
from tests.behaviour.stand import Client, Stand, eventually, phone
from tests.behaviour.trunks import two_trunks

POLICY = {"min_calls": 3, "quarantine": "1s", "probes": 2}
STATE = admin_pb2.TrunkHealthState


async def place(stand: Stand) -> list[str]:
    """The trunks that one call tried, once it is over."""
    call = await stand.acme.place(phone("01"), wait_until_answered=True)
    ended = await stand.acme.ended(call.call_id)
    return [attempt.trunk_id for attempt in ended.attempts]


async def verdicts(stand: Stand) -> dict[str, int]:
    """How each trunk stands for a call now."""
    request = calls_pb2.PlaceCallRequest(to=phone("01"), validate_only=True)
    route = (await stand.acme.call("PlaceCall", request)).route
    return {candidate.trunk_id: candidate.verdict for candidate in route.candidates}


async def state_of(operator: Client, trunk_id: str) -> int:
    """HEALTHY, QUARANTINED or PROBING."""
    (found,) = await health(operator, trunk_id=trunk_id)
    return found.state


async def test_an_ill_trunk_is_passed_over_and_comes_back(stand: Stand) -> None:
    """Failures quarantine it, calls go straight to the other; two good probes bring it back."""
    operator = await stand.client("")
    await two_trunks(stand, "06", "01", health=POLICY)
    assert [await place(stand) for _ in range(3)] == [["a", "b"]] * 3
    assert await state_of(operator, "a") == STATE.TRUNK_HEALTH_STATE_QUARANTINED
    assert (await verdicts(stand))["a"] == calls_pb2.TRUNK_VERDICT_QUARANTINED
    assert await place(stand) == ["b"]

    await two_trunks(stand, "01", "01", health=POLICY)  # the carrier has mended it

    async def probed() -> bool:
        return (await verdicts(stand))["a"] == calls_pb2.TRUNK_VERDICT_TAKEN

    await eventually(probed)
    assert await state_of(operator, "a") == STATE.TRUNK_HEALTH_STATE_PROBING
    assert [await place(stand) for _ in range(2)] == [["a"]] * 2
    assert await state_of(operator, "a") == STATE.TRUNK_HEALTH_STATE_HEALTHY


async def test_a_failed_probe_harms_no_call(stand: Stand) -> None:
    """The call that tries an ill trunk goes on to the other one, and the quarantine begins anew."""
    operator = await stand.client("")
    await two_trunks(stand, "06", "01", health=POLICY)
    for _ in range(3):
        await place(stand)

    async def probing() -> bool:
        return await state_of(operator, "a") == STATE.TRUNK_HEALTH_STATE_PROBING

    await eventually(probing)
    assert await place(stand) == ["a", "b"]
    assert await state_of(operator, "a") == STATE.TRUNK_HEALTH_STATE_QUARANTINED


async def test_the_last_trunk_left_carries_calls_though_ill(stand: Stand) -> None:
    """Where no other one is free, an ill trunk is better than none."""
    await two_trunks(stand, "06", "06", health=POLICY)
    for _ in range(3):
        await place(stand)
    request = calls_pb2.PlaceCallRequest(to=phone("01"), trunk_id="a", validate_only=True)
    route = (await stand.acme.call("PlaceCall", request)).route
    (taken,) = [c for c in route.candidates if c.verdict == calls_pb2.TRUNK_VERDICT_TAKEN]
    assert (taken.trunk_id, "last one left" in taken.cause) == ("a", True)


async def test_an_operator_may_trust_a_trunk_again(stand: Stand) -> None:
    """ResetTrunk ends the quarantine at once."""
    operator = await stand.client("")
    await two_trunks(stand, "06", "01", health={**POLICY, "quarantine": "3600s"})
    for _ in range(3):
        await place(stand)
    assert await place(stand) == ["b"]
    await operator.call("ResetTrunk", admin_pb2.ResetTrunkRequest(trunk_id="a"))
    assert await state_of(operator, "a") == STATE.TRUNK_HEALTH_STATE_HEALTHY
    assert await place(stand) == ["a", "b"]
