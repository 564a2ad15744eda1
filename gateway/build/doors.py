"""The ports of one gateway: what is served where, publicly and for operators."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

from prometheus_client import CollectorRegistry

from gateway.build.services import Services
from gateway.platform.livekit.notices import LiveKitNotices
from gateway.ports import Clock
from gateway.rpc.endpoint import Endpoint
from gateway.rpc.pipeline import Pipeline
from gateway.settings import Settings
from gateway.tls.certificates import Certificates
from gateway.wire.bodies import Bodies
from gateway.wire.connections import ConnectionLimits
from gateway.wire.grpc.engine import GrpcEngine
from gateway.wire.grpc.options import ConnectionAge, GrpcLimits
from gateway.wire.http import HttpServer, Mounted
from gateway.wire.intake import Intake
from gateway.wire.livekit.notices import NoticeDoor
from gateway.wire.peers import Peers
from gateway.wire.status import AuditCheckpoints, Metrics, Readiness, Status
from gateway.wire.twirp.engine import TwirpEngine


class Doors:
    """Every port: two public ones, and those for operators only.

    AdminService is served at the operators' addresses if there are any, else at the public ones;
    so is everything that only operators need. AuditService is served at both. With TLS,
    operators' HTTP stays plain text and has probes and metrics alone: tokens travel encrypted or
    not at all.
    """

    def __init__(
        self,
        settings: Settings,
        services: Services,
        pipeline: Pipeline,
        readiness: Readiness,
        clock: Clock,
        metrics: CollectorRegistry,
        certificates: Certificates | None = None,
    ) -> None:
        self._certificates = certificates
        self._settings = settings
        self._metrics = metrics
        self._shared = settings.workers > 1
        self._services = services
        self._pipeline = pipeline
        self._readiness = readiness
        self._clock = clock
        self._intake = intake_of(settings)
        plain_admin = settings.admin_address and certificates is None
        self._apart = bool(plain_admin or settings.admin_grpc_address)
        self._grpc = self._grpc_engines()
        self._http = self._http_servers()
        self.ports: dict[str, int] = {name: door.port for name, door in self._grpc.items()}
        """By their names in the log, such as `grpc_port`; those of HTTP from the start on."""

    async def start(self) -> None:
        """Opens them, those of gRPC last: their health says that all are open."""
        for name, server in self._http.items():
            self.ports[name] = await server.start()
        for engine in self._grpc.values():
            await engine.start()

    async def drain(self) -> None:
        """Tells load balancers to go elsewhere; RPCs are still served."""
        for engine in self._grpc.values():
            await engine.drain()

    async def stop(self, grace: timedelta) -> None:
        """Accepts nothing new; ends what is under way after `grace`."""
        await asyncio.gather(
            *(engine.stop(grace) for engine in self._grpc.values()),
            *(server.stop() for server in self._http.values()),
        )

    @property
    def _public_rows(self) -> Sequence[Endpoint]:
        own = [*self._services.endpoints(), *self._services.audit_endpoints()]
        return own if self._apart else [*own, *self._services.admin_endpoints()]

    @property
    def _operators_rows(self) -> Sequence[Endpoint]:
        return [*self._services.admin_endpoints(), *self._services.audit_endpoints()]

    def _grpc_engines(self) -> Mapping[str, GrpcEngine]:
        settings = self._settings
        engines = {
            "grpc_port": self._grpc_engine(
                settings.grpc_address, self._public_rows, reflected=not self._apart
            )
        }
        if settings.admin_grpc_address:
            engines["admin_grpc_port"] = self._grpc_engine(
                settings.admin_grpc_address, self._operators_rows, reflected=True
            )
        return engines

    def _grpc_engine(
        self, address: str, rows: Sequence[Endpoint], *, reflected: bool
    ) -> GrpcEngine:
        return GrpcEngine(
            self._pipeline,
            rows,
            address,
            self._intake,
            limits=GrpcLimits(
                self._settings.max_connections,
                ConnectionAge(self._settings.connection_age, self._settings.age_grace),
            ),
            reflected=reflected,
            shared=self._shared,
            certificates=self._certificates,
        )

    def _http_servers(self) -> Mapping[str, HttpServer]:
        settings = self._settings
        facts = {"platform": settings.platform.value}
        tree = self._services.audit_tree
        operational: list[Mounted] = [
            Status(self._readiness, facts, tree.concerns),
            Metrics(self._metrics),
            AuditCheckpoints(lambda: tree.checkpoints.newest, tree.verifier_keys),
        ]
        rows = [*self._public_rows, *self._services.livekit_endpoints()]
        public = [*self._notice_doors(), self._twirp(rows)]
        if not settings.admin_address:
            every = [*operational, *public]
            return {
                "http_port": self._http_server(settings.http_address, every, self._certificates)
            }
        bare = Status(self._readiness)
        own = [*operational]
        if self._certificates is None:
            own.append(self._twirp(self._operators_rows))
        return {
            "http_port": self._http_server(
                settings.http_address, [bare, *public], self._certificates
            ),
            "admin_http_port": self._http_server(settings.admin_address, own),
        }

    def _http_server(
        self,
        address: str,
        mounted: Sequence[Mounted],
        certificates: Certificates | None = None,
    ) -> HttpServer:
        settings = self._settings
        limits = ConnectionLimits(
            most=settings.max_connections,
            most_per_peer=settings.max_connections_per_peer,
            head_seconds=settings.head_seconds,
            peers=self._intake.peers,
        )
        return HttpServer(
            address,
            mounted,
            grace=settings.drain_timeout,
            limits=limits,
            shared=self._shared,
            certificates=certificates,
        )

    def _twirp(self, rows: Sequence[Endpoint]) -> TwirpEngine:
        return TwirpEngine(self._pipeline, rows, self._intake)

    def _notice_doors(self) -> list[Mounted]:
        """None if there is no LiveKit to send notices."""
        settings, services = self._settings, self._services
        if not settings.is_live:
            return []
        secret = settings.livekit_api_secret.get_secret_value()
        signed = LiveKitNotices(settings.livekit_api_key, secret, self._clock)
        return [NoticeDoor(signed, services.notices, self._intake, services.trail.notice_refused)]


def clients_of(settings: Settings) -> int:
    """How many connections all ports together may hold."""
    return settings.max_connections * len(settings.addresses)


def intake_of(settings: Settings) -> Intake:
    """The engines' limits on concurrent bodies, their timeouts, and the trusted proxies."""
    return Intake(
        peers=Peers(settings.trusted_proxies),
        bodies=Bodies(settings.max_bodies),
        patience=timedelta(seconds=settings.body_seconds),
    )
