"""AddDoNotCall, RemoveDoNotCall, ListDoNotCall, and what they refuse, on every wire."""

import pytest

from gateway.domain.tenant import Right
from gateway.telephony.v1 import admin_pb2, calls_pb2
from tests.stands.administering import settled
from tests.stands.phones import ANSWERS, BUSY, DECLINES, RINGS_FOR_EVER
from tests.stands.stand import Client, Stand, configuration, reason_name, refusal


async def add(client: Client, *numbers: str, tenant_id: str = "") -> None:
    request = admin_pb2.AddDoNotCallRequest(tenant_id=tenant_id, numbers=numbers)
    await client.call("AddDoNotCall", request)


async def remove(client: Client, *numbers: str, tenant_id: str = "") -> None:
    request = admin_pb2.RemoveDoNotCallRequest(tenant_id=tenant_id, numbers=numbers)
    await client.call("RemoveDoNotCall", request)


async def listed(client: Client, **fields: object) -> list[admin_pb2.DoNotCallEntry]:
    """Every entry, a page after the other."""
    found: list[admin_pb2.DoNotCallEntry] = []
    token = ""
    while True:
        request = admin_pb2.ListDoNotCallRequest(page_token=token, **fields)  # type: ignore[arg-type]
        page = await client.call("ListDoNotCall", request)
        found += page.entries
        token = page.next_page_token
        if not token:
            return found


async def is_refused(client: Client, to: str, whose: str) -> None:
    """PlaceCall is refused, also with `validate_only`."""
    for validate_only in (True, False):
        request = calls_pb2.PlaceCallRequest(to=to, validate_only=validate_only)
        error = await refusal(client.call("PlaceCall", request))
        assert (error.code, error.reason) == ("permission_denied", "DO_NOT_CALL")
        assert (error.metadata["to"], error.metadata["list"]) == (to, whose)


async def test_a_listed_number_is_not_called(stand: Stand) -> None:
    """From the moment of the answer on, by its tenant alone, until it is taken off the list."""
    admin = await stand.client("acme", Right.TENANT_ADMIN)
    await add(admin, BUSY, DECLINES)
    await is_refused(stand.acme, BUSY, "tenant")
    assert not await stand.acme.events()
    request = calls_pb2.PlaceCallRequest(to=BUSY, validate_only=True)
    (rule,) = (await stand.globex.call("PlaceCall", request)).route.rules
    assert (rule.rule, rule.cause, rule.overridden) == ("DO_NOT_CALL", "on no list", False)
    await remove(admin, BUSY)
    assert reason_name(await stand.acme.place(BUSY, wait_until_answered=True)) == "BUSY"
    await is_refused(stand.acme, DECLINES, "tenant")


async def test_the_operators_list_holds_for_every_tenant(stand: Stand) -> None:
    """Tenants are told whose list it is, and cannot see or change it."""
    operator = await stand.client("")
    await add(operator, BUSY)
    for client in (stand.acme, stand.globex):
        await is_refused(client, BUSY, "operator")
    admin = await stand.client("acme", Right.TENANT_ADMIN)
    await remove(admin, BUSY)
    assert await listed(admin) == []
    await is_refused(stand.acme, BUSY, "operator")
    assert [one.number for one in await listed(operator)] == [BUSY]


async def test_a_call_that_rings_goes_on(stand: Stand) -> None:
    """The list is asked when a call is accepted; one that was accepted before keeps ringing."""
    admin = await stand.client("acme", Right.TENANT_ADMIN)
    call = await stand.acme.place(RINGS_FOR_EVER)
    await stand.acme.until(call.call_id, calls_pb2.CALL_STATE_RINGING)
    await add(admin, RINGS_FOR_EVER)
    await is_refused(stand.acme, RINGS_FOR_EVER, "tenant")
    assert (await stand.acme.get(call.call_id)).state == calls_pb2.CALL_STATE_RINGING
    assert reason_name(await stand.acme.hang_up(call.call_id)) == "CANCELED"


async def test_a_call_is_not_handed_to_a_listed_number(stand: Stand) -> None:
    """In whatever form the target is written; names and other numbers are free."""
    call = await stand.acme.place(ANSWERS, wait_until_answered=True)
    await add(await stand.client("acme", Right.TENANT_ADMIN), BUSY)
    for to in (
        BUSY,
        f"tel:{BUSY}",
        f"sip:{BUSY}@pbx.example.com",
        f"sip:{BUSY[1:]}@pbx.example.com",
    ):
        assert (await refusal(stand.acme.transfer(call.call_id, to))).reason == "DO_NOT_CALL"
    await stand.acme.transfer(call.call_id, "sip:alice@pbx.example.com")
    await stand.acme.hang_up(call.call_id)


async def test_emergency_numbers_are_on_no_list(stand: Stand) -> None:
    """They cannot be listed, and nothing is judged for them."""
    await stand.apply(configuration(stand.trunk, default_country="DE", emergency_allowed=True))
    admin = await stand.client("acme", Right.TENANT_ADMIN)
    assert (await refusal(add(admin, "112"))).fields == ("numbers[0]",)
    await add(admin, BUSY)
    request = calls_pb2.PlaceCallRequest(to="112", validate_only=True)
    assert not (await stand.acme.call("PlaceCall", request)).route.rules


async def test_numbers_are_hashed_where_the_tenant_wants(stand: Stand) -> None:
    """Neither list, audit nor database tells them; they are refused, found and removed."""
    admin = await stand.client("acme", Right.TENANT_ADMIN)
    await add(admin, DECLINES)
    await stand.apply(configuration(stand.trunk, hash_do_not_call=True))
    await add(admin, BUSY, DECLINES)
    found = await listed(admin)
    assert [one.number for one in found] == ["", ""]
    assert len({one.number_hash for one in found}) == 2
    for to in (BUSY, DECLINES):
        await is_refused(stand.acme, to, "tenant")
    (one,) = await listed(admin, number=BUSY)
    assert one in found
    records = await settled(stand, "AddDoNotCall", 2)
    assert sorted(records[1]["request"]["numbers"]) == sorted(one.number_hash for one in found)
    assert await listed(await stand.client("globex", Right.TENANT_ADMIN), number=BUSY) == []
    await stand.apply(configuration(stand.trunk))
    await is_refused(stand.acme, BUSY, "tenant")
    await remove(admin, BUSY, DECLINES)
    assert await listed(admin) == []


async def test_records_of_a_hashed_list_have_no_number(stand: Stand) -> None:
    """Nor those of requests that were refused or only read, nor the refusals' messages."""
    admin = await stand.client("acme", Right.TENANT_ADMIN)
    await stand.apply(configuration(stand.trunk, hash_do_not_call=True))
    await add(admin, BUSY)
    await remove(admin, BUSY)
    await refusal(add(admin, BUSY, "0301234567"))
    await refusal(listed(admin, number="0301234567"))
    assert await listed(admin, number=BUSY) == []
    adding = await settled(stand, "AddDoNotCall", 2)
    reading = await settled(stand, "ListDoNotCall", 2)
    removing = await settled(stand, "RemoveDoNotCall", 1)
    assert adding[1]["request"] == {"numbers": "[hidden]"}
    assert adding[1]["reason"] == "numbers[1]"
    assert [one["request"]["number"] for one in reading] == ["[hidden]"] * 2
    for number in (BUSY, BUSY[1:], "0301234567"):
        assert number not in str([*adding, *removing, *reading])


async def test_a_list_has_pages_and_records(stand: Stand) -> None:
    """Each number once, in order; each change is in the audit log, by whom and which numbers."""
    operator = await stand.client("")
    numbers = [f"+1500555{last:04}" for last in range(7)]
    await add(operator, *reversed(numbers), tenant_id="acme")
    await add(operator, numbers[3], tenant_id="acme")
    found = await listed(operator, tenant_id="acme", page_size=3)
    assert [one.number for one in found] == numbers
    assert all(one.HasField("create_time") for one in found)
    await remove(operator, numbers[0], tenant_id="acme")
    (first, _), (taken,) = (
        await settled(stand, "AddDoNotCall", 2),
        await settled(stand, "RemoveDoNotCall", 1),
    )
    assert (first["tenant_id"], first["request"]["numbers"]) == ("acme", numbers[::-1])
    assert (taken["tenant_id"], taken["request"]["numbers"]) == ("acme", numbers[:1])


async def test_another_tenants_list_does_not_exist(stand: Stand) -> None:
    """Nor does any for a key without the right, or a token for one room."""
    other = await stand.client("globex", Right.TENANT_ADMIN)
    roomed = await stand.client("acme", Right.TENANT_ADMIN, room="acme-1")
    for client in (other, stand.acme, roomed):
        for asking in (add, remove):
            error = await refusal(asking(client, BUSY, tenant_id="acme"))
            assert error.reason == "PERMISSION_DENIED"
        assert (await refusal(listed(client, tenant_id="acme"))).reason == "PERMISSION_DENIED"


WRONG = [
    ((), "numbers"),
    ((BUSY,) * 1001, "numbers"),
    ((BUSY, "5005550101"), "numbers[1]"),
    ((BUSY, DECLINES, "+49030123456"), "numbers[2]"),
]


@pytest.mark.parametrize(("numbers", "field"), WRONG, ids=["none", "many", "short", "trunk-zero"])
async def test_wrong_numbers_are_named(stand: Stand, numbers: tuple[str, ...], field: str) -> None:
    """And none of the request is listed."""
    admin = await stand.client("acme", Right.TENANT_ADMIN)
    for asking in (add, remove):
        error = await refusal(asking(admin, *numbers))
        assert error.reason == "INVALID_FIELD"
        assert error.fields[0].startswith(field)
    assert await listed(admin) == []


async def test_wrong_pages_and_tenants_are_named(stand: Stand) -> None:
    """A foreign token, too big a page, a number that is none, an unknown tenant."""
    operator = await stand.client("")
    await add(operator, BUSY, DECLINES)
    first = admin_pb2.ListDoNotCallRequest(page_size=1)
    token = (await operator.call("ListDoNotCall", first)).next_page_token
    for fields, name in (
        ({"page_token": token, "tenant_id": "acme"}, "page_token"),
        ({"page_token": "x"}, "page_token"),
        ({"page_size": 1001}, "page_size"),
        ({"number": "112"}, "number"),
    ):
        request = admin_pb2.ListDoNotCallRequest(**fields)
        assert (await refusal(operator.call("ListDoNotCall", request))).fields == (name,)
    assert (await refusal(add(operator, BUSY, tenant_id="nobody"))).fields == ("tenant_id",)
