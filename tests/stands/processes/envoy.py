"""A real Envoy in front of gateways, as a service mesh puts one there."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp
import yaml
from google.protobuf.descriptor import FileDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.rpc import error_details_pb2, status_pb2

from tests.stands.patience import PATIENCE
from tests.stands.processes.ports import LOOPBACK, free_ports


def _cluster(
    ports: Sequence[int], name: str = "gateways", version: int = 2, ca: Path | None = None
) -> dict[str, Any]:
    endpoints = [
        {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}}
        for port in ports
    ]
    http2 = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    options: dict[str, Any] = {
        "explicit_http_config": {f"{_PROTOCOLS[version]}_protocol_options": {}},
    }
    secured: dict[str, Any] = {}
    if ca:  # a handshake for each request
        options["common_http_protocol_options"] = {"max_requests_per_connection": 1}
        secured["transport_socket"] = _upstream(ca)
    return {
        **secured,
        "name": name,
        "type": "STATIC",
        # Else Envoy repeats no more than three requests at a time.
        "circuit_breakers": {"thresholds": [{"max_retries": 1024}]},
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": endpoints}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {"@type": http2, **options}
        },
    }


DETAILS = error_details_pb2.DESCRIPTOR
_PROTOCOLS = {1: "http", 2: "http2"}
TRANSPORT = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3"


AGAIN_ELSEWHERE = {
    "retry_on": "connect-failure,refused-stream,reset,unavailable,cancelled",
    "num_retries": 5,
    "host_selection_retry_max_attempts": 5,
    "retry_host_predicate": [
        {
            "name": "envoy.retry_host_predicates.previous_hosts",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3"
                ".PreviousHostsPredicate"
            },
        }
    ],
}
"""What a gateway did not take goes to another one."""


def _upstream(ca: Path) -> dict[str, Any]:
    trusted = {
        "trusted_ca": {"filename": str(ca)},
        "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": "localhost"}}],
    }
    context = {
        "@type": f"{TRANSPORT}.UpstreamTlsContext",
        "common_tls_context": {"alpn_protocols": ["h2"], "validation_context": trusted},
    }
    return {"name": "envoy.transport_sockets.tls", "typed_config": context}


def _transcoder(services: Sequence[ServiceDescriptor], folder: Path) -> list[dict[str, Any]]:
    """The filter that takes JSON for these services' methods."""
    if not services:
        return []
    files: dict[str, FileDescriptor] = {}
    # Without those of the details Envoy leaves an error as it is.
    for file in (*(each.file for each in services), status_pb2.DESCRIPTOR, DETAILS):
        _add(file, files)
    found = FileDescriptorSet()
    for each in files.values():
        each.CopyToProto(found.file.add())
    path = folder / "descriptors.pb"
    path.write_bytes(found.SerializeToString())
    config = {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.grpc_json_transcoder.v3"
        ".GrpcJsonTranscoder",
        "proto_descriptor": str(path),
        "services": [service.full_name for service in services],
        "auto_mapping": True,
        "convert_grpc_status": True,
        "print_options": {"preserve_proto_field_names": True},
    }
    return [{"name": "envoy.filters.http.grpc_json_transcoder", "typed_config": config}]


def _add(file: FileDescriptor, files: dict[str, FileDescriptor]) -> None:
    """What it imports comes before it."""
    for each in file.dependencies:
        _add(each, files)
    files.setdefault(file.name, file)


@dataclass(frozen=True, kw_only=True)
class MutualTls:
    """Clients show certificates; what Envoy found in them it forwards.

    `http_ports`: of the gateways, for what is not gRPC.
    """

    chain: Path
    key: Path
    client_ca: Path
    http_ports: Sequence[int]
    forward: str = "SANITIZE_SET"

    def socket(self) -> dict[str, Any]:
        """The transport socket of the listener."""
        own = {
            "certificate_chain": {"filename": str(self.chain)},
            "private_key": {"filename": str(self.key)},
        }
        context = {
            "@type": f"{TRANSPORT}.DownstreamTlsContext",
            "require_client_certificate": True,
            "common_tls_context": {
                "alpn_protocols": ["h2", "http/1.1"],
                "tls_certificates": [own],
                "validation_context": {"trusted_ca": {"filename": str(self.client_ca)}},
            },
        }
        return {"name": "envoy.transport_sockets.tls", "typed_config": context}

    def manager(self) -> dict[str, Any]:
        """More of the connection manager."""
        return {
            "use_remote_address": True,
            "forward_client_cert_details": self.forward,
            "set_current_client_cert_details": {"uri": True},
        }


def _routes(retry: dict[str, Any] | None, *, twirp: bool) -> list[dict[str, Any]]:
    route: dict[str, Any] = {"cluster": "gateways", "timeout": "0s"}
    if retry:
        route["retry_policy"] = retry
    grpc = {"match": {"prefix": "/"}, "route": route}
    if not twirp:
        return [grpc]
    return [{"match": {"prefix": "/twirp/"}, "route": {**route, "cluster": "http"}}, grpc]


def _listener(
    address: dict[str, Any],
    retry: dict[str, Any] | None,
    tls: MutualTls | None,
    before: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    manager = (
        "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
        ".HttpConnectionManager"
    )
    router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
    return {
        "name": "front",
        "address": address,
        "filter_chains": [
            {
                **({"transport_socket": tls.socket()} if tls else {}),
                "filters": [
                    {
                        "name": "envoy.filters.network.http_connection_manager",
                        "typed_config": {
                            "@type": manager,
                            **(tls.manager() if tls else {}),
                            "codec_type": "AUTO",
                            "stat_prefix": "front",
                            "route_config": {
                                "virtual_hosts": [
                                    {
                                        "name": "all",
                                        "domains": ["*"],
                                        "routes": _routes(retry, twirp=tls is not None),
                                    }
                                ]
                            },
                            "http_filters": [
                                *before,
                                {
                                    "name": "envoy.filters.http.router",
                                    "typed_config": {"@type": router},
                                },
                            ],
                        },
                    }
                ],
            }
        ],
    }


class Envoy:
    """Forwards gRPC from a Unix socket to the gateways' ports, round robin.

    With `tls` from a port, also Twirp, and only for clients with certificates. `ca`: the gateways
    have certificates of this authority. `transcoded`: services whose methods it also takes as JSON.
    """

    def __init__(
        self,
        ports: Sequence[int],
        folder: Path,
        retry: dict[str, Any] | None = None,
        tls: MutualTls | None = None,
        *,
        ca: Path | None = None,
        transcoded: Sequence[ServiceDescriptor] = (),
    ) -> None:
        self.path = folder / "envoy.sock"
        self._log = folder / "envoy.log"
        self._config = folder / "envoy.yaml"
        clusters = [_cluster(ports, ca=ca)]
        self.admin = folder / "admin.sock"
        self.port = free_ports(1)[0] if tls else 0
        address: dict[str, Any] = {"pipe": {"path": str(self.path)}}
        if tls:
            address = {"socket_address": {"address": LOOPBACK, "port_value": self.port}}
            clusters.append(_cluster(tls.http_ports, "http", version=1))
        self._config.write_text(
            yaml.safe_dump(
                {
                    "admin": {"address": {"pipe": {"path": str(self.admin)}}},
                    "static_resources": {
                        "listeners": [
                            _listener(address, retry, tls, _transcoder(transcoded, folder))
                        ],
                        "clusters": clusters,
                    },
                }
            )
        )
        self._process: asyncio.subprocess.Process | None = None

    @property
    def target(self) -> str:
        """For a gRPC channel."""
        return f"{LOOPBACK}:{self.port}" if self.port else f"unix:{self.path}"

    async def counted(self) -> dict[str, int]:
        """Envoy's own counters of the gateways, by their names."""
        connector = aiohttp.UnixConnector(str(self.admin))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get("http://envoy/stats?filter=cluster.gateways&type=Counters") as reply,
        ):
            lines = (await reply.text()).splitlines()
        rows = (line.removeprefix("cluster.gateways.").split(": ") for line in lines)
        return {name: int(value) for name, value in rows}

    async def __aenter__(self) -> Self:
        binary = Path(sys.executable).parent / "envoy"
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(str(binary), "-c", str(self._config), "--disable-hot-restart"),
                *("--concurrency", "1", "--log-level", "warning"),
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(PATIENCE):
            while not await self._listens():
                assert self._process.returncode is None, self._log.read_text()
                await asyncio.sleep(0.02)
        return self

    async def _listens(self) -> bool:
        """The socket's file is there a little sooner."""
        try:
            if self.port:
                _, writer = await asyncio.open_connection(LOOPBACK, self.port)
            else:
                _, writer = await asyncio.open_unix_connection(self.path)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
