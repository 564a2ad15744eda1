"""Legs that nobody here has dialled: whose they are, and what is kept of them."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.calls.call import CallState, Direction
from gateway.domain.calls.inbound import call_of
from gateway.domain.calls.leg import Leg
from gateway.domain.calls.observation import LegIds, LegStatus
from gateway.domain.calls.owners import Owner, Owners
from gateway.domain.tenant import Inbound, Tenant
from gateway.domain.timeouts import TimeoutPolicy
from tests.stands.clocks import NOON

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


def tenant(
    tenant_id: str, *rooms: str, numbers: str = "", trunks: str = "", country: str = ""
) -> Tenant:
    inbound = Inbound(
        livekit_trunk_ids=tuple(trunks.split()),
        numbers=tuple(numbers.split()),
        number_country=country,
    )
    return Tenant(tenant_id=tenant_id, rooms=rooms or ("nowhere",), inbound=inbound)


BY_ROOM = tenant("room", "acme-*")
BY_NUMBER = tenant("number", numbers=HOTLINE)
BY_TRUNK = tenant("trunk", trunks="ST_other ST_in")
ANYWHERE = tenant("anywhere", "*")


def owner_of(leg: Leg, tenants: list[Tenant]) -> str | None:
    found = Owners(tenants).of(leg)
    return found.tenant.tenant_id if found else None


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
    pytest.param([tenant("caller", numbers=CALLER)], None, id="not by the caller's number"),
    pytest.param([tenant("near", numbers=f"{HOTLINE}9")], None, id="not by part of a number"),
    pytest.param([Tenant(tenant_id="acm")], None, id="not by part of a name"),
    pytest.param([], None, id="no tenant"),
]


@pytest.mark.parametrize(("tenants", "owner"), OWNERS)
def test_whose_call_it_is(tenants: list[Tenant], owner: str | None) -> None:
    """Room, then number, then trunk; a call that fits nobody is nobody's."""
    assert owner_of(LEG, tenants) == owner


BERLIN, PARIS = "+49301234567", "+33301234567"
NATIONALLY = "0301234567"
GERMAN = tenant("german", numbers=BERLIN, country="DE")
FRENCH = tenant("french", numbers=PARIS, country="FR")
GERMAN_TRUNK = tenant("german", numbers=BERLIN, country="DE", trunks="ST_in")
FRENCH_TRUNK = tenant("french", numbers=PARIS, country="FR", trunks="ST_in")
AUSTRIAN = tenant("austrian", numbers="+4312345678", country="AT")
CANADIAN = tenant("canadian", numbers="+14312345678", country="CA")
CANADIAN_TRUNK = tenant("canadian", numbers="+14312345678", country="CA", trunks="ST_in")
BRITISH_TRUNK = tenant("british", numbers="+442079460000", country="GB", trunks="ST_in")
SHEFFIELD = tenant("sheffield", numbers="+441149301234", country="GB")
ABROAD = tenant("abroad", numbers="+49301234", country="US")
GERMAN_495 = tenant("german", numbers="+4951234567", country="DE")
RUSSIAN = tenant("russian", numbers="+74951234567", country="RU")
RUSSIAN_TRUNK = tenant("russian", country="RU", trunks="ST_in")
LOBBY = replace(LEG, room="lobby")

SPELLED = [
    pytest.param(NATIONALLY, [GERMAN], "german", id="a national number"),
    pytest.param("49301234567", [FRENCH, GERMAN], "german", id="without its plus"),
    pytest.param("0049301234567", [FRENCH, GERMAN], "german", id="behind the exit code"),
    pytest.param("0049301234567", [tenant("x", numbers=BERLIN)], "x", id="that, of no country"),
    pytest.param(NATIONALLY, [tenant("x", numbers=BERLIN)], None, id="national, of no country"),
    pytest.param(
        NATIONALLY,
        [replace(tenant("x", numbers=BERLIN), default_country="DE")],
        "x",
        id="the default country",
    ),
    pytest.param(
        NATIONALLY,
        [replace(GERMAN, default_country="FR")],
        "german",
        id="the carrier's before the default",
    ),
    pytest.param(NATIONALLY, [tenant("x", numbers=BERLIN, country="FR")], None, id="elsewhere"),
    pytest.param(f"{BERLIN};npdi;rn=+49199", [FRENCH, GERMAN], "german", id="with parameters"),
    pytest.param(NATIONALLY, [GERMAN, FRENCH], None, id="of two tenants: nobody's"),
    pytest.param(NATIONALLY, [ANYWHERE, GERMAN, FRENCH], None, id="nor that of any room's"),
    pytest.param(NATIONALLY, [GERMAN, FRENCH_TRUNK], "french", id="the trunk tells the country"),
    pytest.param(NATIONALLY, [GERMAN_TRUNK, FRENCH], "german", id="whoever stands first"),
    pytest.param(NATIONALLY, [GERMAN, BRITISH_TRUNK], "british", id="another's trunk tells too"),
    pytest.param(BERLIN, [GERMAN, BRITISH_TRUNK], "german", id="but not against a plus"),
    pytest.param("49301234567", [GERMAN, BRITISH_TRUNK], "german", id="nor against E.164"),
    pytest.param("4312345678", [CANADIAN, AUSTRIAN], None, id="E.164 or national: nobody knows"),
    pytest.param("4312345678", [AUSTRIAN, CANADIAN_TRUNK], "canadian", id="unless by the trunk"),
    pytest.param("+4312345678", [AUSTRIAN, CANADIAN_TRUNK], "austrian", id="a plus is clear"),
    pytest.param("01149301234", [SHEFFIELD], "sheffield", id="an area code"),
    pytest.param("01149301234", [ABROAD], "abroad", id="or an exit code"),
    pytest.param("01149301234", [ABROAD, SHEFFIELD], None, id="or nobody knows"),
    pytest.param("4951234567", [GERMAN_495, RUSSIAN_TRUNK], "russian", id="a number there"),
    pytest.param("4951234567", [GERMAN_495, RUSSIAN], None, id="of either: nobody knows"),
    pytest.param("4951234567", [GERMAN_495], "german", id="of one alone"),
    pytest.param("+4402079460000", [BRITISH_TRUNK], "british", id="a trunk prefix too many"),
]


@pytest.mark.parametrize(("called", "tenants", "owner"), SPELLED)
def test_whose_number_it_is(called: str, tenants: list[Tenant], owner: str | None) -> None:
    """In every form it is the tenant's that has it; digits that may be another's are not."""
    assert owner_of(replace(LOBBY, own_number=called), tenants) == owner


def test_a_number_configured_with_a_trunk_prefix() -> None:
    """It is the number without it."""
    london = tenant("london", numbers="+4402079460000", country="GB")
    for called in ("+442079460000", "02079460000", "+44 (0)20 7946 0000"):
        assert owner_of(replace(LOBBY, own_number=called), [london]) == "london"


def test_many_tenants_cost_no_more_than_few() -> None:
    """Nobody is asked one by one: thousands of tenants are as quick as ten."""

    def cost(count: int) -> float:
        tenants = [
            tenant(f"t{at}", f"t{at}-*", numbers=f"+4930{at:06}", country="DE", trunks=f"ST_{at}")
            for at in range(count)
        ]
        owners, best = Owners(tenants), 1.0
        for _ in range(20):
            begun = time.thread_time()
            for called in ("+4930000007", "030000007", "+15005550100", "0301"):
                owners.of(replace(LOBBY, own_number=called))
            best = min(best, time.thread_time() - begun)
        return best

    assert cost(3000) < 10 * cost(10)


def test_what_is_hidden_fits_nobody() -> None:
    """An unknown number or trunk is nobody's, not even an empty one's."""
    leg = replace(LEG, room="x", own_number="", livekit_trunk_id="")
    empty = replace(BY_ROOM, inbound=Inbound(livekit_trunk_ids=("",), numbers=("",)))
    assert owner_of(leg, [tenant("none"), empty]) is None


@pytest.mark.parametrize("called", ["alice15005550188", "15005550188x", "sales", "+1500555018B"])
def test_a_name_is_no_number(called: str) -> None:
    """A SIP name that was called is nobody's number, whatever digits are in it."""
    leg = replace(LEG, room="x", own_number=called)
    assert owner_of(leg, [BY_NUMBER]) is None


def test_a_call_that_rang_in() -> None:
    """It is to the number that was called, by the caller, with the tenant's longest duration."""
    policy = TimeoutPolicy(max_duration=timedelta(hours=1))
    owner = replace(BY_ROOM, timeouts=policy, inbound=Inbound(end_room_on_hangup=True))
    call = call_of(LEG, Owner(owner), "call_1", NOON)
    assert (call.direction, call.to, call.caller_id) == (Direction.INBOUND, HOTLINE, CALLER)
    assert (call.tenant_id, call.room, call.participant_identity) == ("room", "acme-7", "sip_177")
    assert (call.max_duration, call.end_room_on_hangup) == (timedelta(hours=1), True)
    assert (call.state, call.create_time, call.attempts) == (CallState.DIALING, NOON, ())
    assert call.trunk_id == "ST_in"


NUMBERS = [
    ("0301234567", "0171 1234567", "DE", BERLIN, BERLIN, "+491711234567"),
    (
        f"{BERLIN};npdi",
        "sip:+447911123456@sbc.example;user=phone",
        "DE",
        BERLIN,
        BERLIN,
        "+447911123456",
    ),
    ("0301234567", "00447911123456", "DE", "", BERLIN, "+447911123456"),
    ("0301234567", "01711234567", "", "", "0301234567", "01711234567"),
    ("49301234567", "01711234567", "", BERLIN, BERLIN, "01711234567"),
    ("+15555550100", "110", "DE", "+15555550100", "+15555550100", "110"),
    ("sales", "anonymous", "DE", "", "sales", "anonymous"),
    ("+49123", "4951234567", "RU", "", "+49123", "4951234567"),
]


@pytest.mark.parametrize(("called", "caller", "country", "configured", "to", "caller_id"), NUMBERS)
def test_the_numbers_of_a_call_are_canonical(
    called: str, caller: str, country: str, configured: str, to: str, caller_id: str
) -> None:
    """The tenant's own number and every valid one are E.164; all else is as LiveKit tells it."""
    owners = Owners([tenant("acme", "acme-*", numbers=configured, country=country)])
    leg = replace(LEG, own_number=called, far_number=caller)
    owner = owners.of(leg)
    assert owner is not None
    call = call_of(leg, owner, "call_1", NOON)
    assert (call.to, call.caller_id) == (to, caller_id)


def test_a_call_that_was_dialled_beside_us() -> None:
    """It is to the phone, and keeps its room: what is said of inbound calls is not of it."""
    owner = replace(BY_ROOM, inbound=Inbound(end_room_on_hangup=True))
    call = call_of(replace(LEG, rule_id=""), Owner(owner), "call_1", NOON)
    assert (call.direction, call.to, call.caller_id) == (Direction.OUTBOUND, CALLER, HOTLINE)
    assert not call.end_room_on_hangup


def test_a_callers_number_is_not_believed() -> None:
    """Callers may put anything in the place of their number: it is shortened and escaped."""
    call = call_of(
        replace(LEG, far_number="\r\nX: y\0" + "9" * 500), Owner(BY_ROOM), "call_1", NOON
    )
    assert len(call.caller_id) < 300
    assert call.caller_id.isprintable()


def test_an_anonymous_caller() -> None:
    """Without a number there is a call without a caller ID."""
    assert call_of(replace(LEG, far_number=""), Owner(BY_ROOM), "call_1", NOON).caller_id == ""
