"""Callers that ring in, and what LiveKit's webhooks tell, on the real LiveKit."""

import json
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.build import Gateway
from gateway.domain.audit_event import ChainedAuditEvent
from gateway.ports import AuditQuery
from gateway.service.arrivals import sweep
from gateway.telephony.v1 import calls_pb2
from tests.stack.admission import admitted
from tests.stack.livekit_stack import LiveKitStack
from tests.stands.administering import apply, message
from tests.stands.livekit.telling import PATH, InboundStand, Relay
from tests.stands.phones import (
    ANSWERS,
    BUSY,
    CALLER,
    HANGS_UP,
    HOTLINE,
    REFUSES_TRANSFERS,
    UNKNOWN_LINE,
    tel,
)
from tests.stands.processes.ports import LOOPBACK, free_ports
from tests.stands.stand import configuration, reason_name, refusal, state_name
from tests.stands.waiting import eventually

pytestmark = [pytest.mark.livekit, pytest.mark.usefixtures("reasons_in_time")]

API, REMOTE = calls_pb2.HANGUP_SOURCE_API, calls_pb2.HANGUP_SOURCE_REMOTE
PLATFORM = calls_pb2.HANGUP_SOURCE_PLATFORM


@pytest.fixture(scope="module")
def port() -> int:
    """Where LiveKit sends its webhooks."""
    (port,) = free_ports(1)
    return port


@pytest.fixture(scope="module")
def telling_stack(port: int) -> Iterator[LiveKitStack]:
    """A LiveKit that tells what happens."""
    with LiveKitStack(webhook_url=f"http://{LOOPBACK}:{port}{PATH}") as stack:
        yield stack


@pytest.fixture
async def stand(
    port: int, telling_stack: LiveKitStack, tmp_path: Path
) -> AsyncIterator[InboundStand]:
    """A gateway that hears LiveKit."""
    relay = Relay(port)
    await relay.start()
    made = InboundStand(telling_stack, relay, tmp_path, f"acme-{secrets.token_hex(4)}")
    await made.start()
    yield made
    await made.stop()
    await relay.stop()


async def test_a_caller_by_a_declared_trunk_and_rule(stand: InboundStand, tmp_path: Path) -> None:
    """livekit-server puts callers where the configuration says, and they are the tenant's calls."""
    password, pin = tmp_path / "password", tmp_path / "pin"
    password.write_text("sesame")
    pin.write_text("4711")
    carrier = {"auth_username": "carrier", "auth_password_from": f"file:{password}"}
    open_line, closed_line = "+15005550186", "+15005550187"
    inbound = {
        "trunks": [
            {"trunk_id": "a", "numbers": [open_line], "allowed_addresses": ["203.0.113.0/24"]},
            {"trunk_id": "b", "numbers": [closed_line], **carrier},
        ],
        "dispatch_rules": [
            {"rule_id": "a", "trunk_ids": ["a"], "individual": {"room_prefix": stand.room}}
            | {"agents": [{"agent_name": "front-desk", "metadata": "m"}]},
            {"rule_id": "b", "trunk_ids": ["b"], "direct": {"room_name": "acme-hall"}}
            | {"pin_from": f"file:{pin}"},
        ],
    }
    operator = await stand.client("")
    config = configuration(stand.trunk, inbound=inbound, agents=["front-desk"])
    applied = await apply(operator, message(config))
    assert [one.error for one in applied.inbound] == [""] * 4
    trunk_a, trunk_b, rule_a, _ = (one.livekit_id for one in applied.inbound)

    assert admitted(stand.stack, open_line, source_ip="198.51.100.1").result == "drop"
    caller = admitted(stand.stack, open_line, source_ip="203.0.113.9")
    assert (caller.trunk_id, caller.rule_id, caller.result) == (trunk_a, rule_a, "accept")
    assert (caller.username, caller.agents) == ("", {"front-desk": "m"})
    assert caller.room.startswith(f"{stand.room}_{CALLER}_")
    asked = admitted(stand.stack, closed_line)
    assert (asked.trunk_id, asked.username, asked.password) == (trunk_b, "carrier", "sesame")
    assert (asked.result, asked.room) == ("request_pin", "")
    assert admitted(stand.stack, closed_line, pin="1234").result == "drop"
    assert admitted(stand.stack, closed_line, pin="4711").room == "acme-hall"

    stand.room = caller.room
    stand.ring_in(to=open_line, trunk_id=trunk_a, rule_id=rule_a)
    call = await stand.taken_in()
    assert (call.to, call.caller_id, call.trunk_id) == (open_line, CALLER, trunk_a)
    gone = await apply(operator, message(configuration(stand.trunk)))
    assert [one.error for one in gone.inbound] == [""] * 4
    assert admitted(stand.stack, open_line, source_ip="203.0.113.9").trunk_id == ""


async def test_a_caller_is_a_call(stand: InboundStand) -> None:
    """Who rings in can be listed and watched like any other call, from ringing to the end."""
    sip_call_id = stand.ring_in()
    call = await stand.taken_in()
    assert (call.to, call.caller_id, call.sip_call_id) == (HOTLINE, CALLER, sip_call_id)
    assert (call.room, call.participant_identity) == (stand.room, "sip_177")
    await stand.acme.until(call.call_id, calls_pb2.CALL_STATE_ACTIVE)
    stand.stack.hang_up_phone(sip_call_id)
    ended = await stand.acme.ended(call.call_id)
    assert (reason_name(ended), ended.hangup_source) == ("COMPLETED", REMOTE)
    assert await stand.acme.history(call.call_id) == [
        "CALL_CREATED",
        "CALL_RINGING",
        "CALL_ANSWERED",
        "CALL_ENDED",
    ]


async def test_a_caller_who_gives_up(stand: InboundStand) -> None:
    """Who hangs up before the answer has canceled the call."""
    sip_call_id = stand.ring_in(answer_after=-1)
    call = await stand.taken_in()
    stand.stack.hang_up_phone(sip_call_id)
    ended = await stand.acme.ended(call.call_id)
    assert (reason_name(ended), ended.hangup_source) == ("CANCELED", REMOTE)


async def test_an_anonymous_caller(stand: InboundStand) -> None:
    """A caller without a number is a call without a caller ID."""
    call = await stand.answered(**{"from": ""})
    assert (call.to, call.caller_id) == (HOTLINE, "")


async def test_a_caller_is_hung_up(stand: InboundStand) -> None:
    """HangUpCall ends a caller's leg with BYE."""
    call = await stand.answered()
    ended = await stand.acme.hang_up(call.call_id)
    assert (reason_name(ended), ended.hangup_source) == ("COMPLETED", API)
    await stand.gone(ended)
    assert await stand.hung_up(call) == ["bye"]


async def test_a_caller_is_transferred(stand: InboundStand) -> None:
    """A caller is handed over like a callee."""
    call = await stand.answered()
    transfer = await stand.acme.transfer(call.call_id, ANSWERS, wait_until_settled=True)
    assert state_name(transfer) == "COMPLETED"
    assert reason_name(await stand.acme.ended(call.call_id)) == "TRANSFERRED"
    (seen,) = stand.dialed(call)
    assert [refer["to"] for refer in seen["refers"]] == [tel(ANSWERS)]


async def test_a_caller_is_transferred_as_the_numbers_trunk_says(stand: InboundStand) -> None:
    """The trunk that has the number called says the form, or that its carrier takes none."""
    wanted = configuration(stand.trunk, inbound={"numbers": [HOTLINE]})
    trunk = wanted["trunks"][0]
    trunk["numbers"].append({"number": HOTLINE})
    trunk |= {"transfer_mode": "TRUNK_TRANSFER_MODE_NONE"}
    await stand.apply(wanted)
    call = await stand.answered()
    error = await refusal(stand.acme.transfer(call.call_id, ANSWERS))
    assert error.reason == "TRANSFER_NOT_SUPPORTED"
    host = "acme.pstn.twilio.com"
    trunk |= {"transfer_mode": "TRUNK_TRANSFER_MODE_SIP", "transfer_host": host}
    await stand.apply(wanted)
    transfer = await stand.acme.transfer(call.call_id, ANSWERS, wait_until_settled=True)
    assert state_name(transfer) == "COMPLETED"
    (seen,) = stand.dialed(call)
    assert [refer["to"] for refer in seen["refers"]] == [f"<sip:{ANSWERS}@{host}>"]


async def test_a_caller_in_anothers_place(stand: InboundStand) -> None:
    """A second caller of one identity cuts the first; they are two calls, one of them over."""
    first = await stand.answered()
    second = stand.ring_in()
    ended = await stand.acme.ended(first.call_id)
    assert (reason_name(ended), ended.hangup_source) == ("DUPLICATE_IDENTITY", PLATFORM)

    async def both() -> Sequence[calls_pb2.Call]:
        calls = await stand.calls()
        return calls if len(calls) > 1 else []

    newest, oldest = await eventually(both)
    assert oldest.call_id == first.call_id
    await stand.acme.until(newest.call_id, calls_pb2.CALL_STATE_ACTIVE)
    assert newest.sip_call_id == second


async def test_whose_caller_it_is(stand: InboundStand) -> None:
    """In nobody's room the number called decides; who fits no tenant is in the audit log only."""
    stand.room = f"lobby-{secrets.token_hex(4)}"
    stranger = stand.ring_in(to=UNKNOWN_LINE, identity="stranger")
    call = await stand.answered()
    assert call.to == HOTLINE
    request = calls_pb2.ListCallsRequest(room=stand.room)
    assert list((await stand.globex.call("ListCalls", request)).calls) == []

    async def recorded() -> list[ChainedAuditEvent]:
        store = stand.gateway.administration.store
        records = await store.read(lambda tx: tx.audit(AuditQuery(tenant_id="")))
        return [one for one in records if one.record.get("reason") == "NO_TENANT"]

    (one,) = await eventually(recorded)
    assert one.record["request"]["sip_call_id"] == stranger


CALLED = ["5005550188", "(500) 555-0188", "01115005550188", f"{HOTLINE};npdi;rn=+1999"]


@pytest.mark.parametrize("called", CALLED)
async def test_a_number_as_carriers_write_it(stand: InboundStand, called: str) -> None:
    """In whatever form a carrier writes it, the tenant is found and the call has one number."""
    inbound = {"numbers": [HOTLINE], "number_country": "US"}
    await stand.apply(configuration(stand.trunk, default_country="DE", inbound=inbound))
    stand.room = f"lobby-{secrets.token_hex(4)}"
    call = await stand.answered(**{"to": called, "from": "500-555-0177"})
    assert (call.to, call.caller_id) == (HOTLINE, CALLER)


@pytest.mark.parametrize("rang_in", [True, False], ids=["inbound", "outbound"])
async def test_who_ended_it(stand: InboundStand, *, rang_in: bool) -> None:
    """LiveKit's webhook tells a leg that was removed, and a room that was deleted, by others."""

    async def answered() -> calls_pb2.Call:
        if rang_in:
            stand.room = f"acme-{secrets.token_hex(4)}"
            return await stand.answered()
        return await stand.acme.place(REFUSES_TRANSFERS, wait_until_answered=True)

    removed = await answered()
    await stand.remove(removed)
    ended = await stand.acme.ended(removed.call_id)
    assert (reason_name(ended), ended.hangup_source) == ("REMOVED", PLATFORM)
    deleted = await answered()
    await stand.delete_room(deleted.room)
    ended = await stand.acme.ended(deleted.call_id)
    assert (reason_name(ended), ended.hangup_source) == ("ROOM_DELETED", PLATFORM)


async def test_the_callee_hung_up(stand: InboundStand) -> None:
    """A callee that hangs up is told from one that was hung up."""
    call = await stand.acme.place(HANGS_UP, wait_until_answered=True)
    ended = await stand.acme.ended(call.call_id)
    assert (reason_name(ended), ended.hangup_source) == ("COMPLETED", REMOTE)


async def test_what_is_not_livekits_is_refused(stand: InboundStand) -> None:
    """LiveKit's own webhooks are taken; altered, unsigned and repeated ones change nothing."""
    call = await stand.answered()
    await stand.acme.hang_up(call.call_id)
    assert set(stand.relay.answers) == {200}
    history = await stand.acme.history(call.call_id)
    port = stand.gateway.http_port
    told = [one for one in stand.relay.told if json.loads(one[1])["event"] == "participant_joined"]
    headers, body = told[0]
    altered = body.replace(b"sip_177", b"sip_178")
    assert altered != body
    assert await stand.relay.send(port, headers, altered) == 401
    assert await stand.relay.send(port, headers | {"Authorization": ""}, body) == 401
    assert await stand.relay.send(port, headers, body) == 200
    assert [found.call_id for found in await stand.calls()] == [call.call_id]
    assert await stand.acme.history(call.call_id) == history


async def test_two_gateways_hear_the_same(stand: InboundStand) -> None:
    """With every webhook at both gateways of a database a caller is one call."""
    other = Gateway(stand.settings())
    await other.start()
    stand.relay.targets.append(other.http_port)
    sip_call_id = stand.ring_in()
    call = await stand.taken_in()
    await stand.acme.until(call.call_id, calls_pb2.CALL_STATE_ACTIVE)
    stand.stack.hang_up_phone(sip_call_id)
    await stand.acme.ended(call.call_id)
    history = await stand.acme.history(call.call_id)
    await other.stop()
    assert history == ["CALL_CREATED", "CALL_RINGING", "CALL_ANSWERED", "CALL_ENDED"]
    assert len(await stand.calls()) == 1


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweeps begin all the time, and every leg is given time to leave."""
    monkeypatch.setattr(sweep, "EVERY", timedelta(seconds=0.2))
    monkeypatch.setattr(sweep, "TURN", timedelta(0))
    monkeypatch.setattr(sweep, "LEAVES_WITHIN", timedelta(hours=1))


@pytest.mark.usefixtures("often")
class TestSweep:
    """What webhooks do not tell is found by looking."""

    async def test_lost_webhooks(self, stand: InboundStand) -> None:
        """A caller that LiveKit told nobody of becomes a call, and its end is seen."""
        stand.relay.lossy = True
        sip_call_id = stand.ring_in()
        call = await stand.taken_in()
        await stand.acme.until(call.call_id, calls_pb2.CALL_STATE_ACTIVE)
        stand.stack.hang_up_phone(sip_call_id)
        assert reason_name(await stand.acme.ended(call.call_id)) == "COMPLETED"

    async def test_a_leg_that_was_left_behind(
        self, stand: InboundStand, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A leg that carries the id of an ended call is hung up; others' legs go on."""
        call = await stand.acme.place(BUSY, room=stand.room, wait_until_answered=True)
        identity = call.participant_identity
        ours = {"gateway.callId": call.call_id}
        await stand.dial_beside(REFUSES_TRANSFERS, stand.room, identity, **ours)
        elsewhere = {"gateway.callId": "call_of_another_installation"}
        await stand.dial_beside(REFUSES_TRANSFERS, stand.room, "other", **elsewhere)
        await stand.dial_beside(REFUSES_TRANSFERS, stand.room, "beside")
        assert identity in {one.identity for one in stand.stack.participants(stand.room)}
        monkeypatch.setattr(sweep, "LEAVES_WITHIN", timedelta(0))

        async def swept() -> bool:
            there = {one.identity for one in stand.stack.participants(stand.room)}
            assert there >= {"other", "beside"}
            return identity not in there

        await eventually(swept)
