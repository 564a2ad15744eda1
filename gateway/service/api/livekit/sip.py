"""LiveKit's three SIP methods, where they differ from our own.

Calls and transfers are those of `Placing` and `TransferService`; here stands only what LiveKit's
callers expect of their own: its grants, its ids, its way of naming trunks.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from gateway.domain import fields
from gateway.domain.calls.call import Call
from gateway.domain.calls.requests import PlaceCall, TransferCall
from gateway.domain.rpc import DoorGrant, Rpc
from gateway.domain.tenant import Trunk, TrunkNumber
from gateway.errors import GatewayError, Reason
from gateway.ports import Store
from gateway.service.access.directory import Directory
from gateway.service.api.call_acceptance import New
from gateway.service.api.placing import Placing, Validated
from gateway.service.api.queries import CallQueries
from gateway.service.api.transfers import Accepted, TransferService
from gateway.service.drain import Drain
from gateway.service.ledger.feed import Feed
from gateway.service.ledger.record import as_stored

IDS_PATIENCE = timedelta(seconds=5)
"""LiveKit gives a leg its ids some milliseconds after the dial, later only where it is full."""


@dataclass(frozen=True, slots=True)
class Created:
    """The call behind a participant. `new` unless an earlier request placed it."""

    call: Call
    awaited: bool
    """The caller wants the answer of the callee, not just the leg."""
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOutboundTrunks:
    """Some of the tenant's trunks; in the order of their ids where a page is asked for."""

    trunk_ids: tuple[str, ...] = ()
    numbers: tuple[TrunkNumber, ...] = ()
    paged: bool = False
    after_id: str = ""
    limit: int = 0


class LiveKitSipService:
    """What LiveKit's SIP service does, by the gateway's rules."""

    def __init__(
        self,
        *,
        placing: Placing,
        queries: CallQueries,
        transfers: TransferService,
        directory: Directory,
        store: Store,
        feed: Feed,
        drain: Drain,
    ) -> None:
        self._placing = placing
        self._queries = queries
        self._transfers = transfers
        self._directory = directory
        self._store = store
        self._feed = feed
        self._drain = drain

    async def create_participant(self, rpc: Rpc, asked: PlaceCall) -> Created:
        """Places a call; waits for its answer if asked, else for its leg's ids."""
        trunk_id = self._trunk_id(rpc, asked.trunk_id)
        asked = replace(asked, trunk_id=trunk_id, request_id=rpc.request_id)
        placed = await self._placing.place_call(rpc, asked)
        if isinstance(placed, Validated):
            raise TypeError("LiveKit's requests cannot ask for validation only")
        call = placed.call
        if not asked.wait_until_answered:
            call = await self._with_ids(call)
        return Created(call, asked.wait_until_answered, new=isinstance(placed, New))

    async def transfer_participant(self, rpc: Rpc, asked: TransferCall) -> Accepted:
        """Hands a call over, for a token that administers the call's room."""
        if not rpc.caller.administers(asked.call.room):
            raise GatewayError(
                Reason.PERMISSION_DENIED,
                "needs the video grant roomAdmin for the room of the call",
                {"room": fields.printable(asked.call.room)},
            )
        return await self._transfers.transfer_call(rpc, replace(asked, request_id=rpc.request_id))

    async def list_outbound_trunks(self, rpc: Rpc, asked: ListOutboundTrunks) -> Sequence[Trunk]:
        """The tenant's enabled trunks, filtered."""
        if DoorGrant.SIP not in rpc.caller.grants:
            raise GatewayError(
                Reason.PERMISSION_DENIED,
                "needs the right CALL of the key, and a SIP grant in the token",
                {"right": "CALL"},
            )
        trunks = [t for t in await self._queries.list_trunks(rpc, None) if t.enabled]
        found = [trunk for trunk in trunks if _fits(trunk, asked)]
        if asked.paged:
            found = sorted((t for t in found if t.trunk_id > asked.after_id), key=_id)
        return found[: asked.limit or None]

    def _trunk_id(self, rpc: Rpc, named: str) -> str:
        """Our id of a trunk that a caller named by our id or LiveKit's.

        An unknown name stays as it is; it is refused later, together with all other mistakes.
        """
        tenant = self._directory.tenant(rpc.tenant_id)
        trunks = self._directory.network.trunks_of(tenant)
        if not named or named in {trunk.trunk_id for trunk in trunks}:
            return named
        same = [trunk for trunk in trunks if trunk.livekit_trunk_id == named]
        same.sort(key=lambda trunk: not trunk.enabled)
        return same[0].trunk_id if same else named

    async def _with_ids(self, call: Call) -> Call:
        """The call once LiveKit has given its leg ids, or as it is when that takes too long."""
        with self._feed.call(call) as latest:
            latest.put(await as_stored(self._store, call))
            try:
                async with asyncio.timeout(IDS_PATIENCE.total_seconds()):
                    known = await self._drain.unless_begun(latest.until(_has_ids))
            except TimeoutError:
                known = None
            return known or await as_stored(self._store, call)


def _has_ids(call: Call) -> bool:
    return call.ended or bool(call.participant_id and call.sip_call_id)


def _fits(trunk: Trunk, asked: ListOutboundTrunks) -> bool:
    """As LiveKit filters: a trunk without numbers matches any."""
    if asked.trunk_ids and not {trunk.trunk_id, trunk.livekit_trunk_id} & set(asked.trunk_ids):
        return False
    wanted, shown = {n.number for n in asked.numbers}, {n.number for n in trunk.numbers}
    return not wanted or not shown or bool(wanted & shown)


def _id(trunk: Trunk) -> str:
    return trunk.trunk_id
