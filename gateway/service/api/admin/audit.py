"""ListAuditEvents and WatchAuditEvents: the audit log, newest first or as it is stored."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from gateway.audit.redaction import Redact
from gateway.audit.sealing.reading import opened
from gateway.audit.sealing.seal import MonthSeal
from gateway.audit.shortening import MAX_TEXT_BYTES
from gateway.domain import fields
from gateway.domain.admin.audit import (
    AUDIT_SERVICE,
    AuditFilter,
    ListAuditEvents,
    WatchAuditEvents,
)
from gateway.domain.numbers import e164
from gateway.domain.rpc import Caller, Rpc
from gateway.domain.timeouts import within
from gateway.domain.together import Together, passed
from gateway.errors import GatewayError, Reason, invalid_field
from gateway.ports import AuditQuery, Clock, FoundRecord, Reading, Store
from gateway.service.access.traffic import Traffic
from gateway.service.api.events import MAX_WAIT, Heart, Heartbeat
from gateway.service.api.paging.answer_size import fitting
from gateway.service.api.paging.pages import audit_pages, audit_place, page_size
from gateway.service.api.reach import tenant_reached
from gateway.service.drain import Drain
from gateway.service.ledger.audit_feed import AuditFeed

PAGE = 200
BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
"""Nothing was recorded before it."""
_EVENT_BYTES = 512
NUMBERS_SEALED = "cannot be searched for: the log has no number that is not sealed"


@dataclass(frozen=True, slots=True)
class PageOfRecords:
    """What ListAuditEvents answers."""

    records: Sequence[FoundRecord]
    next_page_token: str
    position: int


class AuditReadings:
    """Shows the log to operators, and to a tenant's administrators what is their tenant's.

    `redact`: how the log writes numbers, so that they are found in that form; None: it has none to
    be found by. `seal` opens what is sealed. `holds`: whether a caller's token and key are valid.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        feed: AuditFeed,
        drain: Drain,
        traffic: Traffic,
        redact: Redact | None,
        seal: MonthSeal,
        holds: Callable[[Caller], bool],
    ) -> None:
        self._store = store
        self._clock = clock
        self._feed = feed
        self._drain = drain
        self._traffic = traffic
        self._redact = redact
        self._seal = seal
        self._holds = holds

    async def list_audit_events(self, rpc: Rpc, asked: ListAuditEvents) -> PageOfRecords:
        """One page."""
        self._drain.refuse()
        with Together() as check:
            query = check(self._query, rpc, asked.filter)
            size = check(page_size, asked.page_size)
            check(_check_following, asked)
        wanted, limit = passed(query), passed(size)
        if asked.after_position is None:
            return await self._newest(wanted, asked.page_token, limit)
        return await self._following(rpc, wanted, asked, limit)

    async def watch_audit_events(
        self, rpc: Rpc, asked: WatchAuditEvents
    ) -> AsyncGenerator[FoundRecord | Heartbeat, None]:
        """Never ends by itself; raises DRAINING, or UNAUTHENTICATED as WatchCalls does."""
        self._drain.refuse()
        with Together() as check:
            query = check(self._query, rpc, asked.filter)
            check(_check_position, asked.after_position)
        wanted = replace(passed(query), limit=PAGE)
        with self._traffic.stream(rpc.tenant_id or rpc.caller.key):
            after = asked.after_position
            if after is None:
                after = await self._store.read(lambda tx: tx.audit_position())
            heart = Heart(rpc.caller.expire_time, self._clock)
            yield heart.beat(after)
            while True:
                found, reached = await self._after(wanted, after)
                for one in found:
                    yield one
                    heart.spoken()
                if reached == after:
                    await self._beyond(after, heart.rest)
                after = reached
                self._check(rpc.caller)
                if self._clock.elapsed() >= heart.due:
                    yield heart.beat(after)

    async def _newest(self, query: AuditQuery, token: str, size: int) -> PageOfRecords:
        pages = audit_pages(query)
        query = replace(query, before=pages.read(token), limit=size + 1)

        def ask(reading: Reading) -> PageOfRecords:
            found = reading.audit_page(query)
            found = replace(found, records=opened(reading, self._seal, found.records))
            page, following = pages.page(found.records, record_bytes, size)
            if not following and found.looked_until:
                following = pages.write_place(audit_place(*found.looked_until))
            return PageOfRecords(page, following, reading.audit_position())

        return await self._store.read(ask)

    async def _following(
        self, rpc: Rpc, query: AuditQuery, asked: ListAuditEvents, size: int
    ) -> PageOfRecords:
        after, query = asked.after_position or 0, replace(query, limit=size)
        if not asked.wait:
            return _reaching(*await self._after(query, after))
        # Records that only tell of reading the log come along, and end no wait: else each poll
        # would be the next one's news.
        found: list[FoundRecord] = []
        reached = after
        with self._traffic.poll(rpc.tenant_id or rpc.caller.key), suppress(TimeoutError):
            async with asyncio.timeout(asked.wait.total_seconds()):
                while not any(map(_is_news, found)) and len(found) < size:
                    rest = replace(query, limit=size - len(found))
                    more, until = await self._after(rest, reached)
                    found += more
                    is_up_to_date, reached = until == reached, until
                    if is_up_to_date:
                        await self._beyond(reached)
                        self._check(rpc.caller)
        return _reaching(*_fitting(found, reached, size))

    async def _after(self, query: AuditQuery, position: int) -> tuple[Sequence[FoundRecord], int]:
        """The next records, as many as an answer can hold, and how far that is."""

        def ask(reading: Reading) -> tuple[Sequence[FoundRecord], int]:
            found, reached = reading.audit_after(query, position)
            return opened(reading, self._seal, found), reached

        return _fitting(*await self._store.read(ask), query.limit)

    def _query(self, rpc: Rpc, asked: AuditFilter) -> AuditQuery:
        """What is asked for, of what exists for the caller."""
        own = tenant_reached(rpc)
        with Together() as check:
            for name in ("tenant_id", "call_id", "actor", "method", "outcome"):
                check(fields.plain, f"filter.{name}", getattr(asked, name), MAX_TEXT_BYTES)
            number = check(number_in_log, "filter.number", asked.number, self._redact)
            check(_check_span, asked)
        tenant_id = own or asked.tenant_id or None
        if own and asked.tenant_id not in ("", own):
            asked = replace(asked, max_time=BEFORE_ALL)  # those of another tenant do not exist
        return AuditQuery(
            tenant_id=tenant_id,
            call_id=asked.call_id,
            actor=asked.actor,
            method=asked.method,
            outcome=asked.outcome,
            number=passed(number),
            kinds=asked.kinds,
            min_time=asked.min_time,
            max_time=asked.max_time,
        )

    def _check(self, caller: Caller) -> None:
        if not self._holds(caller):
            raise GatewayError(
                Reason.UNAUTHENTICATED,
                "the token has expired, or its key was revoked; watch again with another",
            )

    async def _beyond(self, position: int, seconds: float | None = None) -> None:
        """Waits until there is more, for so many seconds at most."""
        await self._drain.unless_begun(self._feed.beyond(position), seconds)
        self._drain.refuse()


def number_in_log(field: str, asked: str, redact: Redact | None) -> str:
    """As the log has it; empty if none is asked for. Raises INVALID_FIELD.

    `redact`: see `AuditReadings`.
    """
    if not asked:
        return ""
    number = e164.phone_number(field, asked)
    if redact is None:
        raise invalid_field(field, NUMBERS_SEALED)
    return redact(number)


def record_bytes(found: FoundRecord) -> int:
    """Of a record in a response, where each of its values has a few bytes more."""
    told = len(found.chained.text.encode())
    return _EVENT_BYTES + 2 * (told if found.opened is None else 2 * told)


def _fitting(
    found: Sequence[FoundRecord], reached: int, limit: int
) -> tuple[Sequence[FoundRecord], int]:
    """As many as an answer can hold, and how far that is."""
    told = fitting(found, record_bytes, limit)
    return told, reached if len(told) == len(found) else told[-1].position


def _is_news(found: FoundRecord) -> bool:
    return not str(found.chained.record.get("method", "")).startswith(AUDIT_SERVICE)


def _reaching(records: Sequence[FoundRecord], position: int) -> PageOfRecords:
    return PageOfRecords(records, "", position)


def _check_following(asked: ListAuditEvents) -> None:
    _check_position(asked.after_position)
    with Together() as check:
        if asked.after_position is not None and asked.page_token:
            raise invalid_field("page_token", "must not be set together with after_position")
        if asked.wait is not None:
            if asked.after_position is None:
                raise invalid_field("wait", "needs after_position")
            check(within, "wait", asked.wait, timedelta(0), MAX_WAIT)


def _check_position(position: int | None) -> None:
    if position is not None and position < 0:
        raise invalid_field("after_position", "must not be negative")


def _check_span(asked: AuditFilter) -> None:
    if asked.min_time and asked.max_time and asked.min_time >= asked.max_time:
        raise invalid_field("filter.max_time", "must be after min_time")
