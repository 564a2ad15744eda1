"""What a transfer may reach, and how often: the rules of calls hold in whatever form it is told."""

from typing import Any

import pytest

from gateway.telephony.v1 import calls_pb2, transfers_pb2
from tests.stands.phones import ANSWERS, BUSY, OWN
from tests.stands.stand import Stand, configuration, refusal, state_name

HOST = "pbx.example.com"
FORMS = [
    "{e164}",
    "sip:{e164}@" + HOST,
    "sips:{e164}@" + HOST,
    "sip:{digits}@" + HOST,
    "sip:00{digits}@" + HOST + ":5060",
    "sip:011{digits}@" + HOST,
    "sip:+1-500-555.(0101)@" + HOST,
    "sip:*67{digits}@" + HOST,
    "sip:{digits}99@" + HOST,
    "sip:%2B{digits}@" + HOST,
    "SIP:{e164}@PBX.Example.COM.",
    "tel:{e164}",
    "TEL:+1-500-(555).0101",
]
TARGETS = [form.format(e164=BUSY, digits=BUSY[1:]) for form in FORMS]


async def answered(stand: Stand, to: str = ANSWERS) -> calls_pb2.Call:
    """An active call."""
    return await stand.acme.place(to, wait_until_answered=True)


async def refused(stand: Stand, call: calls_pb2.Call, to: str) -> tuple[str, str]:
    """Code and reason of the refusal that a transfer to `to` must meet; nothing was stored."""
    error = await refusal(stand.acme.transfer(call.call_id, to))
    asked = transfers_pb2.ListTransfersRequest(call_id=call.call_id)
    assert not (await stand.acme.call("ListTransfers", asked)).transfers
    return error.code, error.reason


@pytest.mark.parametrize(
    "rule",
    [
        {"allowed_countries": ["DE"]},
        {"blocked_number_kinds": ["NUMBER_KIND_PERSONAL"]},
        {"routes": [{"route_id": "no", "match": {"prefixes": [BUSY]}, "block": True}]},
    ],
    ids=["country", "kind", "route"],
)
async def test_a_number_is_judged_in_every_form(stand: Stand, rule: dict[str, Any]) -> None:
    """A SIP URI whose user is a number that may not be called may not be transferred to."""
    call = await answered(stand)
    await stand.apply(configuration(stand.trunk, **rule))
    found = {to: await refused(stand, call, to) for to in TARGETS}
    assert found == dict.fromkeys(TARGETS, ("permission_denied", "DESTINATION_NOT_ALLOWED"))
    transfer = await stand.acme.transfer(call.call_id, f"sip:alice@{HOST}")
    assert state_name(transfer) == "PENDING"


async def test_a_routes_caller_ids_hold_for_transfers(stand: Stand) -> None:
    """A block for calls that ask for a caller ID holds for what is made of such a call."""
    shown = OWN
    placed: dict[str, Any] = {"caller_id": shown, "wait_until_answered": True}
    call = await stand.acme.place(ANSWERS, **placed)
    match = {"prefixes": [BUSY], "caller_ids": [shown]}
    await stand.apply(
        configuration(stand.trunk, routes=[{"route_id": "no", "match": match, "block": True}])
    )
    why = ("permission_denied", "DESTINATION_NOT_ALLOWED")
    assert await refused(stand, call, BUSY) == why


@pytest.mark.parametrize("user", ["911", "9-1-1", "112", "*67911"])
async def test_emergency_numbers_in_uris(stand: Stand, user: str) -> None:
    """They are refused without the permission, by the trunk's country too, and pass with it."""
    call = await answered(stand)
    why = ("permission_denied", "EMERGENCY_NUMBER")
    assert await refused(stand, call, f"sip:{user}@{HOST}") == why
    await stand.apply(
        configuration(stand.trunk, emergency_allowed=True, limits={"max_calls_per_day": 1})
    )
    assert (await stand.acme.transfer(call.call_id, f"sip:{user}@{HOST}")).transfer_id


@pytest.mark.parametrize(
    "to", ["988", f"sip:988@{HOST}", f"sip:9-8-8@{HOST}", f"sip:*67988@{HOST}"]
)
async def test_configured_emergency_numbers(stand: Stand, to: str) -> None:
    """They are refused like known ones, and pass like them with the permission."""
    call = await answered(stand)
    ours = {"default_country": "US", "emergency_numbers": ["988"]}
    await stand.apply(configuration(stand.trunk, **ours))
    assert await refused(stand, call, to) == ("permission_denied", "EMERGENCY_NUMBER")
    allowed = {"emergency_allowed": True, "allowed_countries": ["FR"]}
    await stand.apply(configuration(stand.trunk, **ours, **allowed))
    assert (await stand.acme.transfer(call.call_id, to)).transfer_id


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("%39%31%31", "EMERGENCY_NUMBER"),
        ("+15005550101;user=phone", "INVALID_FIELD"),
        ("911%20", "INVALID_FIELD"),
        ("911%3Bx", "INVALID_FIELD"),
    ],
)
async def test_escapes_and_parameters_hide_nothing(stand: Stand, user: str, reason: str) -> None:
    """Escapes are judged by what they stand for; parameters have no place in a target."""
    call = await answered(stand)
    assert (await refused(stand, call, f"sip:{user}@{HOST}"))[1] == reason


HOSTS = ["PBX.Example.com.", "[2001:DB8:0::1]", "192.0.2.4"]


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("SIP:Alice@pbx.EXAMPLE.com", "sip:Alice@pbx.example.com"),
        ("sips:%61lice@pbx.example.com.:5061", "sips:alice@pbx.example.com:5061"),
        ("sip:alice@[2001:db8::0:1]", "sip:alice@[2001:db8::1]"),
        ("sip:alice@192.0.2.4", "sip:alice@192.0.2.4"),
        ("tel:+1-500-555-0100", ANSWERS),
    ],
)
async def test_a_target_is_kept_in_its_canonical_form(stand: Stand, told: str, kept: str) -> None:
    """Hosts are compared in it too, whoever wrote them how."""
    call = await answered(stand)
    await stand.apply(configuration(stand.trunk, sip_hosts=HOSTS))
    transfer = await stand.acme.transfer(call.call_id, told, request_id="once")
    assert transfer.to == kept
    again = await stand.acme.transfer(call.call_id, kept, request_id="once")
    assert again.transfer_id == transfer.transfer_id


@pytest.mark.parametrize("host", ["[2001:db8::2]", "pbx.example.com.evil.example", "192.0.2.5"])
async def test_other_hosts_are_refused(stand: Stand, host: str) -> None:
    """Only what the tenant may use is taken."""
    call = await answered(stand)
    await stand.apply(configuration(stand.trunk, sip_hosts=HOSTS))
    why = ("permission_denied", "DESTINATION_NOT_ALLOWED")
    assert await refused(stand, call, f"sip:alice@{host}") == why


LIMITS: dict[str, tuple[dict[str, Any], str]] = {
    "day": ({"max_calls_per_day": 1}, "FRAUD_LIMIT"),
    "number": ({"max_calls_per_minute_to_one_number": 1}, "FRAUD_LIMIT"),
    "destination": (
        {"destinations": [{"limit_id": "x", "prefixes": ["+1500"], "max_calls_per_day": 1}]},
        "FRAUD_LIMIT",
    ),
}


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("form", ["{e164}", "sip:{digits}@" + HOST])
async def test_a_transfer_counts_as_a_call(stand: Stand, limit: str, form: str) -> None:
    """Calls and transfers use up one limit; a refused transfer counts nowhere."""
    limits, reason = LIMITS[limit]
    to = form.format(e164=BUSY, digits=BUSY[1:])
    first, second = await answered(stand), await answered(stand)
    await stand.apply(configuration(stand.trunk, limits=limits))
    # The earlier calls count nowhere: no limit was set when they were placed.
    await refused(stand, second, "sip:alice@evil.example.com")
    accepted = await stand.acme.transfer(first.call_id, to, request_id="once")
    error = await refusal(stand.acme.transfer(second.call_id, to))
    assert error.reason == reason
    assert error.metadata["used"] == error.metadata["maximum"] == "1"
    repeated = await stand.acme.transfer(first.call_id, to, request_id="once")
    assert repeated.transfer_id == accepted.transfer_id
    placed = await refusal(stand.acme.place(BUSY))
    assert placed.reason == reason


async def test_a_transfer_takes_no_place(stand: Stand) -> None:
    """The call that is handed over has one already."""
    call = await answered(stand)
    await stand.apply(configuration(stand.trunk, limits={"max_concurrent_calls": 1}))
    transfer = await stand.acme.transfer(call.call_id, ANSWERS, wait_until_settled=True)
    assert state_name(transfer) == "COMPLETED"
