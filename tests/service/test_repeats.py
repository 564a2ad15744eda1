"""`request_id`: what counts as the same request."""

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.agents.call_agent import AgentRequest
from gateway.domain.calls.call import Codec, IncludeHeaders, LegOptions, MediaEncryption, Override
from gateway.domain.calls.requests import CallRef, PlaceCall, StartWarmTransfer, TransferCall
from gateway.domain.calls.transfer import CallerHears, OnFailure, OnTimeout
from gateway.domain.rpc import Caller, Rpc
from gateway.errors import GatewayError, Reason
from gateway.service.api.repeats import KEPT_FOR, claim_of, fingerprint, held
from gateway.store.store import SqlStore
from tests.stands.clocks import NOON
from tests.stands.phones import ANSWERS, BUSY, NEVER_REPORTS, OWN, TRANSFERS_LATE

CALL = PlaceCall(to=ANSWERS, request_id="order-1")
TRANSFER = TransferCall(call=CallRef("call_1"), to=TRANSFERS_LATE, request_id="order-1")
WARM = StartWarmTransfer(call=CallRef("call_1"), to=TRANSFERS_LATE, request_id="order-1")
SECOND = timedelta(seconds=1)


def rpc(tenant_id: str = "acme", method: str = "CallService/PlaceCall") -> Rpc:
    caller = Caller("GWkey", tenant_id, frozenset())
    return Rpc(method=method, wire="grpc", peer="", rpc_id="rpc_1", caller=caller)


CALL_CHANGES: dict[str, Any] = {
    "to": BUSY,
    "caller_id": OWN,
    "room": "acme-1",
    "identity": "caller",
    "ringing_timeout": SECOND,
    "setup_timeout": SECOND,
    "max_duration": SECOND,
    "keep_on_disconnect": True,
    "labels": {"team": "a"},
    "trunk_id": "berlin",
    "end_room_on_hangup": True,
    "validate_only": True,
    "require_transfer": True,
    "override": (Override.CALLING_HOURS,),
    "agent": AgentRequest(agent_name="front-desk"),
    "dial_at_once": True,
}
LEG_CHANGES: dict[str, Any] = {
    "participant_name": "Zoë",
    "participant_metadata": "{}",
    "participant_attributes": {"team": "a"},
    "digits": "1",
    "play_dialtone": True,
    "headers": {"X-A": "b"},
    "include_headers": IncludeHeaders.ALL,
    "krisp_enabled": True,
    "media_encryption": MediaEncryption.REQUIRED,
    "codecs": (Codec("PCMU", 8000),),
    "only_listed_codecs": True,
    "media_timeout": SECOND,
    "hide_phone_number": True,
    "display_name": "",
}
TRANSFER_CHANGES: dict[str, Any] = {
    "call": CallRef("call_2"),
    "to": NEVER_REPORTS,
    "ringing_timeout": SECOND,
    "play_dialtone": True,
    "headers": {"X-A": "b"},
    "on_timeout": OnTimeout.HANG_UP,
}
WARM_CHANGES: dict[str, Any] = {
    "call": CallRef("call_2"),
    "to": NEVER_REPORTS,
    "caller_id": OWN,
    "trunk_id": "berlin",
    "ringing_timeout": SECOND,
    "setup_timeout": SECOND,
    "identity": "human",
    "name": "Zoë",
    "metadata": "{}",
    "attributes": {"team": "a"},
    "caller_hears": CallerHears.EVERYBODY,
    "agent_hears_caller": False,
    "on_failure": OnFailure.HANG_UP,
    "complete_on_answer": True,
    "consult_timeout": SECOND,
    "leaves": "agent",
}
NO_CONTENT = {"request_id", "wait_until_answered", "wait_until_settled", "parent_call_id"}


@pytest.mark.parametrize("name", CALL_CHANGES)
def test_a_calls_content(name: str) -> None:
    """Each field of a call's content makes another request of it."""
    assert fingerprint(replace(CALL, **{name: CALL_CHANGES[name]})) != fingerprint(CALL)


@pytest.mark.parametrize("name", LEG_CHANGES)
def test_a_legs_content(name: str) -> None:
    """So does each field of its leg; an empty display name is not an unset one."""
    leg = replace(LegOptions(), **{name: LEG_CHANGES[name]})
    assert fingerprint(replace(CALL, leg=leg)) != fingerprint(CALL)


@pytest.mark.parametrize("name", TRANSFER_CHANGES)
def test_a_transfers_content(name: str) -> None:
    """Each field of a transfer's content makes another request of it."""
    assert fingerprint(replace(TRANSFER, **{name: TRANSFER_CHANGES[name]})) != fingerprint(TRANSFER)


@pytest.mark.parametrize("name", WARM_CHANGES)
def test_a_warm_transfers_content(name: str) -> None:
    """And each field of a warm one's."""
    assert fingerprint(replace(WARM, **{name: WARM_CHANGES[name]})) != fingerprint(WARM)


def test_every_field_is_content_or_not() -> None:
    """A new field is put into one of the tables above, or is named as no content."""

    def names(kind: type[PlaceCall | TransferCall | StartWarmTransfer | LegOptions]) -> set[str]:
        return {field.name for field in fields(kind)} - NO_CONTENT

    assert names(PlaceCall) == {*CALL_CHANGES, "leg"}
    assert names(LegOptions) == set(LEG_CHANGES)
    assert names(TransferCall) == set(TRANSFER_CHANGES)
    assert names(StartWarmTransfer) == set(WARM_CHANGES)


@pytest.mark.parametrize("change", [{"wait_until_answered": True}, {"request_id": "order-2"}])
def test_waiting_and_the_id_are_no_content(change: dict[str, Any]) -> None:
    """A repeat may wait where the first did not."""
    assert fingerprint(replace(CALL, **change)) == fingerprint(CALL)
    assert fingerprint(replace(TRANSFER, wait_until_settled=True)) == fingerprint(TRANSFER)


@given(st.dictionaries(st.text(), st.text()))
def test_the_order_of_a_map_is_no_content(labels: dict[str, str]) -> None:
    """Maps have no order on the wire."""
    turned = dict(reversed(labels.items()))
    assert fingerprint(replace(CALL, labels=labels)) == fingerprint(replace(CALL, labels=turned))


def test_without_an_id_nothing_is_claimed() -> None:
    """A request without `request_id` is a new one every time."""
    assert claim_of(rpc(), replace(CALL, request_id=""), "call_1", NOON) is None


async def kept(store: SqlStore) -> None:
    claim = claim_of(rpc(), CALL, "call_1", NOON)
    assert claim
    await store.transact(lambda tx: tx.put_claim(claim))


async def test_a_repeat_finds_what_it_created(store: SqlStore) -> None:
    """The same request gives the same call, for 24 hours."""
    await kept(store)
    again = claim_of(rpc(), CALL, "call_2", NOON)
    almost, over = NOON + KEPT_FOR - SECOND, NOON + KEPT_FOR + SECOND
    assert await store.read(lambda tx: held(tx, rpc(), again, almost)) == "call_1"
    assert await store.read(lambda tx: held(tx, rpc(), again, over)) is None
    assert await store.read(lambda tx: held(tx, rpc(), None, NOON)) is None


@pytest.mark.parametrize("other", [rpc("globex"), rpc(method="CallService/TransferCall")])
async def test_an_id_belongs_to_tenant_and_method(store: SqlStore, other: Rpc) -> None:
    """Another tenant's id, and the same id of another method, is a new one."""
    await kept(store)
    claim = claim_of(other, CALL, "call_2", NOON)
    assert await store.read(lambda tx: held(tx, other, claim, NOON)) is None


async def test_other_content_is_refused(store: SqlStore) -> None:
    """The id of an accepted request with other content is REQUEST_ID_REUSED."""
    await kept(store)
    claim = claim_of(rpc(), replace(CALL, to=BUSY), "call_2", NOON)
    with pytest.raises(GatewayError) as refused:
        await store.read(lambda tx: held(tx, rpc(), claim, NOON))
    assert refused.value.reason is Reason.REQUEST_ID_REUSED
    assert refused.value.metadata == {"request_id": "order-1"}


def test_a_field_that_came_later_changes_no_earlier_request() -> None:
    """A request that an older gateway accepted is the same one here: the digest is that one's."""
    asked = PlaceCall(
        to="+15005550100",
        request_id="a",
        labels={"campaign": "spring"},
        ringing_timeout=timedelta(seconds=20),
    )
    older = "9e352b70db7098df458137c9276df8ae8292e464af3fa7469727f06dbb2e39e4"
    assert fingerprint(asked) == older
    overridden = replace(asked, override=(Override.CALLING_HOURS,))
    attended = replace(asked, agent=AgentRequest(agent_name="front-desk"))
    assert len({older, fingerprint(overridden), fingerprint(attended)}) == 3
