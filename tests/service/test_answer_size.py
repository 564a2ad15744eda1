"""Pages end by bytes as well as by their size, and go on where they ended."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.calls.call import Attempt, Call, CallState, Direction
from gateway.domain.calls.delivery import Delivery, DeliveryState, WebhookRef
from gateway.domain.calls.event import CallEvent
from gateway.domain.outcome import EndReason, HangupSource
from gateway.domain.tenant import Trunk, TrunkNumber
from gateway.ports import ApiKey
from gateway.service.api.paging.answer_size import (
    MAX_ANSWER_BYTES,
    call_bytes,
    delivery_bytes,
    event_bytes,
    fitting,
    transfer_bytes,
)
from gateway.service.api.webhooks import PageOfDeliveries
from gateway.wire.admin_v1 import responses as admin_responses
from gateway.wire.telephony_v1 import responses
from gateway.wire.telephony_v1 import webhooks as webhooks_v1
from tests.stands.clocks import NOON
from tests.stands.values import a_call, a_transfer, an_event

LETTERS = ["", "x", "ä", "€", "😀"]
MAX_MESSAGE = 4 * 1024 * 1024


def text(chance: random.Random, longest: int = 400) -> str:
    return chance.choice(LETTERS) * chance.randrange(longest)


def some_call(chance: random.Random) -> Call:
    """Every time, number and text that a call may have."""
    attempt = Attempt(
        trunk_id=text(chance),
        livekit_trunk_id="ST_1",
        caller_id=text(chance),
        start_time=NOON,
        highest_state=CallState.ENDED,
        sip_call_id=text(chance),
        sip_status_code=2**31 - 1,
        sip_status=text(chance),
        ring_time=NOON,
        end_time=NOON,
        next_attempt=text(chance),
    )
    return a_call(
        text(chance),
        to=text(chance),
        room=text(chance),
        participant_identity=text(chance),
        participant_id=text(chance),
        direction=Direction.INBOUND,
        state=CallState.ENDED,
        end_reason=EndReason.OUTCOME_UNKNOWN,
        hangup_source=HangupSource.UNKNOWN,
        sip_call_id_full=text(chance),
        sip_status=text(chance),
        sip_status_code=2**31 - 1,
        attempts=(attempt,) * chance.randrange(4),
        labels={f"{at}{text(chance)}": text(chance) for at in range(chance.randrange(32))},
        ringing_timeout=timedelta(seconds=300, microseconds=999_999),
        max_duration=timedelta(hours=23, microseconds=1),
        ring_time=NOON,
        answer_time=NOON,
        end_time=NOON,
        sandbox=True,
        end_room_on_hangup=True,
        sequence=2**62,
    )


@pytest.mark.parametrize("seed", range(50))
def test_nothing_is_longer_than_it_is_held_to_be(seed: int) -> None:
    """What a call, event, transfer or delivery takes of a response is never underestimated."""
    chance = random.Random(seed)
    call = some_call(chance)
    transfer = a_transfer(
        text(chance), text(chance), to=text(chance), sip_status=text(chance), end_time=NOON
    )
    event = replace(an_event(call), sequence=2**62, transfer=transfer)
    delivery = Delivery(
        webhook=WebhookRef("acme", "w"),
        sequence=2**62,
        call_id=text(chance),
        state=DeliveryState.DEAD,
        event_time=NOON,
        tries=18,
        next_time=NOON,
        last_status=599,
        last_error=text(chance),
    )
    assert responses.page_of_calls(([call], "")).ByteSize() <= call_bytes(call)
    assert responses.transfers_of_call([transfer]).ByteSize() <= transfer_bytes(transfer)
    # beside the page's own sequence
    assert responses.page_of_events(([event], 0)).ByteSize() <= event_bytes(event)
    page = PageOfDeliveries([delivery], "", 0)
    assert webhooks_v1.page(page).ByteSize() <= delivery_bytes(delivery)


def test_a_thousand_ordinary_calls_are_a_page() -> None:
    """What calls usually are, a page of the greatest size holds."""
    calls = [a_call(f"call_{at}", labels={"order": str(at)}) for at in range(1001)]
    assert len(fitting(calls, call_bytes, 1000)) == 1000


def test_a_page_of_big_calls_ends_early() -> None:
    """As many as fit, and one at least."""
    labels = {f"{at:064}": "x" * 256 for at in range(32)}
    calls = [a_call(f"call_{at}", labels=labels) for at in range(1000)]
    page = fitting(calls, call_bytes, 1000)
    assert 250 < len(page) < 1000
    assert responses.page_of_calls((page, "")).ByteSize() <= MAX_ANSWER_BYTES
    assert fitting(calls, lambda _: 2 * MAX_ANSWER_BYTES, 1000) == calls[:1]
    assert fitting([], call_bytes, 10) == []


def big_trunks(count: int) -> Sequence[Trunk]:
    numbers = tuple(TrunkNumber(f"+1500555{at:04}") for at in range(1000))
    return [Trunk(trunk_id=f"trunk-{at}", numbers=numbers) for at in range(count)]


def keys(count: int) -> Sequence[ApiKey]:
    return [
        ApiKey(
            key=f"GW{at:030}",
            tenant_id="x" * 40,
            rights=frozenset(),
            sealed_secret=b"",
            create_time=NOON,
            revoke_time=None,
        )
        for at in range(count)
    ]


UNPAGED: list[tuple[Any, Sequence[Any], str]] = [
    (responses.trunks, big_trunks(1000), "trunks"),
    (
        responses.transfers_of_call,
        [a_transfer(f"t{at}", "c", to="x" * 255) for at in range(20_000)],
        "transfers",
    ),
    (admin_responses.keys, keys(50_000), "keys"),
]


@pytest.mark.parametrize(("encode", "found", "name"), UNPAGED, ids=["trunks", "transfers", "keys"])
def test_a_list_without_pages_says_how_many_more_there_are(
    encode: Any, found: Sequence[Any], name: str
) -> None:
    """It ends before a client would refuse it, and tells the number of the rest."""
    message = encode(found)
    told = len(getattr(message, name))
    assert 0 < told < len(found)
    assert getattr(message, f"more_{name}") == len(found) - told
    assert MAX_ANSWER_BYTES // 2 < message.ByteSize() <= MAX_ANSWER_BYTES + 16
    assert getattr(encode(found[:3]), f"more_{name}") == 0


def test_one_event_always_fits() -> None:
    """A watch sends one at a time; the biggest that there may be is far from 4 MiB."""
    labels = {f"{at:064}": "x" * 256 for at in range(32)}
    attempt = Attempt(
        trunk_id="t" * 64, livekit_trunk_id="", start_time=NOON, sip_status="x" * 64 * 1024
    )
    call = a_call("call_1", labels=labels, attempts=(attempt,) * 10)
    event: CallEvent = an_event(call)
    assert responses.watched(event).ByteSize() < MAX_MESSAGE // 4
