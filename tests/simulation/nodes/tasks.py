"""Which process is running now."""

from contextvars import ContextVar

who: ContextVar[str] = ContextVar("who", default="")
"""The name of the process that runs; empty: none."""
