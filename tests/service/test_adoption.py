"""Legs that were not dialled here become calls, each once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
import pytest_asyncio

from gateway.build import SystemClock
from gateway.domain.calls.call import Call, CallState, Direction, Ending
from gateway.domain.calls.inbound import call_of
from gateway.domain.calls.leg import Leg
from gateway.domain.calls.observation import EndAsked, LeaveReason, LegStatus
from gateway.domain.calls.owners import Owner
from gateway.domain.outcome import EndReason, HangupSource
from gateway.domain.tenant import Inbound, TenantLimits
from gateway.errors import GatewayError, Reason
from gateway.service.arrivals.adoption import Finder
from gateway.store.store import SqlStore, open_store
from tests.stands.phones import ANSWERS, CALLER, HOTLINE
from tests.stands.services.exchange import ACME, GLOBEX, Desk, Exchange, a_leg, serving
from tests.stands.waiting import eventually

RECORDED = {
    "direction": "INBOUND",
    "to": ANSWERS,
    "caller_id": CALLER,
    "room": "acme-7",
    "participant_identity": "sip_177",
    "livekit_trunk_id": "ST_in",
    "rule_id": "SDR_1",
}


@pytest_asyncio.fixture
async def desk(store: SqlStore) -> AsyncIterator[Desk]:
    """One gateway with the tenants acme and globex."""
    async with serving(store, Exchange()) as desk:
        yield desk


async def ended(desk: Desk, tenant_id: str = "acme") -> Call:
    async def over() -> Call | None:
        call = await desk.call(tenant_id)
        return call if call.ended else None

    call = await eventually(over)
    assert call is not None
    return call


async def test_a_caller_becomes_a_call(desk: Desk) -> None:
    """It is inbound, ringing, with LiveKit's identifiers, its events and its audit record."""
    leg = desk.exchange.put(a_leg())
    taken = await desk.adoption.take_in(leg, Finder.NOTICE)
    call = await desk.call()
    assert taken == call
    assert (call.direction, call.state) == (Direction.INBOUND, CallState.RINGING)
    assert (call.to, call.caller_id) == (ANSWERS, CALLER)
    assert (call.participant_id, call.sip_call_id) == (leg.ids.participant_id, leg.ids.sip_call_id)
    assert (call.inbound_trunk_id, call.end_room_on_hangup) == ("ST_in", True)
    assert await desk.history() == ["CALL_CREATED", "CALL_RINGING"]
    assert await desk.lease.held() == {call.call_id}
    (record,) = await desk.audit()
    assert (record["kind"], record["method"], record["tenant_id"], record["call_id"]) == (
        "DONE",
        "livekit/webhook",
        "acme",
        call.call_id,
    )
    assert record["request"] == RECORDED | {"sip_call_id": leg.ids.sip_call_id}


async def test_an_adopted_call_is_followed(desk: Desk) -> None:
    """Its answer and its end are seen without anybody telling."""
    leg = desk.exchange.put(a_leg())
    await desk.adoption.take_in(leg, Finder.NOTICE)
    desk.exchange.put(replace(leg, status=LegStatus.ACTIVE))

    async def answered() -> bool:
        return (await desk.call()).state is CallState.ACTIVE

    await eventually(answered)
    desk.exchange.there.clear()
    assert (await ended(desk)).end_reason is EndReason.COMPLETED
    assert await desk.history() == ["CALL_CREATED", "CALL_RINGING", "CALL_ANSWERED", "CALL_ENDED"]


async def test_an_adopted_call_is_hung_up(desk: Desk) -> None:
    """A tenant ends it like any other; its room ends with it where the tenant says so."""
    desk.exchange.put(a_leg(status=LegStatus.ACTIVE))
    desk.exchange.put(a_leg(identity="agent", rule_id=""))
    call = await desk.adoption.take_in(desk.exchange.there["acme-7", "sip_177"], Finder.NOTICE)
    assert call is not None
    asked = EndAsked(desk.clock.now(), EndReason.COMPLETED, HangupSource.API)
    await desk.followers.end(call, asked)
    over = await ended(desk)
    assert (over.end_reason, over.hangup_source) == (EndReason.COMPLETED, HangupSource.API)
    assert desk.exchange.there == {}


@pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
async def test_a_leg_is_one_call(database: str, new_database: Callable[[str], str]) -> None:
    """Two gateways that notice it again and again make one call, with one set of events."""
    url, exchange = new_database(database), Exchange()
    stores = [open_store(url, SystemClock()) for _ in range(2)]
    leg = exchange.put(a_leg())
    async with serving(stores[0], exchange) as one, serving(stores[1], exchange) as two:
        taken = await asyncio.gather(
            *(desk.adoption.take_in(leg, Finder.NOTICE) for _ in range(5) for desk in (one, two))
        )
        assert len({call.call_id for call in taken if call}) == 1
        assert await one.history() == ["CALL_CREATED", "CALL_RINGING"]
        assert len(await one.audit()) == 1
        followed = [desk.followers.followed() for desk in (one, two)]
        assert sorted(map(len, followed)) == [0, 1]
    for store in stores:
        await store.close()


async def test_an_ended_call_does_not_come_back(desk: Desk) -> None:
    """A leg whose call is over is no new call, however late somebody tells of it."""
    leg = desk.exchange.put(a_leg())
    await desk.adoption.take_in(leg, Finder.NOTICE, LeaveReason.CLIENT_INITIATED)
    before = await desk.call()
    assert before.ended
    assert await desk.adoption.take_in(leg, Finder.SWEEP) == before
    assert await desk.adoption.adopt(desk.rpc(), leg.room, leg.identity) is None
    assert await desk.history() == ["CALL_CREATED", "CALL_RINGING", "CALL_ENDED"]


@pytest.mark.parametrize("left", [LeaveReason.CLIENT_INITIATED, None])
async def test_a_new_leg_in_the_same_place_is_another_call(
    desk: Desk, left: LeaveReason | None
) -> None:
    """Who rings in again under the same identity is a new call, whether the old one is over."""
    first = desk.exchange.put(a_leg())
    await desk.adoption.take_in(first, Finder.NOTICE, left)
    second = desk.exchange.put(a_leg())
    await desk.adoption.take_in(second, Finder.NOTICE)
    newest, oldest = await desk.calls()
    assert (newest.sip_call_id, newest.ended) == (second.ids.sip_call_id, False)
    assert oldest.sip_call_id == first.ids.sip_call_id


async def test_nobodys_caller_is_the_operators_to_know(desk: Desk) -> None:
    """A caller that fits no tenant is one audit record, and no call, however often it is seen."""
    leg = desk.exchange.put(a_leg("elsewhere"))
    for finder in (Finder.NOTICE, Finder.SWEEP, Finder.NOTICE):
        assert await desk.adoption.take_in(leg, finder) is None
    (record,) = await desk.audit()
    assert (record["kind"], record["reason"]) == ("REFUSED", "NO_TENANT")
    assert "tenant_id" not in record
    assert record["request"] == RECORDED | {
        "room": "elsewhere",
        "sip_call_id": leg.ids.sip_call_id,
    }


async def test_nobodys_caller_finds_a_tenant_later(desk: Desk) -> None:
    """Once the configuration names a tenant for it the next look takes it in."""
    leg = desk.exchange.put(a_leg("elsewhere"))
    await desk.adoption.take_in(leg, Finder.NOTICE)
    desk.config = replace(desk.config, tenants=(replace(ACME, rooms=("elsewhere",)),))
    await desk.store.transact(lambda tx: tx.put_config("{}", "", desk.clock.now()))
    await desk.directory.refresh()
    await desk.adoption.take_in(leg, Finder.SWEEP)
    assert (await desk.call()).sip_call_id == leg.ids.sip_call_id


async def test_a_sandbox_tenant_has_no_real_callers(store: SqlStore) -> None:
    """A tenant whose calls ring nobody is not handed a real phone."""
    async with serving(store, Exchange(), replace(ACME, sandbox=True)) as desk:
        leg = desk.exchange.put(a_leg())
        assert await desk.adoption.take_in(leg, Finder.NOTICE) is None
        assert await desk.adoption.adopt(desk.rpc(), leg.room, leg.identity) is None


async def test_a_tenant_asks_for_a_leg(desk: Desk) -> None:
    """A leg named by room and identity is adopted; the record says who asked."""
    leg = desk.exchange.put(a_leg(rule_id="", status=LegStatus.ACTIVE))
    call = await desk.adoption.adopt(desk.rpc(), leg.room, leg.identity)
    assert call == await desk.call()
    assert (call.direction, call.state) == (Direction.OUTBOUND, CallState.ACTIVE)
    assert (call.to, call.caller_id) == (CALLER, ANSWERS)
    (record,) = await desk.audit()
    assert (record["actor"], record["method"], record["rpc_id"]) == (
        "GWkey",
        "CallService/HangUpCall",
        "rpc_1",
    )


NOT_ADOPTED = [
    pytest.param("globex", "", a_leg(), id="another tenant's room"),
    pytest.param("acme", "acme-8", a_leg(), id="a token of another room"),
    pytest.param("acme", "", a_leg(call_id="call_elsewhere"), id="another installation's"),
    pytest.param("nobody", "", a_leg(), id="a tenant that is not configured"),
]


@pytest.mark.parametrize(("tenant_id", "room", "leg"), NOT_ADOPTED)
async def test_what_a_tenant_may_not_have(desk: Desk, tenant_id: str, room: str, leg: Leg) -> None:
    """For whoever may not use the leg's room there is no such leg."""
    desk.exchange.put(leg)
    rpc = desk.rpc(tenant_id, room=room)
    assert await desk.adoption.adopt(rpc, leg.room, leg.identity) is None
    assert await desk.history() == []


async def test_a_leg_that_is_not_there_is_not_adopted(desk: Desk) -> None:
    """Nothing is made of a name; and where LiveKit is away, that is what is said."""
    assert await desk.adoption.adopt(desk.rpc(), "acme-7", "sip_177") is None
    desk.exchange.away = True
    with pytest.raises(GatewayError) as refused:
        await desk.adoption.adopt(desk.rpc(), "acme-7", "sip_177")
    assert refused.value.reason is Reason.PLATFORM_UNAVAILABLE


async def test_a_wide_room_is_no_way_to_others_callers(store: SqlStore) -> None:
    """A tenant that may use any room cannot ask for the caller of another tenant's number."""
    wide = replace(ACME, rooms=("*",))
    async with serving(store, Exchange(), wide, GLOBEX) as desk:
        leg = desk.exchange.put(a_leg("lobby", own_number=HOTLINE))
        assert await desk.adoption.adopt(desk.rpc(), leg.room, leg.identity) is None
        assert await desk.adoption.adopt(desk.rpc("globex"), leg.room, leg.identity) is None
        call = await desk.adoption.take_in(leg, Finder.NOTICE)
        assert call is not None
        assert call.tenant_id == "globex"
        assert await desk.adoption.adopt(desk.rpc(), leg.room, leg.identity) is None


async def test_callers_do_not_use_up_the_tenants_own_calls(store: SqlStore) -> None:
    """They are held to a limit of their own; beyond it the gateway ends the leg and says why."""
    limits = TenantLimits(max_concurrent_calls=1, max_concurrent_inbound_calls=2)
    tenant = replace(ACME, limits=limits, inbound=Inbound())  # nobody's end ends the room
    async with serving(store, Exchange(), tenant) as desk:
        legs = [desk.exchange.put(a_leg(identity=f"sip_{number}")) for number in range(3)]
        taken = [await desk.adoption.take_in(leg, Finder.NOTICE) for leg in legs]
        assert [call and call.ending for call in taken[:2]] == [None, None]
        assert await desk.store.read(lambda r: r.tenant_calls("acme")) == 0

        async def refused() -> Call | None:
            newest = next(c for c in await desk.calls() if c.participant_identity == "sip_2")
            return newest if newest.ended else None

        over = await eventually(refused)
        assert over is not None
        assert (over.end_reason, over.hangup_source) == (
            EndReason.REJECTED,
            HangupSource.GATEWAY,
        )
        assert sorted(identity for _, identity in desk.exchange.there) == ["sip_0", "sip_1"]
        told = [one for one in await desk.audit() if one.get("call_id") == over.call_id]
        assert [(one["kind"], one["reason"]) for one in told] == [
            ("REFUSED", "TENANT_LIMIT"),
            ("OUTCOME", "REJECTED"),
        ]
        limit = {"limit": "tenant.max_concurrent_inbound_calls", "used": 2, "maximum": 2}
        assert told[0]["decision"] == limit
        # A place is free again when its caller has gone.
        del desk.exchange.there["acme-7", "sip_0"]

        async def one_left() -> bool:
            inbound = Direction.INBOUND
            return await desk.store.read(lambda r: r.tenant_calls("acme", inbound)) == 1

        await eventually(one_left)
        again = await desk.adoption.take_in(
            desk.exchange.put(a_leg(identity="sip_4")), Finder.NOTICE
        )
        assert again is not None
        assert again.ending is None


async def test_callers_who_are_refused_keep_nobody_out(store: SqlStore) -> None:
    """A call that the limit ends takes no place, however long its leg is there."""
    limits = TenantLimits(max_concurrent_inbound_calls=1)
    async with serving(store, Exchange(), replace(ACME, limits=limits)) as desk:
        leg = a_leg(identity="sip_0")
        going = replace(
            call_of(leg, Owner(ACME), "call_going", desk.clock.now()),
            ending=Ending(EndReason.REJECTED, HangupSource.GATEWAY, desk.clock.now()),
        )
        await desk.store.transact(lambda tx: tx.put_call(going))
        first, second = [
            await desk.adoption.take_in(desk.exchange.put(a_leg(identity=name)), Finder.NOTICE)
            for name in ("sip_1", "sip_2")
        ]
        assert first is not None
        assert first.ending is None
        assert second is not None
        assert second.ending is not None


@pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
async def test_the_limit_of_callers_is_exact(
    database: str, new_database: Callable[[str], str]
) -> None:
    """Two gateways that take in many callers at once let no more of them stay than it says."""
    url, exchange = new_database(database), Exchange()
    stores = [open_store(url, SystemClock()) for _ in range(2)]
    tenant = replace(ACME, limits=TenantLimits(max_concurrent_inbound_calls=3))
    legs = [exchange.put(a_leg(identity=f"sip_{number}")) for number in range(12)]
    async with (
        serving(stores[0], exchange, tenant) as one,
        serving(stores[1], exchange, tenant) as two,
    ):
        taken = await asyncio.gather(
            *(desk.adoption.take_in(leg, Finder.SWEEP) for leg in legs for desk in (one, two))
        )
        kept = {call.call_id for call in taken if call and call.ending is None}
        assert len(kept) == 3
    for store in stores:
        await store.close()
