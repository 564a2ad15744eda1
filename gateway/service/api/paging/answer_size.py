"""Pages limited in bytes as well: how much of a response each entry takes at most."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from gateway.domain.calls.call import Attempt, Call
from gateway.domain.calls.delivery import Delivery
from gateway.domain.calls.event import CallEvent
from gateway.domain.calls.transfer import Transfer

MAX_ANSWER_BYTES = 3 * 1024 * 1024
"""Of a response; gRPC clients take messages of 4 MiB by default."""

_CALL = 320
"""Of a call's numbers, times and durations, all set."""
_ATTEMPT = _TRANSFER = _EVENT = _DELIVERY = 160
"""The same of each of these."""
_TEXT = 6
"""What a text takes in addition to its own bytes."""

T = TypeVar("T")


def fitting(found: Sequence[T], bytes_of: Callable[[T], int], size: int) -> Sequence[T]:
    """The first `size` of `found`, or as many as fit into a response; at least one."""
    left = MAX_ANSWER_BYTES
    for at, one in enumerate(found[:size]):
        left -= bytes_of(one)
        if at and left < 0:
            return found[:at]
    return found[:size]


def call_bytes(call: Call) -> int:
    """Of a call as callers see it."""
    texts = _texts(
        call.call_id,
        call.to,
        call.caller_id,
        call.room,
        call.participant_identity,
        call.participant_id,
        call.sip_call_id,
        call.sip_call_id_full,
        call.trunk_id,
        call.sip_status,
    )
    labels = sum(_texts(name, value, "") for name, value in call.labels.items())
    return _CALL + texts + labels + sum(map(_attempt_bytes, call.attempts))


def _attempt_bytes(attempt: Attempt) -> int:
    return _ATTEMPT + _texts(
        attempt.trunk_id,
        attempt.sip_call_id,
        attempt.sip_status,
        attempt.next_attempt,
        attempt.caller_id,
    )


def event_bytes(event: CallEvent) -> int:
    """Of an event with its call and transfer."""
    transfer = transfer_bytes(event.transfer) if event.transfer else 0
    return _EVENT + _texts(event.event_id) + call_bytes(event.call) + transfer


def transfer_bytes(transfer: Transfer) -> int:
    """Of a transfer."""
    texts = (transfer.transfer_id, transfer.call_id, transfer.to, transfer.sip_status)
    return _TRANSFER + _texts(*texts)


def delivery_bytes(delivery: Delivery) -> int:
    """Of an event that a receiver was not given."""
    return _DELIVERY + _texts(delivery.call_id, delivery.last_error)


def _texts(*texts: str) -> int:
    return sum(_TEXT + len(text.encode(errors="replace")) for text in texts)
