"""A platform on which anybody may put legs and take them away, and a gateway's services on it."""

import secrets
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from gateway.audit.redaction import keep
from gateway.audit.trail import Trail
from gateway.build import SystemClock
from gateway.domain.calls.call import Call
from gateway.domain.calls.inbound import Change, Notice
from gateway.domain.calls.leg import Completed, Dial, DialReply, Leg, PickedUp, Refer, ReferReply
from gateway.domain.calls.observation import LeaveReason, LegIds, LegStatus
from gateway.domain.hold import Mask
from gateway.domain.rooms.seen import Company, SeenParticipant, SeenRoom
from gateway.domain.rpc import Caller, Rpc
from gateway.domain.tenant import Config, Inbound, Tenant
from gateway.platform.sandbox.agents import SandboxAgents
from gateway.platform.sandbox.inbound import SandboxInbound
from gateway.platform.sandbox.platform import SandboxPlatform
from gateway.ports import AuditQuery, CallQuery, PlatformError
from gateway.service.access.directory import Directory
from gateway.service.arrivals.adoption import Adoption
from gateway.service.arrivals.notices import Notices
from gateway.service.arrivals.sweep import Sweep, Swept
from gateway.service.drain import Drain
from gateway.service.following.failover import Failover
from gateway.service.following.followers import Followers
from gateway.service.following.platforms import Platforms
from gateway.service.ledger.admission import Admission
from gateway.service.ledger.feed import Feed
from gateway.service.ledger.lease import Lease
from gateway.service.ledger.record import Record
from gateway.service.ledger.trunk_watch import TrunkWatch
from gateway.store.store import SqlStore
from tests.stands.phones import ANSWERS, CALLER, HOTLINE
from tests.stands.services.admitting import NOTHING_HASHED

ACME = Tenant(tenant_id="acme", inbound=Inbound(end_room_on_hangup=True))
GLOBEX = Tenant(tenant_id="globex", inbound=Inbound(numbers=(HOTLINE,)))


class Exchange:
    """`Platform` whose legs are where a test puts them."""

    def __init__(self) -> None:
        self.agents = SandboxAgents(SystemClock(), lambda _: ())
        self.inbound = SandboxInbound(SystemClock(), is_shared=True)
        self.there: dict[tuple[str, str], Leg] = {}
        self.away = False
        self.looked = 0
        """How often anybody asked for a leg."""
        self.listed: list[str] = []
        """The rooms that were listed, in order."""
        self.told: list[tuple[str, str]] = []
        """What rooms were told, in order."""

    def put(self, leg: Leg) -> Leg:
        """Joins the leg to its room; one of the same identity there is cut."""
        self.there[leg.room, leg.identity] = leg
        return leg

    async def dial(self, dial: Dial) -> DialReply:
        """Everybody picks up at once."""
        ids = LegIds("PA_1", f"SCL_{secrets.token_hex(4)}")
        self.put(Leg(LegStatus.ACTIVE, ids, dial.call_id, room=dial.room, identity=dial.identity))
        return PickedUp(ids)

    async def leg(self, room: str, identity: str) -> Leg | None:
        self._answer()
        self.looked += 1
        return self.there.get((room, identity))

    async def rooms(self) -> Mapping[str, str]:
        self._answer()
        told: dict[str, str] = {}
        for (room, _), leg in self.there.items():
            told[room] = f"{told.get(room, '')}{leg.ids.participant_id} "
        return told

    async def legs(self, room: str) -> Sequence[Leg]:
        self._answer()
        self.listed.append(room)
        return [leg for leg in self.there.values() if leg.room == room]

    async def rooms_named(self, names: Sequence[str]) -> Sequence[SeenRoom]:
        self._answer()
        there = dict.fromkeys(room for room, _ in self.there)
        return [SeenRoom(name=room) for room in there if not names or room in names]

    async def participants(self, room: str) -> Sequence[SeenParticipant]:
        return [_participant(leg) for leg in await self.legs(room)]

    async def company(self, room: str) -> Company:
        legs = await self.legs(room)
        return Company(plays=False, others=tuple(leg.ids.participant_id for leg in legs))

    async def participant(self, room: str, identity: str) -> SeenParticipant | None:
        leg = await self.leg(room, identity)
        return _participant(leg) if leg else None

    async def remove(self, room: str, identity: str, *, revoke_before: int = 0) -> bool:  # noqa: ARG002  nobody joins by a token
        self._answer()
        return self.there.pop((room, identity), None) is not None

    async def hang_up(self, room: str, identity: str) -> None:
        self._answer()
        self.there.pop((room, identity), None)

    async def mask(self, room: str, identity: str, mask: Mask) -> Leg | None:
        self._answer()
        leg = self.there.get((room, identity))
        return self.put(replace(leg, mask=mask)) if leg else None

    async def tell(self, room: str, text: str) -> None:
        self._answer()
        self.told.append((room, text))

    async def clear(self, room: str, identity: str) -> None:
        self._answer()
        self.there.pop((room, identity), None)

    async def refer(self, refer: Refer) -> ReferReply:
        """Everybody is taken over at once."""
        await self.hang_up(refer.room, refer.identity)
        return Completed()

    async def end_room(self, room: str) -> None:
        self._answer()
        self.there = {place: leg for place, leg in self.there.items() if place[0] != room}

    async def check(self) -> None:
        self._answer()

    async def close(self) -> None:
        """Nothing to let go of."""

    def _answer(self) -> None:
        if self.away:
            raise PlatformError("away")


def _participant(leg: Leg) -> SeenParticipant:
    return SeenParticipant(identity=leg.identity, is_phone=True, sid=leg.ids.participant_id)


def a_leg(room: str = "acme-7", **changes: object) -> Leg:
    """Somebody rings in."""
    leg = Leg(
        LegStatus.RINGING,
        LegIds(f"PA_{secrets.token_hex(4)}", f"SCL_{secrets.token_hex(4)}", "abc"),
        room=room,
        identity="sip_177",
        rule_id="SDR_1",
        livekit_trunk_id="ST_in",
        far_number=CALLER,
        own_number=ANSWERS,
    )
    return replace(leg, **changes)  # type: ignore[arg-type]  # fields of Leg


class Desk:
    """One gateway's services, as far as legs from outside concern them."""

    def __init__(
        self, store: SqlStore, exchange: Exchange, *tenants: Tenant, looks_per_second: int = 0
    ) -> None:
        self.store, self.exchange, self.clock = store, exchange, SystemClock()
        self.config = Config(tenants=tenants or (ACME, GLOBEX))
        self.directory = Directory(store, lambda _stored: self.config)
        self.drain, feed = Drain(), Feed()
        self.swept: Counter[Swept] = Counter()
        watch = TrunkWatch(self.config.trunk)
        trail = self.trail = Trail(store, self.clock, keep)
        platforms = Platforms(exchange, SandboxPlatform(self.clock))
        self.record = Record(store, self.clock, trail, feed, watch)
        self.lease = Lease(store, f"gateway_{secrets.token_hex(4)}", self.clock)
        admission = Admission(self.config.trunk, watch, NOTHING_HASHED)
        failover = Failover(
            store=store,
            directory=self.directory,
            admission=admission,
            record=self.record,
            gateway_id=self.lease.gateway_id,
        )
        self.followers = Followers(
            platforms,
            self.record,
            store,
            self.clock,
            self.lease,
            failover,
            looks_per_second=looks_per_second,
        )
        self.adoption = Adoption(
            store=store,
            clock=self.clock,
            directory=self.directory,
            platforms=platforms,
            followers=self.followers,
            record=self.record,
            trail=trail,
            lease=self.lease,
        )
        self._hear_livekit(looks_per_second)

    def _hear_livekit(self, looks_per_second: int) -> None:
        self.webhooks = Notices(
            store=self.store,
            clock=self.clock,
            followers=self.followers,
            record=self.record,
            adoption=self.adoption,
            drain=self.drain,
        )
        self.sweep = Sweep(
            store=self.store,
            clock=self.clock,
            platform=self.exchange,
            adoption=self.adoption,
            followers=self.followers,
            lease=self.lease,
            looks_per_second=looks_per_second,
            counted=lambda swept: self.swept.update([swept]),
        )

    async def calls(self, tenant_id: str = "acme") -> Sequence[Call]:
        """The tenant's calls, newest first."""
        query = CallQuery(tenant_id=tenant_id)
        return await self.store.read(lambda tx: tx.calls(query))

    async def call(self, tenant_id: str = "acme") -> Call:
        """The tenant's only call."""
        (call,) = await self.calls(tenant_id)
        return call

    async def history(self, tenant_id: str = "acme") -> list[str]:
        """The types of all events of the tenant."""
        events = await self.store.read(lambda tx: tx.events(tenant_id, 0))
        return [event.type.value for event in events]

    async def audit(self) -> list[dict[str, object]]:
        """Every audit record."""
        records = await self.store.read(lambda tx: tx.audit(AuditQuery()))
        return [dict(chained.record) for chained in records]

    def notice(self, change: Change, leg: Leg, reason: str = "CLIENT_INITIATED") -> Notice:
        """LiveKit tells this of the leg now."""
        notice_id = f"EV_{secrets.token_hex(6)}"
        return Notice(notice_id, self.clock.now(), change, leg, LeaveReason(reason))

    def rpc(self, tenant_id: str = "acme", *, room: str = "") -> Rpc:
        """A request of the tenant's, perhaps with a token for one room."""
        caller = Caller("GWkey", tenant_id, frozenset(), room=room)
        method = "CallService/HangUpCall"
        return Rpc(method=method, wire="grpc", peer="", rpc_id="rpc_1", caller=caller)


@asynccontextmanager
async def serving(
    store: SqlStore, exchange: Exchange, *tenants: Tenant, looks_per_second: int = 0
) -> AsyncIterator[Desk]:
    """A gateway that lives, and follows what it adopts until the end."""
    desk = Desk(store, exchange, *tenants, looks_per_second=looks_per_second)
    await desk.directory.refresh()
    await desk.lease.beat()
    desk.lease.trust()
    yield desk
    await desk.followers.stop()
