"""How long tests wait.

A test waits for what must come, and fails where it does not come at all: how fast the machine is,
and what else it does, is no matter. Only what is timed by a clock has limits of its own.
"""

PATIENCE = 300.0
"""Seconds until a test gives up what must come."""
LATE = 15.0
"""Seconds that a busy machine may be late with what is timed."""
