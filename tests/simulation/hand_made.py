"""Evidence made by hand: a small run in which everything is right, for the judge's own tests."""

import asyncio
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import starmap

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from gateway.audit.records import Log, leaf_of
from gateway.audit.tree.checkpoints import sign_checkpoint
from gateway.audit.tree.growing import GrowingTree
from gateway.domain.audit_event import AuditEvent, AuditKind, ChainedAuditEvent
from gateway.domain.calls.advance import advance
from gateway.domain.calls.call import Attempt, Call, Direction, EventType
from gateway.domain.calls.event import CallEvent, as_told
from gateway.domain.calls.observation import LegSeen, LegStatus, Observation
from gateway.domain.calls.transfer import Transfer, TransferObservation, advance_transfer
from gateway.domain.tenant import Config, Inbound, Tenant, TenantLimits, Trunk, Webhook
from gateway.store import codec
from gateway.store.databases.schema import metadata
from gateway.store.databases.times import micros
from tests.simulation.clients.messages import PLACE
from tests.simulation.clients.told import Delivered, Seen, Told
from tests.simulation.hand_told import delivery, message, seen
from tests.simulation.judge import stored
from tests.simulation.judge.evidence import Evidence, Heard
from tests.simulation.nodes.clock import BEGIN
from tests.simulation.nodes.signing import SIGNING_KEY
from tests.simulation.plan.doings import Doing, Place, Plan, Reception, RingIn
from tests.simulation.world.truth import DialRequest, Invite, ReferRequest, Truth

CONFIG = Config(
    version=1,
    tenants=(
        Tenant(
            tenant_id="anna",
            limits=TenantLimits(
                max_concurrent_calls=3,
                max_concurrent_inbound_calls=2,
                max_calls_per_second=2,
                max_calls_per_day=100,
            ),
            inbound=Inbound(livekit_trunk_ids=("ST_in",)),
            webhooks=(Webhook(webhook_id="crm", url="https://crm.example", secret_from="env:S"),),
        ),
        Tenant(tenant_id="bert"),
    ),
    trunks=(
        Trunk(trunk_id="one", livekit_trunk_id="ST_one", max_concurrent_calls=4),
        Trunk(trunk_id="two", livekit_trunk_id="ST_two", tenant_ids=("anna",)),
    ),
)


def time(second: float) -> datetime:
    """What a right clock says at this virtual second."""
    return BEGIN + timedelta(seconds=second)


def second_of(moment: datetime) -> float:
    """The virtual second that a right clock calls this time."""
    return (moment - BEGIN).total_seconds()


@dataclass
class HandMade:
    """A run in the making: each method does what a gateway and its world would."""

    doings: list[Doing] = field(default_factory=list)
    truth: Truth = field(default_factory=Truth)
    calls: dict[str, Call] = field(default_factory=dict)
    transfers: dict[str, Transfer] = field(default_factory=dict)
    events: list[CallEvent] = field(default_factory=list)
    audit: list[tuple[AuditEvent, ChainedAuditEvent]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    starts: list[tuple[str, float]] = field(default_factory=list)
    claims: list[tuple[str, str, str, str, str, int]] = field(default_factory=list)
    log: Log = field(default_factory=lambda: Log("log-1"))

    def place(self, number: int, second: float, tenant: str = "anna", **wishes: object) -> str:
        """A client places a call on trunk `one`; its id is returned."""
        to = f"+1202555{number:04}"
        place = Place(
            time=second,
            number=number,
            tenant=tenant,
            gateway=0,
            to=to,
            receptions=(Reception(),),
            **wishes,  # type: ignore[arg-type]
        )
        self.doings.append(place)
        call_id = f"call_{number}"
        call = Call(
            call_id=call_id,
            tenant_id=tenant,
            to=to,
            caller_id="+12025550000",
            room=f"{tenant}-{call_id}",
            participant_identity=call_id,
            attempts=(attempt("one", second),),
            ringing_timeout=timedelta(seconds=place.ringing_timeout or 30),
            setup_timeout=timedelta(seconds=place.setup_timeout or 15),
            max_duration=timedelta(seconds=place.max_duration or 14400),
            longest_duration=timedelta(seconds=place.max_duration or 14400),
            create_time=time(second),
            labels={"sim": str(number)},
        )
        self.calls[call_id] = call
        asked = {"to": to, "request_id": place.request_id}
        self.record(
            AuditKind.INTENT,
            second,
            call,
            method="CallService/PlaceCall",
            request=asked,
            decision={"trunk_id": "one"},
        )
        self.event(EventType.CALL_CREATED, call_id, second)
        self.starts.append((f"tenant:{tenant}", second))
        if place.request_id:
            claim = (tenant, "CallService/PlaceCall", place.request_id, "print", call_id, 2**60)
            self.claims.append(claim)
        if not place.wait:
            self.tell(PLACE, number, second, call_id)
        return call_id

    def ring_in(self, number: int, second: float, tenant: str = "anna") -> str:
        """A phone calls; the notice of its leg makes it a call at once."""
        caller, call_id = f"+1202555{number:04}", f"call_{number}"
        self.doings.append(
            RingIn(time=second, number=number, tenant=tenant, caller=caller, called="+12025550000")
        )
        call = Call(
            call_id=call_id,
            tenant_id=tenant,
            direction=Direction.INBOUND,
            to="+12025550000",
            caller_id=caller,
            room=f"{tenant}-in-{number}",
            participant_identity=f"sip_{number}",
            sip_call_id=f"SCL_{call_id}_1",
            inbound_trunk_id="ST_in",
            ringing_timeout=timedelta(hours=1),
            setup_timeout=timedelta(hours=1),
            max_duration=timedelta(hours=4),
            create_time=time(second),
        )
        self.calls[call_id] = call
        self.record(AuditKind.DONE, second, call, method="livekit/webhook")
        self.event(EventType.CALL_CREATED, call_id, second)
        self.truth.invites.append(
            Invite(
                number=caller,
                call_id="",
                trunk="ST_in",
                room=call.room,
                identity=call.participant_identity,
                sip_call_id=call.sip_call_id,
                gateway="",
                arrived=second - 0.01,
                rang=second - 0.01,
            )
        )
        self.see(call_id, LegSeen(time(second), LegStatus.RINGING))
        return call_id

    def invite(self, call_id: str, second: float, **became: object) -> Invite:
        """The INVITE of the call's newest attempt reaches the phone."""
        call = self.calls[call_id]
        trunk = call.attempts[-1].livekit_trunk_id
        left = call.ringing_timeout.total_seconds() - (second - second_of(call.create_time))
        self.truth.dials.append(
            DialRequest(
                time=second,
                gateway="gateway-0",
                call_id=call_id,
                trunk=trunk,
                number=call.to,
                ringing_timeout=left,
            )
        )
        invite = Invite(
            number=call.to,
            call_id=call_id,
            trunk=trunk,
            room=call.room,
            identity=call.participant_identity,
            sip_call_id=f"SCL_{call_id}_{len(call.attempts)}",
            gateway="gateway-0",
            arrived=second,
            **became,  # type: ignore[arg-type]
        )
        self.truth.invites.append(invite)
        return invite

    def see(self, call_id: str, *seen: Observation) -> Call:
        """What a gateway observes is stored, with its events and the record of the end."""
        for one in seen:
            step = advance(self.calls[call_id], one)
            self.calls[call_id] = step.call
            for event_type in step.events:
                self.event(event_type, call_id, second_of(one.time))
            if EventType.CALL_ENDED in step.events:
                reason = step.call.end_reason
                self.record(
                    AuditKind.OUTCOME,
                    second_of(one.time),
                    step.call,
                    reason=reason.value if reason else "",
                )
        return self.calls[call_id]

    def transfer(self, call_id: str, second: float, **truth: object) -> str:
        """A client transfers the call; the REFER leaves with this outcome."""
        call, transfer_id = self.calls[call_id], f"transfer_{len(self.transfers) + 1}"
        transfer = Transfer(
            transfer_id=transfer_id,
            tenant_id=call.tenant_id,
            call_id=call_id,
            to="+12025559999",
            ringing_timeout=timedelta(seconds=20),
            headers={},
            create_time=time(second),
        )
        self.transfers[transfer_id] = transfer
        method = "CallService/TransferCall"
        self.record(AuditKind.INTENT, second, call, method=method, transfer_id=transfer_id)
        self.event(EventType.TRANSFER_CHANGED, call_id, second, transfer)
        self.starts.append((f"tenant:{call.tenant_id}", second))
        self.truth.refers.append(
            ReferRequest(
                time=second + 0.01,
                gateway="gateway-0",
                room=call.room,
                identity=call.participant_identity,
                target=f"tel:{transfer.to}",
                **truth,  # type: ignore[arg-type]
            )
        )
        return transfer_id

    def see_transfer(self, transfer_id: str, seen: TransferObservation) -> None:
        """The same for a transfer."""
        before = self.transfers[transfer_id]
        after = self.transfers[transfer_id] = advance_transfer(before, seen)
        self.event(EventType.TRANSFER_CHANGED, after.call_id, second_of(seen.time), after)
        if after.state is not before.state:
            call, second = self.calls[after.call_id], second_of(seen.time)
            state = after.state.value
            self.record(AuditKind.OUTCOME, second, call, reason=state, transfer_id=transfer_id)

    def tell(self, method: str, number: int, second: float, call_id: str = "") -> Told:
        """A client is told of the call as it is; a command that was done has its record."""
        told = Told(
            number=number,
            tenant="anna",
            method=method,
            gateway=0,
            asked=second - 0.01,
            told=second + 0.01,
        )
        self.told.append(told)
        if call := self.calls.get(call_id):
            told.answered_with(message(call))
            if method != PLACE:
                done = f"CallService/{method}"
                self.record(AuditKind.DONE, second, call, method=done, code="OK")
        return told

    def event(
        self, kind: EventType, call_id: str, second: float, transfer: Transfer | None = None
    ) -> None:
        """One more event of the call's tenant."""
        call = self.calls[call_id]
        sequence = 1 + sum(one.tenant_id == call.tenant_id for one in self.events)
        call = self.calls[call_id] = replace(call, sequence=sequence)
        event = CallEvent(
            event_id=f"event_{len(self.events) + 1}",
            tenant_id=call.tenant_id,
            type=kind,
            event_time=time(second),
            call=call,
            transfer=transfer,
            sequence=sequence,
        )
        self.events.append(as_told(event))

    def record(self, kind: AuditKind, second: float, call: Call, **about: object) -> None:
        """One more audit record about the call."""
        event = AuditEvent(
            time=time(second),
            kind=kind,
            tenant_id=call.tenant_id,
            call_id=call.call_id,
            **about,  # type: ignore[arg-type]
        )
        self.log, link = self.log.append(event)
        self.audit.append((event, link))

    def stored(self) -> stored.Stored:
        """All of it written to a database by the store's codec, and read again by the judge."""
        database = sqlite3.connect(":memory:")
        for table in metadata.sorted_tables:
            database.execute(str(CreateTable(table).compile(dialect=sqlite.dialect())))
        _insert(database, "calls", map(codec.call_row, self.calls.values()))
        _insert(database, "transfers", map(codec.transfer_row, self.transfers.values()))
        _insert(database, "events", map(codec.event_row, self.events))
        _insert(database, "audit_events", starmap(codec.audit_row, self.audit))
        self._sign(database)
        for tenant in ("anna", "bert"):
            count = sum(one.tenant_id == tenant for one in self.events)
            database.execute("INSERT INTO event_sequences VALUES (?, ?)", (tenant, count))
        starts = ((scope, micros(time(second))) for scope, second in self.starts)
        database.executemany("INSERT INTO starts VALUES (?, ?)", starts)
        day = ("tenant:anna", BEGIN.toordinal(), sum(s == "tenant:anna" for s, _ in self.starts))
        database.execute("INSERT INTO tallies VALUES (?, ?, ?)", day)
        newest = sum(one.tenant_id == "anna" for one in self.events)
        cursor = ("anna", "crm", newest, "gateway-0")
        database.execute("INSERT INTO webhook_cursors VALUES (?, ?, ?, ?)", cursor)
        database.executemany("INSERT INTO request_ids VALUES (?, ?, ?, ?, ?, ?)", self.claims)
        return stored.read(database)

    def _sign(self, database: sqlite3.Connection) -> None:
        """All records are leaves, and signed."""
        tree = GrowingTree()
        for _, link in self.audit:
            tree.append(leaf_of(link))
        note = asyncio.run(sign_checkpoint(tree.size, tree.root, SIGNING_KEY))
        span = (0, self.log.log_id, 1, tree.size)
        database.execute("INSERT INTO audit_spans VALUES (?, ?, ?, ?)", span)
        database.execute(
            "INSERT INTO audit_trees (name, size, gateway_id) VALUES ('records', ?, 'one')",
            (tree.size,),
        )
        signed = (tree.size, str(note))
        database.execute("INSERT INTO audit_checkpoints VALUES (1, ?, 60, ?)", signed)

    def evidence(self) -> Evidence:
        """The whole run, watched by one client of each tenant, in which nothing is left."""
        doings = tuple(sorted(self.doings, key=lambda one: one.time))
        watched: dict[tuple[str, int], list[Seen]] = {("anna", 0): [], ("bert", 0): []}
        received: list[Delivered] = []
        for event in self.events:
            second = second_of(event.event_time)
            watched[event.tenant_id, 0].append(seen(event, second + 0.01))
            if event.tenant_id == "anna":
                received.append(delivery(event, second + 0.02))
        return Evidence(
            plan=Plan(seed="by hand", doings=doings),
            config=CONFIG,
            truth=self.truth,
            stored=self.stored(),
            committed={
                (one.tenant_id, one.sequence): second_of(one.event_time) for one in self.events
            },
            end=1000.0,
            told=self.told,
            watched=watched,
            received=received,
            heard=[
                Heard(time=0.0, gateway="gateway-0", began=True),
                Heard(time=0.5, gateway="gateway-0"),
            ],
            left={"gateway-0": {"followers": 0, "timelines": 0}},
        )


def attempt(trunk: str, second: float) -> Attempt:
    """An attempt that begins on this trunk."""
    return Attempt(trunk_id=trunk, livekit_trunk_id=f"ST_{trunk}", start_time=time(second))


def _insert(database: sqlite3.Connection, table: str, rows: Iterable[codec.Row]) -> None:
    for row in rows:
        names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
        database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", [*row.values()])  # noqa: S608
