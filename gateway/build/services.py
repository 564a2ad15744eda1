"""Every service of one gateway, created once with its dependencies."""

from collections.abc import Callable, Sequence

from gateway.audit.trail import Trail
from gateway.build.ground import Administration
from gateway.domain.ids import new_id
from gateway.metrics import LEGS_SWEPT, WEBHOOK_DELIVERIES, WEBHOOK_OLDEST_SECONDS
from gateway.ports import Clock, Store
from gateway.ports.outbox import WebhookSender
from gateway.rpc.endpoint import Endpoint
from gateway.service.access.identity import Identity
from gateway.service.access.key_uses import KeyUses
from gateway.service.access.traffic import Traffic, TrafficLimits
from gateway.service.api.admin.rpcs import AdminRpcs
from gateway.service.api.call_acceptance import CallAcceptance
from gateway.service.api.call_commands import CallCommands
from gateway.service.api.events import EventService
from gateway.service.api.livekit_sip import LiveKitSipService
from gateway.service.api.placing import Placing
from gateway.service.api.queries import CallQueries
from gateway.service.api.transfers import TransferAcceptance, TransferService
from gateway.service.api.waiting import Waiting
from gateway.service.api.webhooks import WebhookService
from gateway.service.arrivals.adoption import Adoption
from gateway.service.arrivals.notices import Notices
from gateway.service.arrivals.sweep import Sweep
from gateway.service.deliveries.dispatch import Deliveries
from gateway.service.deliveries.lane import Counters, Pace
from gateway.service.drain import Drain
from gateway.service.following.failover import Failover
from gateway.service.following.followers import Followers
from gateway.service.following.platforms import Platforms
from gateway.service.following.take_over import TakeOver
from gateway.service.ledger.admission import Admission
from gateway.service.ledger.feed import Feed
from gateway.service.ledger.lease import Lease
from gateway.service.ledger.record import Record
from gateway.service.ledger.retention import Retention
from gateway.service.ledger.trunk_watch import TrunkWatch
from gateway.settings import Settings
from gateway.wire.admin_v1 import rows as admin_v1
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
        trail: Trail,
        sender: WebhookSender,
        chance: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._platforms = platforms
        self._administration = administration
        self._trail = trail
        self.drain = Drain()
        self.traffic = Traffic(traffic_limits(settings), clock.elapsed)
        self.feed = Feed()
        self.lease = Lease(store, new_id("gateway", clock.now()), clock)
        self.key_uses = KeyUses(store, clock)
        self.identity = Identity(
            administration.directory,
            administration.seal,
            clock,
            max_life=settings.max_token_life,
            used=self.key_uses.note,
        )
        administration.directory.on_change(self.feed.rouse)
        self._follow_calls()
        self._place_calls()
        self._answer_rpcs()
        self._hear_livekit()
        self._tell_tenants(sender, Pace(chance=chance))
        self.retention = Retention(store=store, clock=clock, keeps=settings.retention)

    def endpoints(self) -> Sequence[Endpoint]:
        """A row per RPC of our own API, except the operators'."""
        return [
            *telephony_v1.endpoints(
                self.placing, self.queries, self.commands, self.transfers, self.events
            ),
            *webhooks_v1.endpoints(WebhookService(store=self._store)),
        ]

    def admin_endpoints(self) -> Sequence[Endpoint]:
        """A row per RPC of the operators'."""
        return admin_v1.endpoints(
            AdminRpcs(self._administration.admin, self._administration.directory, self._trail)
        )

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
        return livekit.endpoints(as_livekit)

    def _follow_calls(self) -> None:
        directory = self._administration.directory
        watch = TrunkWatch(directory.trunk)
        self.admission = Admission(directory.trunk, watch)
        self._record = Record(self._store, self._clock, self._trail, self.feed, watch)
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
        )
        self.take_over = TakeOver(self.lease, self.followers, self._clock)
        self._adoption = Adoption(
            store=self._store,
            clock=self._clock,
            directory=directory,
            platforms=self._platforms,
            followers=self.followers,
            record=self._record,
            trail=self._trail,
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
                trail=self._trail,
                gateway_id=self.lease.gateway_id,
            ),
            waiting=self.waiting,
        )

    def _answer_rpcs(self) -> None:
        directory = self._administration.directory
        self.queries = CallQueries(store=self._store, directory=directory)
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
                trail=self._trail,
                gateway_id=self.lease.gateway_id,
            ),
        )
        self.events = EventService(
            store=self._store,
            clock=self._clock,
            feed=self.feed,
            drain=self.drain,
            traffic=self.traffic,
            holds=self.identity.holds,
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
        )


def traffic_limits(settings: Settings) -> TrafficLimits:
    """The request limits from the settings."""
    return TrafficLimits(
        requests_per_tenant=settings.requests_per_tenant,
        requests_per_peer=settings.requests_per_peer,
        streams_per_tenant=settings.streams_per_tenant,
        polls_per_tenant=settings.polls_per_tenant,
    )
