"""Pages of lists: their size, where they end, and the opaque token of the next one."""

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Generic, TypeVar

from gateway.domain.calls.call import Call
from gateway.domain.calls.delivery import Delivery
from gateway.errors import GatewayError, invalid_field
from gateway.ports import AuditQuery, CallQuery, FoundRecord
from gateway.ports.do_not_call import ListedNumber
from gateway.ports.outbox import DeliveryQuery
from gateway.service.api.paging.answer_size import fitting

DEFAULT_PAGE = 100
MAX_PAGE = 1000

_FORM = re.compile(r"[+a-z0-9:]{1,64}")
_CALL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

One = TypeVar("One")
Place = TypeVar("Place")


def page_size(asked: int) -> int:
    """How many a page may have. Raises INVALID_FIELD."""
    if not 0 <= asked <= MAX_PAGE:
        raise invalid_field("page_size", f"must be between 0 and {MAX_PAGE}")
    return asked or DEFAULT_PAGE


@dataclass(frozen=True, slots=True)
class PageToken(Generic[One, Place]):
    """Writes and reads the tokens of one query; another query's tokens are refused.

    `place_after` gives the place after a page's last entry as text, and `place_of` reads it;
    that raises ValueError or OverflowError for a malformed text.
    """

    question: str
    place_after: Callable[[One], str]
    place_of: Callable[[str], Place]

    def write(self, last: One) -> str:
        """The token of the page after `last`."""
        return self.write_place(self.place_after(last))

    def write_place(self, place: str) -> str:
        """The token of the page after this place, as `place_after` gives it."""
        text = f"{self.question} {place}"
        return base64.urlsafe_b64encode(text.encode()).decode()

    def read(self, token: str) -> Place | None:
        """Where to continue; None at the start. Raises INVALID_FIELD."""
        if not token:
            return None
        try:
            question, _, text = base64.urlsafe_b64decode(token).decode().partition(" ")
            place = self.place_of(text)
        except (ValueError, OverflowError):
            raise _foreign() from None
        if question != self.question:
            raise invalid_field("page_token", "belongs to a list with other criteria")
        return place

    def page(
        self, found: Sequence[One], bytes_of: Callable[[One], int], size: int
    ) -> tuple[Sequence[One], str]:
        """As much of `found` as fits a page, and the next page's token; empty on the last.

        `found` has one more than `size` if there are that many.
        """
        page = fitting(found, bytes_of, size)
        return page, self.write(page[-1]) if len(found) > len(page) else ""


def call_pages(query: CallQuery) -> PageToken[Call, tuple[datetime, str]]:
    """Of a list of calls. Tokens fit the criteria, not the size of the page."""
    asked = repr((sorted(query.states), replace(query, states=frozenset(), limit=0)))
    asked += ",".join(sorted(query.answered_by))
    return PageToken(_digest(asked), _after_call, _call_place)


def audit_pages(query: AuditQuery) -> PageToken[FoundRecord, tuple[datetime, int]]:
    """Of a list of audit records."""
    asked = repr((sorted(query.kinds), replace(query, kinds=frozenset(), before=None, limit=0)))
    return PageToken(_digest(asked), lambda last: audit_place(last.time, last.position), _record)


def audit_place(time: datetime, position: int) -> str:
    """A place in a list of audit records."""
    return f"{time.isoformat()} {position}"


def delivery_pages(query: DeliveryQuery) -> PageToken[Delivery, int]:
    """Of a list of a webhook's deliveries."""
    asked = repr((query.webhook, sorted(query.states)))
    return PageToken(_digest(asked), lambda last: str(last.sequence), _sequence)


def listed_pages(tenant_id: str) -> PageToken[ListedNumber, str]:
    """Of a do-not-call list."""
    return PageToken(_digest(f"do not call {tenant_id}"), lambda last: last.form, _form)


def _digest(question: str) -> str:
    return hashlib.sha256(question.encode()).hexdigest()[:16]


def _after_call(last: Call) -> str:
    return f"{last.create_time.isoformat()} {last.call_id}"


def _call_place(text: str) -> tuple[datetime, str]:
    time, call_id = text.split(" ")
    if not _CALL_ID.fullmatch(call_id):
        raise ValueError("no call's id")
    return datetime.fromisoformat(time).astimezone(UTC), call_id


def _record(text: str) -> tuple[datetime, int]:
    time, position = text.split(" ")
    return datetime.fromisoformat(time).astimezone(UTC), _sequence(position)


def _sequence(text: str) -> int:
    sequence = int(text)
    if not 0 <= sequence < 2**63:
        raise ValueError("no sequence")
    return sequence


def _form(text: str) -> str:
    if not _FORM.fullmatch(text):
        raise ValueError("no listed number's form")
    return text


def _foreign() -> GatewayError:
    return invalid_field("page_token", "was not issued by this gateway")
