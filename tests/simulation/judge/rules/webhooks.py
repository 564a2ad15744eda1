"""Webhooks: every event reaches its receiver, each call in order."""

from collections import defaultdict
from collections.abc import Iterator

from gateway.domain.calls.call import EventType
from tests.simulation.judge.bounds import DELIVERED, LATE
from tests.simulation.judge.case import Case
from tests.simulation.judge.evidence import Breach
from tests.simulation.judge.weather import RECEIVERS, TROUBLE

_KINDS = TROUBLE | RECEIVERS


def each_event_is_delivered(case: Case) -> Iterator[Breach]:
    """Each event of a tenant is answered 2xx by each of its receivers, or it is dead.

    Or it is still to be tried again later, by its schedule.
    """
    delivered = {
        (one.tenant, one.webhook, one.sequence) for one in case.evidence.received if one.ok
    }
    waiting = {(one.tenant, one.webhook, one.sequence): one for one in case.stored.undelivered}
    later = {
        (one.tenant, one.webhook, one.call_id)
        for one in case.stored.undelivered
        if not one.dead and one.tries and case.of_epoch(one.next_time) > case.evidence.end - LATE
    }
    for tenant, webhook in _webhooks(case):
        for event in case.stored.events:
            key = (tenant, webhook, event.sequence)
            if event.tenant_id != tenant or key in delivered:
                continue
            kept = waiting.get(key)
            put_off = kept and (kept.dead or (tenant, webhook, kept.call_id) in later)
            if not put_off:
                text = f"{webhook} was never given #{event.sequence}"
                yield Breach(tenant, text, case.when(event))


def nothing_waits_for_a_receiver_that_is_well(case: Case) -> Iterator[Breach]:
    """In the end a webhook has taken up every event, and none that is due is left."""
    for tenant, webhook in _webhooks(case):
        newest, cursor = (
            case.stored.sequences.get(tenant, 0),
            case.stored.cursors.get((tenant, webhook)),
        )
        if newest and cursor != newest:
            yield Breach(tenant, f"{webhook} is at #{cursor} of {newest}", case.evidence.end)
    for one in case.stored.undelivered:
        if one.dead or one.next_time is None:
            continue
        late = case.evidence.end - case.of_epoch(one.next_time)
        if late > DELIVERED + case.weather.allowance(case.evidence.end - late, case.evidence.end):
            text = f"{one.webhook}: #{one.sequence} is due for {late:.3f} s"
            yield Breach(one.tenant, text, case.evidence.end)


def calls_are_delivered_in_order(case: Case) -> Iterator[Breach]:
    """The next event of a call is sent only after the one before it was taken or given up."""
    taken: dict[tuple[str, str, str], int] = defaultdict(int)
    order: dict[tuple[str, str], list[int]] = defaultdict(list)
    for event in case.stored.events:
        order[event.tenant_id, event.call.call_id].append(event.sequence)
    dead = {(one.tenant, one.webhook, one.sequence) for one in case.stored.undelivered if one.dead}
    for one in case.evidence.received:
        key = (one.tenant, one.webhook, one.call_id)
        before = [
            sequence
            for sequence in order[one.tenant, one.call_id]
            if taken[key] < sequence < one.sequence
            and (one.tenant, one.webhook, sequence) not in dead
        ]
        if before:
            text = f"{one.webhook} got #{one.sequence} before #{before[0]}"
            yield Breach(one.call_id, text, one.time)
        if one.ok:
            taken[key] = max(taken[key], one.sequence)


def receivers_get_their_own_events(case: Case) -> Iterator[Breach]:
    """A receiver gets the stored events of its tenant and nothing else."""
    stored = {(one.tenant_id, one.sequence): one for one in case.stored.events}
    for one in case.evidence.received:
        event = stored.get((one.tenant, one.sequence))
        same = event and (event.event_id, event.call.call_id) == (one.event_id, one.call_id)
        if not same or (one.tenant, one.webhook) not in set(_webhooks(case)):
            yield Breach(one.tenant, f"{one.webhook} got #{one.sequence}: not its own", one.time)


def nothing_is_repeated_without_a_cause(case: Case) -> Iterator[Breach]:
    """What a receiver has taken comes again only after a fault."""
    taken: dict[tuple[str, str, int], float] = {}
    for one in case.evidence.received:
        key = (one.tenant, one.webhook, one.sequence)
        since = taken.get(key)
        if since is not None and not case.weather.struck(since, one.time, _KINDS):
            yield Breach(one.tenant, f"{one.webhook} got #{one.sequence} again", one.time)
        if one.ok:
            taken.setdefault(key, one.time)


def deliveries_begin_at_once(case: Case) -> Iterator[Breach]:
    """Without a fault a call's first event is sent within 5 s."""
    first: dict[tuple[str, str, int], float] = {}
    for one in case.evidence.received:
        first.setdefault((one.tenant, one.webhook, one.sequence), one.time)
    for tenant, webhook in _webhooks(case):
        for event in case.stored.events:
            if event.tenant_id != tenant or event.type is not EventType.CALL_CREATED:
                continue
            stored = case.when(event)
            sent = first.get((tenant, webhook, event.sequence), case.evidence.end)
            if sent - stored > DELIVERED and not case.weather.struck(stored, sent, _KINDS):
                text = f"{webhook} got #{event.sequence} after {sent - stored:.3f} s"
                yield Breach(tenant, text, sent)


def _webhooks(case: Case) -> list[tuple[str, str]]:
    return [
        (tenant.tenant_id, webhook.webhook_id)
        for tenant in case.config.tenants
        for webhook in tenant.webhooks
    ]


RULES = (
    each_event_is_delivered,
    nothing_waits_for_a_receiver_that_is_well,
    calls_are_delivered_in_order,
    receivers_get_their_own_events,
    nothing_is_repeated_without_a_cause,
    deliveries_begin_at_once,
)
