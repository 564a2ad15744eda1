"""Extensions and SIP users, as callers meet them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.telephony.v1 import admin_pb2, calls_pb2
from tests.stands.phones import ANSWERS, OWN
from tests.stands.stand import Stand, configuration, on_sandbox, reason_name, refusal

PBX = {
    "trunk_id": "acme-pbx",
    "tenant_ids": ["acme"],
    "livekit_trunk_id": "sandbox-00",
    "numbers": [{"number": OWN}],
    "callees": {"extensions": ["2*"], "sip_users": ["alice"], "no_numbers": True},
}


@pytest.fixture(params=["grpc", "twirp+json"])
async def office(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stand]:
    """A gateway whose tenant acme has a PBX beside its carrier, and routes for numbers alone."""
    async with on_sandbox(tmp_path, request.param) as stand:
        to_carrier = {"route_id": "numbers", "targets": [{"trunk_id": "acme-main"}]}
        config = configuration(stand.trunk, routes=[to_carrier])
        config["trunks"].append(PBX)
        await stand.apply(config)
        yield stand


@pytest.mark.parametrize("to", ["200", "alice"])
async def test_it_is_called_on_its_trunk(office: Stand, to: str) -> None:
    """The call goes out on the PBX's trunk to the callee as it was written, and is answered."""
    call = await office.acme.place(to, wait_until_answered=True)
    assert (call.to, call.trunk_id, call.caller_id) == (to, "acme-pbx", OWN)
    assert call.state == calls_pb2.CALL_STATE_ACTIVE


async def test_a_number_does_not_reach_the_pbx(office: Stand) -> None:
    """A phone number goes where its routes say."""
    call = await office.acme.place(ANSWERS, wait_until_answered=True)
    assert call.trunk_id == "acme-main"


async def test_the_decision_explains_it(office: Stand) -> None:
    """`validate_only` shows that no route was asked, and why each other trunk was passed over."""
    request = calls_pb2.PlaceCallRequest(to="200", validate_only=True)
    route = (await office.acme.call("PlaceCall", request)).route
    assert route.route_cause == "an extension or SIP user: routes are for numbers"
    assert (route.dialed_number, list(route.rules)) == ("200", [])
    verdicts = {each.trunk_id: each.verdict for each in route.candidates}
    assert verdicts["acme-pbx"] == calls_pb2.TRUNK_VERDICT_TAKEN
    assert verdicts["acme-main"] == calls_pb2.TRUNK_VERDICT_OTHER_CALLEES
    causes = {each.trunk_id: each.cause for each in route.candidates}
    assert causes["acme-main"] == "no pattern of its callees fits this extension"


async def test_one_that_no_pattern_fits_has_no_trunk(office: Stand) -> None:
    """Another extension is NO_TRUNK, with the verdict on each trunk; nothing is dialled."""
    refused = await refusal(office.acme.place("300"))
    assert (refused.reason, refused.metadata["trunk.acme-pbx"]) == ("NO_TRUNK", "OTHER_CALLEES")


async def test_another_tenant_has_no_such_callees(office: Stand) -> None:
    """For a tenant without such a trunk `to` is a phone number."""
    refused = await refusal(office.globex.place("200"))
    assert (refused.reason, refused.metadata["field"]) == ("INVALID_FIELD", "to")


async def test_no_list_of_numbers_is_asked(office: Stand) -> None:
    """A do-not-call list has numbers; the call to an extension has no rule in its decision."""
    operator = await office.client("")
    added = admin_pb2.AddDoNotCallRequest(numbers=[ANSWERS])
    await operator.call("AddDoNotCall", added)
    assert (await refusal(office.acme.place(ANSWERS))).reason == "DO_NOT_CALL"
    assert reason_name(await office.acme.place("200", wait_until_answered=True)) == "UNSPECIFIED"
