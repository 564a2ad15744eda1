"""GetCall, ListCalls, ListTrunks: queries about calls and trunks, which change nothing."""

from collections.abc import Sequence
from dataclasses import replace

from gateway.domain import fields
from gateway.domain.calls.call import Call
from gateway.domain.calls.requests import CallRef, ListCalls
from gateway.domain.rpc import Rpc
from gateway.domain.tenant import Trunk
from gateway.domain.together import Together, passed
from gateway.errors import GatewayError, Reason
from gateway.ports import CallQuery, Store
from gateway.service.access.directory import Directory
from gateway.service.api.own_call import own_call
from gateway.service.api.paging.answer_size import call_bytes
from gateway.service.api.paging.pages import call_pages, page_size


class CallQueries:
    """Answers a tenant's queries about its calls and trunks."""

    def __init__(self, *, store: Store, directory: Directory) -> None:
        self._store = store
        self._directory = directory

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
