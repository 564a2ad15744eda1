"""OpenTelemetry: traces of requests and calls, exported by OTLP.

The only room that imports `opentelemetry`, and nothing imports its modules but the settings until
an exporter is configured. No decision is made here: what is recorded changes nothing.
"""
