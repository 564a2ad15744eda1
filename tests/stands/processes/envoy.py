"""A real Envoy in front of gateways, as a service mesh puts one there."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import yaml

from tests.stands.patience import PATIENCE


def _cluster(ports: Sequence[int]) -> dict[str, Any]:
    endpoints = [
        {"endpoint": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": port}}}}
        for port in ports
    ]
    http2 = "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    return {
        "name": "gateways",
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": "gateways",
            "endpoints": [{"lb_endpoints": endpoints}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": http2,
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
    }


def _listener(path: Path, retry: dict[str, Any] | None) -> dict[str, Any]:
    manager = (
        "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
        ".HttpConnectionManager"
    )
    router = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"
    route: dict[str, Any] = {"cluster": "gateways", "timeout": "0s"}
    if retry:
        route["retry_policy"] = retry
    return {
        "name": "front",
        "address": {"pipe": {"path": str(path)}},
        "filter_chains": [
            {
                "filters": [
                    {
                        "name": "envoy.filters.network.http_connection_manager",
                        "typed_config": {
                            "@type": manager,
                            "codec_type": "AUTO",
                            "stat_prefix": "front",
                            "route_config": {
                                "virtual_hosts": [
                                    {
                                        "name": "all",
                                        "domains": ["*"],
                                        "routes": [{"match": {"prefix": "/"}, "route": route}],
                                    }
                                ]
                            },
                            "http_filters": [
                                {
                                    "name": "envoy.filters.http.router",
                                    "typed_config": {"@type": router},
                                }
                            ],
                        },
                    }
                ]
            }
        ],
    }


class Envoy:
    """Forwards gRPC from a Unix socket to the gateways' ports, round robin."""

    def __init__(
        self, ports: Sequence[int], folder: Path, retry: dict[str, Any] | None = None
    ) -> None:
        self.path = folder / "envoy.sock"
        self._log = folder / "envoy.log"
        self._config = folder / "envoy.yaml"
        self._config.write_text(
            yaml.safe_dump(
                {
                    "static_resources": {
                        "listeners": [_listener(self.path, retry)],
                        "clusters": [_cluster(ports)],
                    }
                }
            )
        )
        self._process: asyncio.subprocess.Process | None = None

    @property
    def target(self) -> str:
        """For a gRPC channel."""
        return f"unix:{self.path}"

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
