"""The stream of events: whole, in order, and the same for everybody."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from gateway.domain.calls.call import Call, CallState, EventType, LegOptions, Wishes
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.transfer import TransferState
from tests.simulation.clients.told import Seen, Told
from tests.simulation.judge.bounds import JUST
from tests.simulation.judge.case import Case, Story
from tests.simulation.judge.evidence import Breach
from tests.simulation.judge.weather import DATABASE

_T = EventType
_ONCE = {
    _T.CALL_CREATED: "begins",
    _T.CALL_RINGING: "rings",
    _T.CALL_ANSWERED: "is answered",
    _T.CALL_ENDED: "ends",
}
_FORWARD = {
    TransferState.PENDING: set(TransferState),
    TransferState.OUTCOME_UNKNOWN: {
        TransferState.OUTCOME_UNKNOWN,
        TransferState.COMPLETED,
        TransferState.FAILED,
    },
    TransferState.CONSULTING: {
        TransferState.CONSULTING,
        TransferState.COMPLETED,
        TransferState.FAILED,
        TransferState.CANCELED,
    },
    **{
        state: {state}
        for state in (TransferState.COMPLETED, TransferState.FAILED, TransferState.CANCELED)
    },
}
_STATE = {
    _T.CALL_CREATED: {CallState.DIALING},
    _T.CALL_RINGING: {CallState.RINGING},
    _T.CALL_ANSWERED: {CallState.AUTOMATION, CallState.ACTIVE},
    _T.ATTEMPT_FAILED: {CallState.DIALING},
    _T.CALL_ENDED: {CallState.ENDED},
}


def sequences_have_no_gaps(case: Case) -> Iterator[Breach]:
    """A tenant's events are numbered 1, 2, 3 …, without gaps or repeats, in the stored order."""
    numbers: dict[str, int] = {}
    ids: Counter[str] = Counter()
    for event in case.stored.events:
        expected = numbers.get(event.tenant_id, 0) + 1
        if event.sequence != expected:
            text = f"event #{event.sequence} comes where #{expected} should"
            yield Breach(event.tenant_id, text, case.when(event))
        numbers[event.tenant_id] = event.sequence
        ids[event.event_id] += 1
    for event_id, count in ids.items():
        if count > 1:
            yield Breach(event_id, f"{count} events have this id")
    for tenant, newest in case.stored.sequences.items():
        if newest != numbers.get(tenant, 0):
            text = f"its newest event is #{numbers.get(tenant, 0)}, not #{newest}"
            yield Breach(tenant, text)


def watchers_see_everything_once(case: Case) -> Iterator[Breach]:
    """A watcher that began at 0 has seen every event of its tenant exactly once, in order."""
    for (tenant, watcher), seen in case.evidence.watched.items():
        about, newest = f"{tenant}/{watcher}", case.stored.sequences.get(tenant, 0)
        wrong = next((at for at, one in enumerate(seen, 1) if one.sequence != at), None)
        if wrong is not None:
            one = seen[wrong - 1]
            yield Breach(about, f"it got #{one.sequence} for #{wrong}", one.time)
        elif len(seen) != newest:
            yield Breach(about, f"it got {len(seen)} of {newest} events", case.evidence.end)


def watchers_see_what_is_stored(case: Case) -> Iterator[Breach]:
    """What a watcher gets is the stored event, not before it happened."""
    stored = {(one.tenant_id, one.sequence): one for one in case.stored.events}
    for (tenant, watcher), seen in case.evidence.watched.items():
        for one in seen:
            event = stored.get((tenant, one.sequence))
            if event is None or not _is_same(one, event):
                text = f"#{one.sequence} is not the stored event: {one.type} of {one.call_id}"
                yield Breach(f"{tenant}/{watcher}", text, one.time)
            elif case.when(event) > one.time + JUST:
                text = f"it got #{one.sequence} before it happened"
                yield Breach(f"{tenant}/{watcher}", text, one.time)


def a_call_goes_only_forward(case: Case) -> Iterator[Breach]:
    """A call begins with CALL_CREATED, moves only forward and ends once.

    It rings and is answered at most once. After CALL_ENDED at most a transfer changes.
    """
    for story in case.stories.values():
        for text, event in _backward(story.events):
            yield Breach(story.call.call_id, text, case.when(event))
        counts = Counter(one.type for one in story.events)
        for kind, what in _ONCE.items():
            if counts[kind] > 1:
                yield Breach(story.call.call_id, f"it {what} {counts[kind]} times", story.begin)
        told = {
            _T.CALL_CREATED: True,
            _T.CALL_RINGING: story.call.ring_time is not None,
            _T.CALL_ANSWERED: story.call.answer_time is not None,
            _T.CALL_ENDED: story.call.ended,
        }
        for kind, expected in told.items():
            if expected != bool(counts[kind]):
                text = f"{kind} is {'missing' if expected else 'wrong'}"
                yield Breach(story.call.call_id, text, story.begin)
        failed = max(len(story.call.attempts) - 1, 0)
        if counts[_T.ATTEMPT_FAILED] != failed:
            text = f"{counts[_T.ATTEMPT_FAILED]} ATTEMPT_FAILED for {failed} failed attempts"
            yield Breach(story.call.call_id, text, story.begin)


def transfers_go_only_forward(case: Case) -> Iterator[Breach]:
    """A transfer begins as PENDING; COMPLETED, FAILED and CANCELED are final."""
    newest: dict[str, TransferState] = {}
    for event in case.stored.events:
        transfer = event.transfer
        if transfer is None:
            continue
        before = newest.get(transfer.transfer_id)
        forward = {TransferState.PENDING} if before is None else _FORWARD[before]
        if transfer.state not in forward:
            text = f"from {before or 'nothing'} to {transfer.state}"
            yield Breach(transfer.transfer_id, text, case.when(event))
        newest[transfer.transfer_id] = transfer.state
    for transfer in case.stored.transfers.values():
        if newest.get(transfer.transfer_id) is not transfer.state:
            yield Breach(transfer.transfer_id, f"no event told {transfer.state}")


def events_show_the_call_as_it_was(case: Case) -> Iterator[Breach]:
    """An event has its own sequence in its call, the state of its type, and the call of then.

    An ended call never changes again.
    """
    for story in case.stories.values():
        for event in story.events:
            states = _STATE.get(event.type)
            if event.call.sequence != event.sequence or (states and event.call.state not in states):
                text = f"{event.type} #{event.sequence} shows {event.call.state.name}"
                text = f"{text} #{event.call.sequence}"
                yield Breach(story.call.call_id, text, case.when(event))
        newest = story.events[-1] if story.events else None
        if newest and _told(newest.call) != _told(story.call):
            text = f"the stored call is not that of its newest event, {newest.type}"
            yield Breach(story.call.call_id, text, case.when(newest))
        ended = next((one for one in story.events if one.type is _T.CALL_ENDED), None)
        if ended and _final(ended.call) != _final(story.call):
            yield Breach(story.call.call_id, "it changed after its end", story.end or 0.0)


def clients_are_told_what_was(case: Case) -> Iterator[Breach]:
    """A state that a client is told is one that the call had; the end is told as it is stored.

    While the database is away HangUpCall tells the end as it will be stored if nobody else was
    sooner.
    """
    for story in case.stories.values():
        states = {event.call.state for event in story.events}
        for told in story.told:
            if told.call is None or told.call_id != story.call.call_id:
                continue
            if case.weather.struck(story.begin, told.told, DATABASE):
                continue
            if told.state not in states or not _same_end(told, story):
                text = f"{told.method} was told {told.state} {told.end_reason}"
                yield Breach(story.call.call_id, text.rstrip(), told.told)


def everything_stored_can_be_read(case: Case) -> Iterator[Breach]:
    """No row is stored that the store's own codec cannot read."""
    for row in case.stored.unreadable:
        yield Breach(row, "it cannot be read")


def _backward(events: Sequence[CallEvent]) -> Iterator[tuple[str, CallEvent]]:
    """Where the events of a call do not go forward."""
    state, over = CallState.DIALING, False
    for at, event in enumerate(events):
        if (event.type is _T.CALL_CREATED) != (at == 0):
            yield f"event {at + 1} of the call is {event.type}", event
        if over and event.type is not _T.TRANSFER_CHANGED:
            yield f"{event.type} after its end", event
        if event.call.state < state:
            yield f"from {state.name} back to {event.call.state.name}", event
        state = event.call.state
        over = over or event.type is _T.CALL_ENDED


def _is_same(seen: Seen, event: CallEvent) -> bool:
    call = event.call
    expected = (event.event_id, event.type, call.call_id, call.state, call.end_reason)
    return (seen.event_id, seen.type, seen.call_id, seen.state, seen.end_reason) == expected


def _told(call: Call) -> tuple[object, ...]:
    """What every change of is an event."""
    times = (call.ring_time, call.answer_time, call.end_time)
    return (call.state, call.end_reason, call.sequence, len(call.attempts), *times)


def _final(call: Call) -> Call:
    """Without what a late transfer changes, and what events do not show."""
    return replace(call, sequence=0, leg=LegOptions(), wishes=Wishes(), backups=())


def _same_end(told: Told, story: Story) -> bool:
    reason = story.call.end_reason
    return told.state is not CallState.ENDED or told.end_reason == reason


RULES = (
    sequences_have_no_gaps,
    watchers_see_everything_once,
    watchers_see_what_is_stored,
    a_call_goes_only_forward,
    transfers_go_only_forward,
    events_show_the_call_as_it_was,
    clients_are_told_what_was,
    everything_stored_can_be_read,
)
