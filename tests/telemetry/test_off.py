"""Without a collector nothing is recorded, and nothing is paid for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.build.ground import tracing_of
from gateway.domain.tenant import Webhook
from gateway.ports.tracing import NO_SPAN, NO_TRACING, current_span
from gateway.settings import Settings
from tests.stands.values import a_call, a_transfer, an_event

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}

STARTS = """
import asyncio, sys
from gateway.build import Gateway
from gateway.settings import Settings

async def main():
    gateway = Gateway(Settings())
    await gateway.start()
    await gateway.stop()

asyncio.run(main())
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""


def test_a_gateway_does_not_import_the_library(tmp_path: Path) -> None:
    """Neither to start nor to stop."""
    environment = {
        "GATEWAY_PLATFORM": "sandbox",
        "GATEWAY_DATABASE_URL": f"sqlite:///{tmp_path}/gateway.db",
        "GATEWAY_GRPC_ADDRESS": "127.0.0.1:0",
        "GATEWAY_HTTP_ADDRESS": "127.0.0.1:0",
    }
    told = subprocess.run(  # noqa: S603
        [sys.executable, "-c", STARTS],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "told",
    [
        {},
        {**ENDPOINT, "OTEL_SDK_DISABLED": "true"},
        {**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_it_is_off_unless_there_is_a_collector(told: dict[str, str]) -> None:
    """And where OpenTelemetry's own names switch it off."""
    assert tracing_of(Settings.model_validate(told)) is NO_TRACING


def test_nothing_is_made_where_nothing_is_recorded() -> None:
    """Every span is the same one; entering it changes nothing, not even what is current."""
    call = a_call("call_1")
    webhook = Webhook(webhook_id="crm", url="https://crm.example.com", secret_from="env:CRM")
    spans = [
        NO_TRACING.rpc("grpc", "service", "Method", None),
        NO_TRACING.call(call),
        NO_TRACING.dial(call),
        NO_TRACING.transfer(a_transfer("transfer_1", "call_1"), call),
        NO_TRACING.delivery(webhook, an_event(call)),
        NO_TRACING.platform("livekit.SIP", "CreateSIPParticipant", "127.0.0.1", 80),
    ]
    assert all(span is NO_SPAN for span in spans)
    with NO_SPAN as entered:
        entered.note("name", 1)
        entered.came_to("OK")
        assert current_span.get() is entered is NO_SPAN
    assert entered.context is None
