"""`gateway healthcheck`, as containers ask it, and `gateway migrate`, as jobs run it."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.conftest import CommandLine, Result
from tests.stands.processes.ports import free_ports
from tests.stands.stand import Stand
from tests.stands.tls.authority import Authority


@pytest.fixture
async def encrypted(tmp_path: Path) -> AsyncIterator[Stand]:
    """A gateway with TLS at its public ports, and an address for operators without."""
    chain, key = Authority().server().write(tmp_path, "server")
    stand = Stand(
        *("grpc", f"sqlite:///{tmp_path}/gateway.db", None, tmp_path),
        GATEWAY_TLS_CERT=str(chain),
        GATEWAY_TLS_KEY=str(key),
        GATEWAY_ADMIN_ADDRESS="127.0.0.1:0",
    )
    await stand.gateway.start()
    yield stand
    await stand.stop()


async def asked(**environment: str) -> Result:
    """What the command says, while the gateway in this process goes on serving."""
    return await asyncio.to_thread(CommandLine(environment), "healthcheck")


@pytest.mark.usefixtures("local")
async def test_a_gateway_that_serves_is_healthy(encrypted: Stand) -> None:
    """The operators' address is asked if there is one, else the public one, also with TLS."""
    plain, public = encrypted.gateway.ports["admin_http_port"], encrypted.gateway.http_port
    told = await asked(GATEWAY_ADMIN_ADDRESS=f"0.0.0.0:{plain}", GATEWAY_TLS_CERT="/tls.crt")
    assert (told.code, told.out) == (0, "the gateway serves\n")
    assert (await asked(GATEWAY_HTTP_ADDRESS=f"0.0.0.0:{public}", GATEWAY_TLS_CERT="/c")).code == 0
    wrong = await asked(GATEWAY_HTTP_ADDRESS=f"127.0.0.1:{public}")
    assert wrong.code == 1


def test_a_gateway_that_is_away_is_not_healthy(local: CommandLine) -> None:
    """The exit code is 1, and the address is named."""
    (port,) = free_ports(1)
    told = CommandLine({**local.environment, "GATEWAY_HTTP_ADDRESS": f"127.0.0.1:{port}"})(
        "healthcheck"
    )
    assert told.code == 1
    assert f"127.0.0.1:{port} does not answer" in told.err


def test_a_job_brings_the_tables_up_to_date(local: CommandLine, tmp_path: Path) -> None:
    """`migrate` creates them, does nothing the second time, and refuses a newer database."""
    for _ in range(2):
        done = local("migrate")
        assert (done.code, done.out) == (0, "the tables are up to date\n")
    with sqlite3.connect(tmp_path / "gateway.db") as database:
        assert database.execute("SELECT count(*) FROM calls").fetchone() == (0,)
        database.execute("UPDATE alembic_version SET version_num = 'r9999'")
    database.close()
    refused = local("migrate")
    assert refused.code == 1
    assert "newer than this program" in refused.err
