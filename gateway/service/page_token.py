"""Opaque page tokens: where the last page ended, and of which question."""

import base64
import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gateway.domain.call import Call
from gateway.errors import GatewayError, invalid_field
from gateway.ports import CallQuery

_CALL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class PageToken:
    """Writes and reads the tokens of one question; another question's are refused."""

    question: str

    @classmethod
    def of(cls, query: CallQuery) -> "PageToken":
        """Tokens fit the criteria, not the size of the page."""
        asked = repr((sorted(query.states), replace(query, states=frozenset(), limit=0)))
        return cls(hashlib.sha256(asked.encode()).hexdigest()[:16])

    def write(self, last: Call) -> str:
        """The token of the page after `last`."""
        text = f"{self.question} {last.create_time.isoformat()} {last.call_id}"
        return base64.urlsafe_b64encode(text.encode()).decode()

    def read(self, token: str) -> tuple[datetime, str] | None:
        """Where to go on; None at the start."""
        if not token:
            return None
        try:
            question, time, call_id = base64.urlsafe_b64decode(token).decode().split(" ")
            position = datetime.fromisoformat(time).astimezone(UTC), call_id
        except (ValueError, OverflowError):
            raise _foreign() from None
        if not _CALL_ID.fullmatch(call_id):
            raise _foreign()
        if question != self.question:
            raise invalid_field("page_token", "belongs to other criteria")
        return position


def _foreign() -> GatewayError:
    return invalid_field("page_token", "is none of this gateway's")
