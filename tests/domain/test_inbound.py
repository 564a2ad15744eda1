"""Legs that nobody here has dialled: whose they are, and what is kept of them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.call import CallState, Direction
from gateway.domain.inbound import call_of, tenant_of
from gateway.domain.leg import Leg
from gateway.domain.observation import LegIds, LegStatus
from gateway.domain.tenant import Inbound, Tenant
from gateway.domain.timeouts import TimeoutPolicy
from tests.store.values import NOON

CALLER, HOTLINE = "+15005550177", "+15005550188"
LEG = Leg(
    LegStatus.RINGING,
    LegIds("PA_1", "SCL_1"),
    room="acme-7",
    identity="sip_177",
    rule_id="SDR_1",
    livekit_trunk_id="ST_in",
    far_number=CALLER,
    own_number=HOTLINE,
)


def tenant(tenant_id: str, *rooms: str, numbers: str = "", trunks: str = "") -> Tenant:
    inbound = Inbound(livekit_trunk_ids=tuple(trunks.split()), numbers=tuple(numbers.split()))
    return Tenant(tenant_id=tenant_id, rooms=rooms or ("nowhere",), inbound=inbound)


BY_ROOM = tenant("room", "acme-*")
BY_NUMBER = tenant("number", numbers=HOTLINE)
BY_TRUNK = tenant("trunk", trunks="ST_other ST_in")
ANYWHERE = tenant("anywhere", "*")

OWNERS = [
    pytest.param([BY_TRUNK, BY_NUMBER, BY_ROOM], "room", id="room before number before trunk"),
    pytest.param([BY_TRUNK, BY_NUMBER], "number", id="number before trunk"),
    pytest.param([BY_TRUNK], "trunk", id="trunk"),
    pytest.param([Tenant(tenant_id="acme")], "acme", id="the rooms a tenant has unless told"),
    pytest.param([BY_ROOM, tenant("exact", "acme-7")], "exact", id="a name before a pattern"),
    pytest.param(
        [tenant("nearly", "acme-7*"), tenant("exact", "acme-7")], "exact", id="a name, not its like"
    ),
    pytest.param([tenant("short", "acme*"), BY_ROOM], "room", id="the longer pattern"),
    pytest.param([ANYWHERE, BY_NUMBER], "number", id="any room is no room in particular"),
    pytest.param([ANYWHERE, BY_TRUNK], "trunk", id="any room, and the trunk"),
    pytest.param([ANYWHERE], "anywhere", id="any room, if nothing else fits"),
    pytest.param(
        [BY_ROOM, tenant("both", "acme-*", numbers=HOTLINE)], "both", id="shared rooms: the number"
    ),
    pytest.param([BY_ROOM, replace(BY_ROOM, tenant_id="twin")], "room", id="the first of equals"),
    pytest.param([tenant("plain", numbers="15005550188")], "plain", id="a number without plus"),
    pytest.param([tenant("written", numbers="+1-500-555-0188")], "written", id="with dashes"),
    pytest.param([tenant("caller", numbers=CALLER)], None, id="not by the caller's number"),
    pytest.param([tenant("near", numbers=f"{HOTLINE}9")], None, id="not by part of a number"),
    pytest.param([Tenant(tenant_id="acm")], None, id="not by part of a name"),
    pytest.param([], None, id="no tenant"),
]


@pytest.mark.parametrize(("tenants", "owner"), OWNERS)
def test_whose_call_it_is(tenants: list[Tenant], owner: str | None) -> None:
    """Room, then number, then trunk; a call that fits nobody is nobody's."""
    found = tenant_of(LEG, tenants)
    assert (found and found.tenant_id) == owner


def test_what_is_hidden_fits_nobody() -> None:
    """An unknown number or trunk is nobody's, not even an empty one's."""
    leg = replace(LEG, room="x", own_number="", livekit_trunk_id="")
    empty = replace(BY_ROOM, inbound=Inbound(livekit_trunk_ids=("",), numbers=("",)))
    assert tenant_of(leg, [tenant("none"), empty]) is None


@pytest.mark.parametrize(("called", "configured"), [("alice2", "2"), ("sales", "")])
def test_a_name_is_no_number(called: str, configured: str) -> None:
    """A SIP name that was called is compared as it is, not by the digits in it."""
    leg = replace(LEG, room="x", own_number=called)
    assert tenant_of(leg, [tenant("digits", numbers=configured)]) is None
    named = tenant("named", numbers=called)
    assert tenant_of(leg, [named]) is named


def test_a_call_that_rang_in() -> None:
    """It is to the number that was called, by the caller, with the tenant's longest duration."""
    policy = TimeoutPolicy(max_duration=timedelta(hours=1))
    owner = replace(BY_ROOM, timeouts=policy, inbound=Inbound(end_room_on_hangup=True))
    call = call_of(LEG, owner, "call_1", NOON)
    assert (call.direction, call.to, call.caller_id) == (Direction.INBOUND, HOTLINE, CALLER)
    assert (call.tenant_id, call.room, call.participant_identity) == ("room", "acme-7", "sip_177")
    assert (call.max_duration, call.end_room_on_hangup) == (timedelta(hours=1), True)
    assert (call.state, call.create_time, call.attempts) == (CallState.DIALING, NOON, ())
    assert call.trunk_id == "ST_in"


def test_a_call_that_was_dialled_beside_us() -> None:
    """It is to the phone, and keeps its room: what is said of inbound calls is not of it."""
    owner = replace(BY_ROOM, inbound=Inbound(end_room_on_hangup=True))
    call = call_of(replace(LEG, rule_id=""), owner, "call_1", NOON)
    assert (call.direction, call.to, call.caller_id) == (Direction.OUTBOUND, CALLER, HOTLINE)
    assert not call.end_room_on_hangup


def test_a_callers_number_is_not_believed() -> None:
    """Callers may put anything in the place of their number: it is shortened and escaped."""
    call = call_of(replace(LEG, far_number="\r\nX: y\0" + "9" * 500), BY_ROOM, "call_1", NOON)
    assert len(call.caller_id) < 300
    assert call.caller_id.isprintable()


def test_an_anonymous_caller() -> None:
    """Without a number there is a call without a caller ID."""
    assert call_of(replace(LEG, far_number=""), BY_ROOM, "call_1", NOON).caller_id == ""
