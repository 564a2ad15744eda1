"""Posting an event to a tenant's receiver: the result, and when to try again."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.domain.calls.event import CallEvent

GONE = 410
TOO_MANY = 429
UNAVAILABLE = 503
MAX_ERROR = 300
"""The length of a stored failure text, in characters."""


class DeliveryState(StrEnum):
    """The state of an event that was not delivered; delivered ones are not kept."""

    PENDING = "PENDING"
    DEAD = "DEAD"


@dataclass(frozen=True, slots=True, order=True)
class WebhookRef:
    """A webhook: its id is unique only within its tenant."""

    tenant_id: str
    webhook_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookCursor:
    """How far a webhook has got.

    Every event up to `sequence` was delivered or is a `Delivery`. `gateway_id`: the gateway that
    delivers; empty: none yet.
    """

    webhook: WebhookRef
    sequence: int
    gateway_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event that a webhook has not been given yet, or will not be."""

    webhook: WebhookRef
    sequence: int
    call_id: str
    state: DeliveryState
    event_time: datetime
    tries: int = 0
    next_time: datetime | None = None
    """When it is tried; None: dead, or an earlier event of its call comes first."""
    last_status: int = 0
    """The HTTP status of the last try; 0: no answer."""
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery that is due. `event` is None if it is no longer kept."""

    delivery: Delivery
    event: CallEvent | None


@dataclass(frozen=True, slots=True)
class Answer:
    """A receiver's answer to one try. `status` 0: none, for the reason in `error`."""

    status: int = 0
    error: str = ""
    retry_after: timedelta | None = None

    @property
    def delivered(self) -> bool:
        """Only a 2xx means success; redirects are not followed."""
        return 200 <= self.status < 300

    @property
    def unwell(self) -> bool:
        """The receiver fails, not just this one event."""
        return self.status in (0, TOO_MANY) or self.status >= 500


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to wait after each failure: from `first`, times `factor`, to `longest`.

    By default: 5 s, 15 s, 45 s … 3 h, then every 8 h; 18 tries in 77 hours.
    """

    first: timedelta = timedelta(seconds=5)
    factor: float = 3.0
    longest: timedelta = timedelta(hours=8)
    tries: int = 18
    jitter: float = 0.2
    """Each wait is shorter by up to this share, to spread out deliveries that failed together."""

    def wait(self, tries: int, chance: float) -> timedelta:
        """How long to wait after this many tries. `chance` is between 0 and 1."""
        steps = min(tries - 1, self.tries)
        grown = min(self.first.total_seconds() * self.factor**steps, self.longest.total_seconds())
        return timedelta(seconds=grown * (1 - self.jitter * chance))


def after(
    delivery: Delivery, answer: Answer, now: datetime, policy: RetryPolicy, chance: float
) -> Delivery | None:
    """The delivery after one more try; None: delivered.

    A receiver that answers 410 does not want this event. One that says how long to wait with 429
    or 503 is not asked sooner, except that no wait exceeds the longest one.
    """
    if answer.delivered:
        return None
    tried = replace(
        delivery,
        tries=delivery.tries + 1,
        last_status=answer.status,
        last_error=answer.error[:MAX_ERROR],
    )
    if answer.status == GONE or tried.tries >= policy.tries:
        return replace(tried, state=DeliveryState.DEAD, next_time=None)
    wait = policy.wait(tried.tries, chance)
    if answer.status in (TOO_MANY, UNAVAILABLE) and answer.retry_after is not None:
        wait = max(wait, min(answer.retry_after, policy.longest))
    return replace(tried, next_time=now + wait)


def without_event(delivery: Delivery) -> Delivery:
    """A delivery whose event is no longer kept."""
    return replace(
        delivery,
        tries=delivery.tries + 1,
        state=DeliveryState.DEAD,
        next_time=None,
        last_error="the event is not kept any more",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListWebhookDeliveries:
    """One page of the events that a webhook has not been given."""

    tenant_id: str
    webhook_id: str
    states: frozenset[DeliveryState] = frozenset()
    page_size: int = 0
    page_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayWebhookDeliveries:
    """Send these events again, or every dead one."""

    tenant_id: str
    webhook_id: str
    sequences: tuple[int, ...] = ()
