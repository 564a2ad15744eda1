"""PlaceCall and TransferCall outside a tenant's calling hours, on every wire."""

from typing import Any

import pytest

from gateway.domain.tenant import Right
from gateway.telephony.v1 import admin_pb2, calls_pb2
from tests.stands.administering import create_key, records_of
from tests.stands.phones import ANSWERS, BUSY
from tests.stands.stand import Stand, configuration, reason_name, refusal

MINUTE: dict[str, Any] = {"hours_id": "minute", "periods": [{"from": "00:00", "until": "00:01"}]}
"""It is never that early in every time zone of the sandbox's numbers."""
ALWAYS: dict[str, Any] = {"hours_id": "always", "periods": [{}]}
NIGHT = [Right.CALL, Right.OVERRIDE_CALLING_HOURS]


def asked(to: str = BUSY, **fields: Any) -> calls_pb2.PlaceCallRequest:
    return calls_pb2.PlaceCallRequest(to=to, **fields)


def overriding(to: str = BUSY, **fields: Any) -> calls_pb2.PlaceCallRequest:
    return asked(to, override=[calls_pb2.OVERRIDE_CALLING_HOURS], **fields)


@pytest.mark.parametrize("validate_only", [False, True])
async def test_nobody_is_called_outside_the_hours(stand: Stand, *, validate_only: bool) -> None:
    """CALLING_HOURS names the hours and the time there; nothing is stored, nothing rings."""
    await stand.apply(configuration(stand.trunk, calling_hours=[MINUTE]))
    before = await stand.acme.events()
    error = await refusal(stand.acme.call("PlaceCall", asked(validate_only=validate_only)))
    assert (error.code, error.reason) == ("permission_denied", "CALLING_HOURS")
    assert (error.metadata["to"], error.metadata["hours_id"]) == (BUSY, "minute")
    assert " in " in error.metadata["local_times"]
    assert await stand.acme.events() == before
    await stand.apply(configuration(stand.trunk, calling_hours=[MINUTE, ALWAYS | PREFIX]))
    route = (await stand.acme.call("PlaceCall", asked(validate_only=validate_only))).route
    rule, listed = route.rules
    assert listed.rule == "DO_NOT_CALL"
    assert (rule.rule, rule.overridden) == ("CALLING_HOURS", False)
    assert rule.cause.startswith("always: ")


PREFIX = {"prefixes": [BUSY]}


async def test_a_call_is_not_handed_to_a_number_outside_its_hours(stand: Stand) -> None:
    """A transfer is judged like a call, in whatever form its target is written."""
    call = await stand.acme.place(ANSWERS, wait_until_answered=True)
    await stand.apply(configuration(stand.trunk, calling_hours=[MINUTE | PREFIX]))
    for to in (BUSY, f"sip:{BUSY}@pbx.example.com", f"sip:{BUSY[1:]}@pbx.example.com"):
        assert (await refusal(stand.acme.transfer(call.call_id, to))).reason == "CALLING_HOURS"
    assert reason_name(await stand.acme.hang_up(call.call_id)) == "COMPLETED"


async def test_a_key_may_override_the_hours(stand: Stand) -> None:
    """With the right the call is placed; decision and audit record say that it passed the rule."""
    await stand.apply(configuration(stand.trunk, calling_hours=[MINUTE]))
    night = await stand.client("acme", *NIGHT)
    assert (await refusal(night.call("PlaceCall", asked()))).reason == "CALLING_HOURS"
    answer = await night.call("PlaceCall", overriding(wait_until_answered=True))
    assert reason_name(answer.call) == "BUSY"
    rule, _ = answer.route.rules
    assert (rule.rule, rule.overridden) == ("CALLING_HOURS", True)
    (record,) = [
        one for one in await records_of(stand, "CallService/PlaceCall") if one["kind"] == "INTENT"
    ]
    assert record["request"]["override"] == ["CALLING_HOURS"]
    assert record["decision"]["rules"] == [
        {"rule": "CALLING_HOURS", "cause": rule.cause, "overridden": True}
    ]


async def test_an_override_needs_its_right(stand: Stand) -> None:
    """Without it the request is PERMISSION_DENIED, also where the hours would allow the call."""
    for hours in (MINUTE, ALWAYS):
        await stand.apply(configuration(stand.trunk, calling_hours=[hours]))
        error = await refusal(stand.acme.call("PlaceCall", overriding()))
        assert (error.code, error.reason) == ("permission_denied", "PERMISSION_DENIED")
        assert error.metadata["right"] == "OVERRIDE_CALLING_HOURS"
    unknown = calls_pb2.PlaceCallRequest(to=BUSY, override=[7])  # type: ignore[list-item]
    error = await refusal(stand.acme.call("PlaceCall", unknown))
    assert (error.reason, error.fields) == ("INVALID_FIELD", ("override",))


async def test_only_an_operator_gives_the_right(stand: Stand) -> None:
    """A tenant's administrator cannot make a key with it."""
    rights = [admin_pb2.RIGHT_CALL, admin_pb2.RIGHT_OVERRIDE_CALLING_HOURS]
    admin = await stand.client("acme", Right.CALL, Right.TENANT_ADMIN, *NIGHT)
    assert (await refusal(create_key(admin, rights=rights))).reason == "PERMISSION_DENIED"
    made = await create_key(await stand.client(""), tenant_id="acme", rights=rights)
    assert list(made.key.rights) == rights
