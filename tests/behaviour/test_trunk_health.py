"""A trunk whose calls fail is left alone for a while, and comes back after good probes."""

import pytest

from gateway.telephony.v1 import admin_pb2, calls_pb2
from tests.stands.administering import health
from tests.stands.phones import BUSY, CARRIER_FAILS
from tests.stands.stand import Client, Stand
from tests.stands.trunks import two_trunks
from tests.stands.waiting import eventually

POLICY = {"min_calls": 3, "quarantine": "1s", "probes": 2}
LONG_POLICY = {**POLICY, "quarantine": "3600s"}
STATE = admin_pb2.TrunkHealthState


pytestmark = pytest.mark.usefixtures("looked_in_time")


async def place(stand: Stand) -> list[str]:
    """The trunks that one call tried, once it is over."""
    call = await stand.acme.place(BUSY, wait_until_answered=True)
    ended = await stand.acme.ended(call.call_id)
    return [attempt.trunk_id for attempt in ended.attempts]


async def verdicts(stand: Stand) -> dict[str, int]:
    """How each trunk stands for a call now."""
    request = calls_pb2.PlaceCallRequest(to=BUSY, validate_only=True)
    route = (await stand.acme.call("PlaceCall", request)).route
    return {candidate.trunk_id: candidate.verdict for candidate in route.candidates}


async def health_of(operator: Client, trunk_id: str) -> admin_pb2.TrunkHealth:
    """HEALTHY, QUARANTINED or PROBING, and since when."""
    (found,) = await health(operator, trunk_id=trunk_id)
    return found


async def state_of(operator: Client, trunk_id: str) -> int:
    """HEALTHY, QUARANTINED or PROBING."""
    return (await health_of(operator, trunk_id)).state


async def until_probing(operator: Client) -> admin_pb2.TrunkHealth:
    """Trunk `a` once its quarantine is over."""

    async def probing() -> admin_pb2.TrunkHealth | None:
        found = await health_of(operator, "a")
        return found if found.state == STATE.TRUNK_HEALTH_STATE_PROBING else None

    found = await eventually(probing)
    assert found is not None
    return found


async def test_an_ill_trunk_is_passed_over(stand: Stand) -> None:
    """Failures quarantine it, and calls go straight to the other."""
    operator = await stand.client("")
    await two_trunks(stand, CARRIER_FAILS, BUSY, health=LONG_POLICY)
    assert [await place(stand) for _ in range(3)] == [["a", "b"]] * 3
    assert await state_of(operator, "a") == STATE.TRUNK_HEALTH_STATE_QUARANTINED
    assert (await verdicts(stand))["a"] == calls_pb2.TRUNK_VERDICT_QUARANTINED
    assert await place(stand) == ["b"]


async def test_an_ill_trunk_comes_back(stand: Stand) -> None:
    """Once its quarantine is over, two good probes are enough."""
    operator = await stand.client("")
    await two_trunks(stand, CARRIER_FAILS, BUSY, health=POLICY)
    for _ in range(3):
        await place(stand)
    await two_trunks(stand, BUSY, BUSY, health=POLICY)  # the carrier has mended it
    await until_probing(operator)
    assert (await verdicts(stand))["a"] == calls_pb2.TRUNK_VERDICT_TAKEN
    assert await place(stand) == ["a"]
    assert await state_of(operator, "a") == STATE.TRUNK_HEALTH_STATE_PROBING
    assert await place(stand) == ["a"]
    assert await state_of(operator, "a") == STATE.TRUNK_HEALTH_STATE_HEALTHY


async def test_a_failed_probe_harms_no_call(stand: Stand) -> None:
    """The call that tries an ill trunk goes on to the other one, and the quarantine begins anew."""
    operator = await stand.client("")
    await two_trunks(stand, CARRIER_FAILS, BUSY, health=POLICY)
    for _ in range(3):
        await place(stand)
    before = await until_probing(operator)
    assert await place(stand) == ["a", "b"]
    after = await health_of(operator, "a")
    assert after.state != STATE.TRUNK_HEALTH_STATE_HEALTHY
    assert after.since_time.ToDatetime() > before.since_time.ToDatetime()


async def test_the_last_trunk_left_carries_calls_though_ill(stand: Stand) -> None:
    """Where no other one is free, an ill trunk is better than none."""
    await two_trunks(stand, CARRIER_FAILS, CARRIER_FAILS, health=LONG_POLICY)
    for _ in range(3):
        await place(stand)
    request = calls_pb2.PlaceCallRequest(to=BUSY, trunk_id="a", validate_only=True)
    route = (await stand.acme.call("PlaceCall", request)).route
    (taken,) = [c for c in route.candidates if c.verdict == calls_pb2.TRUNK_VERDICT_TAKEN]
    assert (taken.trunk_id, "last one left" in taken.cause) == ("a", True)


async def test_an_operator_may_trust_a_trunk_again(stand: Stand) -> None:
    """ResetTrunk ends the quarantine at once."""
    operator = await stand.client("")
    await two_trunks(stand, CARRIER_FAILS, BUSY, health=LONG_POLICY)
    for _ in range(3):
        await place(stand)
    assert await place(stand) == ["b"]
    await operator.call("ResetTrunk", admin_pb2.ResetTrunkRequest(trunk_id="a"))
    assert await state_of(operator, "a") == STATE.TRUNK_HEALTH_STATE_HEALTHY
    assert await place(stand) == ["a", "b"]
