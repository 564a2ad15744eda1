"""Traces: what is recorded of a call, where it goes, and what it costs."""
