"""What became of all calls of a tenant, counted from the database, the phones and the rooms."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from livekit import api

from gateway.audit.chain import verify
from gateway.domain.calls.call import Call, EventType
from gateway.domain.calls.event import CallEvent
from gateway.domain.outcome import EndReason
from gateway.ports import AuditQuery, Reading, Store
from gateway.service.arrivals.sweep import EVERY, LEAVES_WITHIN
from tests.stack.livekit_stack import LiveKitStack

NOT_KNOWN = {EndReason.OUTCOME_UNKNOWN, EndReason.PLATFORM_LOST}

SWEPT_WITHIN = LEAVES_WITHIN + 3 * EVERY
"""So long after its end a leg has been found by two sweeps, on a full machine too."""


@dataclass
class Verdict:
    """How many calls there were, and which of them broke which promise."""

    calls: int = 0
    unknown: int = 0
    lost: list[str] = field(default_factory=list)
    double_dialled: list[str] = field(default_factory=list)
    left_in_room: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    event_gaps: list[str] = field(default_factory=list)
    unaudited: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Requests of the well-behaved that were refused, or not answered in time, without a fault."""
    rang_too_long: list[str] = field(default_factory=list)
    """Calls that nothing but attacks kept from ending in time."""
    leases_lost: list[str] = field(default_factory=list)
    """Gateways that lost their lease without a fault."""

    @property
    def broken(self) -> Mapping[str, Sequence[str]]:
        """Each promise that was broken, and by what."""
        promises = {name: getattr(self, name) for name in _PROMISES}
        return {name: found for name, found in promises.items() if found}

    def __str__(self) -> str:
        counts = " ".join(f"{name}={len(getattr(self, name))}" for name in _PROMISES)
        return f"calls={self.calls} unknown={self.unknown} {counts}"


_PROMISES = (
    "lost",
    "double_dialled",
    "left_in_room",
    "stuck",
    "event_gaps",
    "unaudited",
    "refused",
    "rang_too_long",
    "leases_lost",
)


@dataclass(frozen=True)
class _Found:
    calls: Sequence[Call]
    events: Sequence[CallEvent]
    audit: Sequence[Mapping[str, Any]]
    chain_faults: Sequence[str]


async def verdict_of(
    store: Store, stack: LiveKitStack, tenant_id: str, accepted: Collection[str] = ()
) -> Verdict:
    """Looks at everything. `accepted`: calls that a client was told about."""
    found = await store.read(lambda tx: _read(tx, tenant_id))
    dialed: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for seen in stack.calls():
        if call_id := seen["attributes"].get("gateway.callId"):
            dialed[call_id].append(seen)
    verdict = Verdict(calls=len(found.calls))
    known = {call.call_id for call in found.calls}
    verdict.unknown = sum(call.end_reason in NOT_KNOWN for call in found.calls)
    verdict.lost = sorted(set(accepted) - known)
    verdict.stuck = [call.call_id for call in found.calls if not call.ended]
    verdict.double_dialled = [
        _history(call, dialed[call.call_id]) for call in found.calls if _twice(call, dialed)
    ]
    verdict.left_in_room = [
        _history(call, dialed[call.call_id]) for call in await _left_behind(found.calls, stack)
    ]
    verdict.event_gaps = list(_gaps(found))
    verdict.unaudited = list(_unaudited(found, dialed))
    return verdict


def _read(reading: Reading, tenant_id: str) -> _Found:
    events = list(reading.events(tenant_id, 0, limit=1_000_000))
    created = [e.call.call_id for e in events if e.type is EventType.CALL_CREATED]
    records = reading.audit(AuditQuery(limit=1_000_000))
    links = [one for log in reading.audit_logs() for one in reading.audit_log(log, 0, 1_000_000)]
    return _Found(
        [call for call_id in created if (call := reading.call(call_id))],
        events,
        [r.record for r in records if _of_a_call(r.record)],
        [str(fault) for fault in verify(links)],
    )


def _of_a_call(record: Mapping[str, Any]) -> bool:
    """Not of a transfer; a warm one places its human's call in its own name."""
    places = record["method"] in ("CallService/PlaceCall", "CallService/StartWarmTransfer")
    return places and not record.get("transfer_id")


def _twice(call: Call, dialed: Mapping[str, Sequence[Mapping[str, Any]]]) -> bool:
    """More INVITEs than attempts, or a second phone call after one that rang."""
    seen = dialed.get(call.call_id, ())
    rang = [one for one in seen if one["ring_time"]]
    return len(seen) > len(call.attempts) or len(rang) > 1


def _history(call: Call, seen: Sequence[Mapping[str, Any]]) -> str:
    """What the gateway knows of a call's attempts beside what its phones saw."""
    times = ("trunk_id", "invite_time", "ring_time", "answer_time", "end_time", "end", "end_cause")
    phones = [{name: one[name] for name in times} for one in seen]
    return f"{call.call_id}: {call}; {phones}"


async def _left_behind(calls: Sequence[Call], stack: LiveKitStack) -> list[Call]:
    """Those whose phone is still connected, or whose leg LiveKit still lists, though time is up.

    A livekit-server that is killed leaves legs in Redis that nobody holds any more; the second
    sweep after that deletes them with their rooms.
    """
    begun = monotonic()
    left = [call for call in calls if _in_room(call, stack)]
    while left and monotonic() - begun < _patience(left, stack):
        await asyncio.sleep(0.2)
        left = [call for call in left if _in_room(call, stack)]
    return left


def _patience(left: Sequence[Call], stack: LiveKitStack) -> float:
    """For how many seconds these may stay after their ends."""
    connected = {seen["identity"] for seen in stack.calls() if not seen["end_time"]}
    phones = any(call.participant_identity in connected for call in left)
    return LEAVES_WITHIN.total_seconds() if phones else SWEPT_WITHIN.total_seconds()


def _in_room(call: Call, stack: LiveKitStack) -> bool:
    """A leg without a room is only its entry in Redis, and nothing that LiveKit would tell of."""
    legs = {leg.identity for leg in stack.participants(call.room)}
    return call.participant_identity in legs and _there(call.room, stack)


def _there(room: str, stack: LiveKitStack) -> bool:
    request = api.ListRoomsRequest(names=[room])
    return bool(stack.ask(lambda client: client.room.list_rooms(request)).rooms)


def _gaps(found: _Found) -> list[str]:
    told: dict[str, Counter[EventType]] = defaultdict(Counter)
    for event in found.events:
        told[event.call.call_id][event.type] += 1
    wrong = []
    if [e.sequence for e in found.events] != list(range(1, len(found.events) + 1)):
        wrong.append("the tenant's sequence")
    for call in found.calls:
        counts = told[call.call_id]
        whole = (
            counts[EventType.CALL_CREATED] == 1
            and counts[EventType.CALL_ENDED] == int(call.ended)
            and counts[EventType.CALL_ANSWERED] == int(call.answered)
            and counts[EventType.ATTEMPT_FAILED] == len(call.attempts) - 1
        )
        if not whole:
            wrong.append(call.call_id)
    return wrong


def _unaudited(found: _Found, dialed: Mapping[str, Any]) -> list[str]:
    kinds = Counter((record["kind"], record.get("call_id")) for record in found.audit)
    wrong = [f"dialled {call_id}" for call_id in dialed if kinds["INTENT", call_id] != 1]
    wrong += [
        f"ended {call.call_id}"
        for call in found.calls
        if call.ended and kinds["OUTCOME", call.call_id] != 1
    ]
    return wrong + list(found.chain_faults)
