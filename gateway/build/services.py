"""Every service of one gateway, created once with its dependencies."""

from collections.abc import Callable, Sequence

from gateway.build.declaring import inbound_of
from gateway.build.ground import Administration
from gateway.build.publishing import audit_tree_of
from gateway.domain.ids import new_id
from gateway.metrics import LEGS_SWEPT, WEBHOOK_DELIVERIES, WEBHOOK_OLDEST_SECONDS
from gateway.ports import Clock, Store
from gateway.ports.outbox import WebhookSender
from gateway.ports.tracing import NO_TRACING, Tracing
from gateway.rpc.endpoint import Endpoint
from gateway.service.access.callers import Callers
from gateway.service.access.identity import Identity
from gateway.service.access.issuers import Issuers
from gateway.service.access.key_sets import KeySets
from gateway.service.access.key_uses import KeyUses
from gateway.service.access.traffic import Traffic, TrafficLimits
from gateway.service.access.workloads import Workloads
from gateway.service.api.admin.audit import AuditReadings
from gateway.service.api.admin.audit_proofs import AuditProofs
from gateway.service.api.admin.rpcs import AdminRpcs
from gateway.service.api.call_acceptance import CallAcceptance
from gateway.service.api.call_commands import CallCommands
from gateway.service.api.events import EventService
from gateway.service.api.holding import Holding
from gateway.service.api.livekit.dispatches import LiveKitDispatches
from gateway.service.api.livekit.own_rooms import OwnRooms
from gateway.service.api.livekit.rooms import LiveKitRooms
from gateway.service.api.livekit.sip import LiveKitSipService
from gateway.service.api.placing import Placing
from gateway.service.api.queries import CallQueries
from gateway.service.api.transfers import TransferAcceptance, TransferService
from gateway.service.api.waiting import Waiting
from gateway.service.api.warm.consultation import Consultations
from gateway.service.api.warm.service import WarmAcceptance, WarmTransfers
from gateway.service.api.webhooks import WebhookService
from gateway.service.arrivals.adoption import Adoption
from gateway.service.arrivals.notices import Notices
from gateway.service.arrivals.sweep import Sweep
from gateway.service.deliveries.dispatch import Deliveries
from gateway.service.deliveries.lane import Counters, Pace
from gateway.service.deliveries.traced import TracedSender
from gateway.service.drain import Drain
from gateway.service.following.failover import Failover
from gateway.service.following.followers import Followers
from gateway.service.following.platforms import Platforms
from gateway.service.following.take_over import TakeOver
from gateway.service.ledger.admission import Admission
from gateway.service.ledger.audit_feed import AuditFeed
from gateway.service.ledger.feed import Feed
from gateway.service.ledger.lease import Lease
from gateway.service.ledger.record import Record
from gateway.service.ledger.retention import Retention
from gateway.service.ledger.trunk_watch import TrunkWatch
from gateway.service.ledger.warm_record import WarmRecord
from gateway.settings import Settings
from gateway.wire.admin_v1 import audit as audit_v1
from gateway.wire.admin_v1 import audit_proofs as proofs_v1
from gateway.wire.admin_v1 import rows as admin_v1
from gateway.wire.livekit import dispatches as livekit_dispatches
from gateway.wire.livekit import rooms as livekit_rooms
from gateway.wire.livekit import rows as livekit
from gateway.wire.telephony_v1 import rows as telephony_v1
from gateway.wire.telephony_v1 import webhooks as webhooks_v1


class Services:
    """What follows calls, what answers RPCs, and what runs in the background.

    `chance`: a number between 0 and 1, for what is spread at random.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        store: Store,
        clock: Clock,
        platforms: Platforms,
        administration: Administration,
        sender: WebhookSender,
        chance: Callable[[], float],
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._platforms = platforms
        self._administration = administration
        self.trail = administration.trail
        self._tracing = tracing
        self.drain = Drain()
        self.traffic = Traffic(traffic_limits(settings), clock.elapsed)
        self.feed = Feed()
        self.audit_feed = AuditFeed(store)
        self.lease = Lease(store, new_id("gateway", clock.now()), clock)
        keys = administration.audit_keys
        self.audit_tree = audit_tree_of(settings, store, clock, self.lease.gateway_id, keys)
        self.key_uses = KeyUses(store, clock)
        identity = Identity(
            administration.directory,
            administration.seal,
            clock,
            max_life=settings.max_token_life,
            used=self.key_uses.note,
        )
        self.key_sets = KeySets(administration.directory, clock)
        issuers = Issuers(
            administration.directory, self.key_sets, clock, max_life=settings.max_token_life
        )
        workloads = Workloads(administration.directory, clock)
        self.callers = Callers(identity, workloads, issuers)
        administration.directory.on_change(self.feed.rouse)
        self._follow_calls()
        self._place_calls()
        self._answer_rpcs()
        self._transfer_calls()
        self._consult_humans()
        self._hear_livekit()
        traced = TracedSender(sender, tracing) if tracing.on else sender
        self._tell_tenants(traced, Pace(chance=chance))
        self.retention = self._retention()

    def endpoints(self) -> Sequence[Endpoint]:
        """A row per RPC of our own API, except the operators'."""
        return [
            *telephony_v1.endpoints(
                self.placing,
                self.queries,
                self.commands,
                self.holding,
                self.transfers,
                self.warm,
                self.events,
            ),
            *webhooks_v1.endpoints(WebhookService(store=self._store)),
        ]

    def admin_endpoints(self) -> Sequence[Endpoint]:
        """A row per RPC of the operators'."""
        return admin_v1.endpoints(
            AdminRpcs(
                self._administration.admin,
                self._administration.applying,
                self._administration.do_not_call_lists,
                self._administration.directory,
                self.trail,
            )
        )

    def audit_endpoints(self) -> Sequence[Endpoint]:
        """A row per RPC that reads the audit log: of operators, and of tenants' administrators."""
        readings = AuditReadings(
            store=self._store,
            clock=self._clock,
            feed=self.audit_feed,
            drain=self.drain,
            traffic=self.traffic,
            redact=self._administration.findable,
            seal=self._administration.month_seal,
            holds=self.callers.holds,
        )
        proofs = AuditProofs(self._store, self.audit_tree.checkpoints)
        return [*audit_v1.endpoints(readings), *proofs_v1.endpoints(proofs)]

    def livekit_endpoints(self) -> Sequence[Endpoint]:
        """A row per method of LiveKit's that is served."""
        as_livekit = LiveKitSipService(
            placing=self.placing,
            queries=self.queries,
            transfers=self.transfers,
            directory=self._administration.directory,
            store=self._store,
            feed=self.feed,
            drain=self.drain,
        )
        own = OwnRooms(self._administration.directory, self._platforms)
        rooms = LiveKitRooms(
            store=self._store,
            own=own,
            record=self._record,
            commands=self.commands,
            adoption=self._adoption,
            trail=self.trail,
        )
        dispatches = LiveKitDispatches(
            store=self._store,
            own=own,
            record=self._record,
            followers=self.followers,
            trail=self.trail,
        )
        return [
            *livekit.endpoints(as_livekit),
            *livekit_rooms.endpoints(rooms),
            *livekit_dispatches.endpoints(dispatches),
        ]

    def _retention(self) -> Retention:
        keeps, audit = self._settings.retention, self._settings.audit_retention
        return Retention(store=self._store, clock=self._clock, keeps=keeps, keeps_audit=audit)

    def _follow_calls(self) -> None:
        directory = self._administration.directory
        watch = TrunkWatch(directory.trunk)
        do_not_call = self._administration.do_not_call
        self.admission = Admission(directory.trunk, watch, do_not_call)
        self._record = Record(self._store, self._clock, self.trail, self.feed, watch)
        failover = Failover(
            store=self._store,
            directory=directory,
            admission=self.admission,
            record=self._record,
            gateway_id=self.lease.gateway_id,
        )
        self.followers = Followers(
            self._platforms,
            self._record,
            self._store,
            self._clock,
            self.lease,
            failover,
            looks_per_second=self._settings.leg_polls,
            tracing=self._tracing,
        )
        self.take_over = TakeOver(self.lease, self.followers, self._clock)
        self._adoption = Adoption(
            store=self._store,
            clock=self._clock,
            directory=directory,
            platforms=self._platforms,
            followers=self.followers,
            record=self._record,
            trail=self.trail,
            lease=self.lease,
        )

    def _place_calls(self) -> None:
        self.waiting = Waiting(
            store=self._store,
            clock=self._clock,
            followers=self.followers,
            record=self._record,
            feed=self.feed,
            drain=self.drain,
            gateway_id=self.lease.gateway_id,
        )
        self.placing = Placing(
            clock=self._clock,
            directory=self._administration.directory,
            platforms=self._platforms,
            followers=self.followers,
            drain=self.drain,
            acceptance=CallAcceptance(
                store=self._store,
                admission=self.admission,
                record=self._record,
                trail=self.trail,
                gateway_id=self.lease.gateway_id,
            ),
            waiting=self.waiting,
        )

    def _answer_rpcs(self) -> None:
        directory = self._administration.directory
        self.queries = CallQueries(
            store=self._store,
            directory=directory,
            drain=self.drain,
            traffic=self.traffic,
            holds=self.callers.holds,
        )
        self.commands = CallCommands(
            store=self._store,
            clock=self._clock,
            directory=directory,
            platforms=self._platforms,
            followers=self.followers,
            record=self._record,
            feed=self.feed,
            adoption=self._adoption,
        )
        self.holding = Holding(
            store=self._store,
            followers=self.followers,
            record=self._record,
            feed=self.feed,
            adoption=self._adoption,
        )
        self.events = EventService(
            store=self._store,
            clock=self._clock,
            feed=self.feed,
            drain=self.drain,
            traffic=self.traffic,
            holds=self.callers.holds,
        )

    def _transfer_calls(self) -> None:
        directory = self._administration.directory
        self.transfers = TransferService(
            store=self._store,
            clock=self._clock,
            directory=directory,
            followers=self.followers,
            feed=self.feed,
            drain=self.drain,
            adoption=self._adoption,
            acceptance=TransferAcceptance(
                store=self._store,
                clock=self._clock,
                directory=directory,
                admission=self.admission,
                record=self._record,
                trail=self.trail,
                gateway_id=self.lease.gateway_id,
            ),
        )

    def _consult_humans(self) -> None:
        warm_record = WarmRecord(self._store, self._record, self.trail)
        consultations = Consultations(
            store=self._store,
            clock=self._clock,
            record=warm_record,
            feed=self.feed,
            followers=self.followers,
            platforms=self._platforms,
            place=self.placing.place_call,
        )
        self.followers.lead = consultations.lead
        self.warm = WarmTransfers(
            store=self._store,
            followers=self.followers,
            feed=self.feed,
            drain=self.drain,
            adoption=self._adoption,
            record=warm_record,
            acceptance=WarmAcceptance(
                store=self._store,
                clock=self._clock,
                directory=self._administration.directory,
                record=warm_record,
                trail=self.trail,
                place=self.placing.place_call,
                gateway_id=self.lease.gateway_id,
            ),
        )

    def _hear_livekit(self) -> None:
        self.notices = Notices(
            store=self._store,
            clock=self._clock,
            followers=self.followers,
            record=self._record,
            adoption=self._adoption,
            drain=self.drain,
        )
        self.sweep = Sweep(
            store=self._store,
            clock=self._clock,
            platform=self._platforms.live or self._platforms.sandbox,
            adoption=self._adoption,
            followers=self.followers,
            lease=self.lease,
            looks_per_second=self._settings.leg_polls,
            counted=lambda swept: LEGS_SWEPT.labels(swept.value).inc(),
        )
        administration, platforms = self._administration, self._platforms
        self.inbound = inbound_of(self._settings, administration, platforms, self._clock)

    def _tell_tenants(self, sender: WebhookSender, pace: Pace) -> None:
        directory = self._administration.directory
        self.deliveries = Deliveries(
            store=self._store,
            config=lambda: directory.config,
            sender=sender,
            gateway_id=self.lease.gateway_id,
            pace=pace,
            counters=Counters(
                tried=lambda result: WEBHOOK_DELIVERIES.labels(result).inc(),
                oldest=WEBHOOK_OLDEST_SECONDS.set,
            ),
            elapsed=self._clock.elapsed,
            gave_up=self.trail.delivery_refused,
        )


def traffic_limits(settings: Settings) -> TrafficLimits:
    """The request limits from the settings."""
    return TrafficLimits(
        requests_per_tenant=settings.requests_per_tenant,
        requests_per_peer=settings.requests_per_peer,
        streams_per_tenant=settings.streams_per_tenant,
        polls_per_tenant=settings.polls_per_tenant,
    )
