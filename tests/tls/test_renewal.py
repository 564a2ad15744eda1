"""Certificates that are exchanged while a gateway serves."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from gateway.tls.files import FileCertificates, Paths
from gateway.tls.material import MaterialError
from tests.stands.patience import PATIENCE
from tests.stands.stand import Stand
from tests.stands.tls.authority import Authority, Issued
from tests.stands.waiting import eventually
from tests.tls.served import DIALER, Client, served


def shown(port: int, alpn: str) -> bytes:
    """The certificate that a port shows, in DER."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols([alpn])
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secured,
    ):
        return secured.getpeercert(binary_form=True) or b""


def write(folder: Path, issued: Issued, authorities: bytes) -> None:
    """As the files of a secret are replaced, one after the other."""
    (folder / "ca.draft").write_bytes(authorities)
    (folder / "ca.draft").replace(folder / "ca.pem")
    issued.write(folder, "server")


async def taken(stand: Stand, issued: Issued) -> None:
    """Returns when both doors show this certificate."""
    wanted = ssl.PEM_cert_to_DER_cert(issued.chain.decode())
    doors = ((stand.gateway.grpc_port, "h2"), (stand.gateway.http_port, "http/1.1"))

    async def both() -> bool:
        found = [await asyncio.to_thread(shown, *door) for door in doors]
        return set(found) == {wanted}

    await eventually(both, within=PATIENCE)


async def test_certificates_are_replaced_under_load(tmp_path: Path) -> None:
    """No handshake fails meanwhile; an authority that is gone opens no door any more."""
    old, new = Authority("old"), Authority("new")
    both = old.pem + new.pem
    async with served(tmp_path, old) as stand:
        leaving = Client(stand, old.workload(DIALER), both, tmp_path)
        coming = Client(stand, new.workload(DIALER), both, tmp_path)
        answers: list[str] = []

        async def keep_asking() -> None:
            while True:
                answers.extend(await leaving.both())

        asking = [asyncio.create_task(keep_asking()) for _ in range(2)]
        for issued in (new.server(), old.server(), new.server()):
            write(tmp_path, issued, both)
            await taken(stand, issued)
        for task in asking:
            task.cancel()
        assert set(answers) == {"OK"}
        assert await coming.both() == {"OK"}
        last = new.server()
        write(tmp_path, last, new.pem)
        await taken(stand, last)
        assert await leaving.both() == {"no connection"}
        assert await coming.both() == {"OK"}


async def test_files_that_do_not_fit_change_nothing(tmp_path: Path) -> None:
    """A certificate whose key has not come yet waits for it; what is in force stays."""
    authority = Authority()
    first, second = authority.server(), authority.server()
    chain, key = first.write(tmp_path, "server")
    files = FileCertificates(Paths(chain=chain, key=key), "test")
    for broken in (second.chain, b"no certificate", b""):
        chain.write_bytes(broken)
        await files.look()
        assert files.certificates.material.chain == first.chain
    chain.unlink()
    await files.look()
    assert files.certificates.material.chain == first.chain
    second.write(tmp_path, "server")
    await files.look()
    assert files.certificates.material.chain == second.chain
    counted = {"purpose": "test", "result": "refused"}
    assert REGISTRY.get_sample_value("gateway_tls_certificates_total", counted) == 4
    ends = REGISTRY.get_sample_value("gateway_tls_certificate_expires_seconds", {"purpose": "test"})
    assert ends == files.certificates.material.expire_time.timestamp()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"key": b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n"}, "the key"),
        ({"key": b"x"}, "not a private key"),
        ({"chain": b"x"}, "the certificate: not certificates"),
        ({"authorities": b"x"}, "the authorities: not certificates"),
        ({"key": Authority().server().key}, "do not fit"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path: Path, change: dict[str, bytes], told: str) -> None:
    """At the start the gateway says which part of it is wrong."""
    issued = Authority().server()
    held = {"chain": issued.chain, "key": issued.key, "authorities": issued.authority, **change}
    paths = {name: tmp_path / name for name in held}
    for name, path in paths.items():
        path.write_bytes(held[name])
    with pytest.raises(MaterialError, match=told):
        Paths(**paths).read()
