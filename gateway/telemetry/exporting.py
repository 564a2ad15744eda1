"""From the settings to an exporter: OTLP over HTTP, protobuf encoded."""

from collections.abc import Mapping
from threading import Thread
from uuid import uuid4

import requests
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.util.re import parse_env_headers

from gateway.ports.tracing import Tracing
from gateway.telemetry.sampling import sampler_of
from gateway.telemetry.settings import TraceSettings
from gateway.telemetry.tracing import OpenTelemetryTracing

SCOPE = "gateway"
SCHEMA = "https://opentelemetry.io/schemas/1.37.0"
"""The last conventions in which RPCs have `rpc.system` and `rpc.grpc.status_code`."""
FLUSH_SECONDS = 5.0
"""How long a stopping gateway waits for a collector that does not answer."""


def exported(settings: TraceSettings, version: str) -> Tracing:
    """Traces that are sent to the collector of the settings, a few at a time, by a thread.

    What the collector does not take in time is dropped; nothing ever waits for it.
    """
    exporter = OTLPSpanExporter(
        endpoint=settings.traces_url,
        certificate_file=_path(settings.otlp_certificate),
        client_certificate_file=_path(settings.otlp_client_certificate),
        client_key_file=_path(settings.otlp_client_key),
        headers=_headers(settings),
        session=_session(settings),
    )
    told = {
        "service.name": settings.service_name,
        "service.version": version,
        "service.instance.id": str(uuid4()),
    }
    provider = TracerProvider(
        sampler=sampler_of(settings.traces_sampler, settings.traces_ratio),
        resource=Resource.create(told),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))

    def flush() -> None:
        ending = Thread(target=provider.shutdown, name="traces-flush", daemon=True)
        ending.start()
        ending.join(FLUSH_SECONDS)
        if ending.is_alive():
            exporter.shutdown()  # type: ignore[no-untyped-call]  # no further try

    return OpenTelemetryTracing(provider.get_tracer(SCOPE, version, SCHEMA), flush)


def _session(settings: TraceSettings) -> requests.Session:
    """With an authority of its own the machine's do not count, whatever its environment says."""
    session = requests.Session()
    session.trust_env = settings.otlp_certificate is None
    return session


def _headers(settings: TraceSettings) -> Mapping[str, str]:
    told = settings.otlp_headers.get_secret_value() if settings.otlp_headers else ""
    return parse_env_headers(told, liberal=True)


def _path(path: object) -> str | None:
    return str(path) if path else None
