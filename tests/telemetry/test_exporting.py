"""How spans get to the collector, and what happens where they do not."""

import ssl
import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.settings import Settings
from gateway.telemetry.exporting import FLUSH_SECONDS
from tests.stands.patience import LATE
from tests.stands.processes.ports import free_ports
from tests.stands.stand import Stand
from tests.stands.tls.authority import Authority
from tests.stands.tracing.collector import Collector, collecting

GATEWAY = "spiffe://example.org/gateway"
LISTED = "gateway.telephony.v1.CallService/ListCallEvents"


async def events_listed(folder: Path, **settings: str) -> None:
    """One request to a gateway, from its start to its end."""
    stand = Stand("grpc", f"sqlite:///{folder}/gateway.db", None, folder, **settings)
    await stand.start()
    await stand.acme.events()
    await stand.stop()


async def sent_by_tls(folder: Path, trusted: Authority) -> Collector:
    """What a collector gets that shows a certificate, and wants one."""
    authority = Authority()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.server().write(folder, "collector"))
    context.load_verify_locations(cadata=authority.pem.decode())
    context.verify_mode = ssl.CERT_REQUIRED
    chain, key = authority.workload(GATEWAY).write(folder, "gateway")
    ca = folder / "ca.pem"
    ca.write_bytes(authority.pem if trusted is OWN else trusted.pem)
    async with collecting(context) as collector:
        await events_listed(
            folder,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            OTEL_EXPORTER_OTLP_CERTIFICATE=str(ca),
            OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=str(chain),
            OTEL_EXPORTER_OTLP_CLIENT_KEY=str(key),
            OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20opens,x-scope=acme",
            OTEL_SERVICE_NAME="calls",
        )
    return collector


OWN = Authority()
"""Stands for the collector's own authority."""


async def test_both_sides_know_each_other(tmp_path: Path) -> None:
    """By TLS, with a certificate of the gateway's and the headers that the collector asks for."""
    collector = await sent_by_tls(tmp_path, OWN)
    assert [(each.name, each.service) for each in collector.spans] == [(LISTED, "calls")]
    (headers,) = collector.headers
    assert (headers["authorization"], headers["x-scope"]) == ("Bearer opens", "acme")


async def test_nothing_is_sent_to_somebody_else(tmp_path: Path) -> None:
    """Not to a collector whose certificate another authority has signed."""
    assert (await sent_by_tls(tmp_path, Authority())).spans == []


async def test_nobody_waits_for_a_collector_that_is_away(tmp_path: Path) -> None:
    """Requests are answered, and the gateway stops no later than it says."""
    (port,) = free_ports(1)
    stand = Stand(
        *("grpc", f"sqlite:///{tmp_path}/gateway.db", None, tmp_path),
        OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}",
    )
    await stand.start()
    await stand.acme.events()
    begun = time.monotonic()
    await stand.stop()
    assert time.monotonic() - begun < FLUSH_SECONDS + LATE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://user:secret@collector"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
    ],
)
def test_a_wrong_setting_is_told(name: str, value: str) -> None:
    """By its name, and without a password that may be in it."""
    with pytest.raises(ValidationError) as wrong:
        Settings.model_validate({name: value})
    told = [error["loc"] for error in wrong.value.errors()]
    assert told == [(name,)]


def test_an_address_of_its_own_counts_as_it_is() -> None:
    """To the common one the path of traces is added."""
    common = Settings.model_validate({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318/"})
    assert common.traces_url == "http://collector:4318/v1/traces"
    own = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://traces.example.com/in"}
    assert Settings.model_validate({**own}).traces_url == "https://traces.example.com/in"
