"""Certificates from the SPIFFE Workload API, from a real server of it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from spiffe._proto import workload_pb2

from gateway.build import ConfigurationError
from gateway.build.certificates import Sources
from gateway.settings import Settings
from gateway.tls import workload_api
from tests.stands.patience import PATIENCE
from tests.stands.tls.authority import SERVER_NAMES, Authority, Issued
from tests.stands.tls.workload_api import WorkloadApi
from tests.stands.waiting import eventually, until
from tests.tls.served import DIALER, Client, served

GATEWAY = "spiffe://example.org/gateway"
NO_FILES = {"GATEWAY_TLS_CERT": "", "GATEWAY_TLS_KEY": "", "GATEWAY_TLS_CLIENT_CA": ""}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[WorkloadApi]:
    with WorkloadApi(tmp_path) as api:
        yield api


def of_gateway(authority: Authority) -> Issued:
    return authority.issue(x509.UniformResourceIdentifier(GATEWAY), *SERVER_NAMES)


async def test_the_workload_api_gives_and_renews(api: WorkloadApi, tmp_path: Path) -> None:
    """Certificate and authorities come from there, newer ones without a restart or a failure."""
    old, new = Authority("old"), Authority("new")
    both = old.pem + new.pem
    api.give(GATEWAY, of_gateway(old), old)
    settings = {**NO_FILES, "GATEWAY_SPIFFE_SOCKET": api.socket}
    async with served(tmp_path, old, **settings) as stand:
        first = Client(stand, old.workload(DIALER), both, tmp_path)
        second = Client(stand, new.workload(DIALER), both, tmp_path)
        assert await first.both() == {"OK"}
        assert await second.both() == {"no connection"}
        api.give(GATEWAY, of_gateway(new), old, new)

        async def known() -> bool:
            return await second.both() == {"OK"}

        await eventually(known, within=PATIENCE)
        assert await first.both() == {"OK"}
        assert await Client(stand, new.workload(DIALER), new.pem, tmp_path).both() == {"OK"}


async def test_an_answer_that_cannot_be_used_changes_nothing(api: WorkloadApi) -> None:
    """What is in force stays, and the API is asked anew until it gives something better."""
    authority = Authority()
    first, second = of_gateway(authority), of_gateway(authority)
    api.give(GATEWAY, first, authority)
    source = await asyncio.to_thread(workload_api.WorkloadCertificates, api.socket, "test")
    certificates = source.certificates
    was = certificates.material
    api.give_raw(workload_pb2.X509SVIDResponse(svids=[workload_pb2.X509SVID(x509_svid=b"x")]))
    await until(lambda: source.has_given_up)
    assert certificates.material is was
    api.give(GATEWAY, second, authority)
    await source.look()
    assert certificates.material.chain == second.chain
    source.close()


def test_without_the_workload_api_nothing_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway says where it looked."""
    monkeypatch.setattr(workload_api, "FIRST_SECONDS", 0.2)
    socket = f"unix://{tmp_path}/nobody.sock"
    with pytest.raises(ConfigurationError, match=r"nobody\.sock"):
        Sources(Settings.model_validate({"GATEWAY_SPIFFE_SOCKET": socket}))


@pytest.mark.parametrize(
    ("told", "names"),
    [
        ({"GATEWAY_TLS_CERT": "c"}, "GATEWAY_TLS_KEY"),
        ({"GATEWAY_TLS_CLIENT_CA": "c"}, "GATEWAY_TLS_CERT"),
        ({"GATEWAY_TLS_CERT": "c", "GATEWAY_SPIFFE_SOCKET": "unix:///s"}, "GATEWAY_SPIFFE_SOCKET"),
        ({"GATEWAY_LIVEKIT_KEY": "c"}, "GATEWAY_LIVEKIT_CERT"),
        ({"GATEWAY_TLS_CERT": "/no/c", "GATEWAY_TLS_KEY": "/no/k"}, "/no/c cannot be read"),
    ],
)
def test_what_is_missing_is_said(told: dict[str, str], names: str) -> None:
    """The gateway does not start with half of it."""
    with pytest.raises(ConfigurationError, match=names):
        Sources(Settings.model_validate(told))
