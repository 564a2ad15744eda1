"""WatchCalls and ListCallEvents: every event once, in order, from wherever one left off."""

import asyncio
from datetime import UTC, datetime, timedelta

from gateway.telephony.v1 import calls_pb2
from tests.stands.phones import ANSWERS, BUSY, HANGS_UP, RINGS_FOR_EVER
from tests.stands.stand import Stand, event_name, refusal, span


async def test_a_watch_of_one_call_tells_it_from_beginning_to_end(stand: Stand) -> None:
    """A watch after 0 tells what is stored, then what comes, and ends OK after the end."""
    call = await stand.acme.place(HANGS_UP)
    await stand.acme.until(call.call_id, calls_pb2.CALL_STATE_RINGING)
    request = calls_pb2.WatchCallsRequest(call_id=call.call_id, after_sequence=0)
    seen = [
        response.event
        async for response in stand.grpc().watch(request, token=stand.acme.token)
        if response.WhichOneof("message") == "event"
    ]
    told = [event_name(event) for event in seen]
    assert told in stand.histories("CALL_CREATED", "CALL_RINGING", "CALL_ANSWERED", "CALL_ENDED")
    assert seen == await stand.acme.events(call.call_id)
    states = [event.call.state for event in seen]
    assert states == sorted(states)


async def test_sequences_have_no_gap(stand: Stand) -> None:
    """The tenant's events of many calls at once are numbered 1, 2, 3 … in the order stored."""
    calls = await asyncio.gather(*[stand.acme.place(BUSY) for _ in range(10)])
    for call in calls:
        await stand.acme.ended(call.call_id)
    events = await stand.acme.events()
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert len({event.event_id for event in events}) == len(events)
    for call in calls:
        own = [event for event in events if event.call.call_id == call.call_id]
        told = [event_name(event) for event in own]
        assert (told[0], told[-1]) == ("CALL_CREATED", "CALL_ENDED")
        assert (await stand.acme.get(call.call_id)).sequence == own[-1].sequence


async def test_a_watch_goes_on_where_another_left_off(stand: Stand) -> None:
    """Watches cut at any event and resumed after its sequence tell each event exactly once."""
    calls = [await stand.acme.place(BUSY) for _ in range(3)]
    seen: list[calls_pb2.CallEvent] = []
    while sum(event_name(event) == "CALL_ENDED" for event in seen) < len(calls):
        after = seen[-1].sequence if seen else 0
        request = calls_pb2.WatchCallsRequest(after_sequence=after)
        async for response in stand.grpc().watch(request, token=stand.acme.token):
            if response.WhichOneof("message") == "event":
                seen.append(response.event)
                break
    assert seen == await stand.acme.events()
    assert [event.sequence for event in seen] == list(range(1, len(seen) + 1))


async def test_what_is_told_live_is_what_is_stored(stand: Stand) -> None:
    """A watch that hears each event as it comes, and who asks afterwards, get the same."""
    stream = stand.grpc().watch(calls_pb2.WatchCallsRequest(), token=stand.acme.token)
    await anext(stream)
    call = await stand.acme.place(ANSWERS, wait_until_answered=True, labels={"order": "4711"})
    await stand.acme.transfer(call.call_id, BUSY, wait_until_settled=True)
    update = calls_pb2.UpdateCallRequest(call_id=call.call_id, max_duration=span(3000))
    await stand.acme.call("UpdateCall", update)
    await stand.acme.hang_up(call.call_id)
    stored = await stand.acme.events()
    assert [(await anext(stream)).event for _ in stored] == stored
    assert {event_name(event) for event in stored} >= {"TRANSFER_CHANGED", "CALL_UPDATED"}
    await stream.aclose()


async def test_an_unset_sequence_means_from_now(stand: Stand) -> None:
    """A watch without after_sequence begins with a heartbeat and tells only what comes."""
    before = await stand.acme.place(BUSY, wait_until_answered=True)
    stream = stand.grpc().watch(calls_pb2.WatchCallsRequest(), token=stand.acme.token)
    first = await anext(stream)
    assert first.heartbeat.sequence == before.sequence
    call = await stand.acme.place(BUSY)
    second = await anext(stream)
    assert second.event.sequence == before.sequence + 1
    assert second.event.call.call_id == call.call_id
    await stream.aclose()


async def test_a_long_poll_answers_with_the_next_event(stand: Stand) -> None:
    """ListCallEvents with wait answers when there is an event, and says where to go on."""
    request = calls_pb2.ListCallEventsRequest(after_sequence=0, wait=span(20))
    waiting = asyncio.create_task(stand.acme.call("ListCallEvents", request))
    call = await stand.acme.place(RINGS_FOR_EVER)
    response = await waiting
    told = [event_name(event) for event in response.events]
    after = response.sequence
    while "CALL_RINGING" not in told:
        request = calls_pb2.ListCallEventsRequest(after_sequence=after, wait=span(20))
        response = await stand.acme.call("ListCallEvents", request)
        told += [event_name(event) for event in response.events]
        after = response.sequence
    assert told[-1] == "CALL_RINGING"
    assert after == 2
    await stand.acme.hang_up(call.call_id)


async def test_a_long_poll_without_events_is_empty(stand: Stand) -> None:
    """ListCallEvents answers empty when nothing came in time, at the sequence it asked."""
    for wait in (None, span(0.2)):
        request = calls_pb2.ListCallEventsRequest(after_sequence=0, wait=wait)
        response = await stand.acme.call("ListCallEvents", request)
        assert (list(response.events), response.sequence) == ([], 0)


async def test_events_that_never_were_are_expired(stand: Stand) -> None:
    """A sequence beyond the newest is EVENTS_EXPIRED, with the range that there is."""
    request = calls_pb2.ListCallEventsRequest(after_sequence=99)
    refused = await refusal(stand.acme.call("ListCallEvents", request))
    assert (refused.code, refused.reason) == ("out_of_range", "EVENTS_EXPIRED")
    assert refused.metadata["newest_sequence"] == "0"


async def test_what_is_kept_no_more_is_expired(stand: Stand) -> None:
    """Events and ended calls are forgotten in time; whoever goes on behind them is told."""
    call = await stand.acme.place(BUSY, wait_until_answered=True)
    store, far = stand.gateway.administration.store, datetime.now(UTC) + timedelta(days=40)
    while await store.transact(lambda tx: tx.prune_history(far)):
        pass
    assert (await refusal(stand.acme.get(call.call_id))).reason == "CALL_NOT_FOUND"
    request = calls_pb2.ListCallEventsRequest(after_sequence=1)
    refused = await refusal(stand.acme.call("ListCallEvents", request))
    assert (refused.code, refused.reason) == ("out_of_range", "EVENTS_EXPIRED")
    assert refused.metadata["oldest_sequence"] == str(call.sequence + 1)
    later = await stand.acme.place(BUSY, wait_until_answered=True)
    kept = await stand.acme.events()
    assert [event.sequence for event in kept] == [*range(call.sequence + 1, later.sequence + 1)]


async def test_a_watch_is_refused_like_any_method(stand: Stand) -> None:
    """A watch without a token, or of an unknown call, ends with the refusal."""
    stream = stand.grpc().watch(calls_pb2.WatchCallsRequest(), token="")
    assert (await refusal(anext(stream))).reason == "UNAUTHENTICATED"
    unknown = calls_pb2.WatchCallsRequest(call_id="call_0")
    stream = stand.grpc().watch(unknown, token=stand.acme.token)
    assert (await refusal(anext(stream))).reason == "CALL_NOT_FOUND"


async def test_a_watch_ends_with_its_token_or_its_key(stand: Stand) -> None:
    """A stream warns of its token's end and ends UNAUTHENTICATED then, or when the key goes."""
    admin = stand.gateway.administration.admin
    for how in ("expires", "revoked"):
        created = await admin.create_key("acme")
        await stand.gateway.administration.directory.refresh()
        token = admin.sign(created.key, life=timedelta(seconds=6 if how == "expires" else 3600))
        watch = stand.grpc().watch(calls_pb2.WatchCallsRequest(), token=token)
        first = (await anext(watch)).heartbeat
        assert first.HasField("end_time") is (how == "expires")
        if how == "revoked":
            await admin.revoke_key(created.key.key)
        ended = await refusal(anext(watch))
        assert (ended.code, ended.reason) == ("unauthenticated", "UNAUTHENTICATED")
