"""Processes that tests start: gateways, Envoy, servers that others stand on, and their ports."""
