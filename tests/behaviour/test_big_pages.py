"""Pages that would be longer than clients take end early, and go on without gap or repeat."""

from collections.abc import Sequence

from gateway.domain.calls.call import Call, CallState
from gateway.ports import Transaction
from gateway.telephony.v1 import calls_pb2
from tests.stands.stand import Stand
from tests.stands.values import a_call, an_event

LABELS = {f"{at:064}": "x" * 256 for at in range(32)}
CALLS = 700
MAX_MESSAGE = 4 * 1024 * 1024


def put(tx: Transaction, calls: Sequence[Call]) -> None:
    """Each with an event."""
    for call in calls:
        tx.put_call(call)
        tx.append_event(an_event(call))


async def test_a_page_of_big_calls(stand: Stand) -> None:
    """ListCalls and ListCallEvents: each answer is below 4 MiB, and together they are all."""
    made = [a_call(f"call_{at:04}", labels=LABELS, state=CallState.ENDED) for at in range(CALLS)]
    await stand.gateway.administration.store.transact(lambda tx: put(tx, made))

    listed: list[str] = []
    request = calls_pb2.ListCallsRequest(page_size=1000)
    pages = 0
    while not pages or request.page_token:
        page = await stand.acme.call("ListCalls", request)
        assert page.ByteSize() < MAX_MESSAGE
        listed += [call.call_id for call in page.calls]
        request.page_token = page.next_page_token
        pages += 1
    assert pages > 1
    assert sorted(listed) == [call.call_id for call in made]

    told: list[int] = []
    after = calls_pb2.ListCallEventsRequest(after_sequence=0, page_size=1000)
    while (events := await stand.acme.call("ListCallEvents", after)).events:
        assert events.ByteSize() < MAX_MESSAGE
        told += [event.sequence for event in events.events]
        assert events.sequence == told[-1]
        after.after_sequence = events.sequence
    assert told == list(range(1, CALLS + 1))
