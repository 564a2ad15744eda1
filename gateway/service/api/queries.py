"""GetCall, ListCalls, ExportCalls, ListTrunks: queries, which change nothing."""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace

from gateway.domain import fields
from gateway.domain.calls.call import Call
from gateway.domain.calls.requests import CallRef, ListCalls
from gateway.domain.rpc import Caller, Rpc
from gateway.domain.tenant import Trunk
from gateway.domain.together import Together, passed
from gateway.errors import GatewayError, Reason
from gateway.ports import CallQuery, Store
from gateway.service.access.directory import Directory
from gateway.service.access.traffic import Traffic
from gateway.service.api.own_call import own_call
from gateway.service.api.paging.answer_size import call_bytes
from gateway.service.api.paging.pages import call_pages, page_size
from gateway.service.drain import Drain

EXPORT_PAGE = 200
"""Calls that are read and sent at once: what a big export takes of memory, and of others' time."""


class CallQueries:
    """Answers a tenant's queries about its calls and trunks.

    `holds`: whether a caller's token and key are still valid.
    """

    def __init__(
        self,
        *,
        store: Store,
        directory: Directory,
        drain: Drain,
        traffic: Traffic,
        holds: Callable[[Caller], bool],
    ) -> None:
        self._store = store
        self._directory = directory
        self._drain = drain
        self._traffic = traffic
        self._holds = holds

    async def get_call(self, rpc: Rpc, ref: CallRef) -> Call:
        """One call."""
        return await self._store.read(lambda tx: own_call(tx, rpc, ref), brief=True)

    async def list_calls(self, rpc: Rpc, asked: ListCalls) -> tuple[Sequence[Call], str]:
        """One page of the tenant's calls, newest first, and the token of the next."""
        with Together() as check:
            size = check(page_size, asked.page_size)
            check(fields.labels, asked.labels)
            check(fields.name, "room", asked.room)
            query = _query(rpc, asked)
            pages = call_pages(query)
            before = check(pages.read, asked.page_token)
        query, size = replace(query, before=before, limit=passed(size) + 1), passed(size)
        return pages.page(await self._store.read(lambda tx: tx.calls(query)), call_bytes, size)

    async def export_calls(
        self, rpc: Rpc, asked: ListCalls
    ) -> AsyncGenerator[tuple[Sequence[Call], str], None]:
        """All pages of the list, one read after the other, as fast as the client takes them.

        Raises DRAINING when the gateway shuts down, UNAUTHENTICATED as soon as the caller's token
        expires or its key is revoked.
        """
        asked = replace(asked, page_size=EXPORT_PAGE)
        with self._traffic.stream(rpc.tenant_id):
            while True:
                self._drain.refuse()
                if not self._holds(rpc.caller):
                    raise GatewayError(
                        Reason.UNAUTHENTICATED,
                        "the token has expired, or its key was revoked; go on with another",
                    )
                page, token = await self.list_calls(rpc, asked)
                yield page, token
                if not token:
                    return
                asked = replace(asked, page_token=token)

    async def list_trunks(self, rpc: Rpc, _asked: None) -> Sequence[Trunk]:
        """The tenant's trunks in the order of routing, with the numbers it may show."""
        tenant = self._directory.tenant(rpc.tenant_id)
        found = self._directory.network.trunks_of(tenant)
        return [replace(trunk, numbers=trunk.shown_by(tenant.tenant_id)) for trunk in found]


def _query(rpc: Rpc, asked: ListCalls) -> CallQuery:
    return CallQuery(
        tenant_id=rpc.tenant_id,
        states=asked.states,
        direction=asked.direction,
        room=_room_listed(rpc, asked),
        labels=tuple(sorted(asked.labels.items())),
        min_create_time=asked.min_create_time,
        max_create_time=asked.max_create_time,
        answered_by=asked.answered_by,
        limit=0,
    )


def _room_listed(rpc: Rpc, asked: ListCalls) -> str:
    if rpc.caller.room and asked.room not in ("", rpc.caller.room):
        raise GatewayError(
            Reason.ROOM_NOT_ALLOWED,
            f"the token is for room {rpc.caller.room}",
            {"room": fields.printable(asked.room)},
        )
    return asked.room or rpc.caller.room
