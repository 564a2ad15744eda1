"""PostgreSQL over TLS: what the URL says of certificates holds for every connection."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from gateway.ports import StoreUnavailableError
from gateway.store.store import open_store
from tests.postgres.postgres_server import PostgresServer
from tests.stands.clocks import RealClock
from tests.stands.tls.authority import Authority

pytestmark = pytest.mark.postgres
CLIENT = "spiffe://example.org/gateway"


@pytest.fixture
def authority(postgres_server: PostgresServer) -> Iterator[Authority]:
    """Has signed the certificate that the server shows meanwhile."""
    authority = Authority()
    data = postgres_server.directory / "data"
    chain, key = authority.server().write(data, "server")
    (data / "ca.crt").write_bytes(authority.pem)
    for path in (chain, key, data / "ca.crt"):
        owner = data.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
        path.chmod(0o600)
    settings = {"ssl_cert_file": chain, "ssl_key_file": key, "ssl_ca_file": data / "ca.crt"}
    for name, value in {**settings, "ssl": "on"}.items():
        postgres_server.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    postgres_server.execute("SELECT pg_reload_conf()")
    yield authority
    for name in ("ssl", *settings):
        postgres_server.execute(f"ALTER SYSTEM RESET {name}")
    postgres_server.execute("SELECT pg_reload_conf()")


async def test_every_connection_is_checked_and_shows_a_certificate(
    authority: Authority, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    """`sslmode`, `sslrootcert`, `sslcert` and `sslkey` of the URL are libpq's."""
    url = make_url(postgres_server.create_database())
    chain, key = authority.workload(CLIENT).write(tmp_path, "client")
    key.chmod(0o600)
    for name, signer in (("ca", authority), ("other", Authority("other"))):
        (tmp_path / f"{name}.pem").write_bytes(signer.pem)
    told = {"sslmode": "verify-full", "sslcert": str(chain), "sslkey": str(key)}

    def trusting(name: str) -> str:
        query = {**told, "sslrootcert": str(tmp_path / f"{name}.pem")}
        return url.set(host="localhost", query=query).render_as_string(hide_password=False)

    with pytest.raises(StoreUnavailableError, match="certificate verify failed"):
        open_store(trusting("other"), RealClock())
    store = open_store(trusting("ca"), RealClock())
    await store.transact(lambda tx: tx.revision())
    await store.read(lambda tx: tx.revision())
    found = postgres_server.execute(
        "SELECT ssl, client_dn FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
        "WHERE datname = %s",
        url.database,
    )
    await store.close()
    postgres_server.drop_database(str(url))
    assert len(found) >= 2
    assert set(found) == {(True, "/CN=a test")}
