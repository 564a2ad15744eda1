"""The metrics of calls, trunks and limits, as they are scraped."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from gateway.build.figures import count_outcomes
from gateway.domain.audit_event import ChainedAuditEvent
from gateway.metrics import CALLS_ENDED, MOST_NAMED, OTHER, Named
from gateway.telephony.v1 import calls_pb2
from tests.stands.phones import ANSWERS, BUSY
from tests.stands.stand import Stand, configuration, on_sandbox, refusal
from tests.stands.waiting import eventually

Figures = dict[str, float]


@pytest.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    async with on_sandbox(tmp_path) as made:
        yield made


async def scraped(stand: Stand) -> Figures:
    """Every series by its name and labels, as Prometheus reads them."""
    url = f"http://127.0.0.1:{stand.gateway.http_port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as reply:
        text = await reply.text()
    rows = re.findall(r"^(gateway_\S+(?:\{.*\})?) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in rows}


async def grown(stand: Stand, before: Figures) -> Figures:
    """What is more than before, or other for a gauge; the registry is the whole process's."""
    now = await scraped(stand)
    return {name: value - before.get(name, 0) for name, value in now.items()}


async def test_answers_are_divided_by_seizures(stand: Stand) -> None:
    """A busy phone seizes the trunk, an answered one is also an answer; delays are measured."""
    before = await scraped(stand)
    for number in (ANSWERS, BUSY):
        call = await stand.acme.place(number, wait_until_answered=True)
        await stand.acme.hang_up(call.call_id)
    more = await grown(stand, before)
    assert more['gateway_trunk_seizures_total{trunk="acme-main"}'] == 2
    assert more['gateway_trunk_answers_total{trunk="acme-main"}'] == 1
    assert more['gateway_post_dial_seconds_count{trunk="acme-main"}'] >= 1
    assert more['gateway_calls_ended_total{reason="BUSY",trunk="acme-main"}'] == 1


def test_only_outcomes_of_calls_are_counted() -> None:
    """Those of inbound trunks and rules have no call, and no trunk that is dialled."""
    text = '{"kind":"OUTCOME","method":"inbound create","reason":"COMPLETED"}'
    before = CALLS_ENDED.collect()
    count_outcomes([ChainedAuditEvent("", 1, "", "", text)])
    assert CALLS_ENDED.collect() == before


async def test_open_calls_are_told_beside_their_limits(stand: Stand) -> None:
    """By tenant and state; when they are over they are 0."""
    limits = {"max_concurrent_calls": 7}
    await stand.apply(configuration(stand.trunk, limits=limits))
    call = await stand.acme.place(ANSWERS, wait_until_answered=True)
    open_calls = 'gateway_calls_open{direction="OUTBOUND",state="ACTIVE",tenant="acme"}'

    async def told(name: str, value: float) -> None:
        async def seen() -> bool:
            return (await scraped(stand)).get(name) == value

        await eventually(seen)

    await told('gateway_calls_maximum{direction="OUTBOUND",tenant="acme"}', 7)
    await told(open_calls, 1)
    await told('gateway_trunk_calls_open{trunk="acme-main"}', 1)
    assert (await scraped(stand))['gateway_trunk_standing{trunk="acme-main"}'] == 0
    assert (await scraped(stand))['gateway_dials{platform="sandbox",what="limit"}'] >= 1
    await stand.acme.hang_up(call.call_id)
    await asyncio.gather(
        told(open_calls, 0), told('gateway_trunk_calls_open{trunk="acme-main"}', 0)
    )


async def test_refusals_holds_transfers_and_batches_are_counted(stand: Stand) -> None:
    """A refusal by its tenant and reason, a hold both ways, a transfer by its state."""
    before = await scraped(stand)
    await refusal(stand.acme.place("nonsense"))
    call = await stand.acme.place(ANSWERS, wait_until_answered=True)
    await stand.acme.call("HoldCall", calls_pb2.HoldCallRequest(call_id=call.call_id))
    await stand.acme.call("ResumeCall", calls_pb2.ResumeCallRequest(call_id=call.call_id))
    await stand.acme.transfer(call.call_id, ANSWERS, wait_until_settled=True)
    await stand.acme.ended(call.call_id)
    more = await grown(stand, before)
    assert more['gateway_tenant_refusals_total{reason="INVALID_FIELD",tenant="acme"}'] == 1
    assert more['gateway_holds_total{what="held"}'] == 1
    assert more['gateway_holds_total{what="resumed"}'] == 1
    assert more['gateway_transfers_total{mode="COLD",state="COMPLETED"}'] == 1
    assert more["gateway_database_batch_seconds_count"] >= 4
    assert more["gateway_database_batch_transactions_sum"] >= 4
    assert more["gateway_database_wait_seconds_count"] >= 4


def test_labels_are_bounded() -> None:
    """The first names of the configuration are told, the rest together; none is none."""
    named = Named()
    named.keep(f"tenant-{number}" for number in range(MOST_NAMED + 50))
    told = {named(f"tenant-{number}") for number in range(10 * MOST_NAMED)}
    assert len(told) == MOST_NAMED + 1
    assert named("tenant-0") == "tenant-0"
    assert named(f"tenant-{MOST_NAMED}") == named("a stranger") == OTHER
    assert named("") == ""
