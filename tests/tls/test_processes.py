"""`gateway serve` with TLS, several workers, and the command line as its client."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from typer.testing import CliRunner

from gateway.__main__ import app
from gateway.build import administration
from gateway.settings import Settings
from tests.stands.patience import PATIENCE
from tests.stands.processes.gateway import GatewayProcess
from tests.stands.tls.authority import Authority
from tests.stands.waiting import eventually
from tests.tls.test_renewal import shown

NOWHERE = {
    "LIVEKIT_URL": "http://127.0.0.1:9",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "a secret that is long enough for HS256",
}
ENOUGH = 12
"""Connections after which each worker had one, nearly certainly."""


async def typed(environment: Mapping[str, str], *words: str) -> tuple[int, str]:
    """A command's exit code, and all that it says."""
    result = await asyncio.to_thread(CliRunner(env=environment).invoke, app, words)
    return result.exit_code, result.output


async def token_of_acme(settings: Settings, folder: Path) -> str:
    """Configures the tenant, and signs a token with a key of its."""
    config = folder / "config.yaml"
    config.write_text("tenants: [{tenant_id: acme}]\n")
    async with administration(settings) as opened:
        await opened.apply_file(config)
        return opened.admin.sign((await opened.admin.create_key("acme")).key)


async def test_workers_share_a_tls_port_and_renew(tmp_path: Path) -> None:
    """Every worker serves with the certificate of the files, also with the next one."""
    authority = Authority()
    chain, key = authority.server().write(tmp_path, "server")
    environment = {
        **NOWHERE,
        "GATEWAY_DATABASE_URL": f"sqlite:///{tmp_path}/gateway.db",
        "GATEWAY_MASTER_KEY": "the tests' own master key is long enough",
        "GATEWAY_WORKERS": "2",
        "GATEWAY_TLS_CERT": str(chain),
        "GATEWAY_TLS_KEY": str(key),
    }
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    gateway = GatewayProcess(environment, tmp_path / "gateway.log")
    await gateway.start()
    try:
        token = await token_of_acme(Settings.model_validate(environment), tmp_path)
        client = {
            "GATEWAY_ADDRESS": f"https://localhost:{gateway.grpc_port}",
            "GATEWAY_TOKEN": token,
            "GATEWAY_CA": str(tmp_path / "ca.pem"),
        }

        async def listed() -> bool:  # as soon as the workers know the key
            return (await typed(client, "calls", "list", "--json"))[0] == 0

        await eventually(listed, within=PATIENCE)
        code, told = await typed({**client, "GATEWAY_CA": ""}, "calls", "list")
        assert (code, "CERTIFICATE_VERIFY_FAILED" in told) == (1, True), told

        async def worn() -> set[bytes]:
            doors = ((gateway.grpc_port, "h2"), (gateway.http_port, "http/1.1"))
            asked = [asyncio.to_thread(shown, *door) for door in doors for _ in range(ENOUGH)]
            return set(await asyncio.gather(*asked))

        before = await worn()
        authority.server().write(tmp_path, "server")

        async def renewed() -> bool:
            now = await worn()
            return len(now) == 1 and not now & before

        assert len(before) == 1
        assert await eventually(renewed, within=PATIENCE)
    finally:
        await gateway.stop()
    assert "ssl_transport_security" not in (tmp_path / "gateway.log").read_text()
